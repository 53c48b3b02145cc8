"""Measures whole training steps beside PyTorch and JAX, and the machine they run on.

Every program waits in a process of its own; in each round all of them are timed once, in random order, one at a time.
Results: DIR/bench.json (records), bench.md (tables), bench.svg (chart); a short table on standard output.
Exit code: 0 done, 1 something failed (a worker, different losses) or --compare found something slower, 2 usage,
3 programs or files missing, 4 --setup could not install.
"""
import argparse
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import chart
import compare
import machine
import peers
import records as making
import report
import rounds
import works
from workers import Worker, WorkerError

FULL, QUICK = {"rounds": 15, "seconds": 1.0}, {"rounds": 5, "seconds": 0.4}
NO_WORK = {"llm.c": "llm.c: it has none of the works chosen"}


def fail(message, code):
    print(f"suite.py: error: {message}", file=sys.stderr)
    raise SystemExit(code)


def say(message, end="\n"):
    print(message, end=end, file=sys.stderr, flush=True)


def list_of(allowed):
    def parse(text):
        words = text.split(",")
        for word in words:
            if word not in allowed:
                raise argparse.ArgumentTypeError(f"expected some of {', '.join(allowed)}, found '{word}'")
        return words
    return parse


def positive(kind):
    def parse(text):
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"expected more than 0, found {text}")
        return value
    parse.__name__ = kind.__name__
    return parse


