"""The driver's side of the line protocol: programs that wait, and time steps when told to."""
import dataclasses
import json
import math
import os
import selectors
import subprocess
import tempfile


class WorkerError(Exception):
    """A worker could not be started, ended, or fell silent; the text says which and why."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """Steps whose losses are compared, steps before the first measurement, steps of a measurement at least; rounds that
    are discarded at most (None: as many as are wanted), and seconds after which none is."""
    parity: int
    warm_up: int
    least: int
    discard: int | None = None
    patience: float = math.inf


FULL, QUICK = Plan(5, 5, 3), Plan(2, 1, 1, discard=2, patience=20)


class Worker:
    """A process that times whole steps. `key` is whatever the caller knows it by; `hello` is its introduction."""

    def __init__(self, key, command, environment=None, ready_seconds=900, plan=FULL):
        self.key, self.plan, self.errors, self.rest = key, plan, tempfile.TemporaryFile(), b""
        try:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                            env=dict(os.environ, **(environment or {})))
        except OSError as error:
            self.errors.close()
            raise WorkerError(f"{command[0]}: {error.strerror}") from error
        self.pid = self.process.pid
        try:
            self.hello = self.ask(f"start {plan.parity} {plan.warm_up}", ready_seconds)
        except WorkerError:
            self.close()
            raise

    def time(self, seconds):
        """Times steps for about `seconds`; a dictionary with "ms", the time of every step, and counters."""
        return self.ask(f"time {seconds} {self.plan.least}", 60 * seconds + 120)

    def ask(self, line, patience):
        """The answer to a line of the protocol."""
        try:
            self.process.stdin.write(f"{line}\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise WorkerError(self.last_words()) from None
        return self.receive(patience)

    def receive(self, seconds):
        """The next line as JSON."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self.rest:
                if not waiting.select(seconds):
                    raise WorkerError(f"no answer within {seconds:.0f} s")
                part = os.read(self.process.stdout.fileno(), 1 << 20)
                if not part:
                    raise WorkerError(self.last_words())
                self.rest += part
        line, self.rest = self.rest.split(b"\n", 1)
        try:
            return json.loads(line)
        except ValueError:
            raise WorkerError(f"expected a line of JSON, found '{line[:80].decode(errors='replace')}'") from None

    def last_words(self):
        """What an ended process wrote last to its standard error."""
        code = self.process.wait()
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        return f"ended with code {code}: {lines[-1][:300] if lines else 'no message'}"

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()
