"""Tests of the benchmark suite with made-up workers: python3 -m unittest discover -s scripts/bench"""
import io
import json
import math
import os
import pathlib
import stat
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import compare  # noqa: E402
import disturbance  # noqa: E402
import machine  # noqa: E402
import peers  # noqa: E402
import records as making  # noqa: E402
import report  # noqa: E402
import rounds  # noqa: E402
import step_profile  # noqa: E402
import suite  # noqa: E402
import works  # noqa: E402
from roofline import Roofline  # noqa: E402
from workers import Worker, WorkerError  # noqa: E402

# Speaks the protocol with made-up times: argv: NAME WORK PRECISION THREADS; a line for each start goes to FAKE_LOG.
FAKE_STEPS = f"""#!{sys.executable} -SE
import json, os, sys
name = os.path.basename(sys.argv[0])
def log(words):
    with open(os.environ["FAKE_LOG"], "a") as file:
        file.write(name + " " + words + "\\n")
log(" ".join(sys.argv[1:4]))
base = dict(bench_steps=2.0, fake_jax=5.0, fake_torch=3.0)[name] * float(os.environ.get("FAKE_SLOW_" + name, 1))
wrong = float(os.environ.get("FAKE_WRONG_" + name, 0))
if os.environ.get("FAKE_CRASH") == name:
    sys.exit("out of luck")
line = sys.stdin.readline()
log(line.strip())
parity = line.split()[1]
losses = [5.0 + wrong, 4.0, 3.0, 2.0, 1.0][:int(parity)]
print(json.dumps(dict(impl=name, version="1", items=8, losses=losses, first_ms=3.5)), flush=True)
for k, line in enumerate(sys.stdin):
    log(line.strip())
    times = [base * (1 + 0.002 * (k * 7 % 5 - 2) + 0.01 * i) for i in range(-4, 5)]
    if line.startswith("profile"):
        print(json.dumps(dict(stacks=[[3, [64]], [1, [128, 0]], [4, [0, 256, 192]]])), flush=True)
        continue
    print(json.dumps(dict(ms=times, involuntary_switches=0, peak_mib=7)), flush=True)
"""
FAKE_MACHINE = f"""#!{sys.executable} -SE
import json
one = dict(kind="machine", work="fma_peak/avx2", impl="atelier", version="1", threads=2, value=100.0, unit="GFLOP/s")
print(json.dumps([one]))
"""

SYMBOLS = ([64, 128, 192, 256], ["_ZN7atelier2v07kernels9gemm_impl3runE", "_ZN7atelier2v013cross_entropyE",
                            "_ZN7atelier2v07kernels4adamIfE", "_ZN7atelier2v06detail6Worker6finishEv"])


class FakeWorker:
    """In-process: times come from a list, one for each measurement."""

    def __init__(self, key, times, log=None):
        self.key, self.pid, self.times, self.log = key, 0, list(times), log if log is not None else []

    def time(self, _seconds):
        self.log.append(self.key)
        value = self.times.pop(0) if len(self.times) > 1 else self.times[0]
        return {"ms": [value, value, 100 * value], "involuntary_switches": 0}


class FakeMonitor:
    """Gives the scores of a list, then calm."""

    def __init__(self, scores=()):
        self.scores = list(scores)

    def sample(self, _pid):
        return None

    def usage(self, *_):
        return {"steal": disturbance.LIMITS["steal"] * (self.scores.pop(0) if self.scores else 0), "foreign": 0,
                "switches": 0}


class Statistics(unittest.TestCase):
    def test_spread(self):
        self.assertEqual(rounds.spread([3, 1, 2, 5, 4]), {"median": 3, "q1": 2, "q3": 4, "min": 1, "max": 5})
        self.assertEqual(rounds.spread([7])["median"], 7)

    def test_medians_of_steps_and_ratios_of_rounds(self):
        fast, slow = FakeWorker("ours", [1, 2, 4]), FakeWorker("theirs", [3, 4, 4])
        m = rounds.run_rounds([fast, slow], 3, 0.01, FakeMonitor())
        self.assertEqual(m.ms("ours"), [1, 2, 4])  # the last step of each measurement is an outlier
        self.assertEqual(m.ratios("theirs", "ours"), [3, 2, 1])
        self.assertEqual(m.steps, {"ours": 9, "theirs": 9})

    def test_each_worker_once_a_round_in_changing_order(self):
        log = []
        rounds.run_rounds([FakeWorker(k, [1], log) for k in "abcd"], 20, 0.01, FakeMonitor())
        orders = {tuple(log[i:i + 4]) for i in range(0, 80, 4)}
        self.assertTrue(all(sorted(o) == list("abcd") for o in orders))
        self.assertGreater(len(orders), 5)


