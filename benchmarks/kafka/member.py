"""An instance that tells when the states of its partitions change. A process of its own: ``member.py DEFINITION``.

Each change is a line of JSON: `at` (seconds on the machine's monotonic clock) and `states` by partition.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from scene import Work

from barloom.kafka.runtime.running import run

if TYPE_CHECKING:
    from barloom.kafka.runtime.job import Status


class Told:
    """Says what is new."""

    def __init__(self) -> None:
        self._states: dict[int, str] = {}

    def __call__(self, status: Status) -> None:
        """Look at what an instance says of itself."""
        if status.states != self._states:
            self._states = dict(status.states)
            print(json.dumps({"at": time.monotonic(), "states": self._states}), flush=True)


def main() -> None:
    """Run until SIGTERM."""
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    work = Work(Path(sys.argv[1]), "")
    run(work.plan, work.settings, stop=stop, on_status=Told())


if __name__ == "__main__":
    main()
