"""Interleaved rounds: every worker once a round, in random order, one active at a time."""
import dataclasses
import math
import random
import statistics
import time

import disturbance

REPEATS = 2          # of a disturbed measurement within its round
SETTLE_SECONDS = 0.1  # threads of the worker before may still spin


@dataclasses.dataclass
class Measured:
    """Of one work. rounds: for each round {worker's key: median ms of a step}; steps: {key: steps timed}."""
    rounds: list
    steps: dict
    last: dict           # {key: the worker's last answer, its times left out}
    discarded: int       # rounds thrown away
    repeated: int        # measurements repeated within their round
    disturbed: int       # rounds taken although disturbed, the least disturbed ones, as too few others were had

    def ms(self, key):
        return [r[key] for r in self.rounds]

    def ratios(self, key, base):
        """Of each round: time of `key` / time of `base`."""
        return [r[key] / r[base] for r in self.rounds]


def spread(values):
    """Median, quartiles and extremes of a list."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else 3 * values
    return {"median": middle, "q1": low, "q3": high, "min": min(values), "max": max(values)}


def measure(worker, seconds, monitor):
    """One measurement: (answer, how disturbed)."""
    time.sleep(SETTLE_SECONDS if seconds >= 0.1 else 0)
    before = monitor.sample(worker.pid)
    answer = worker.time(seconds)
    usage = monitor.usage(before, monitor.sample(worker.pid), answer.get("involuntary_switches", 0))
    return answer, disturbance.score(usage)


def measure_calmly(worker, seconds, monitor, repeats):
    """The least disturbed of up to 1 + `repeats` measurements: (answer, how disturbed, repeats made)."""
    tries = []
    while len(tries) <= repeats:
        tries.append(measure(worker, seconds, monitor))
        if tries[-1][1] <= 1:
            break
    return (*min(tries, key=lambda t: t[1]), len(tries) - 1)


def run_round(workers, seconds, monitor, order, budget):
    """{key: answer}, how disturbed the worst of them was, repeats made, `budget` at most."""
    answers, worst, made = {}, 0.0, 0
    for worker in order.sample(workers, len(workers)):
        allowed = min(REPEATS, budget - made)
        answers[worker.key], score, again = measure_calmly(worker, seconds, monitor, allowed)
        worst, made = max(worst, score), made + again
    return answers, worst, made


def run_rounds(workers, rounds, seconds, monitor=None, seed=1, progress=lambda done, discarded: None, discard=None,
               patience=math.inf):
    """`rounds` undisturbed rounds. Disturbed ones are discarded, `discard` of them at most (default: as many as are
    wanted); what is missing then is made up with the least disturbed of those, and counted. Of all measurements, half
    as many as are wanted are repeated at most: on a machine that is never calm the run ends soon, and says so. After
    `patience` seconds nothing more is repeated or discarded."""
    monitor, order = monitor or disturbance.Monitor(), random.Random(seed)
    kept, thrown, repeated = [], [], 0
    budget = (rounds * len(workers) + 1) // 2
    most = rounds - 1 if discard is None else discard
    end = time.monotonic() + patience
    while len(kept) < rounds:
        late = time.monotonic() >= end
        if len(kept) + len(thrown) >= rounds and (late or len(thrown) > most):
            break
        answers, worst, again = run_round(workers, seconds, monitor, order, 0 if late else budget - repeated)
        repeated += again
        (kept if worst <= 1 else thrown).append((worst, answers))
        progress(len(kept), len(thrown))
    missing = rounds - len(kept)
    kept += sorted(thrown, key=lambda t: t[0])[:missing]
    return summarize([answers for _, answers in kept], len(thrown) - missing, repeated, missing)


def summarize(rounds, discarded, repeated, disturbed):
    keys = list(rounds[0])
    return Measured(
        rounds=[{k: statistics.median(r[k]["ms"]) for k in keys} for r in rounds],
        steps={k: sum(len(r[k]["ms"]) for r in rounds) for k in keys},
        last={k: {name: v for name, v in rounds[-1][k].items() if name != "ms"} for k in keys},
        discarded=discarded, repeated=repeated, disturbed=disturbed)
