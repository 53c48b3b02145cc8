"""bench.svg: bars of every peer's time beside ours and of the share of what the machine allows, and the roofline."""
import report_steps
import roofline_chart
from drawing import PALE, document, line, rectangle, text

COLORS = {"atelier": "#1b6ca8", "torch-eager": "#e07b39", "torch-compile": "#b5442f", "jax": "#4b9b6e"}
BAR, GAP, LEFT, WIDTH, TOP = 16, 14, 170, 330, 74
PANEL = LEFT + WIDTH + 70


def groups_of(records, value):
    """[(label, [(impl, value)])]"""
    found = []
    for (work, precision), (ours, theirs) in report_steps.grouped(records).items():
        bars = [(i, value(r)) for i, r in [("atelier", ours), *theirs.items()]]
        found.append((f"{work} {precision}", [(i, v) for i, v in bars if v is not None]))
    return found


def panel(left, groups, scale_end, grid, show, title):
    """Bars of one panel and the y where it ends. Longer ones than the scale are cut, their figures are not."""
    out, y = [text(left + LEFT, 24, title, size=14, weight="bold")], TOP
    for label, bars in groups:
        out.append(text(left + LEFT - 8, y + BAR * len(bars) / 2 + 4, label, anchor="end"))
        for impl, value in bars:
            length = WIDTH * min(value / scale_end, 1)
            out += [rectangle(left + LEFT, y, length, BAR - 3, COLORS.get(impl, "#888")),
                    text(left + LEFT + length + 5, y + BAR - 6, show(value), size=11)]
            y += BAR
        y += GAP
    for value, mark in grid:
        x = left + LEFT + WIDTH * value / scale_end
        out = [line(x, TOP - 8, x, y - GAP + 4, PALE, dash="3 3"), text(x, TOP - 12, mark, "middle", 11, "#555")] + out
    return out, y


def legend(impls):
    out, x = [], LEFT
    for impl in impls:
        out += [rectangle(x, 36, 12, 12, COLORS.get(impl, "#888")), text(x + 17, 46, impl)]
        x += 40 + 7 * len(impl)
    return out


def grid_of(end):
    """Values of grid lines, about five."""
    width = next((w for w in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if end / w <= 6), 100)
    return [k * width for k in range(1, int(end / width) + 1)]


def end_of(groups, most):
    """Where a scale ends: behind the longest bar, at `most` for those that would dwarf the others."""
    return min(max([v for _, bars in groups for _, v in bars], default=1) * 1.05, most)


def bars(records):
    ratios = groups_of(records, lambda r: 1.0 if r["impl"] == "atelier" else r["ratio"])
    shares = groups_of(records, lambda r: r["roofline"])
    if not ratios:
        return [], 0
    end, top = end_of(ratios, 8), end_of(shares, 1.2)
    left, height = panel(0, ratios, end, [(v, f"{v:g}x") for v in grid_of(end)], lambda v: f"{v:.2f}x",
                         "Time, times atelier's (longer is slower)")
    right, _ = panel(PANEL, shares, top, [(v, f"{v:.0%}") for v in grid_of(top)], lambda v: f"{v:.0%}",
                     "Share of the machine's limit (longer is better)")
    return [*legend(list(dict.fromkeys(i for _, group in ratios for i, _ in group))), *left, *right], height


def svg(records):
    above, height = bars(records)
    below, more = roofline_chart.draw(records, height, 2 * PANEL)
    return document(2 * PANEL, max(height + more, 40), above + below)
