"""Tables of the micro-benchmarks."""
import kernels
from tables import markdown_table, number, percent

WORST = 12


def ours(records):
    return [r for r in records if r["kind"] == "kernel" and "flop" in r and r["impl"] == "atelier"]


def theirs(records):
    """{(work, precision): {impl: record}}"""
    found = {}
    for r in records:
        if r["kind"] == "kernel" and "flop" in r and r["impl"] != "atelier":
            found.setdefault((r["work"], r["precision"]), {})[r["impl"]] = r
    return found


def rate(r):
    return f"{number(r['gflops'])} GFLOP/s" if r["flop"] else f"{number(r['gbs'])} GB/s"


def peer_cell(r):
    return f"{number(r['ms'])} ms, {percent(r['roofline'])}: **{r['ratio']:.2f}x**" if r and r["ratio"] else "-"


def family_lines(family, records):
    mine, others = [r for r in ours(records) if r["work"].startswith(f"{family}/")], theirs(records)
    impls = [i for i in kernels.OTHERS if any(i in others.get((r["work"], r["precision"]), {}) for r in mine)]
    rows = [[r["work"].removeprefix(f"{family}/"), r["precision"], f"{number(r['ms'])} ms", rate(r),
             percent(r["roofline"]), *(peer_cell(others.get((r["work"], r["precision"]), {}).get(i)) for i in impls)]
            for r in mine]
    return [f"### {family}", "", *markdown_table(["kernel", "precision", "atelier", "rate", "of the roofline", *impls],
                                                 rows), ""] if rows else []


def worst_lines(records):
    """Where there is most to gain."""
    rows = sorted(ours(records), key=lambda r: r["roofline"])[:WORST]
    return ["### Furthest from the roofline", "",
            *markdown_table(["kernel", "precision", "atelier", "rate", "of the roofline"],
                            [[r["work"], r["precision"], f"{number(r['ms'])} ms", rate(r), percent(r["roofline"])]
                             for r in rows]), ""] if rows else []


def lines(records):
    if not ours(records):
        return []
    found = ["## Kernels", "", "Micro-benchmarks, medians of their repetitions. Of the roofline: the time that the "
             "machine needs at least, by the peak of multiply-adds at that precision and by the bandwidth over so "
             "large a working set, both measured on the same threads just before and after, of the time taken. "
             "Operations of Winograd's convolutions are counted as those of direct ones. **Bold**: how many times as "
             "long as atelier the other library takes. Shapes: rows x inputs x outputs of a layer for gemm.", ""]
    for family in kernels.FAMILIES:
        found += family_lines(family, records)
    return found + worst_lines(records)