class Disturbance(unittest.TestCase):
    def test_reads_processors_in_use_only(self):
        text = "cpu 9 9 9 9 9 9 9 9 0 0\ncpu0 100 50 30 1000 10 5 15 20 0 0\ncpu1 1 1 1 1 1 1 1 1 0 0\nintr 5\n"
        self.assertEqual(disturbance.processors_seconds(text, {0}), (200 / disturbance.TICK, 20 / disturbance.TICK))

    def test_shares_and_limits(self):
        monitor = disturbance.Monitor()
        monitor.allowed = {0, 1}
        before = {"time": 10.0, "busy": 5.0, "stolen": 0.0, "own": 1.0}
        calm = {"time": 11.0, "busy": 6.9, "stolen": 0.0, "own": 2.9}
        self.assertLess(disturbance.score(monitor.usage(before, calm, 0)), 1)
        self.assertGreater(disturbance.score(monitor.usage(before, calm | {"stolen": 0.1}, 0)), 1)
        self.assertGreater(disturbance.score(monitor.usage(before, calm | {"own": 2.5}, 0)), 1)
        self.assertGreater(disturbance.score(monitor.usage(before, calm, 5000)), 1)
        self.assertEqual(disturbance.score(monitor.usage(None, None, 1000)), 0)

    def test_repeats_then_discards_then_takes_the_least_disturbed(self):
        once = rounds.run_rounds([FakeWorker("a", [9, 1, 1])], 2, 0.01, FakeMonitor([5]))
        self.assertEqual((once.rounds, once.repeated, once.discarded), ([{"a": 1}, {"a": 1}], 1, 0))
        thrown = rounds.run_rounds([FakeWorker("a", [9, 9, 9, 1])], 4, 0.01, FakeMonitor([5, 5, 5]))
        self.assertEqual((thrown.rounds, thrown.repeated, thrown.discarded, thrown.disturbed), (4 * [{"a": 1}], 2, 1, 0))
        few = rounds.run_rounds([FakeWorker("a", [9])], 3, 0.01, FakeMonitor([5] * 9), discard=1)
        self.assertEqual((len(few.rounds), few.discarded, few.disturbed), (3, 0, 3))
        some = rounds.run_rounds([FakeWorker("a", [9])], 3, 0.01, FakeMonitor([5] * 3), discard=1)
        self.assertEqual((len(some.rounds), some.discarded, some.disturbed), (3, 1, 0))
        late = rounds.run_rounds([FakeWorker("a", [9])], 3, 0.01, FakeMonitor([5] * 9), patience=0)
        self.assertEqual((len(late.rounds), late.repeated, late.discarded, late.disturbed), (3, 0, 0, 3))
        never = rounds.run_rounds([FakeWorker("a", [9, 8, 2])], 2, 0.01, FakeMonitor([5, 4, 3]))
        self.assertEqual((never.rounds, never.repeated, never.discarded, never.disturbed), ([{"a": 2}, {"a": 8}], 1, 0, 2))

    def test_the_real_monitor_sees_its_own_process(self):
        monitor = disturbance.Monitor()
        before = monitor.sample(os.getpid())
        usage = monitor.usage(before, monitor.sample(os.getpid()), 0)
        self.assertEqual(set(usage), set(disturbance.LIMITS))


