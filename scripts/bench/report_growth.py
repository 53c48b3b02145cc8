"""Tables of how cost grows, and of what users also wait for."""
from tables import markdown_table, number


def growth_cell(r):
    mark = " **finding**" if r["finding"] else ""
    return f"{r['value']}: {number(r['ms'])} ms, {number(r['ms_per_gflop'])} ({r['growth']:.2f}x){mark}"


def disturbed_note(axes):
    disturbed = [axis for axis, points in axes.items() if points[0]["rounds_disturbed"]]
    return f" The machine was disturbed during {', '.join(disturbed)}: measure these again." if disturbed else ""


def growth_lines(records):
    axes = {}
    for r in records:
        if r["kind"] == "growth":
            axes.setdefault(r["axis"], []).append(r)
    if not axes:
        return []
    rows = [[axis, points[0]["precision"], "; ".join(growth_cell(r) for r in points)] for axis, points in axes.items()]
    findings = [f"{r['axis']} {r['value']} ({r['growth']:.2f}x)" for points in axes.values() for r in points
                if r["finding"]]
    return ["## How cost grows", "", "One size of a model is varied, the others stay. SIZE: time of a step, "
            "milliseconds for 10^9 operations of its matrix products (over the least at a smaller size). For "
            "threads, the time of all threads together: 1.00x is perfect scaling. A finding costs over 15% more than "
            "a smaller size, and more than the noise.", "",
            *markdown_table(["model/size", "precision", "points"], rows), "",
            f"Findings: {', '.join(findings) if findings else 'none'}.{disturbed_note(axes)}", ""]


def quantity(r):
    if r.get("mb_per_s"):
        return f"{number(r['mb_per_s'])} MB/s"
    if r.get("bytes"):
        return f"{number(r['bytes'] / 1e6)} MB"
    return "-"


def wait_lines(records):
    head = ["what", "program", "threads", "time", "amount", "times atelier's"]
    rows = [[r["work"], r["impl"], str(r["threads"]), number(r["ms"], " ms") if r["ms"] else "-", quantity(r),
             f"{r['ratio']:.1f}x" if r["ratio"] else "-"] for r in records if r["kind"] == "wait"]
    return ["## What users also wait for", "", "compile: a source file that uses the library, one compiler process. "
            "size: of the program. start: to the end of the smallest example (atelier), to the end of `import` "
            "(peers). Pictures count as pixels of 3 bytes, texts as bytes of 2 MB, checkpoints as weights and "
            "moments of 8 million parameters.", "",
            *markdown_table(head, rows), ""] if rows else []


def lines(records):
    return growth_lines(records) + wait_lines(records)
