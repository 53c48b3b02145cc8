"""Tables of whole steps and of generation beside the peers."""
import step_profile
import works
from tables import geometric_mean, markdown_table, number, percent


def steps(records):
    """Records of works, ours and peers'."""
    return [r for r in records if r["work"] in works.BY_NAME]


def in_section(records, section):
    return [r for r in steps(records) if works.BY_NAME[r["work"]].section == section]


def grouped(records):
    """{(work, precision): (our record, {impl: peer's record})} in the order of the records."""
    found = {}
    for r in steps(records):
        ours, theirs = found.setdefault((r["work"], r["precision"]), [{}, {}])
        (ours if r["impl"] == "atelier" else theirs.setdefault(r["impl"], {})).update(r)
    return {k: v for k, v in found.items() if v[0]}


def fastest(theirs):
    return min((r["ratio"] for r in theirs.values()), default=None)


def peer_cell(record):
    if not record:
        return "-"
    mode = "" if record["mode"] == "float32" else f", {record['mode']}"
    return (f"{number(record['ms'])} ms{mode}: **{record['ratio']:.2f}x** "
            f"({record['ratio_q1']:.2f} to {record['ratio_q3']:.2f})")


def ratio_table(records, precision):
    found = {k: v for k, v in grouped(records).items() if k[1] == precision}
    impls = [i for i in works.PEERS if any(i in theirs for _, theirs in found.values())]
    rows = [[work, f"{number(ours['ms'])} ms", number(ours["items_per_s"]), percent(ours["roofline"])] +
            [peer_cell(theirs.get(i)) for i in impls] + [number(fastest(theirs), "x")]
            for (work, _), (ours, theirs) in found.items()]
    lines = [f"### {precision}", ""]
    lines += markdown_table(["work", "atelier", "items/s", "of the limit", *impls, "fastest peer"], rows)
    ratios = [fastest(theirs) for ours, theirs in found.values() if theirs and ours["kind"] == "step"]
    if ratios:
        lines += ["", f"Geometric mean of the steps beside the fastest peer: {geometric_mean(ratios):.2f}x, "
                  f"worst {min(ratios):.2f}x."]
    return lines + [""] if rows else []


def section_lines(records, section, title, about):
    found = in_section(records, section)
    if not found:
        return []
    lines = [f"## {title}", "", about, ""]
    lines += [f"* {name}: {works.BY_NAME[name].about}" for name in dict.fromkeys(r["work"] for r in found)] + [""]
    for precision in works.PRECISIONS:
        lines += ratio_table(found, precision)
    return lines


READING = ("Time of a step, median over the rounds; **bold**: how many times as long as atelier the peer takes, "
           "median (quartiles) of the rounds' ratios. All start from the same weights and data, and agree in the "
           "first steps. Of the limit: the time that the machine needs at least, by the peak and the bandwidth "
           "measured in this run, of the time taken.")


def lines(records):
    return (section_lines(records, "steps", "Whole training steps", "Batch in, forward and backward pass, update, loss "
                          f"read back. {READING} The limit counts the arithmetic of the matrix products.") +
            section_lines(records, "generation", "Generation",
                          f"{READING} The limit is the slower of arithmetic and of "
                          "reading weights, keys and values once (at `medium` as bfloat16)."))


def mode_lines(records):
    """All modes of peers that were tried, where there were several."""
    rows = [[r["work"], r["precision"], r["impl"],
             ", ".join(f"{m} {number(v['ms'])} ms ({v['ratio']:.2f}x)" for m, v in r["modes"].items())]
            for r in steps(records) if r.get("modes")]
    return ["### Every mode of the peers", ""] + markdown_table(["work", "precision", "peer", "modes"], rows) + [""] \
        if rows else []


def profile_lines(records):
    parts = [*step_profile.PARTS, step_profile.OTHER]
    rows = [[r["work"], r["precision"], *(percent(r["profile"].get(p, 0)) for p in parts), percent(r["waiting"])]
            for r in steps(records) if r.get("profile")]
    return ["## Where the time goes", "", "Samples of the calling thread's stack during our steps. Products inside "
            "attention and cross-entropy belong to these. Products: matrix products and convolutions, with what is "
            "fused into them. Sums: bias gradients and other reductions. Waiting (part of all others): for threads "
            "that are not done yet.", "",
            *markdown_table(["work", "precision", *parts, "waiting"], rows), ""] if rows else []


def detail_lines(records):
    head = ["work", "precision", "program", "ms (min to max of rounds)", "items/s", "of the limit", "first step, ms",
            "peak MiB", "allocations", "rounds discarded"]
    rows = [[r["work"], r["precision"], r["impl"],
             f"{number(r['ms'])} ({number(r['ms_min'])} to {number(r['ms_max'])})", number(r["items_per_s"]),
             percent(r["roofline"]), number(r["first_ms"]), number(r.get("peak_mib")), number(r.get("allocations")),
             number(r.get("rounds_discarded"))] for r in steps(records)]
    return ["## Details", "", "First step: with compilation, where there is any. Allocations: by the library, while "
            "its last round was timed.", "", *markdown_table(head, rows), ""] if rows else []
