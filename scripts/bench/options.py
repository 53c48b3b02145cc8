"""The command line."""
import argparse
import re
import shlex

import kernels
import machine
import selection
import waits
import workers
import works

SECTIONS = {
    "machine": "what this machine can do (always measured: the rooflines of all others come from it)",
    "steps": "whole training steps beside the peers",
    "generation": "tokens and images from models beside the peers",
    "kernels": "micro-benchmarks of bench/kernels, some beside Eigen, OpenBLAS and oneDNN",
    "growth": "time for each unit of arithmetic against batch, width, sequence length, vocabulary, threads",
    "waits": "compiling, size and start of programs, images, tokenizing, checkpoints",
}
PROGRAMS = {  # what each section runs, as targets of the build
    "machine": ["bench_machine", "bench_steps"],
    "kernels": [f"{family}_bench" for family in kernels.FAMILIES],
    "waits": ["bench_waits", waits.EXAMPLE, waits.SMALLEST],
}
QUICK_SECTIONS = ["machine", "steps", "generation"]
FULL, QUICK = {"rounds": 15, "seconds": 1.0}, {"rounds": 5, "seconds": 0.4}
NO_WORK = {"llm.c": "llm.c: it has none of the works chosen"}


def programs(sections):
    """Targets that sections need; the machine is always measured."""
    return [p for s in PROGRAMS if s == "machine" or s in sections for p in PROGRAMS[s]]


class UsageError(Exception):
    """An option that can't be meant."""


def list_of(allowed):
    def parse_list(text):
        words = text.split(",")
        for word in words:
            if word not in allowed:
                raise argparse.ArgumentTypeError(f"expected some of {', '.join(allowed)}, found '{word}'")
        return words
    return parse_list


def positive(kind):
    def parse_number(text):
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"expected more than 0, found {text}")
        return value
    parse_number.__name__ = kind.__name__
    return parse_number


def parser(description):
    p = argparse.ArgumentParser(prog="bench.sh", description=description, formatter_class=argparse.RawTextHelpFormatter)
    add = p.add_argument
    add("--setup", action="store_true", help="install the pinned peers into the environment first")
    add("--pip-args", default="", metavar="ARGS", help="passed on to pip by --setup")
    add("--env", default=str(machine.ROOT / "build" / "peers"), metavar="DIR",
        help="environment of the peers (default build/peers); else the Python that runs this is used")
    add("--quick", action="store_true",
        help="5 short rounds of the most important works, no torch.compile: some minutes;\n"
             "a figure that is missing is a failure then")
    add("--sections", type=list_of(tuple(SECTIONS)), metavar="LIST",
        help=f"default: all; with --quick {','.join(QUICK_SECTIONS)}. Of\n" +
             "\n".join(f"  {name}: {about}" for name, about in SECTIONS.items()))
    add("--only", metavar="REGEX", help="what has a name that it matches")
    add("--threads", type=positive(int), default=machine.processors(), metavar="N", help="default: all processors")
    add("--precision", type=list_of(works.PRECISIONS), metavar="LIST",
        help="of highest,high,medium (default: all; with --quick highest,medium)")
    add("--peers", type=list_of(("torch", *works.PEERS, *NO_WORK, "none")), metavar="LIST",
        help="of torch (both), torch-eager, torch-compile, jax, llm.c; or none (default: all)")
    add("--rounds", type=positive(int), metavar="N", help="rounds (default 15; with --quick 5)")
    add("--seconds", type=positive(float), metavar="S", help="of each measurement (default 1; with --quick 0.4)")
    add("--resume", action="store_true", help="keep what DIR has of the same machine, commit and settings")
    add("--out", default="build/bench", metavar="DIR", help="default build/bench")
    add("--compare", metavar="OLD.json", help="list what changed since that run; exit code 1 if something is slower")
    add("--list-programs", action="store_true", help="name the programs that the other options need, and end")
    add("--programs", default=str(machine.ROOT / "build" / "release" / "bench"), metavar="DIR",
        help="where the programs of bench/ are (default build/release/bench)")
    return p


def parse(argv, description=""):
    """Options with what follows from them: works, impls, plan. Raises UsageError."""
    o = parser(description).parse_args(argv)
    defaults = QUICK if o.quick else FULL
    o.rounds, o.seconds = o.rounds or defaults["rounds"], o.seconds or defaults["seconds"]
    o.plan = workers.QUICK if o.quick else workers.FULL
    o.precision = o.precision or (["highest", "medium"] if o.quick else list(works.PRECISIONS))
    o.sections = o.sections or (QUICK_SECTIONS if o.quick else list(SECTIONS))
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
        found = [w for w in works.WORKS
                 if w.section in o.sections and (selection.matches(o, w.name) if o.only else w.quick or not o.quick)]
    except re.error as error:
        raise UsageError(f"--only: expected a regular expression, {error}") from None
    if o.only and not found and set(o.sections) <= {"machine", *(w.section for w in works.WORKS)}:
        raise UsageError(f"--only: expected one that matches some of {', '.join(w.name for w in works.WORKS)}, "
                         f"found '{o.only}'")
    return found