class Parity(unittest.TestCase):
    def test_errors(self):
        self.assertEqual(making.parity_error([2.0, 4.0], [2.0, 4.0]), 0)
        self.assertAlmostEqual(making.parity_error([2.0, 4.0], [2.0, 4.4]), 0.1)
        self.assertEqual(making.parity_error([2.0], [2.0, 4.0]), math.inf)
        self.assertEqual(making.parity_error([2.0], [math.nan]), math.inf)
        self.assertTrue(making.agrees([1.0, 2.0], [1.001, 2.02], [2e-3, 2e-2]))
        self.assertFalse(making.agrees([1.0, 2.0], [1.01, 2.02], [2e-3, 2e-2]))
        self.assertFalse(making.agrees([1.0, 2.0], [1.001, 2.1], [2e-3, 2e-2]))
        self.assertFalse(making.agrees([1.0], [1.0, 2.0], [1e-3, 1e-3]))
        self.assertFalse(making.agrees([], [], []))

    def test_a_game_is_held_to_its_first_step(self):
        first, second = next(w for w in works.WORKS if w.name == "dcgan32").tolerances("highest", 2)
        self.assertLess(first, 1e-3)
        self.assertLess(first, second)
        self.assertEqual(next(w for w in works.WORKS if w.name == "vae128").tolerances("high", 2), [1e-5, 1e-5])

    def test_the_fastest_agreeing_mode_counts(self):
        work, base = works.WORKS[0], making.our_key("medium")
        hello = {"version": "1", "items": 8, "losses": [5.0], "first_ms": 1.0}
        hellos = {base: hello, ("jax", "bf16"): hello | {"losses": [6.0]}, ("jax", "float32"): hello}
        m = rounds.Measured([{base: 2.0, ("jax", "bf16"): 3.0, ("jax", "float32"): 5.0}], dict.fromkeys(hellos, 1),
                            dict.fromkeys(hellos, {}), 0, 0, 0)
        made, failures = making.of_work(m, hellos, work, ["medium"], ["jax"], 2, Roofline([], 2))
        self.assertEqual([(r["impl"], r.get("mode"), r["ratio"]) for r in made],
                         [("atelier", None, None), ("jax", "float32", 2.5)])
        self.assertIn("bf16", failures[0])


class Workers(unittest.TestCase):
    def test_last_words_of_a_crash(self):
        with self.assertRaisesRegex(WorkerError, "code 3: no luck"):
            Worker("x", [sys.executable, "-c", "import sys; sys.stderr.write('so\\nno luck\\n'); sys.exit(3)"])
        with self.assertRaises(WorkerError):
            Worker("x", ["/nonexistent/program"])

    def test_silence_and_nonsense(self):
        with self.assertRaisesRegex(WorkerError, "no answer"):
            Worker("x", [sys.executable, "-c", "import sys; sys.stdin.read()"], ready_seconds=0.2)
        with self.assertRaisesRegex(WorkerError, "expected a line of JSON"):
            Worker("x", [sys.executable, "-c", "print('hello')"])


class StepProfile(unittest.TestCase):
    def test_the_first_part_that_fits_counts(self):
        table = SYMBOLS
        self.assertEqual(step_profile.function_at(130, table), SYMBOLS[1][1])
        self.assertEqual(step_profile.function_at(0, table), "")
        found, waiting = step_profile.shares([[1, [64, 130]], [1, [64]], [2, [10]]], table)
        self.assertEqual((found["cross-entropy"], found["products"], found["other"], waiting), (0.25, 0.25, 0.5, 0))
        self.assertEqual(step_profile.shares([], table), ({}, 0.0))

    def test_waiting_is_told_from_work_of_the_own_thread(self):
        self.assertTrue(step_profile.waits(["", "", "_ZN6Worker6finishEv", "adam"]))
        self.assertFalse(step_profile.waits(["", "adam", "_ZN5Share3runEv", "_ZN6Worker6finishEv", "adam"]))
        self.assertFalse(step_profile.waits(["", "memcpy_of_something"]))


class Peers(unittest.TestCase):
    def test_reasons(self):
        with mock.patch.object(peers, "installed_version", return_value=None):
            self.assertIn("is not installed", peers.find("torch", "/nonexistent")[1])
        with mock.patch.object(peers, "installed_version", return_value="1.0"):
            self.assertIn("found 1.0", peers.find("jax", "/nonexistent")[1])
        with mock.patch.object(peers, "installed_version", return_value=peers.PINNED["jax"]):
            self.assertEqual(peers.find("jax", "/nonexistent"), (sys.executable, None))


