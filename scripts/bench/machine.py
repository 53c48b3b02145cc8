"""What the run was made on and with, and what that machine can do."""
import hashlib
import json
import os
import pathlib
import platform
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class MachineError(Exception):
    """bench_machine failed; the text is what it said."""


def processors():
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def processor_name():
    """Name of the processor as the kernel gives it, with family and model, which say more in virtual machines."""
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    fields = {}
    for line in text.split("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        fields[name.strip()] = value.strip()
    name = fields.get("model name", platform.machine())
    return f"{name} (family {fields['cpu family']}, model {fields['model']})" if "cpu family" in fields else name


def multiplies_bf16():
    """Whether products of bfloat16 are one instruction here; else libraries go number by number, 5 to 50 times as long
    as with floats. True where the kernel does not say."""
    try:
        flags = pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return True
    return "flags" not in flags or "avx512_bf16" in flags or "amx_bf16" in flags


def commit():
    """The checked-out commit, with "+changes" when files differ from it; "unknown" outside a repository."""
    def git(*words):
        return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=True).stdout
    try:
        changed = git("status", "--porcelain", "--untracked-files=no").strip()
        return git("rev-parse", "--short=12", "HEAD").strip() + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def fingerprint(program):
    """SHA-256 of a program's file: measurements of another build are never taken for those of this one."""
    return hashlib.sha256(pathlib.Path(program).read_bytes()).hexdigest()[:16]


def memory_gib():
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError):
        return None


def system_record(program, threads):
    """The first record of a run."""
    return {"kind": "machine", "work": "system", "impl": "atelier", "threads": threads,
            "processor": processor_name(), "processors": processors(), "memory_gib": memory_gib(),
            "kernel": platform.release(), "python": platform.python_version(), "commit": commit(),
            "isa": os.environ.get("ATELIER_ISA", ""), "program": fingerprint(program)}


def measure(program, threads, quick):
    """Records of kind "machine" from bench_machine. Raises MachineError."""
    command = [str(program), "--threads", str(threads)] + (["--quick"] if quick else [])
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode != 0:
        lines = found.stderr.strip().splitlines()
        raise MachineError(lines[-1] if lines else f"{program} ended with code {found.returncode}")
    return json.loads(found.stdout)
