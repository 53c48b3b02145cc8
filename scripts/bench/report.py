"""bench.md and the table on the terminal."""
import disturbance
import report_growth
import report_kernels
import report_steps
import works
from report_steps import grouped, steps
from tables import markdown_table, number


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
                    "up to twice, then its round is discarded and made again, " +
                    ("twice at most and in the first 20 s of a work." if s.get("quick") else
                     "as often as rounds are wanted.")]


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
    lines = ["# Benchmarks", "", *system_lines(system), "", *report_steps.lines(records),
             *report_steps.mode_lines(records), *disturbed_lines(records), *trouble_lines(system),
             *report_steps.profile_lines(records), *report_kernels.lines(records),
             *report_growth.lines(records), *report_steps.detail_lines(records),
             *machine_lines(records)]
    return "\n".join(lines).rstrip() + "\n"


def terminal(records):
    """The short table."""
    lines = [f"{'work':<10} {'precision':<9} {'atelier':>10}   peers: ms, times atelier's (quartiles)"]
    for (work, precision), (ours, theirs) in grouped(records).items():
        cells = [f"{i} {number(r['ms'])} {r['ratio']:.2f}x ({r['ratio_q1']:.2f}-{r['ratio_q3']:.2f})"
                 for i, r in theirs.items()]
        lines.append(f"{work:<10} {precision:<9} {number(ours['ms'], ' ms'):>10}   " + "; ".join(cells))
    return lines
