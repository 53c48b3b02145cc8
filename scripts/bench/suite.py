"""Measures whole training steps beside PyTorch and JAX, and the machine they run on.

Every program waits in a process of its own; in each round all of them are timed once, in random order, one at a time.
Results: DIR/bench.json (records), bench.md (tables), bench.svg (chart); a short table on standard output.
Exit code: 0 done, 1 something failed (a worker, different losses, a figure missing from --quick) or --compare found
something slower, 2 usage, 3 programs or files missing, 4 --setup could not install.
"""
import os
import pathlib
import subprocess
import sys

import compare
import growth
import kernels
import machine
import options
import peers
import report
import steps
import store
import waits
import works
from roofline import Roofline


def fail(message, code):
    print(f"suite.py: error: {message}", file=sys.stderr)
    raise SystemExit(code)


def say(message, end="\n"):
    print(f"\r\033[K{message}" if sys.stderr.isatty() else message, end=end, file=sys.stderr, flush=True)


class Run:
    """What all sections share: where records go, what failed or is left out, how far it is."""

    def __init__(self, folder, records):
        self.folder, self.records, self.subject = folder, records, ""
        self.failed, self.skipped = records[0]["failed"], records[0]["skipped"]

    def progress(self, message):
        """One line that is written anew on a terminal; elsewhere a line whenever the subject changes."""
        subject = message.split(":")[0]
        if sys.stderr.isatty():
            say(message, end="")
        elif subject != self.subject:
            say(subject)
        self.subject = subject

    def save(self):
        store.save(self.folder, self.records)


def find_peers(o, system):
    """{impl: python}; what can't be had goes to the system record's "skipped"."""
    system["skipped"], pythons = list(o.skipped), {}
    for package in dict.fromkeys(p.package for p in works.PEERS.values()):
        pythons[package], reason = peers.find(package, o.env)
        if reason:
            system["skipped"].append(reason)
    left_out = [i for i in works.PEERS if i not in o.impls]
    if left_out:
        system["skipped"].append(f"{', '.join(left_out)}: left out by the options")
    return {i: pythons[works.PEERS[i].package] for i in o.impls if pythons[works.PEERS[i].package]}


def measure_machine(o, records, run):
    if not any(r["kind"] == "machine" and r["work"] != "system" for r in records):
        run.progress("measuring the machine")
        records += machine.measure(os.path.join(o.programs, "bench_machine"), o.threads, o.quick)
    return Roofline(records, o.threads)


def run_all(o, system):
    """All records; the files are written anew after each work."""
    folder = pathlib.Path(o.out)
    folder.mkdir(parents=True, exist_ok=True)
    pythons, system["failed"] = find_peers(o, system), []
    for reason in system["skipped"]:
        say(f"not measured: {reason}")
    system["peers"] = {i: {"version": peers.PINNED[works.PEERS[i].package]} for i in pythons}
    records = [system, *(store.earlier(folder, system, say) if o.resume else [])]
    run = Run(folder, records)
    roofline = measure_machine(o, records, run)
    for section in o.sections:
        if section in ("steps", "generation"):
            steps.run_section(section, records, o, pythons, roofline, run)
        elif section == "kernels":
            kernels.run_section(records, o, run)
        elif section == "growth":
            growth.run_section(records, o, run)
        elif section == "waits":
            waits.run_section(records, o, pythons, {i: p.package for i, p in works.PEERS.items()}, run)
    if o.quick:
        run.failed += steps.missing(records, o)
    run.save()
    return records


def prepare(o):
    if o.setup:
        try:
            peers.setup(o.env, o.pip_args, dict.fromkeys(works.PEERS[i].package for i in o.impls))
        except (OSError, subprocess.CalledProcessError) as error:
            fail(f"--setup: {error}", 4)
    for name in ("bench_steps", "bench_machine"):
        if not os.access(os.path.join(o.programs, name), os.X_OK):
            fail(f"{o.programs}: expected the program {name}; scripts/bench.sh builds it", 3)
    system = machine.system_record(os.path.join(o.programs, "bench_steps"), o.threads)
    return {**system, "command": o.command, "settings": {"rounds": o.rounds, "seconds": o.seconds, "quick": o.quick}}


def main(argv=None):
    try:
        o = options.parse(sys.argv[1:] if argv is None else argv, __doc__)
        if o.list_programs:
            print("\n".join(options.programs(o.sections)))
            return 0
        old = store.load(o.compare) if o.compare else None
        records = run_all(o, system := prepare(o))
    except options.UsageError as error:
        fail(error, 2)
    except store.StoreError as error:
        fail(error, 3)
    except machine.MachineError as error:
        fail(error, 1)
    print("\n".join(report.terminal(records)))
    for reason in system["failed"]:
        say(f"FAILED: {reason}")
    say(f"written: {o.out}/bench.json, bench.md, bench.svg")
    slower = False
    if old is not None:
        results = compare.compare(old, records)
        print("\n".join(compare.table(results)))
        slower = any(r["slower"] for _, r in results)
    return 1 if system["failed"] or slower else 0


if __name__ == "__main__":
    sys.exit(main())
