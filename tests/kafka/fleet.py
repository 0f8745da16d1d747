"""Instances as users run them: processes of the command line, which can be killed, stopped, frozen and counted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Sequence


class Process:
    """One `barloom run`, or another `command`; its log is kept over all its lives."""

    def __init__(self, name: str, definition: Path, *more: str, command: Sequence[str] = ("run",)) -> None:
        self.name = name
        self.log = definition.with_name(f"{name}.log")
        self.frozen = False
        self._command = [
            sys.executable,
            "-X",
            "faulthandler",
            "-m",
            "barloom",
            *command,
            str(definition),
            "--json",
            "--debug",
            *more,
        ]
        self._environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """A new process."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self._environment
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """How it ended by itself; none while it runs, or was ended here."""
        return None if self._process is None else self._process.poll()

    @property
    def there(self) -> bool:
        """Whether there is a process, frozen or not."""
        return self._process is not None

    @property
    def peak(self) -> int:
        """The most memory that it has ever had, in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024

    def wait(self) -> int:
        """Until it ends by itself; its exit code."""
        return self._gone()

    def kill(self) -> None:
        """`kill -9`."""
        self._signal(signal.SIGKILL)
        self._gone()

    def terminate(self) -> int:
        """A planned stop; its exit code."""
        self._signal(signal.SIGTERM)
        return self._gone()

    def freeze(self) -> None:
        """It stands still, with its connections open."""
        self._signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self) -> None:
        """It goes on and does not know for how long it slept."""
        self._signal(signal.SIGCONT)
        self.frozen = False

    def said(self, lines: int = 30) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _gone(self) -> int:
        assert self._process is not None
        try:
            code = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGABRT)  # it says where it stands
            self._process.wait()
            self._process = None
            message = f"{self.name} does not end:\n{self.said(80)}"
            raise AssertionError(message) from None
        self._process, self.frozen = None, False
        return code
