"""Works beside the peers: every program waits in a process of its own; in each round all of them are timed once, in
random order, one at a time."""
import os

import machine
import records as making
import report
import rounds
import step_profile
import works
from workers import Worker, WorkerError


def commands(work, o, pythons):
    """{(program, precision or mode): (command, environment)} of the workers of a work."""
    program, bf16 = os.path.join(o.programs, "bench_steps"), machine.multiplies_bf16()
    found = {making.our_key(p): ([program, work.name, p, str(o.threads)], {}) for p in o.precision}
    for impl, python in pythons.items():
        for mode in works.modes_for(impl, o.precision, o.quick, bf16) if impl in work.peers else ():
            found[impl, mode] = (works.peer_command(python, impl, mode, work.name, o.threads),
                                 works.PEER_ENVIRONMENT)
    return found


def start_workers(work, o, pythons, run):
    workers = []
    for key, (command, environment) in commands(work, o, pythons).items():
        run.progress(f"{work.name}: starting {' '.join(key)}")
        try:
            workers.append(Worker(key, command, environment, plan=o.plan))
        except WorkerError as error:
            run.failed.append(f"{work.name}: {' '.join(key)}: {error}")
    return workers


def add_profiles(made, workers, o):
    """Where the time goes, into the records of ours."""
    program = os.path.join(o.programs, "bench_steps")
    ours = {r["precision"]: r for r in made if r["impl"] == making.OURS}
    for worker in workers:
        if worker.key[0] == making.OURS:
            ours[worker.key[1]].update(step_profile.of_worker(worker, program, o.seconds))


def measure_work(work, o, pythons, roofline, run):
    """Records of a work; what fails is added to run.failed."""
    workers = start_workers(work, o, pythons, run)

    def progress(done, discarded):
        run.progress(f"{work.name}: round {done}/{o.rounds}, {discarded} discarded")
    try:
        hellos = {w.key: w.hello for w in workers}
        if not any(k[0] == making.OURS for k in hellos):
            return []
        measured = rounds.run_rounds(workers, o.rounds, o.seconds, progress=progress, discard=o.plan.discard,
                                     patience=o.plan.patience)
        made, disagreements = making.of_work(measured, hellos, work, o.precision, list(pythons), o.threads, roofline)
        run.failed += disagreements
        add_profiles(made, workers, o)
        return made
    except (WorkerError, step_profile.ProfileError) as error:
        run.failed.append(f"{work.name}: a worker failed while it was timed: {error}")
        return []
    finally:
        for worker in workers:
            worker.close()


def expected(work, o, impls):
    """{(program, precision)} that a whole measurement of the work holds."""
    return {(i, p) for p in o.precision for i in (making.OURS, *impls) if i in (making.OURS, *work.peers)}


def whole(work, records, o, impls):
    """Whether the records hold the work with all its programs."""
    there = {(r["impl"], r["precision"]) for r in report.steps(records) if r["work"] == work.name}
    return expected(work, o, impls) <= there


def missing(records, o):
    """What a quick run owes: every work chosen, by us and by every peer that is not left out."""
    there = {(r["work"], r["impl"], r["precision"]) for r in report.steps(records)}
    return [f"{w.name} {p}: there is no figure of {i}" for w in o.works for i, p in sorted(expected(w, o, o.impls))
            if (w.name, i, p) not in there]


def run_section(section, records, o, pythons, roofline, run):
    for work in o.works:
        if work.section != section:
            continue
        if not whole(work, records, o, pythons):
            records[:] = [r for r in records if r["work"] != work.name]
            records += measure_work(work, o, pythons, roofline, run)
            run.save()
