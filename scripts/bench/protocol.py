"""The worker's side of the line protocol, the same as that of bench/steps/main.cpp.

Each line on the worker's standard input is answered by one line of JSON:
  start PARITY WARM_UP   its losses in so many first steps and the time to the end of the first one (`first_ms`,
                         compilation included), before so many more steps
  time SECONDS LEAST     the milliseconds of every step run for so long, of so many at least
It ends with its input.
"""
import json
import resource
import sys
import time


def say(message):
    print(json.dumps(message), flush=True)


def introduce(work, hello, parity_steps, warm_up_steps):
    """The parity steps, then a warm-up. `work` has parity_step(k) and step(), which return the loss as a number."""
    hello = dict(hello, losses=[])
    start = time.perf_counter()
    for k in range(parity_steps):
        hello["losses"].append(work.parity_step(k))
        if k == 0:
            hello["first_ms"] = 1e3 * (time.perf_counter() - start)
    for _ in range(warm_up_steps):
        work.step()
    return hello


def time_steps(work, seconds, least):
    before = resource.getrusage(resource.RUSAGE_SELF)
    times, start = [], time.perf_counter()
    while len(times) < least or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        work.step()
        times.append(1e3 * (time.perf_counter() - begin))
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {"ms": times,
            "involuntary_switches": after.ru_nivcsw - before.ru_nivcsw,
            "page_faults": after.ru_minflt - before.ru_minflt,
            "peak_mib": after.ru_maxrss / 1024}


def serve(work, hello):
    for line in sys.stdin:
        match line.split():
            case "start", parity, warm_up:
                say(introduce(work, hello, int(parity), int(warm_up)))
            case "time", seconds, least:
                say(time_steps(work, float(seconds), int(least)))
            case _:
                raise SystemExit(f"expected 'start PARITY WARM_UP' or 'time SECONDS LEAST', found '{line.strip()}'")
