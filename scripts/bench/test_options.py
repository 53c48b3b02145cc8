"""Tests of the suite's command line."""
import io
import pathlib
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import options  # noqa: E402
import peers  # noqa: E402
import suite  # noqa: E402
import works  # noqa: E402


class Usage(unittest.TestCase):
    def test_mistakes(self):
        for words in (["--peers", "tensorflow"], ["--precision", "low"], ["--only", "("],
                      ["--sections", "steps", "--only", "nothing"],
                      ["--threads", "0"], ["--rounds", "x"]):
            with self.assertRaises(SystemExit) as end, redirect_stderr(io.StringIO()):
                suite.main(words)
            self.assertEqual(end.exception.code, 2)
        for words, code in ((["--programs", "/nonexistent"], 3), (["--compare", "/nonexistent"], 3)):
            with self.assertRaises(SystemExit) as end, redirect_stderr(io.StringIO()):
                suite.main(words)
            self.assertEqual(end.exception.code, code)

    def test_choices(self):
        quick = options.parse(["--quick"])
        self.assertEqual([w.name for w in quick.works], ["vae128", "dcgan32", "gpt", "decode"])
        self.assertEqual((quick.impls, quick.precision), (["torch-eager", "jax"], ["highest", "medium"]))
        self.assertEqual((quick.rounds, options.parse([]).rounds, options.parse(["--rounds", "7"]).rounds), (5, 15, 7))
        self.assertEqual(options.parse(["--peers", "torch"]).impls, ["torch-eager", "torch-compile"])
        self.assertEqual(options.parse(["--peers", "none"]).impls, [])
        self.assertEqual(options.parse([]).precision, list(works.PRECISIONS))
        self.assertEqual([w.name for w in options.parse(["--sections", "generation", "--only", "^decode"]).works],
                         ["decode", "decode8"])

    def test_programs_of_the_sections(self):
        self.assertEqual(options.programs(["steps"]), ["bench_machine", "bench_steps"])
        self.assertIn("gemm_bench", options.programs(["kernels"]))
        self.assertIn("bench_waits", options.programs(["waits"]))

    def test_sections(self):
        self.assertEqual(options.parse(["--quick"]).sections, options.QUICK_SECTIONS)
        self.assertEqual(options.parse([]).sections, list(options.SECTIONS))
        self.assertEqual(options.parse(["--sections", "growth,waits"]).sections, ["growth", "waits"])
        with self.assertRaises(SystemExit), mock.patch("sys.stderr"):
            options.parse(["--sections", "nothing"])

    def test_the_programs_that_are_needed(self):
        text = io.StringIO()
        with redirect_stdout(text):
            self.assertEqual(suite.main(["--list-programs", "--quick"]), 0)
        self.assertEqual(text.getvalue().split(), ["bench_machine", "bench_steps"])


class Setup(unittest.TestCase):
    def commands(self, *words, installed=()):
        """What --setup runs in an empty folder."""
        with tempfile.TemporaryDirectory() as folder, \
                mock.patch.object(peers, "find",
                                  lambda p, env: ("python", None) if p in installed else (None, "none")), \
                mock.patch.object(subprocess, "run") as run:
            o = options.parse(["--setup", "--env", folder, *words])
            peers.setup(o.env, o.pip_args, dict.fromkeys(works.PEERS[i].package for i in o.impls))
            return folder, [call.args[0] for call in run.call_args_list]

    def test_installs_the_pinned_versions_into_the_environment(self):
        folder, (venv, pip) = self.commands("--pip-args", "--index-url https://example.org")
        self.assertEqual(venv, [sys.executable, "-m", "venv", folder])
        self.assertEqual(pip[0], f"{folder}/bin/python")
        self.assertEqual(pip[-5:], ["--index-url", "https://example.org", f"torch=={peers.PINNED['torch']}",
                                    f"jax=={peers.PINNED['jax']}", "numpy"])

    def test_leaves_what_is_there_or_not_wanted(self):
        self.assertEqual(self.commands(installed=("torch", "jax"))[1], [])
        self.assertEqual(self.commands("--peers", "jax")[1][1][-2:], [f"jax=={peers.PINNED['jax']}", "numpy"])

    def test_failure_is_told(self):
        failing = mock.Mock(side_effect=OSError("no network"))
        with mock.patch.object(peers, "setup", failing), redirect_stderr(io.StringIO()) as text:
            with self.assertRaises(SystemExit) as end:
                suite.main(["--setup"])
        self.assertEqual(end.exception.code, 4)
        self.assertIn("no network", text.getvalue())


if __name__ == "__main__":
    unittest.main()
