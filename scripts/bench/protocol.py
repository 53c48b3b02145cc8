"""The worker's side of the line protocol, the same as that of bench/steps/main.cpp.

A worker writes one line of JSON when it is ready: its losses in the first steps and the time to the end of the first
one (`first_ms`, compilation included). Then each line "time SECONDS" on its standard input is answered by the
milliseconds of every step run for so long. It ends with its input.
"""
import json
import resource
import sys
import time

PARITY_STEPS, WARM_UP_STEPS, LEAST_STEPS = 5, 5, 3


def say(message):
    print(json.dumps(message), flush=True)


def introduce(work, hello):
    """The parity steps, then a warm-up. `work` has parity_step(k) and step(), which return the loss as a number."""
    hello = dict(hello, losses=[])
    start = time.perf_counter()
    for k in range(PARITY_STEPS):
        hello["losses"].append(work.parity_step(k))
        if k == 0:
            hello["first_ms"] = 1e3 * (time.perf_counter() - start)
    for _ in range(WARM_UP_STEPS):
        work.step()
    return hello


def time_steps(work, seconds):
    before = resource.getrusage(resource.RUSAGE_SELF)
    times, start = [], time.perf_counter()
    while len(times) < LEAST_STEPS or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        work.step()
        times.append(1e3 * (time.perf_counter() - begin))
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {"ms": times,
            "involuntary_switches": after.ru_nivcsw - before.ru_nivcsw,
            "page_faults": after.ru_minflt - before.ru_minflt,
            "peak_mib": after.ru_maxrss / 1024}


def serve(work, hello):
    say(introduce(work, hello))
    for line in sys.stdin:
        command, amount = line.split()
        if command != "time":
            raise SystemExit(f"expected 'time SECONDS', found '{line.strip()}'")
        say(time_steps(work, float(amount)))
