"""What all servers have in common: a process that can be stopped, killed, paused, and never stays behind."""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import socket
import sys
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from servers.artifacts import ServerFailed, locked
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator


def free_ports(number: int) -> list[int]:
    """Ports of the loopback address that nobody listens on, outside of the range that outgoing connections take."""
    found: list[int] = []
    while len(found) < number:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    return found


AnyServer = TypeVar("AnyServer", bound="Server")


class Server(ABC):
    """A server on loopback with its own directory; the same ports and data whenever it is started again.

    It ends with the process that started it, however that one ends. Not for two threads at once.
    """

    PORTS = 1

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.log = directory / "server.log"
        self._pid = directory / "server.pid"
        self._users = directory / "users"
        self._lock = -1
        self._guard: int | None = None
        directory.mkdir(parents=True, exist_ok=True)
        self.ports = self._keep_ports()

    @classmethod
    def start(cls, directory: Path) -> Self:
        """A running server.

        Raises:
            ServerFailed: it did not start.

        """
        return cls(directory).open()

    def start_again(self) -> None:
        """Start after `stop` or `kill`, with the same ports and data; ready when it returns."""
        if self.running:
            return
        begin = self.log.stat().st_size if self.log.exists() else 0
        self.data.mkdir(exist_ok=True)
        command = [sys.executable, str(Path(__file__).with_name("guard.py"))]
        command += [str(path) for path in (self._users, self._pid, self.log, self.data)]
        silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
        self._guard = os.posix_spawn(
            sys.executable, command + self._command(), os.environ, file_actions=silent, setsid=True
        )
        end = time.monotonic() + PATIENCE
        while not (self._pid.exists() and self._is_ready(begin)):
            if not self.running:
                self._fail("ended while it started", begin)
            if time.monotonic() > end:
                self.kill()
                self._fail(f"was not ready after {PATIENCE:.0f} s", begin)
            time.sleep(0.02)

    def stop(self) -> None:
        """End it as an operator would, and wait; after a while it is killed."""
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        end = time.monotonic() + PATIENCE
        while self.running:
            if time.monotonic() > end:
                self.kill()
            time.sleep(0.01)

    def kill(self) -> None:
        """End it as a power cut would, and wait."""
        self._signal(signal.SIGKILL)
        self._reap(0)

    def pause(self) -> None:
        """Let it stand still, with its connections open, until `resume`."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """End it for good, with its data; after `stop` the data stay."""
        self.release()
        self._reap(0)

    def release(self) -> None:
        """Use it no longer: it ends when nobody else uses it."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Whether there is a process, paused or not."""
        self._reap(os.WNOHANG)
        if self._guard is not None:
            return True
        with suppress(FileNotFoundError, ProcessLookupError):  # it may be the server of another process
            os.kill(self.pid, 0)
            return True
        return False

    @property
    def pid(self) -> int:
        """The process id of the server itself."""
        return int(self._pid.read_text())

    def said(self, lines: int = 40, begin: int = 0) -> str:
        """The last lines of its log, from a position of the file on."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(begin)
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])

    def open(self) -> Self:
        """Use the server that another process started in this directory, or start it.

        Raises:
            ServerFailed: it did not start.

        """
        self._hold()
        if not self.running:
            try:
                self._prepare()
                self.start_again()
            except BaseException:
                self.close()
                raise
        return self

    @abstractmethod
    def _prepare(self) -> None:
        """Make what has to be there before the first start."""

    @abstractmethod
    def _command(self) -> list[str]:
        """The command line of the server."""

    @abstractmethod
    def _is_ready(self, begin: int) -> bool:
        """Whether it serves; its present log begins at this position."""

    def _hold(self) -> None:
        if self._lock < 0:
            self._lock = os.open(self._users, os.O_RDWR | os.O_CREAT)
            fcntl.flock(self._lock, fcntl.LOCK_SH)

    def _keep_ports(self) -> list[int]:
        file = self.directory / "ports.json"
        if not file.exists():
            file.write_text(json.dumps(free_ports(self.PORTS)))
        return [int(port) for port in json.loads(file.read_text())]

    def _signal(self, number: signal.Signals) -> None:
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(self.pid, number)

    def _reap(self, flags: int) -> None:
        if self._guard is not None and os.waitpid(self._guard, flags)[0]:
            self._guard = None
            self._pid.unlink(missing_ok=True)

    def _fail(self, what: str, begin: int) -> None:
        message = f"{type(self).__name__} {what}; the end of {self.log}:\n{self.said(begin=begin)}"
        raise ServerFailed(message)


@contextmanager
def shared(kind: type[AnyServer], directory: Path) -> Iterator[AnyServer]:
    """One server for all processes that ask for this directory; it ends with the last of them."""
    server = kind(directory)
    with locked(directory / "lock"):
        server.open()
    try:
        yield server
    finally:
        server.release()
