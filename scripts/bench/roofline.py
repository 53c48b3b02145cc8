"""What the machine allows, from the records of kind "machine" of the same run."""
import math


class Roofline:
    """Peaks of arithmetic by precision and bandwidths by working set, on `threads` threads."""

    def __init__(self, records, threads):
        self.records = [r for r in records if r["kind"] == "machine" and r.get("threads") == threads and "value" in r]

    def best(self, prefix):
        return max((r["value"] for r in self.records if r["work"].startswith(prefix)), default=None)

    def halves(self, precision):
        """Whether numbers are bfloat16 at a precision: medium, where the processor multiplies those."""
        return precision == "medium" and self.best("bf16_peak/") is not None

    def peak_gflops(self, precision):
        """The measured arithmetic peak for a precision, None if there is none."""
        return self.best("bf16_peak/" if self.halves(precision) else "fma_peak/")

    def bandwidth_gbs(self, size, stream="read"):
        """GB/s of a stream over `size` bytes: between two measured sizes, in proportion to the logarithm."""
        points = sorted((r["bytes"], r["value"]) for r in self.records if r["work"].startswith(f"{stream}/"))
        if not points or size <= points[0][0]:
            return points[0][1] if points else None
        for (a, low), (b, high) in zip(points, points[1:]):
            if size <= b:
                return low + (high - low) * math.log(size / a) / math.log(b / a)
        return points[-1][1]

    def least_ms(self, flops, size, precision):
        """The time that arithmetic or one reading of `size` bytes of floats takes at least; None when nothing was
        measured."""
        size = size / 2 if self.halves(precision) else size
        peak, bandwidth = self.peak_gflops(precision), self.bandwidth_gbs(size) if size else None
        bounds = [flops / peak / 1e6] if peak else []
        bounds += [size / bandwidth / 1e6] if bandwidth else []
        return max(bounds, default=None)
