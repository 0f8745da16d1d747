"""Runs a server for as long as somebody uses it; a program of its own, started by `process.py`.

Each user holds a shared lock on a file, which the system takes back however the user ends. Once the guard gets the lock
for itself nobody is left: it ends the server and removes the server's data.
"""

from __future__ import annotations

import ctypes
import fcntl
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

_PARENT_DEATH = 1  # PR_SET_PDEATHSIG


def end_with_parent() -> None:
    """Let the system kill this process when its parent dies, where it can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH, signal.SIGKILL)


def guard(users: Path, pid: Path, log: Path, data: Path, command: list[str]) -> int:
    """Run the command until it ends or nobody uses it any more; its exit code."""
    with log.open("ab") as file:
        server = subprocess.Popen(command, stdout=file, stderr=file, preexec_fn=end_with_parent)  # noqa: PLW1509
    fresh = pid.with_suffix(".new")
    fresh.write_text(str(server.pid))
    fresh.rename(pid)
    abandoned = threading.Event()
    lock = users.open("r")

    def wait_for_users() -> None:
        fcntl.flock(lock, fcntl.LOCK_EX)
        abandoned.set()
        server.kill()

    threading.Thread(target=wait_for_users, daemon=True).start()
    code = server.wait()
    pid.unlink()
    if abandoned.is_set():
        shutil.rmtree(data, ignore_errors=True)
    return code


if __name__ == "__main__":
    paths = [Path(argument) for argument in sys.argv[1:5]]
    sys.exit(abs(guard(*paths, sys.argv[5:])))  # type: ignore[call-arg, arg-type]
