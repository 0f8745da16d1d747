"""A store that is being written can be copied as of one moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

import pytest

from barloom.errors import StoreError
from barloom.read.bucket import TimeBucket
from barloom.store.opening import memory_store, open_for_reading, open_store
from barloom.store.rocksdb import RocksBackend
from barloom.time.timeframe import SECOND
from store import bars

if TYPE_CHECKING:
    from pathlib import Path

    from barloom.store.barstore import BarStore

KEYS = bars.Keys(("A",))


def test_a_backup_holds_what_was_committed_before_it(tmp_path: Path) -> None:
    """With the position in the input, and nothing of what is written afterwards; it can be gone on from."""
    with open_store(tmp_path / "state", bars.plan()) as store:
        store.commit(bars.commit(KEYS, finals=(bars.block([(0, 5, 1, 1, 1)]),), positions={"ticks": b"5"}))
        store.backup(tmp_path / "deep" / "copy")
        store.commit(bars.commit(KEYS, finals=(bars.block([(0, 6, 1, 1, 1)]),), positions={"ticks": b"6"}))

        with open_for_reading(tmp_path / "deep" / "copy") as copy:
            assert [5] == [bar.start_ns // SECOND for bar in TimeBucket(copy, "1s").range("A")]
            assert {"ticks": b"5"} == copy.positions()
    with open_store(tmp_path / "deep" / "copy", bars.plan()) as copy:
        copy.commit(bars.commit(KEYS, finals=(bars.block([(0, 7, 1, 1, 1)]),)))
        assert [5, 7] == [bar.start_ns // SECOND for bar in TimeBucket(copy, "1s").range("A")]


def test_a_backup_beside_the_writer_is_of_one_moment(tmp_path: Path) -> None:
    """Each commit writes a bar and the position of the same number: whichever is the last one, both are of it."""
    stop = Event()

    def commit(store: BarStore, number: int) -> None:
        positions = {"ticks": b"%d" % number}
        store.commit(bars.commit(KEYS, finals=(bars.block([(0, number, 1, 1, 1)]),), positions=positions))

    def write(store: BarStore) -> int:
        number = 1
        while not stop.is_set() and number < 50_000:
            number += 1
            commit(store, number)
        return number

    with open_store(tmp_path / "state", bars.plan()) as store, ThreadPoolExecutor(1) as threads:
        commit(store, 1)
        begun = threads.submit(write, store)
        for number in range(5):
            with open_for_reading(tmp_path / "state") as beside:
                beside.backup(tmp_path / str(number))
        stop.set()
        written = begun.result()
    found = []
    for number in range(5):
        with open_store(tmp_path / str(number), bars.plan()) as copy:
            last = TimeBucket(copy, "1s").latest("A", 1)[0].start_ns // SECOND
            found.append((last, int(copy.positions()["ticks"])))

    assert [last for last, _ in found] == [position for _, position in found]
    assert 1 <= found[0][0] <= found[-1][0] <= written
    assert {*map(str, range(5)), "state"} == {item.name for item in tmp_path.iterdir()}


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither under its name nor under another."""

    def fail(*_: object) -> None:
        message = "full"
        raise StoreError(message)

    with open_store(tmp_path / "state", bars.plan()) as store:
        store.commit(bars.commit(KEYS, finals=(bars.block([(0, 5, 1, 1, 1)]),)))
    with open_for_reading(tmp_path / "state") as beside:
        monkeypatch.setattr(RocksBackend, "write", fail)
        with pytest.raises(StoreError, match="full"):
            beside.backup(tmp_path / "copy")

    assert ["state"] == [item.name for item in tmp_path.iterdir()]


def test_a_backup_never_overwrites(tmp_path: Path) -> None:
    """Whatever is there already stays as it is."""
    (tmp_path / "copy").mkdir()
    with open_store(tmp_path / "state", bars.plan()) as store, pytest.raises(StoreError, match="is there already"):
        store.backup(tmp_path / "copy")
    with memory_store(bars.plan()) as store, pytest.raises(StoreError, match="in memory has no backup"):
        store.backup(tmp_path / "other")