def parse(argv):
    p = argparse.ArgumentParser(prog="bench.sh", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add = p.add_argument
    add("--setup", action="store_true", help="install the pinned peers into the environment first")
    add("--pip-args", default="", metavar="ARGS", help="passed on to pip by --setup")
    add("--env", default=str(machine.ROOT / "build" / "peers"), metavar="DIR",
        help="environment of the peers (default build/peers); else the Python that runs this is used")
    add("--quick", action="store_true", help="5 short rounds, the most important works, no torch.compile")
    add("--only", metavar="REGEX", help="works whose name it matches")
    add("--threads", type=positive(int), default=machine.processors(), metavar="N", help="default: all processors")
    add("--precision", type=list_of(works.PRECISIONS), metavar="LIST",
        help="of highest,high,medium (default: all; with --quick highest,medium)")
    add("--peers", type=list_of(("torch", *works.PEERS, *NO_WORK, "none")), metavar="LIST",
        help="of torch (both), torch-eager, torch-compile, jax, llm.c; or none (default: all)")
    add("--rounds", type=positive(int), metavar="N", help="rounds (default 15; with --quick 5)")
    add("--seconds", type=positive(float), metavar="S", help="of each measurement (default 1; with --quick 0.4)")
    add("--resume", action="store_true", help="keep the works that DIR has of the same machine, commit and settings")
    add("--out", default="build/bench", metavar="DIR", help="default build/bench")
    add("--compare", metavar="OLD.json", help="list what changed since that run; exit code 1 if something is slower")
    add("--programs", default=str(machine.ROOT / "build" / "release" / "bench"), metavar="DIR",
        help="where bench_steps and bench_machine are (default build/release/bench)")
    o = p.parse_args(argv)
    defaults = QUICK if o.quick else FULL
    o.rounds, o.seconds = o.rounds or defaults["rounds"], o.seconds or defaults["seconds"]
    o.precision = o.precision or (["highest", "medium"] if o.quick else list(works.PRECISIONS))
    o.impls, o.skipped = chosen_peers(o)
    o.works = chosen_works(o)
    o.command = shlex.join(["scripts/bench.sh", *argv])
    return o


def chosen_peers(o):
    """Names of peers in the table's order, and what was asked for in vain."""
    if o.peers is None:
        return [i for i, p in works.PEERS.items() if p.quick or not o.quick], []
    names = [i for i, p in works.PEERS.items() if i in o.peers or p.package in o.peers]
    return ([] if "none" in o.peers else names), [NO_WORK[name] for name in o.peers if name in NO_WORK]


def chosen_works(o):
    try:
        found = [w for w in works.WORKS if (re.search(o.only, w.name) if o.only else w.quick or not o.quick)]
    except re.error as error:
        fail(f"--only: expected a regular expression, {error}", 2)
    if not found:
        fail(f"--only: expected one that matches some of {', '.join(w.name for w in works.WORKS)}, found '{o.only}'", 2)
    return found


def find_peers(o, system):
    """{impl: python}; what can't be had goes to the system record's "skipped"."""
    system["skipped"], found = list(o.skipped), {}
    for package in dict.fromkeys(works.PEERS[i].package for i in o.impls):
        python, reason = peers.find(package, o.env)
        if reason:
            system["skipped"].append(reason)
        found |= {i: python for i in o.impls if python and works.PEERS[i].package == package}
    left_out = [i for i in works.PEERS if i not in o.impls]
    if left_out:
        system["skipped"].append(f"{', '.join(left_out)}: left out by the options")
    return {i: found[i] for i in o.impls if i in found}


def commands(work, o, pythons):
    """{(program, precision or mode): (command, environment)} of the workers of a work."""
    steps = os.path.join(o.programs, "bench_steps")
    found = {making.our_key(p): ([steps, work.name, p, str(o.threads)], {}) for p in o.precision}
    for impl, python in pythons.items():
        for mode in works.modes_for(impl, o.precision) if impl in work.peers else ():
            found[impl, mode] = (works.peer_command(python, impl, mode, work.name, o.threads),
                                 works.PEER_ENVIRONMENT)
    return found


def start_workers(work, o, pythons, failed):
    workers = []
    for key, (command, environment) in commands(work, o, pythons).items():
        say(f"\r\033[K{work.name}: starting {' '.join(key)}", end="")
        try:
            workers.append(Worker(key, command, environment))
        except WorkerError as error:
            failed.append(f"{work.name}: {' '.join(key)}: {error}")
    return workers


def measure_work(work, o, pythons, peaks, failed):
    """Records of a work; what fails is added to `failed`."""
    workers = start_workers(work, o, pythons, failed)

    def progress(done, discarded):
        say(f"\r\033[K{work.name}: round {done}/{o.rounds}, {discarded} discarded", end="")
    try:
        hellos = {w.key: w.hello for w in workers}
        if not any(k[0] == making.OURS for k in hellos):
            return []
        measured = rounds.run_rounds(workers, o.rounds, o.seconds, progress=progress)
        made, disagreements = making.of_work(measured, hellos, work, o.precision, list(pythons), o.threads, peaks)
        failed += disagreements
        return made
    except WorkerError as error:
        failed.append(f"{work.name}: a worker failed while it was timed: {error}")
        return []
    finally:
        for worker in workers:
            worker.close()
        say("\r\033[K", end="")


def write(path, content):
    path.with_name(path.name + ".part").write_text(content, encoding="utf-8")
    os.replace(path.with_name(path.name + ".part"), path)


def save(folder, records):
    write(folder / "bench.json", json.dumps(records, indent=1) + "\n")
    write(folder / "bench.md", report.markdown(records))
    write(folder / "bench.svg", chart.svg(records))


def load(path):
    try:
        found = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        if not isinstance(found, list) or not all(isinstance(r, dict) and "kind" in r for r in found):
            raise ValueError("expected a list of records")
        return found
    except (OSError, ValueError) as error:
        fail(f"{path}: {error}", 3)


SAME = ("processor", "processors", "commit", "program", "threads", "isa", "settings")


def earlier(o, system, expected):
    """Records of an earlier run in the same folder that may be kept: of works with all programs that are `expected`."""
    path = pathlib.Path(o.out) / "bench.json"
    if not (o.resume and path.exists()):
        return []
    old = load(path)
    before = next((r for r in old if r["work"] == "system"), {})
    if any(before.get(k) != system[k] for k in SAME):
        say("--resume: the records there are of another machine, commit or setting: all is measured anew")
        return []
    there = {}
    for r in report.steps(old):
        there.setdefault(r["work"], set()).add((r["impl"], r["precision"]))
    whole = {w for w, found in there.items() if expected.get(w, set()) <= found}
    return [r for r in old if r["kind"] == "machine" and r["work"] != "system" or r["work"] in whole]


def expected_records(o, pythons):
    return {w.name: {(i, p) for p in o.precision for i in (making.OURS, *pythons) if i in (making.OURS, *w.peers)}
            for w in o.works}


def run(o, system):
    """All records; the file is written anew after each work."""
    folder = pathlib.Path(o.out)
    folder.mkdir(parents=True, exist_ok=True)
    pythons, system["failed"] = find_peers(o, system), []
    for reason in system["skipped"]:
        say(f"not measured: {reason}")
    system["peers"] = {i: {"version": peers.PINNED[works.PEERS[i].package]} for i in pythons}
    kept = earlier(o, system, expected_records(o, pythons))
    machine_records = [r for r in kept if r["kind"] == "machine"]
    if not machine_records:
        say("measuring the machine", end="")
        machine_records = machine.measure(os.path.join(o.programs, "bench_machine"), o.threads, o.quick)
        say("\r\033[K", end="")
    peaks = {p: machine.peak_gflops(machine_records, p, o.threads) for p in works.PRECISIONS}
    records = [system, *machine_records, *(r for r in kept if r["kind"] != "machine")]
    for work in o.works:
        if not any(r["work"] == work.name for r in records):
            records += measure_work(work, o, pythons, peaks, system["failed"])
            save(folder, records)
    save(folder, records)
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
    return {**system, "command": o.command, "settings": {"rounds": o.rounds, "seconds": o.seconds}}


def main(argv=None):
    o = parse(sys.argv[1:] if argv is None else argv)
    old = load(o.compare) if o.compare else None
    system = prepare(o)
    records = run(o, system)
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
