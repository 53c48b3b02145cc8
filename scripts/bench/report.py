"""bench.md and the table on the terminal."""
import math
import statistics

import disturbance
import works


def steps(records):
    return [r for r in records if r["kind"] != "machine"]


def grouped(records):
    """{(work, precision): (our record, {impl: peer's record})} in the order of the records."""
    found = {}
    for r in steps(records):
        ours, theirs = found.setdefault((r["work"], r["precision"]), [{}, {}])
        (ours if r["impl"] == "atelier" else theirs.setdefault(r["impl"], {})).update(r)
    return {k: v for k, v in found.items() if v[0]}


def fastest(theirs):
    return min((r["ratio"] for r in theirs.values()), default=None)


def geometric_mean(values):
    return math.exp(statistics.fmean(map(math.log, values)))


def number(value, unit=""):
    """Three figures, "-" for nothing."""
    if value is None:
        return "-"
    return (f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}") + unit


def percent(share):
    return "-" if share is None else f"{share:.0%}"


def markdown_table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)] + ["| " + " | ".join(r) + " |" for r in rows]


def peer_cell(record):
    if not record:
        return "-"
    mode = "" if record["mode"] == "float32" else f", {record['mode']}"
    return (f"{number(record['ms'])} ms{mode}: **{record['ratio']:.2f}x** "
            f"({record['ratio_q1']:.2f} to {record['ratio_q3']:.2f})")


def ratio_section(records, precision):
    found = {k: v for k, v in grouped(records).items() if k[1] == precision}
    impls = [i for i in works.PEERS if any(i in theirs for _, theirs in found.values())]
    rows = [[work, f"{number(ours['ms'])} ms"] + [peer_cell(theirs.get(i)) for i in impls] +
            [number(fastest(theirs), "x")] for (work, _), (ours, theirs) in found.items()]
    lines = [f"### {precision}", ""] + markdown_table(["work", "atelier", *impls, "fastest peer"], rows)
    ratios = [fastest(theirs) for ours, theirs in found.values() if theirs and ours["kind"] == "step"]
    if ratios:
        lines += ["", f"Geometric mean of the steps beside the fastest peer: {geometric_mean(ratios):.2f}x, "
                  f"worst {min(ratios):.2f}x."]
    return lines + [""] if rows else []


def mode_lines(records):
    """All modes of peers that were tried, where there were several."""
    rows = [[r["work"], r["precision"], r["impl"],
             ", ".join(f"{m} {number(v['ms'])} ms ({v['ratio']:.2f}x)" for m, v in r["modes"].items())]
            for r in steps(records) if r.get("modes")]
    return ["### Every mode of the peers", ""] + markdown_table(["work", "precision", "peer", "modes"], rows) + [""] \
        if rows else []


def detail_lines(records):
    head = ["work", "precision", "program", "ms (min to max of rounds)", "items/s", "share of peak", "first step, ms",
            "peak MiB", "allocations", "rounds discarded"]
    rows = [[r["work"], r["precision"], r["impl"],
             f"{number(r['ms'])} ({number(r['ms_min'])} to {number(r['ms_max'])})", number(r["items_per_s"]),
             percent(r["roofline"]), number(r["first_ms"]), number(r.get("peak_mib")), number(r.get("allocations")),
             number(r.get("rounds_discarded"))] for r in steps(records)]
    return ["## Details", "",
            "Share of peak: arithmetic of the matrix products over the peak measured in this run. First step: with "
            "compilation, where there is any. Allocations: by the library, while its last round was timed.", "",
            *markdown_table(head, rows), ""]


def machine_lines(records):
    found = {}
    for r in records:
        if r["kind"] == "machine" and r["work"] != "system":
            found.setdefault((r["work"], r["unit"]), {})[r["threads"]] = r["value"]
    if not found:
        return []
    teams = sorted({t for values in found.values() for t in values})
    rows = [[work, unit, *(number(values.get(t)) for t in teams)] for (work, unit), values in found.items()]
    return ["## The machine in the same run", "",
            "Bandwidths are named by the bytes that all arrays and threads use together.", "",
            *markdown_table(["figure", "unit", *(f"{t} thread{'s'[:t > 1]}" for t in teams)], rows), ""]


def system_lines(system):
    peers = system.get("peers", {})
    lines = [f"* Processor: {system['processor']}, {system['processors']} usable, {system['memory_gib']} GiB; "
             f"Linux {system['kernel']}", f"* Commit: {system['commit']}; {system['threads']} threads",
             f"* Command: `{system.get('command', '')}`"]
    lines += [f"* {impl} {found.get('version', '')}: {works.PEERS[impl].settings.format(threads=system['threads'])}"
              for impl, found in peers.items()]
    s = system.get("settings", {})
    return lines + [f"* {s.get('rounds')} rounds, {s.get('seconds')} s for each measurement, programs in random order; "
                    f"a measurement counts as disturbed with {disturbance.describe()}; it is repeated "
                    "up to twice, then its round is discarded and made again, as often as rounds are wanted."]


def trouble_lines(system):
    lines = [f"* not measured: {reason}" for reason in system.get("skipped", [])]
    lines += [f"* FAILED: {reason}" for reason in system.get("failed", [])]
    return ["## Not measured", "", *lines, ""] if lines else []


def disturbed_lines(records):
    rows = {r["work"]: (r["rounds_disturbed"], r["rounds"]) for r in steps(records) if r.get("rounds_disturbed")}
    lines = [f"* {work}: the machine was disturbed too often; {n} of the {of} rounds used are disturbed ones"
             for work, (n, of) in rows.items()]
    return ["### Disturbed figures", "", *lines, ""] if lines else []


def markdown(records):
    system = next(r for r in records if r["work"] == "system")
    about = {w.name: w.about for w in works.WORKS}
    names = dict.fromkeys(r["work"] for r in steps(records))
    lines = ["# Benchmarks", "", *system_lines(system), "", "## Whole training steps", "",
             "Batch in, forward and backward pass, update, loss read back. Time of a step, median over the rounds; "
             "**bold**: how many times as long as atelier the peer takes, median (quartiles) of the rounds' ratios. "
             "All start from the same weights and data, and their losses agree in the first steps.", ""]
    lines += [f"* {name}: {about.get(name, '')}" for name in names] + [""]
    for precision in works.PRECISIONS:
        lines += ratio_section(records, precision)
    lines += mode_lines(records) + disturbed_lines(records) + trouble_lines(system)
    return "\n".join(lines + detail_lines(records) + machine_lines(records)).rstrip() + "\n"


def terminal(records):
    """The short table."""
    lines = [f"{'work':<10} {'precision':<9} {'atelier':>10}   peers: ms, times atelier's (quartiles)"]
    for (work, precision), (ours, theirs) in grouped(records).items():
        cells = [f"{i} {number(r['ms'])} {r['ratio']:.2f}x ({r['ratio_q1']:.2f}-{r['ratio_q3']:.2f})"
                 for i, r in theirs.items()]
        lines.append(f"{work:<10} {precision:<9} {number(ours['ms'], ' ms'):>10}   " + "; ".join(cells))
    return lines
