"""bench.svg: bars of every peer's time beside ours, and of the share of the arithmetic peak. Drawn by hand."""
import html

import report_steps

COLORS = {"atelier": "#1b6ca8", "torch-eager": "#e07b39", "torch-compile": "#b5442f", "jax": "#4b9b6e"}
BAR, GAP, LEFT, WIDTH, TOP = 16, 14, 150, 330, 74
PANEL = LEFT + WIDTH + 70


def text(x, y, words, anchor="start", size=12, color="#222", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{color}" '
            f'font-weight="{weight}">{html.escape(words)}</text>')


def line(x, y1, y2, color, dash=""):
    return f'<line x1="{x:.1f}" y1="{y1:.1f}" x2="{x:.1f}" y2="{y2:.1f}" stroke="{color}" stroke-dasharray="{dash}"/>'


def bar(x, y, length, color, label):
    return [f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(length, 0.5):.1f}" height="{BAR - 3}" fill="{color}"/>',
            text(x + length + 5, y + BAR - 6, label, size=11)]


def groups_of(records, value):
    """[(label, [(impl, value)])]"""
    found = []
    for (work, precision), (ours, theirs) in report_steps.grouped(records).items():
        bars = [(i, value(r)) for i, r in [("atelier", ours), *theirs.items()]]
        found.append((f"{work} {precision}", [(i, v) for i, v in bars if v is not None]))
    return found


def panel(left, groups, scale_end, grid, show, title):
    """Bars of one panel and the y where it ends."""
    out, y = [text(left + LEFT, 24, title, size=14, weight="bold")], TOP
    for label, bars in groups:
        out.append(text(left + LEFT - 8, y + BAR * len(bars) / 2 + 4, label, anchor="end"))
        for impl, value in bars:
            out += bar(left + LEFT, y, WIDTH * value / scale_end, COLORS.get(impl, "#888"), show(value))
            y += BAR
        y += GAP
    for value, mark in grid:
        x = left + LEFT + WIDTH * value / scale_end
        out = [line(x, TOP - 8, y - GAP + 4, "#bbb", "3 3"), text(x, TOP - 12, mark, "middle", 11, "#555")] + out
    return out, y


def legend(impls):
    out, x = [], LEFT
    for impl in impls:
        out += [f'<rect x="{x}" y="36" width="12" height="12" fill="{COLORS.get(impl, "#888")}"/>',
                text(x + 17, 46, impl)]
        x += 40 + 7 * len(impl)
    return out


def steps_of(end):
    """Values of grid lines, about five."""
    width = next((w for w in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if end / w <= 6), 100)
    return [k * width for k in range(1, int(end / width) + 1)]


def svg(records):
    ratios = groups_of(records, lambda r: 1.0 if r["impl"] == "atelier" else r["ratio"])
    shares = groups_of(records, lambda r: r["roofline"])
    end = max([v for _, bars in ratios for _, v in bars], default=1) * 1.05
    top = max([v for _, bars in shares for _, v in bars], default=1) * 1.05
    left, height = panel(0, ratios, end, [(v, f"{v:g}x") for v in steps_of(end)], lambda v: f"{v:.2f}x",
                         "Time of a step, times atelier's (longer is slower)")
    right, _ = panel(PANEL, shares, top, [(v, f"{v:.0%}") for v in steps_of(top)], lambda v: f"{v:.0%}",
                     "Share of the machine's arithmetic peak")
    impls = list(dict.fromkeys(i for _, bars in ratios for i, _ in bars))
    size = f'width="{2 * PANEL}" height="{height}" viewBox="0 0 {2 * PANEL} {height}"'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">',
                      '<rect width="100%" height="100%" fill="white"/>', *legend(impls), *left, *right, "</svg>"]) + "\n"
