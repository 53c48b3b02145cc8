"""Tests of the suite's kernels, growth and waits with made-up programs."""
import json
import os
import pathlib
import stat
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import chart  # noqa: E402
import compare  # noqa: E402
import growth  # noqa: E402
import kernels  # noqa: E402
import options  # noqa: E402
import report_growth  # noqa: E402
import report_kernels  # noqa: E402
import roofline_chart  # noqa: E402
import rounds  # noqa: E402
import waits  # noqa: E402
from roofline import Roofline  # noqa: E402

# Answers as a Google Benchmark program does; times are made up, BENCH_SLOW multiplies those of Y.
FAKE_BENCH = f"""#!{sys.executable} -SE
import json, os, re, sys
names = ["gemm/Y/8x8x8/highest/atelier", "gemm/Y/8x8x8/highest/eigen", "gemm/Y/8x8x8/medium/atelier",
         "gemm/dX/8x8x8/highest/atelier"]
names = [n + "/real_time" for n in names]
given = dict(w.split("=", 1) for w in sys.argv[1:] if "=" in w)
if "--benchmark_list_tests" in sys.argv:
    print("\\n".join(names))
    sys.exit(0)
if os.environ.get("BENCH_CRASH"):
    sys.exit("no such luck")
lines = []
for name in reversed([n for n in names if re.search(given["--benchmark_filter"], n)]):
    if "eigen" in name and os.environ.get("BENCH_ABSENT"):
        lines.append({{"name": name, "run_name": name, "run_type": "iteration", "error_occurred": True,
                      "error_message": os.environ["BENCH_ABSENT"]}})
        continue
    for k in range(int(given["--benchmark_repetitions"])):
        slow = float(os.environ.get("BENCH_SLOW", 1)) if name.startswith("gemm/Y") and "atelier" in name else 1
        us = (30 if "eigen" in name else 10) * slow * (1 + 0.001 * k)
        lines.append({{"name": name, "run_name": name, "run_type": "iteration", "iterations": 7, "real_time": us,
                      "time_unit": "us", "flop": 1e6, "bytes": 768, "GFLOP/s": 1e3 / us, "GB/s": 768e-3 / us,
                      "%roofline": 500 / us}})
    lines.append({{"name": name + "_mean", "run_name": name, "run_type": "aggregate", "real_time": 0}})
print(json.dumps({{"context": {{"version": "1"}}, "benchmarks": lines}}))
"""
FAKE_WAITS = f"""#!{sys.executable} -SE
import json
print(json.dumps([dict(kind="wait", work="checkpoint/save", impl="atelier", version="1", precision=None, threads=2,
                       ms=10.0, ms_min=9.0, ms_max=11.0, ms_q1=9.5, ms_q3=10.5, runs=3, mb_per_s=100.0)]))
"""


class Run:
    def __init__(self):
        self.failed, self.skipped, self.saved = [], [], 0

    def progress(self, message):
        pass

    def save(self):
        self.saved += 1


