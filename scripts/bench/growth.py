"""How cost grows: time for each unit of arithmetic against one size after the other. What costs more than at a smaller
size, by more than noise, grows faster than its arithmetic: a finding."""
import dataclasses
import os

import rounds
import selection
from arithmetic import gan_flops, gpt_flops, vae_flops
from records import counts, rounded
from workers import Plan, Worker, WorkerError

TOLERANCE = 0.15  # of the cost of a unit
MOST_ROUNDS, MOST_SECONDS = 5, 0.3
SMALL = {"layers": 2, "width": 256, "context": 128, "batch": 4, "vocabulary": 2048}  # of the GPT that is varied


@dataclasses.dataclass(frozen=True)
class Axis:
    """`size` of the model that `base` names takes the values; flops(value): arithmetic of a step. The cost of a unit is
    that of all threads together where these are varied."""
    base: str
    size: str
    values: tuple
    flops: object

    @property
    def name(self):
        return f"{self.base.split('@')[0]}/{self.size}"

    def work(self, value):
        if self.size == "threads":
            return self.base
        return f"{self.base}{',' if '@' in self.base else '@'}{self.size}={value}"


def small_gpt(size, values):
    rest = ",".join(f"{k}={v}" for k, v in SMALL.items() if k != size)
    return Axis(f"gpt@{rest}", size, values, lambda v: gpt_flops(**{**SMALL, size: v}))


def axes(threads):
    teams = tuple(sorted({1, 2, threads} if threads > 1 else {1}))
    gpt = ",".join(f"{k}={v}" for k, v in SMALL.items())
    return [Axis("vae", "batch", (16, 32, 64, 128, 256, 512, 1024), vae_flops),
            Axis("vae", "hidden", (100, 200, 400, 800, 1600), lambda v: vae_flops(128, hidden=v)),
            Axis("dcgan", "batch", (4, 8, 16, 32), lambda v: gan_flops(v, False)),
            small_gpt("batch", (1, 2, 4, 8, 16)),
            small_gpt("width", (64, 128, 256, 512, 1024)),
            small_gpt("context", (32, 64, 128, 256, 512, 1024)),
            small_gpt("vocabulary", (512, 2048, 8192, 32768)),
            Axis("vae128", "threads", teams, lambda v: vae_flops(128)),
            Axis("dcgan16", "threads", teams, lambda v: gan_flops(16, False)),
            Axis(f"gpt@{gpt}", "threads", teams, lambda v: gpt_flops(**SMALL))]


def judge(points):
    """points: [(value, cost of a unit, relative noise)] in order of the values -> [(growth, finding)]: cost over the
    least at a smaller value, and whether that is more than the tolerance and both noises explain."""
    found, least = [], None
    for _, cost, noise in points:
        growth = 1.0 if least is None else cost / least[0]
        found.append((growth, least is not None and growth - 1 > max(TOLERANCE, noise + least[1])))
        if least is None or cost < least[0]:
            least = (cost, noise)
    return found


def start(axis, precision, workers, o, run):
    program = os.path.join(o.programs, "bench_steps")
    for value in axis.values:
        run.progress(f"growth {axis.name}: starting {value}")
        threads = value if axis.size == "threads" else o.threads
        workers.append(Worker(value, [program, axis.work(value), precision, str(threads)], plan=Plan(0, 2, 2)))


def records_of(axis, precision, measured, version, o):
    spreads = {v: rounds.spread(measured.ms(v)) for v in axis.values}
    team = {v: v if axis.size == "threads" else 1 for v in axis.values}
    cost = {v: s["median"] * team[v] / (axis.flops(v) / 1e9) for v, s in spreads.items()}
    noise = {v: (s["q3"] - s["q1"]) / s["median"] for v, s in spreads.items()}
    judged = judge([(v, cost[v], noise[v]) for v in axis.values])
    made = []
    for value, (growth, finding) in zip(axis.values, judged):
        s = spreads[value]
        record = {"kind": "growth", "work": f"{axis.name}={value}", "axis": axis.name, "value": value,
                  "impl": "atelier", "version": version, "precision": precision,
                  "threads": value if axis.size == "threads" else o.threads,
                  "ms": s["median"], "ms_min": s["min"], "ms_max": s["max"], "ms_q1": s["q1"], "ms_q3": s["q3"],
                  "runs": measured.steps[value], "ms_per_gflop": cost[value], "growth": growth, "finding": finding,
                  **counts(measured)}
        made.append({k: rounded(v) for k, v in record.items()})
    return made


def measure(axis, o, run):
    workers, precision = [], o.precision[0]
    try:
        start(axis, precision, workers, o, run)
        measured = rounds.run_rounds(workers, min(o.rounds, MOST_ROUNDS), min(o.seconds, MOST_SECONDS), discard=2)
        return records_of(axis, precision, measured, workers[0].hello["version"], o)
    except WorkerError as error:
        run.failed.append(f"growth {axis.name}: {error}")
        return []
    finally:
        for worker in workers:
            worker.close()


def run_section(records, o, run):
    for axis in axes(o.threads):
        if selection.matches(o, axis.name) and not any(r.get("axis") == axis.name for r in records):
            records += measure(axis, o, run)
            run.save()
