"""What users wait for besides training: compiling, starting, decoding images, tokenizing, checkpoints; and how large
programs are."""
import json
import os
import pathlib
import shlex
import subprocess
import tempfile
import time

import rounds
import selection
from kernels import KernelError, call
from records import rounded

EXAMPLE, SMALLEST = "04_vae", "01_tensors"  # the example that is compiled, and the program that is started
COMPILATIONS, STARTS = 3, 20


def wait(work, times, impl="atelier", version="", **more):
    """A record from times in milliseconds."""
    s = rounds.spread(times)
    made = {"kind": "wait", "work": work, "impl": impl, "version": version, "precision": None, "threads": 1,
            "ms": s["median"], "ms_min": s["min"], "ms_max": s["max"], "ms_q1": s["q1"], "ms_q3": s["q3"],
            "runs": len(times), "ratio": None, **more}
    return {k: rounded(v) for k, v in made.items()}


def timed(command, times, **how):
    """Milliseconds of each of `times` runs. Raises CalledProcessError, OSError."""
    found = []
    for _ in range(times):
        begin = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **how)
        found.append(1e3 * (time.perf_counter() - begin))
    return found


def compile_command(build, source, target):
    """(command, folder) that the build compiles a source file with, its result in `target`; None when it has none."""
    try:
        entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    for entry in entries:
        if entry["file"].endswith(source):
            words = shlex.split(entry["command"])
            words[words.index("-o") + 1] = target
            return words, entry["directory"]
    return None


def compilation(build, o):
    with tempfile.TemporaryDirectory() as folder:
        found = compile_command(build, f"examples/{EXAMPLE}.cpp", os.path.join(folder, "example.o"))
        if not found:
            raise KernelError(f"{build}: expected compile_commands.json with examples/{EXAMPLE}.cpp")
        command, directory = found
        environment = {**os.environ, "CCACHE_DISABLE": "1"}
        times = timed(command, 1 if o.quick else COMPILATIONS, cwd=directory, env=environment)
        return [wait(f"compile/{EXAMPLE}", times)]


def size(build):
    program = build / "examples" / EXAMPLE
    return [{"kind": "wait", "work": f"size/{EXAMPLE}", "impl": "atelier", "version": "", "precision": None,
             "threads": 1, "ms": None, "ratio": None, "bytes": program.stat().st_size}]


def starts(build, pythons):
    """The smallest program beside the imports of peers."""
    ours = wait("start", timed([str(build / "examples" / SMALLEST)], STARTS))
    made = [ours]
    for package, python in pythons.items():
        times = timed([python, "-c", f"import {package}"], 3)
        made.append(wait("start", times, impl=package))
        made[-1]["ratio"] = rounded(made[-1]["ms"] / ours["ms"])
    return made


def from_program(o):
    """Images, texts, checkpoints: bench_waits."""
    seconds = min(o.seconds, 0.2 if o.quick else 1.0)
    text = call([os.path.join(o.programs, "bench_waits"), "--seconds", str(seconds)], o.threads)
    return [{**{k: rounded(v) for k, v in r.items()}, "ratio": None} for r in json.loads(text)]


def imported(pythons, packages):
    """{package: python} of the peers there are."""
    return {packages[impl]: python for impl, python in pythons.items()}


def run_section(records, o, pythons, packages, run):
    build = pathlib.Path(o.programs).parent
    parts = {"compile": lambda: compilation(build, o), "size": lambda: size(build),
             "start": lambda: starts(build, imported(pythons, packages)), "files": lambda: from_program(o)}
    for name, measure in parts.items():
        if not selection.matches(o, f"waits/{name}") or any(r.get("part") == name for r in records):
            continue
        run.progress(f"waits {name}")
        try:
            records += [{**r, "part": name} for r in measure()]
        except (KernelError, OSError, subprocess.CalledProcessError) as error:
            run.failed.append(f"waits {name}: {error}")
        run.save()