class Sections(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root, self.run_state = pathlib.Path(self.folder.name), Run()

    def program(self, name, text):
        path = self.root / "bench" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(stat.S_IRWXU)

    def options(self, *words):
        return options.parse(["--programs", str(self.root / "bench"), "--threads", "2", *words])


class Kernels(Sections):
    def setUp(self):
        super().setUp()
        self.program("gemm_bench", FAKE_BENCH)
        for patch in (mock.patch.object(kernels, "FAMILIES", ("gemm",)),):
            patch.start()
            self.addCleanup(patch.stop)

    def records(self, *words, **environment):
        found = []
        with mock.patch.dict(os.environ, environment):
            kernels.run_section(found, self.options("--sections", "kernels", *words), self.run_state)
        return found

    def test_names(self):
        self.assertEqual(kernels.split_name("conv/y/3x3/high/onednn/min_time:0.200/real_time"),
                         ("conv/y/3x3", "high", "onednn"))

    def test_what_belongs_together_is_timed_together(self):
        names = [f"a/{i}/highest/{p}" for i in range(20) for p in ("atelier", "eigen", "onednn")]
        groups = kernels.grouped(names)
        self.assertEqual(sum(groups, []), names)
        self.assertGreater(len(groups), 2)
        for group in groups:
            self.assertEqual(len(group) % 3, 0)

    def test_records(self):
        found = self.records()
        self.assertEqual([(r["work"], r["precision"], r["impl"]) for r in found],
                         [("gemm/Y/8x8x8", "highest", "atelier"), ("gemm/Y/8x8x8", "highest", "eigen"),
                          ("gemm/Y/8x8x8", "medium", "atelier"), ("gemm/dX/8x8x8", "highest", "atelier")])
        ours, eigen = found[:2]
        self.assertAlmostEqual(ours["ms"], 0.01, delta=1e-4)
        self.assertAlmostEqual(ours["roofline"], 0.5, delta=0.01)
        self.assertAlmostEqual(eigen["ratio"], 3, delta=0.01)
        self.assertEqual((ours["runs"], ours["threads"], self.run_state.failed), (35, 2, []))
        self.assertEqual([s.split(":")[0] for s in self.run_state.skipped], ["openblas", "onednn"])
        page = "\n".join(report_kernels.lines(found))
        self.assertRegex(page, r"\| Y/8x8x8 \| highest \| 0\.01 ms \| 99\.8 GFLOP/s \| 50% \| .*\*\*3\.00x\*\*")

    def test_the_roofline_chart_has_a_dot_for_each_kernel(self):
        self.assertEqual(roofline_chart.draw(self.records(), 0, 800), ([], 0))  # no machine, no roof
        found = Rooflines.MACHINE + self.records()
        parts, height = roofline_chart.draw(found, 0, 800)
        drawn = xml.etree.ElementTree.fromstring(chart.svg(found))
        circles = drawn.findall("{http://www.w3.org/2000/svg}circle")
        self.assertEqual(sum("gemm/" in c[0].text for c in circles), 3)
        self.assertIn("fp32 peak 100", "\n".join(parts))
        self.assertIn("bf16 peak 200", "\n".join(parts))
        for c in circles:
            self.assertTrue(0 < float(c.get("cy")) < height and 0 < float(c.get("cx")) < 1140, c.attrib)

    def test_what_a_peer_lacks_here_is_skipped_by_name(self):
        found = self.records(BENCH_ABSENT="not on this processor")
        self.assertEqual([r["impl"] for r in found], ["atelier"] * 3)
        self.assertEqual(self.run_state.failed, [])
        self.assertEqual(self.run_state.skipped[0], "eigen: nothing for gemm in highest on this processor")
        self.assertEqual(self.records(BENCH_ABSENT="out of luck"), [])
        self.assertIn("out of luck", self.run_state.failed[0])

    def test_options(self):
        self.assertEqual([r["precision"] for r in self.records("--precision", "medium")], ["medium"])
        self.assertEqual([r["work"] for r in self.records("--only", "dX")], ["gemm/dX/8x8x8"])
        self.assertEqual({r["impl"] for r in self.records("--peers", "none")}, {"atelier"})
        self.assertEqual(self.records("--quick", "--only", "dX")[0]["runs"], 21)

    def test_a_slowed_kernel_is_flagged_and_a_repeat_is_not(self):
        old = self.records()
        self.assertEqual([k for k, r in compare.compare(old, self.records()) if r["slower"]], [])
        slowed = compare.compare(old, self.records(BENCH_SLOW="1.2"))
        self.assertEqual([k[1:3] for k, r in slowed if r["slower"]],
                         [("gemm/Y/8x8x8", "highest"), ("gemm/Y/8x8x8", "medium")])
        self.assertEqual(sum("SLOWER" in line for line in compare.table(slowed)), 2)

    def test_failures_are_named(self):
        self.assertEqual(self.records(BENCH_CRASH="1"), [])
        self.assertIn("no such luck", self.run_state.failed[0])
        self.program("gemm_bench", "#!/nonexistent/interpreter\n")
        self.assertEqual(self.records(), [])
        self.assertIn("gemm_bench", self.run_state.failed[1])

    def test_what_is_there_is_not_measured_again(self):
        found = self.records()
        again = list(found)
        kernels.run_section(again, self.options(), self.run_state)
        self.assertEqual(again, found)


class Growth(Sections):
    def test_what_costs_more_than_at_a_smaller_size_is_a_finding(self):
        self.assertEqual(growth.judge([(1, 2.0, 0), (2, 1.0, 0), (4, 1.1, 0), (8, 1.2, 0), (16, 1.3, 0.4)]),
                         [(1.0, False), (0.5, False), (1.1, False), (1.2, True), (1.3, False)])

    def test_works_and_arithmetic_of_the_axes(self):
        axes = {a.name: a for a in growth.axes(4)}
        self.assertEqual(axes["vae/batch"].work(32), "vae@batch=32")
        self.assertEqual(axes["gpt/width"].work(512), "gpt@layers=2,context=128,batch=4,vocabulary=2048,width=512")
        self.assertEqual((axes["vae128/threads"].values, axes["vae128/threads"].work(2)), ((1, 2, 4), "vae128"))
        self.assertAlmostEqual(axes["gpt/batch"].flops(8), 2 * axes["gpt/batch"].flops(4))
        self.assertGreater(axes["gpt/context"].flops(1024), 8 * axes["gpt/context"].flops(128))

    def test_records(self):
        axis = growth.Axis("vae", "batch", (1, 2), lambda v: v * 1e9)
        measured = rounds.Measured([{1: 10.0, 2: 30.0}] * 3, {1: 3, 2: 3}, {}, 0, 0, 1)
        made = growth.records_of(axis, "highest", measured, "1", self.options())
        self.assertEqual([(r["work"], r["ms_per_gflop"], r["growth"], r["finding"]) for r in made],
                         [("vae/batch=1", 10.0, 1.0, False), ("vae/batch=2", 15.0, 1.5, True)])
        page = "\n".join(report_growth.lines(made))
        self.assertIn("2: 30 ms, 15 (1.50x) **finding**", page)
        self.assertIn("Findings: vae/batch 2 (1.50x). The machine was disturbed during vae/batch", page)

    def test_a_worker_that_fails_is_a_failure_of_its_axis(self):
        self.program("bench_steps", f"#!{sys.executable} -SE\nimport sys\nsys.exit('no such size')\n")
        axis = growth.Axis("vae", "batch", (1, 2), lambda v: v * 1e9)
        self.assertEqual(growth.measure(axis, self.options(), self.run_state), [])
        self.assertIn("growth vae/batch", self.run_state.failed[0])
        self.assertIn("no such size", self.run_state.failed[0])


class Waits(Sections):
    def setUp(self):
        super().setUp()
        self.program("bench_waits", FAKE_WAITS)
        examples = self.root / "examples"
        examples.mkdir()
        for name in (waits.SMALLEST, waits.EXAMPLE):
            (examples / name).write_text("#!/bin/sh\n")
            (examples / name).chmod(stat.S_IRWXU)
        source = self.root / "examples" / f"{waits.EXAMPLE}.cpp"
        entry = {"directory": str(self.root), "file": str(source), "command": f"/bin/cp {source} -o old"}
        (self.root / "compile_commands.json").write_text(json.dumps([entry]))

    def test_parts(self):
        command = [sys.executable, "-c", "import os,sys; assert os.environ['CCACHE_DISABLE']; sys.exit(0)"]
        found = []
        with mock.patch.object(waits, "compile_command", lambda *_: (command, str(self.root))):
            waits.run_section(found, self.options(), {}, {}, self.run_state)
        self.assertEqual(self.run_state.failed, [])
        self.assertEqual([r["work"] for r in found], [f"compile/{waits.EXAMPLE}", f"size/{waits.EXAMPLE}", "start",
                                                      "checkpoint/save"])
        self.assertEqual((found[0]["runs"], found[1]["bytes"], found[2]["runs"]), (3, 10, 20))
        page = "\n".join(report_growth.lines(found))
        self.assertRegex(page, r"checkpoint/save \| atelier \| 2 \| 10 ms \| 100 MB/s")
        again = list(found)
        waits.run_section(again, self.options(), {}, {}, self.run_state)
        self.assertEqual(again, found)

    def test_the_command_of_the_build(self):
        words, folder = waits.compile_command(self.root, f"examples/{waits.EXAMPLE}.cpp", "new")
        self.assertEqual((words[-2:], folder), (["-o", "new"], str(self.root)))
        self.assertIsNone(waits.compile_command(self.root, "examples/other.cpp", "new"))

    def test_failures_are_named_and_the_rest_is_measured(self):
        (self.root / "compile_commands.json").unlink()
        found = []
        waits.run_section(found, self.options("--only", "waits/(compile|size)"), {}, {}, self.run_state)
        self.assertEqual([r["part"] for r in found], ["size"])
        self.assertIn("waits compile", self.run_state.failed[0])

    def test_peers_start_beside_us(self):
        made = waits.starts(self.root, {"json": sys.executable})
        self.assertEqual([r["impl"] for r in made], ["atelier", "json"])
        self.assertGreater(made[1]["ratio"], 0)


class Rooflines(unittest.TestCase):
    MACHINE = [dict(kind="machine", threads=2, **r) for r in (
        {"work": "fma_peak/avx2", "value": 50.0}, {"work": "fma_peak/avx512", "value": 100.0},
        {"work": "bf16_peak/avx512bf16", "value": 200.0}, {"work": "read/1000", "value": 40.0, "bytes": 1000},
        {"work": "read/100000", "value": 20.0, "bytes": 100000}, {"work": "copy/1000", "value": 1.0, "bytes": 1000})]

    def test_peaks_and_bandwidths(self):
        roofline = Roofline(self.MACHINE, 2)
        self.assertEqual([roofline.peak_gflops(p) for p in ("highest", "medium")], [100, 200])
        self.assertEqual([roofline.bandwidth_gbs(b) for b in (10, 1000, 10000, 1e9)], [40, 40, 30, 20])
        self.assertEqual(roofline.bandwidth_gbs(500, "copy"), 1)
        self.assertEqual(Roofline(self.MACHINE, 1).least_ms(1e9, 1e6, "highest"), None)

    def test_the_slower_of_both_is_the_limit(self):
        roofline = Roofline(self.MACHINE, 2)
        self.assertAlmostEqual(roofline.least_ms(1e9, 0, "highest"), 10)
        self.assertAlmostEqual(roofline.least_ms(1e9, 1e9, "highest"), 50)
        self.assertAlmostEqual(roofline.least_ms(1e12, 1e9, "highest"), 10000)

    def test_medium_reads_half_where_bfloat16_is_multiplied(self):
        self.assertAlmostEqual(Roofline(self.MACHINE, 2).least_ms(1e6, 1e9, "medium"), 25)
        floats = [r for r in self.MACHINE if not r["work"].startswith("bf16")]
        self.assertAlmostEqual(Roofline(floats, 2).least_ms(1e6, 1e9, "medium"), 50)


if __name__ == "__main__":
    unittest.main()