class WholeSuite(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        self.log = self.root / "log"
        for name in ("bench_steps", "fake_jax", "fake_torch"):
            self.program(name, FAKE_STEPS)
        self.program("bench_machine", FAKE_MACHINE)
        patches = [mock.patch.object(peers, "find", lambda package, env: (f"{self.root}/fake_{package}", None)),
                   mock.patch.object(works, "peer_command",
                                     lambda python, impl, mode, work, threads: [python, work, mode, str(threads)]),
                   mock.patch.object(disturbance, "Monitor", FakeMonitor),
                   mock.patch.object(machine, "commit", lambda: "0123456789ab"),
                   mock.patch.object(machine, "multiplies_bf16", lambda: True),
                   mock.patch.object(step_profile, "symbols", lambda program: SYMBOLS)]
        for p in patches:
            p.start()
            self.addCleanup(p.stop)

    def program(self, name, text):
        (self.root / name).write_text(text)
        (self.root / name).chmod(stat.S_IRWXU)

    def run_suite(self, out, *options, **environment):
        words = ["--programs", str(self.root), "--out", str(self.root / out), "--only", "vae128", "--threads", "2",
                 "--precision", "highest,medium", "--rounds", "5", "--seconds", "0.01", "--sections", "steps",
                 *options]
        text = io.StringIO()
        with mock.patch.dict(os.environ, environment | {"FAKE_LOG": str(self.log)}), redirect_stdout(text), \
                redirect_stderr(text):
            code = suite.main(words)
        return code, text.getvalue(), json.loads((self.root / out / "bench.json").read_text())

    def test_records_and_reports(self):
        code, text, found = self.run_suite("a", "--peers", "torch-eager,jax,llm.c")
        self.assertEqual(code, 0)
        self.assertIn("llm.c", text)
        rows = {(r["impl"], r["precision"]): r for r in report.steps(found)}
        self.assertEqual(set(rows), {(i, p) for i in ("atelier", "torch-eager", "jax") for p in ("highest", "medium")})
        self.assertAlmostEqual(rows["jax", "highest"]["ratio"], 2.5, delta=0.1)
        self.assertAlmostEqual(rows["atelier", "highest"]["roofline"], works.vae_flops(128) / 2.0 / 1e6 / 100, delta=2)
        for field in ("version", "threads", "ms", "ms_min", "ms_max", "runs", "items_per_s", "roofline", "ratio"):
            self.assertIn(field, rows["jax", "medium"])
        self.assertEqual(rows["atelier", "highest"]["profile"],
                         dict.fromkeys([*step_profile.PARTS, "other"], 0) | {"products": 0.375, "cross-entropy": 0.125,
                                                                             "optimizer": 0.5})
        self.assertEqual((rows["atelier", "highest"]["waiting"], rows["atelier", "highest"]["samples"]), (0.5, 8))
        page = (self.root / "a" / "bench.md").read_text()
        self.assertRegex(page, r"vae128 \| 2 ms \|.*\| 3 ms: \*\*1\.\d\dx\*\* \(.*\| 5 ms: \*\*2\.\d\dx")
        self.assertIn("Geometric mean of the steps beside the fastest peer", page)
        chart = xml.etree.ElementTree.parse(self.root / "a" / "bench.svg").getroot()
        self.assertGreater(len(chart.findall("{http://www.w3.org/2000/svg}rect")), 12)

    def test_slower_is_flagged_and_a_repeat_is_not(self):
        self.run_suite("old")
        old = str(self.root / "old" / "bench.json")
        code, text, _ = self.run_suite("same", "--compare", old)
        self.assertEqual((code, "SLOWER" in text), (0, False), text)
        code, text, _ = self.run_suite("slow", "--compare", old, FAKE_SLOW_bench_steps="1.15")
        self.assertEqual((code, text.count("SLOWER")), (1, 2), text)
        everything = {f"FAKE_SLOW_{n}": "1.15" for n in ("bench_steps", "fake_jax", "fake_torch")}
        self.assertEqual(self.run_suite("machine", "--compare", old, **everything)[0], 0)

    def test_slower_without_peers(self):
        self.run_suite("old", "--peers", "none")
        code, text, _ = self.run_suite("slow", "--peers", "none", "--compare", str(self.root / "old" / "bench.json"),
                                       FAKE_SLOW_bench_steps="1.15")
        self.assertEqual((code, text.count("SLOWER")), (1, 2), text)

    def test_noise_widens_what_is_allowed(self):
        quiet = {"ms": 10.0, "ms_q1": 9.9, "ms_q3": 10.1}
        loud = {"ms": 11.0, "ms_q1": 10.0, "ms_q3": 12.0}
        self.assertTrue(compare.one_work(quiet, quiet | {"ms": 11.0}, [])["slower"])
        self.assertFalse(compare.one_work(quiet, loud, [])["slower"])

    def test_different_losses_are_not_printed(self):
        code, text, found = self.run_suite("a", FAKE_WRONG_fake_jax="0.001")
        self.assertEqual(code, 1)
        self.assertIn("losses of jax (float32) differ", text)
        self.assertEqual([r["precision"] for r in found if r["impl"] == "jax"], ["medium"])

    def test_a_crash_is_a_failure_of_that_program_alone(self):
        code, text, found = self.run_suite("a", FAKE_CRASH="fake_jax")
        self.assertEqual(code, 1)
        self.assertIn("out of luck", text)
        self.assertEqual({r["impl"] for r in report.steps(found)}, {"atelier", "torch-eager", "torch-compile"})

    def test_a_machine_that_cannot_be_measured_is_told_in_one_line(self):
        self.program("bench_machine", f"#!{sys.executable} -SE\nimport sys\nsys.exit('ATELIER_ISA: not here')\n")
        text = io.StringIO()
        with self.assertRaises(SystemExit) as end, redirect_stderr(text):
            suite.main(["--programs", str(self.root), "--out", str(self.root / "a"), "--peers", "none"])
        self.assertEqual(end.exception.code, 1)
        self.assertEqual(text.getvalue().splitlines()[-1], "suite.py: error: ATELIER_ISA: not here")

    def test_missing_peers_are_named(self):
        with mock.patch.object(peers, "find", lambda package, env: (None, f"{package} is not installed")):
            code, text, found = self.run_suite("a")
        self.assertEqual(code, 0)
        self.assertIn("torch is not installed", text)
        self.assertIn("jax is not installed", (self.root / "a" / "bench.md").read_text())
        self.assertEqual({r["impl"] for r in report.steps(found)}, {"atelier"})

    def test_what_a_quick_run_lacks_is_a_failure(self):
        with mock.patch.object(peers, "find", lambda package, env: (None, f"{package} is not installed")
                               if package == "jax" else (f"{self.root}/fake_{package}", None)):
            code, text, _ = self.run_suite("a", "--quick")
            self.assertEqual(code, 1)
            self.assertIn("FAILED: vae128 medium: there is no figure of jax", text)
            code, text, _ = self.run_suite("b", "--quick", "--peers", "torch")
            self.assertEqual((code, "FAILED" in text), (0, False))
            self.assertIn("jax is not installed", text)
            self.assertEqual(self.run_suite("c", "--quick", "--peers", "none")[0], 0)

    def test_threads_seconds_and_steps_reach_the_workers(self):
        self.run_suite("a", "--peers", "none", "--threads", "3", "--seconds", "0.02")
        log = self.log.read_text()
        for line in ("bench_steps vae128 highest 3", "bench_steps start 5 5", "bench_steps time 0.02 3"):
            self.assertIn(line + "\n", log)
        self.log.write_text("")
        self.run_suite("b", "--peers", "torch-eager", "--quick", "--seconds", "0.02")
        log = self.log.read_text()
        for line in ("bench_steps vae128 medium 2", "bench_steps start 2 1", "bench_steps time 0.02 1"):
            self.assertIn(line + "\n", log)
        self.assertIn("fake_torch vae128 autocast 2\n", log)
        self.assertNotIn("bf16-matmul", log)

    def test_modes_of_bfloat16_need_a_processor_that_multiplies_it(self):
        with mock.patch.object(machine, "multiplies_bf16", lambda: False):
            code, text, _ = self.run_suite("a", "--quick")
        self.assertEqual((code, "FAILED" in text), (0, False))
        log = self.log.read_text()
        self.assertIn("fake_torch vae128 float32 2\n", log)
        self.assertNotIn("autocast", log)
        self.assertNotIn("bf16", log)

    def test_resume(self):
        first = self.run_suite("a")[2]
        starts = self.log.read_text()
        self.assertEqual(self.run_suite("a", "--resume")[2][1:], first[1:])
        self.assertEqual(self.log.read_text(), starts)
        self.program("bench_steps", FAKE_STEPS + "# another build\n")
        self.run_suite("a", "--resume")
        self.assertGreater(len(self.log.read_text()), len(starts))


if __name__ == "__main__":
    unittest.main()
