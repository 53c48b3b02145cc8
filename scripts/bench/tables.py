"""Numbers and tables as text."""
import math
import statistics


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
