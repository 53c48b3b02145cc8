"""The roofline: what every kernel reaches against its arithmetic for each byte.  Williams, Waterman & Patterson 2009"""
import math

import kernels
import report_kernels
from drawing import INK, PALE, dot, line, text
from roofline import Roofline

LEFT, TOP, BOTTOM, HEIGHT, KEY = 90, 70, 60, 420, 190
COLORS = dict(zip(kernels.FAMILIES, ("#1b6ca8", "#e07b39", "#b5442f", "#4b9b6e", "#8e5ea2", "#c2a83e", "#3aa6b9",
                                     "#d96ba0", "#7a7a7a")))
BANDWIDTHS = {8 << 20: "8 MiB", 256 << 20: "memory"}  # working sets whose bandwidths are drawn


class Scale:
    """Logarithmic axes from corner (x0, y0) at the bottom left."""

    def __init__(self, box, xs, ys):
        self.left, self.bottom, self.width, self.height = box
        self.xs, self.ys = [math.log10(v) for v in xs], [math.log10(v) for v in ys]

    def x(self, value):
        return self.left + self.width * (math.log10(value) - self.xs[0]) / (self.xs[1] - self.xs[0])

    def y(self, value):
        share = (math.log10(value) - self.ys[0]) / (self.ys[1] - self.ys[0])
        return self.bottom - self.height * min(max(share, 0), 1)


def points(records):
    """(family, operations for each byte, GFLOP/s, record) of our kernels that compute products."""
    return [(r["work"].split("/")[0], r["flop"] / r["bytes"], r["gflops"], r) for r in report_kernels.ours(records)
            if r["flop"] and r["bytes"] and r["gflops"]]


def decades(low, high):
    return [10.0 ** k for k in range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)]


def axes(scale, xs, ys):
    out = []
    for value in decades(*xs):
        out += [line(scale.x(value), scale.y(ys[0]), scale.x(value), scale.y(ys[1]), PALE, dash="3 3"),
                text(scale.x(value), scale.bottom + 18, f"{value:g}", "middle", 11, "#555")]
    for value in decades(*ys):
        out += [line(scale.x(xs[0]), scale.y(value), scale.x(xs[1]), scale.y(value), PALE, dash="3 3"),
                text(scale.left - 8, scale.y(value) + 4, f"{value:g}", "end", 11, "#555")]
    middle = (scale.x(xs[0]) + scale.x(xs[1])) / 2
    return [*out, text(middle, scale.bottom + 40, "operations for each byte", "middle"),
            text(scale.left, scale.bottom - scale.height - 8, "GFLOP/s", "end")]


def roofs(scale, roofline, xs, ys):
    """A line for each peak, and for each bandwidth up to the highest peak."""
    out, peaks = [], {"fp32": roofline.peak_gflops("highest"), "bf16": roofline.peak_gflops("medium")}
    if peaks["bf16"] == peaks["fp32"]:
        del peaks["bf16"]
    top = max(peaks.values())
    for name, peak in peaks.items():
        out += [line(scale.x(xs[0]), scale.y(peak), scale.x(xs[1]), scale.y(peak), INK, 1.5),
                text(scale.x(xs[1]) - 4, scale.y(peak) - 5, f"{name} peak {peak:.0f}", "end", 11)]
    for size, name in BANDWIDTHS.items():
        rate = roofline.bandwidth_gbs(size, "triad")
        if rate:
            start, end = max(xs[0], ys[0] / rate), min(top / rate, xs[1])
            middle = math.sqrt(start * end)
            out += [line(scale.x(start), scale.y(rate * start), scale.x(end), scale.y(rate * end), INK, 1.5),
                    text(max(scale.x(middle) - 8, scale.left + 110), scale.y(rate * middle) - 4,
                         f"{name}: {rate:.0f} GB/s", "end", 11)]
    return out


def key(families, x, y):
    out = []
    for i, family in enumerate(families):
        out += [dot(x, y + 20 * i, COLORS[family], family), text(x + 12, y + 20 * i + 4, family)]
    return [*out, dot(x, y + 20 * len(families), INK, "medium", hollow=True),
            text(x + 12, y + 20 * len(families) + 4, "at medium (bf16)")]


def draw(records, y, width):
    """(parts, height) of the chart below `y`; nothing where no kernel was measured."""
    found = points(records)
    roofline = Roofline(records, found[0][3]["threads"]) if found else None
    if not found or not roofline.peak_gflops("highest"):
        return [], 0
    top = max([p[2] for p in found] + [roofline.peak_gflops("medium")])
    xs = (min(p[1] for p in found) / 3, max(p[1] for p in found) * 1.5)
    ys = (max(min(p[2] for p in found) / 2, top / 1e4), top * 1.6)
    scale = Scale((LEFT, y + TOP + HEIGHT, width - LEFT - KEY, HEIGHT), xs, ys)
    out = [text(LEFT, y + 28, "Kernels under the roofline (products; both axes logarithmic)", size=14, weight="bold"),
           *axes(scale, xs, ys), *roofs(scale, roofline, xs, ys)]
    for family, intensity, gflops, r in found:
        out.append(dot(scale.x(intensity), scale.y(gflops), COLORS[family],
                       f"{r['work']} {r['precision']}: {gflops:.0f} GFLOP/s, {r['roofline']:.0%} of the roofline",
                       hollow=r["precision"] == "medium"))
    out += key(list(dict.fromkeys(p[0] for p in found)), width - KEY + 30, y + TOP + 20)
    return out, TOP + HEIGHT + BOTTOM
