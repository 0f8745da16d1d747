"""Bars of several keys as one frame: what `get` and `range` answer, in one table."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING

import pytest

from barloom.engine.frames import bar_schema
from barloom.read.bucket import TimeBucket
from barloom.read.frames import Part, frame_of, picked
from barloom.store.opening import memory_store
from barloom.time.timeframe import SECOND
from store import bars

if TYPE_CHECKING:
    from barloom.read.bar import Bar

KEYS = bars.Keys(("A",), ("B",), ("C",))


@pytest.fixture
def bucket() -> TimeBucket[Bar]:
    """Finals of A at 5, 6, 8 and of B at 5; live bars of A at 7 and 9, of C at 8."""
    store = memory_store(bars.plan())
    finals = bars.block([(0, 5, 123, 7, 2), (0, 6, 124, 8, 3), (0, 8, 126, 8, 3), (1, 5, 99, 1, 1)])
    live = bars.block([(0, 7, 125, 9, 1), (0, 9, 127, 9, 1), (2, 8, 1, 1, 1)], final=False)
    store.commit(bars.commit(KEYS, finals=(finals,), lives=(live,), entries={b"time": bars.times(9, first=4)}))
    return TimeBucket(store, "1s")


def test_a_frame_holds_what_the_ranges_of_its_keys_hold(bucket: TimeBucket[Bar]) -> None:
    """Key by key, in the order of the keys; finals and live bars by start."""
    frame = bucket.frame(["C", "A"])
    told = [("C", 8, False), ("A", 5, True), ("A", 6, True), ("A", 7, False), ("A", 8, True), ("A", 9, False)]

    assert told == [(row["symbol"], row["start"].second, row["final"]) for row in frame.to_dicts()]
    assert [Decimal(text) for text in ("0.01", "1.23", "1.24", "1.25", "1.26", "1.27")] == frame["close"].to_list()
    assert bar_schema(bucket.store.plan) == frame.schema


def test_a_frame_of_all_keys_is_sorted_by_key(bucket: TimeBucket[Bar]) -> None:
    """Without keys every key is in it, between the bounds, which are half-open."""
    frame = bucket.frame(from_=6 * SECOND, to=9 * SECOND)

    assert [("A", 6), ("A", 7), ("A", 8), ("C", 8)] == [
        (row["symbol"], row["start"].second) for row in frame.to_dicts()
    ]


def test_a_frame_without_bars_has_its_columns(bucket: TimeBucket[Bar]) -> None:
    """Nothing found is a frame without rows."""
    assert (bar_schema(bucket.store.plan), 0) == (bucket.frame("nobody").schema, bucket.frame("nobody").height)


@pytest.mark.parametrize(
    ("first", "last", "most", "backwards"), list(product((None, 6, 7), (None, 8), (None, 1, 2, 9), (False, True)))
)
def test_a_part_is_cut_from_either_end(
    bucket: TimeBucket[Bar], first: int | None, last: int | None, most: int | None, *, backwards: bool
) -> None:
    """From the beginning or the end, at most so many: what cutting the whole by hand gives."""
    store = bucket.store
    whole = [5, 6, 7, 8, 9]
    kept = [slot for slot in whole if (first is None or slot >= first) and (last is None or slot < last)]
    wanted = (kept[::-1] if backwards else kept)[:most]
    bounds = (None if bound is None else bound * SECOND for bound in (first, last))

    found = picked(store, 0, Part(store.layout.keys.encode(("A",)), *bounds, most, backwards))

    assert wanted == [store.layout.start_of(place) // SECOND for (place, _), _ in found]
    assert wanted == [row["start"].second for row in frame_of(store, 0, found).to_dicts()]
    assert [slot in {5, 6, 8} for slot in wanted] == frame_of(store, 0, found)["final"].to_list()
