"""What survives: a writer killed at any moment, a full disk; and what others see meanwhile."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest

from barloom.store.opening import open_for_reading, open_store
from barloom.store.scanning import Selection
from store import bars
from waiting import PATIENCE

ROOT: Final = Path(__file__).parents[2]
KEYS: Final = bars.Keys(*[(f"S{number}",) for number in range(50)])
WRITER: Final = """
import resource, sys
from pathlib import Path
from store import bars
from store.test_durability import write_on
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
write_on(Path(sys.argv[1]))
"""


def write_on(path: Path) -> None:
    """Commit slot after slot for ever: a final and a live bar for each key, and the number of slots as position."""
    with open_store(path, bars.plan()) as store:
        done = int(store.positions().get("slots", b"0"))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            many = range(len(KEYS))
            finals = bars.block([(key, done, 1, 1, 1) for key in many])
            lives = bars.block([(key, done + 1, 1, 1, 1) for key in many], final=False)
            position = {"slots": str(done + 1).encode()}
            store.commit(bars.commit(KEYS, finals=(finals,), lives=(lives,), positions=position, at=done))
            done += 1


def start_writer(path: Path, *arguments: str) -> subprocess.Popen[str]:
    """A writer in another process, running."""
    places = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), *arguments],
        env={**os.environ, "PYTHONPATH": places},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    """End a process without warning."""
    process.send_signal(signal.SIGKILL)
    process.communicate()


def assert_whole(path: Path) -> int:
    """Finals, live bars and position are those of one and the same commit; returns its number."""
    with open_store(path, bars.plan()) as store:
        done = int(store.positions().get("slots", b"0"))
        finals = sum(len(block) for _, block in store.scanner.blocks(Selection("final", 0)))
        live = [place.start for place in store.scanner.places(Selection("live", 0))]
        assert done * len(KEYS) == finals
        assert [done * bars.SECOND] * len(KEYS) * bool(done) == live
        assert store.totals().finals.get("0", 0) == finals
    return done


def test_a_killed_writer_leaves_whole_commits(tmp_path: Path) -> None:
    """After kill -9 at any moment the store holds a number of whole commits, and the next writer goes on from there."""
    chance = random.Random(5)
    done = rounds = 0
    while rounds < 4 or not done:  # a busy machine may take its time to the first commit
        rounds += 1
        process = start_writer(tmp_path)
        time.sleep(chance.uniform(0.0, 0.2))
        kill(process)
        before, done = done, assert_whole(tmp_path)

        assert done >= before
    assert done > 0


def test_another_process_reads_while_a_writer_runs(tmp_path: Path) -> None:
    """A reader follows commit by commit: what it sees grows, and stays when the writer is gone."""
    process = start_writer(tmp_path)
    try:
        with open_for_reading(tmp_path) as reader:
            seen = []
            limit = time.monotonic() + PATIENCE
            while len(seen) < 3 and time.monotonic() < limit:
                reader.backend.refresh()
                position = int(reader.positions().get("slots", b"0"))
                if not seen or position > seen[-1]:
                    seen.append(position)
            kill(process)
            reader.backend.refresh()
            finals = sum(len(block) for _, block in reader.scanner.blocks(Selection("final", 0)))
    finally:
        process.kill()

    assert len(seen) == 3
    assert finals == assert_whole(tmp_path) * len(KEYS)


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files as Linux does")
def test_without_room_nothing_committed_is_lost(tmp_path: Path) -> None:
    """A full disk ends the writer with one clear error; with room again it goes on where it stopped."""
    process = start_writer(tmp_path, str(300_000))
    _, errors = process.communicate(timeout=PATIENCE)

    assert process.returncode != 0
    assert "StoreFull: no room to write the store" in errors
    before = assert_whole(tmp_path)
    assert before > 0
    process = start_writer(tmp_path)
    time.sleep(0.1)
    kill(process)
    assert assert_whole(tmp_path) >= before
