"""Whether the machine disturbed a measurement: a rule fixed beforehand, on what the kernel counts.

A measurement is disturbed when, while it ran, one of these shares or rates was above its limit:
  steal     processor time that the hypervisor gave to others, share of this process's processors' time
  foreign   processor time that other processes here used, share of the same
  switches  involuntary context switches per second; threads of JAX push each other aside some 500 times on a calm machine
"""
import os
import time

LIMITS = {"steal": 0.02, "foreign": 0.05, "switches": 2000.0}
TICK = os.sysconf("SC_CLK_TCK")


def processors_seconds(text, allowed):
    """(busy, stolen) seconds so far, summed over the processors `allowed`, from the text of /proc/stat."""
    busy = stolen = 0
    for line in text.splitlines():
        name, *fields = line.split()
        if name[:3] == "cpu" and name[3:].isdigit() and int(name[3:]) in allowed:
            user, nice, system, _idle, _wait, irq, softirq, steal = map(int, fields[:8])
            busy += user + nice + system + irq + softirq
            stolen += steal
    return busy / TICK, stolen / TICK


def process_seconds(pid):
    """Processor time of a process so far, all threads."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


class Monitor:
    """Counts what happens besides a worker; where the kernel does not say, nothing counts as disturbed."""

    def __init__(self):
        self.allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()

    def sample(self, pid):
        try:
            with open("/proc/stat", encoding="ascii") as file:
                busy, stolen = processors_seconds(file.read(), self.allowed)
            return {"time": time.monotonic(), "busy": busy, "stolen": stolen, "own": process_seconds(pid)}
        except (OSError, IndexError):
            return None

    def usage(self, before, after, switches):
        """Shares and rates between two samples, by the names of LIMITS."""
        if before is None or after is None:
            return dict.fromkeys(LIMITS, 0.0)
        elapsed = max(after["time"] - before["time"], 1e-3)
        available = elapsed * max(len(self.allowed), 1)
        delta = {k: after[k] - before[k] for k in ("busy", "stolen", "own")}
        return {"steal": delta["stolen"] / available,
                "foreign": max(0.0, delta["busy"] - delta["own"]) / available,
                "switches": switches / elapsed}


def score(usage):
    """How far the worst figure goes: above 1 a measurement is disturbed."""
    return max(usage[name] / limit for name, limit in LIMITS.items())


def describe():
    return (f"steal above {LIMITS['steal']:.0%} or other processes above {LIMITS['foreign']:.0%} of the processors' "
            f"time, or more than {LIMITS['switches']:.0f} involuntary context switches per second")
