"""Processes that are measured: their whole CPU time, from their start to their end, and their peak memory."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


_JAVA_TERMINATED = 128 + signal.SIGTERM


class Cost(NamedTuple):
    """What a process took: CPU-seconds (user and system), and its largest resident memory in MB."""

    cpu: float
    peak: float


class Child:
    """A process of its own; what it says goes to a file. None outlives this one."""

    def __init__(self, *command: str, says: Path, more: Mapping[str, str] | None = None) -> None:
        self.says = says
        with says.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **(more or {})})
        atexit.register(self._end)

    @classmethod
    def running(cls, file: Path) -> Self:
        """`barloom run` of a definition."""
        return cls(sys.executable, "-m", "barloom", "run", str(file), says=file.with_suffix(".log"))

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def _end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()

    def peak(self) -> float:
        """Its largest resident memory so far, in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return float(status.split("VmHWM:")[1].split()[0]) / 1024

    def check(self) -> None:
        """Fail if it has ended by itself."""
        if self._process.poll() is not None:
            self._fail()

    def _fail(self) -> None:
        message = f"a process ended with {self._process.returncode}:\n{self.says.read_text()[-2_000:]}"
        raise RuntimeError(message)

    def stop(self) -> Cost:
        """Ask it to end in good order, and wait."""
        peak = self.peak()
        self.signal(signal.SIGTERM)
        return Cost(self.wait(), peak)

    def kill(self) -> None:
        """End it at once, and wait."""
        self.signal(signal.SIGKILL)
        self.wait()

    def wait(self) -> float:
        """The CPU-seconds it took, once it has ended; a failure is an error here."""
        _, status, usage = os.wait4(self.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        if self._process.returncode not in {0, -signal.SIGKILL, -signal.SIGTERM, _JAVA_TERMINATED}:
            self._fail()
        return usage.ru_utime + usage.ru_stime
