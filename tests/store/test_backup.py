"""A store that is being written can be copied as of one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from barloom.errors import StoreError
from barloom.read.bucket import TimeBucket
from barloom.store.opening import memory_store, open_for_reading, open_store
from barloom.time.timeframe import SECOND
from store import bars

if TYPE_CHECKING:
    from pathlib import Path

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


def test_a_backup_never_overwrites(tmp_path: Path) -> None:
    """Whatever is there already stays as it is."""
    (tmp_path / "copy").mkdir()
    with open_store(tmp_path / "state", bars.plan()) as store, pytest.raises(StoreError, match="is there already"):
        store.backup(tmp_path / "copy")
    with memory_store(bars.plan()) as store, pytest.raises(StoreError, match="in memory has no backup"):
        store.backup(tmp_path / "other")
