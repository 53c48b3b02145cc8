"""Micro-benchmarks: the Google Benchmark programs of bench/kernels, whose names end in /PRECISION/PROGRAM."""
import json
import os
import re
import subprocess

import rounds
import selection
from records import rounded

FAMILIES = ("gemm", "conv", "attention", "cross_entropy", "norm", "elementwise", "optimizer", "random", "embedding")
OTHERS = ("eigen", "openblas", "onednn")
FULL, QUICK = {"repetitions": 5, "seconds": 0.1}, {"repetitions": 3, "seconds": 0.02}
TOGETHER = 16  # benchmarks of one process: timed in random order, so that programs to compare see the same machine
ABSENT = "not on this processor"  # what bench/support/onednn.hpp says of a library that can't do a work here
MODIFIERS = re.compile(r"/(real_time|min_time:[^/]*|repeats:[^/]*)(?=/|$)")


class KernelError(Exception):
    """A program that failed; the text says which and how."""


def split_name(name):
    """(work, precision, program) of a benchmark's name."""
    work, precision, impl = MODIFIERS.sub("", name).rsplit("/", 2)
    return work, precision, impl


def environment(threads):
    """The same number of threads for all libraries."""
    names = ("ATELIER_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(names, str(threads))}


def call(command, threads):
    try:
        found = subprocess.run(command, capture_output=True, text=True, env=environment(threads), check=False)
    except OSError as error:
        raise KernelError(f"{command[0]}: {error.strerror}") from None
    if found.returncode != 0:
        lines = found.stderr.strip().splitlines()
        raise KernelError(f"{os.path.basename(command[0])} ended with code {found.returncode}: "
                          f"{lines[-1][:300] if lines else 'no message'}")
    return found.stdout


def chosen(names, o):
    """Names of benchmarks at the precisions wanted, of our own programs and of those left by --peers."""
    wanted = []
    for name in names:
        work, precision, impl = split_name(name)
        if precision in o.precision and selection.matches(o, work) and (impl == "atelier" or o.peers != ["none"]):
            wanted.append(name)
    return wanted


def grouped(names):
    """Lists of about TOGETHER names; what belongs to one work stays together."""
    groups, last = [], None
    for name in names:
        work = split_name(name)[:2]
        if not groups or (len(groups[-1]) >= TOGETHER and work != last):
            groups.append([])
        groups[-1].append(name)
        last = work
    return groups


def record(name, lines, versions, threads):
    """Of the repetitions of one benchmark."""
    work, precision, impl = split_name(name)
    scale = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}[lines[0]["time_unit"]]
    ms = rounds.spread([line["real_time"] * scale for line in lines])
    middle = {k: rounds.spread([line.get(k, 0) for line in lines])["median"]
              for k in ("flop", "bytes", "GFLOP/s", "GB/s", "%roofline")}
    made = {"kind": "kernel", "work": work, "impl": impl, "version": versions.get(impl, versions["version"]),
            "precision": precision, "threads": threads, "ms": ms["median"], "ms_min": ms["min"], "ms_max": ms["max"],
            "ms_q1": ms["q1"], "ms_q3": ms["q3"], "runs": sum(line["iterations"] for line in lines),
            "items_per_s": 1e3 / ms["median"], "roofline": middle["%roofline"] / 100, "ratio": None,
            "flop": middle["flop"], "bytes": middle["bytes"], "gflops": middle["GFLOP/s"], "gbs": middle["GB/s"]}
    return {k: rounded(v) for k, v in made.items()}


def absent(result):
    """{(program, precision)} that a program's JSON says can't be done here."""
    found = [split_name(line["run_name"]) for line in result["benchmarks"] if line.get("error_message") == ABSENT]
    return {(impl, precision) for _, precision, impl in found}


def records_of(result, threads):
    """Records of what was measured; peers' carry their ratio to ours of the same work and precision."""
    runs = {}
    for line in result["benchmarks"]:
        if line.get("run_type") == "iteration" and line.get("error_message") != ABSENT:
            if line.get("error_occurred"):
                raise KernelError(f"{line['name']}: {line.get('error_message', 'failed')}")
            runs.setdefault(line["run_name"], []).append(line)
    made = [record(name, lines, result["context"], threads) for name, lines in runs.items()]
    ours = {(r["work"], r["precision"]): r["ms"] for r in made if r["impl"] == "atelier"}
    for r in made:
        if r["impl"] != "atelier" and (r["work"], r["precision"]) in ours:
            r["ratio"] = rounded(r["ms"] / ours[r["work"], r["precision"]])
    return made


def order(names, r):
    """Where a record's benchmark stands in the program's list; random interleaving has shuffled them."""
    return [split_name(n) for n in names].index((r["work"], r["precision"], r["impl"]))


def run_group(program, names, o):
    """A program's JSON."""
    how = QUICK if o.quick else FULL
    pattern = "^(" + "|".join(re.escape(n) for n in names) + ")$"
    text = call([program, f"--benchmark_filter={pattern}", "--benchmark_format=json",
                 f"--benchmark_min_time={how['seconds']}", f"--benchmark_repetitions={how['repetitions']}",
                 "--benchmark_enable_random_interleaving=true"], o.threads)
    return json.loads(text)


def run_family(family, o, run):
    """Records of a family, or none when it fails."""
    program, made, lacking = os.path.join(o.programs, f"{family}_bench"), [], set()
    try:
        names = call([program, "--benchmark_list_tests"], o.threads).split()
        groups = grouped(chosen(names, o))
        for i, group in enumerate(groups):
            run.progress(f"kernels {family}: {i}/{len(groups)}")
            result = run_group(program, group, o)
            made += sorted(records_of(result, o.threads), key=lambda r: order(names, r))
            lacking |= absent(result)
    except KernelError as error:
        run.failed.append(f"kernels: {error}")
        return []
    run.skipped += [f"{impl}: nothing for {family} in {precision} on this processor"
                    for impl, precision in sorted(lacking)]
    if family == "gemm" and o.peers != ["none"]:
        there = {split_name(n)[2] for n in names}
        run.skipped += [f"{impl}: was not there when the benchmarks were built; --setup installs it"
                        for impl in OTHERS if impl not in there]
    return made


def run_section(records, o, run):
    """Records of every family that has none yet."""
    for family in FAMILIES:
        if not any(r["kind"] == "kernel" and r["work"].startswith(f"{family}/") for r in records):
            records += run_family(family, o, run)
            run.save()
