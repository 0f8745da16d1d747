"""Absent numbers are told of every slot they may lie in, but for those whose rows came and were refused."""

from __future__ import annotations

from typing import Final

import polars as pl

from barloom.plan.toml import read_plan
from barloom.read.verify.evidence import found_in
from barloom.store.protocol import SideRecord

PLAN: Final = read_plan(
    {
        "event": {
            "key": "symbol",
            "timestamp": "at",
            "sequence": "id",
            "fields": {"symbol": "string", "id": "int", "at": "timestamp", "price": "decimal(12, 2)"},
        },
        "bars": {"name": "x", "base": "1m", "select": {"close": "last(price)"}},
    }
)
MINUTE: Final = 60_000_000_000


def hole(first: int, last: int, begin: float, end: float, key: str = "A") -> SideRecord:
    """Numbers that were absent, between two times in minutes."""
    times = {"event_time": int(begin * MINUTE), "until": int(end * MINUTE)}
    numbers = {"first_number": first, "last_number": last, "hole": "open"}
    return SideRecord(0, "", 0, "gap", "", "", key=(key,), **times, **numbers)  # type: ignore[arg-type]


def late(number: int, at: float) -> SideRecord:
    """A row that came too late for its minute."""
    missed = {"1m": int(at) * MINUTE}
    numbers = {"first_number": number, "last_number": number}
    return SideRecord(0, "f", 1, "late", "", "", 5, missed, ("A",), int(at * MINUTE), **numbers)  # type: ignore[arg-type]


def told(*records: SideRecord) -> set[tuple[int, str, int]]:
    """Minute, cause and number of rows, of the first ten minutes of one key."""
    starts = [minute * MINUTE for minute in range(10)]
    ends = [start + MINUTE for start in starts]
    cells = pl.DataFrame(
        {"symbol": ["A"] * 10, "cell": starts, "lo": starts, "hi": ends, "wide_lo": starts, "wide_hi": ends}
    )
    found = found_in(PLAN, "1m", [list(records)], cells)
    return {(cell // MINUTE, cause, rows) for cell, cause, rows in found.select("cell", "cause", "rows").iter_rows()}


def test_every_slot_that_the_time_of_a_hole_meets_may_hold_all_of_it() -> None:
    """Both times count; another key's hole is none of ours; holes that overlap add up."""
    assert {(1, "missing", 3), (2, "missing", 5), (3, "missing", 2)} == told(
        hole(5, 7, 1.5, 2.5), hole(9, 10, 2.9, 3), hole(1, 9, 0, 9, "B")
    )


def test_numbers_whose_rows_came_too_late_are_no_longer_missing() -> None:
    """The row is the cause where it lacks; where all of a hole came so, none of it is missing."""
    assert {(1, "late", 1), (1, "missing", 1), (2, "missing", 1)} == told(hole(5, 6, 1.5, 2.5), late(5, 1.7))
    assert {(1, "late", 1), (2, "late", 1), (1, "missing", 0), (2, "missing", 0)} == told(
        hole(5, 6, 1.5, 2.5), late(5, 1.7), late(6, 2.2)
    )


def test_the_same_hole_is_counted_once() -> None:
    """Also where it is told again, as after a restart."""
    assert {(1, "missing", 2)} == told(hole(5, 6, 1.5, 1.6), hole(5, 6, 1.5, 1.6))
