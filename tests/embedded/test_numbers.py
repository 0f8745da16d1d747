"""Files whose rows have numbers: what bars, the side output and readers say of holes, over any number of runs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import barloom as bl
from barloom.read.gaps import gaps_of_store
from barloom.store.opening import open_for_reading

if TYPE_CHECKING:
    from pathlib import Path

    from barloom.store.protocol import SideRecord

SECOND = 10**9
NOON = 1_736_164_800 * SECOND


class Tick(bl.Event):
    """A trade."""

    symbol: str = bl.key()
    at: int = bl.timestamp(unit="ns")
    price: Decimal = bl.decimal(12, 2)
    number: int = bl.sequence(give_up_after="5m")


BARS = bl.from_(Tick).tumbling("1m").ohlcv(price="price").rollup("1h").named("bars")


def line(number: int, second: float, price: str = "1", symbol: str = "A") -> str:
    """A row of the file."""
    return f"{symbol},{NOON + round(second * SECOND)},{price},{number}\n"


LINES = [
    line(10, -5),
    line(11, 5),
    line(12, 50),
    line(15, 130),  # 13 and 14 lie somewhere between 50 and 130 seconds after noon
    line(14, 70),  # too late for its minute
    line(16, 150, "what?"),  # cannot be read
    line(17, 170),
    line(17, 170),  # twice
    line(18, 200),
    line(19, 260),
    line(20, 320),
    line(21, 440),  # five minutes behind 130: 13 is waited for no more
    line(13, 445),  # and comes all the same
    line(22, 500),
    line(3, 700),  # lower than all: a hole below
    line(11, 702),  # seen, and now long ago: the venue has begun anew
    line(12, 710),
    line(13, 790),
]


def run(tmp_path: Path, cuts: list[int]) -> Path:
    """The file in one run, or growing from run to run; gives the store."""
    file, store = tmp_path / "ticks.csv", tmp_path / "store"
    for end in [*cuts, len(LINES)]:
        file.write_text("symbol,at,price,number\n" + "".join(LINES[:end]), encoding="utf-8")
        bl.run(BARS, file, store)
    return store


def told(store: Path, timeframe: str = "1m") -> list[tuple[int, int, str]]:
    """Minute after noon, missing and complete of each final."""
    with bl.TimeBucket.open(store, timeframe) as bucket:
        bars = list(bucket.range(symbol="A"))
    return [((bar.start_ns - NOON) // SECOND // 60, bar.missing, bar.complete) for bar in bars if bar.final]


def side(store: Path) -> list[SideRecord]:
    """The side output."""
    with open_for_reading(store) as held:
        return list(held.side_records())


EXPECTED = [
    (-1, 0, "unknown"),  # nobody knows what was before
    (0, 2, "no"),  # decided by 15: 13 and 14 are known to be absent
    (2, 0, "no"),  # 16 was refused; 14 is known by now to lie in minute 1, and 13 before it
    (3, 0, "yes"),
    (4, 0, "yes"),
    (5, 0, "yes"),
    (7, 0, "no"),  # 13 came when it was waited for no more
    (8, 6, "no"),  # decided by 3: of 4 to 9 nothing is known but that they lie before 12:11:40
    (11, 6, "no"),
]


@pytest.mark.parametrize("cuts", [[], [5], [3, 9, 13, 16], list(range(1, len(LINES)))])
def test_each_bar_says_what_was_known_when_it_was_decided(tmp_path: Path, cuts: list[int]) -> None:
    """Worked out by hand, line by line, in however many runs the lines are read."""
    assert EXPECTED == told(run(tmp_path, cuts))


@pytest.mark.parametrize("cuts", [[], [3, 9, 13, 16]])
def test_the_side_output_says_which_numbers(tmp_path: Path, cuts: list[int]) -> None:
    """Of each refused row, and of each hole that a decided bar may lack, found or given up."""
    records = side(run(tmp_path, cuts))
    rows = [(record.reason, record.first_number) for record in records if record.hole is None]
    holes = {(record.hole, record.first_number, record.last_number) for record in records if record.hole is not None}

    assert [("late", 14), ("invalid", 16), ("duplicate", 17), ("gap", 13), ("restarted", 11)] == rows
    assert {("open", 13, 14), ("given up", 13, 13), ("open", 4, 9)} == holes
    (found,) = [record for record in records if (record.hole, record.first_number) == ("open", 13)]
    assert (NOON + 50 * SECOND, NOON + 130 * SECOND) == (found.event_time, found.until)
    assert {"1m": NOON, "1h": NOON} == found.missed
    assert found.message.startswith("numbers 13 to 14 (2) are missing, between 2025-01-06T12:00:50Z and ")


def test_what_became_of_holes_is_listed(tmp_path: Path) -> None:
    """With the bars that they may lie in."""
    with open_for_reading(run(tmp_path, [4])) as store:
        gaps = gaps_of_store(store)

    assert [(4, 9, 6, "open"), (13, 13, 1, "late"), (14, 14, 1, "late")] == [
        (gap.first, gap.last, gap.count, gap.state) for gap in gaps
    ]
    assert {("A",)} == {gap.key for gap in gaps}
    assert {"1m": (NOON - 60 * SECOND, NOON + 660 * SECOND), "1h": (NOON - 3600 * SECOND, NOON)} == gaps[0].bars


def test_refused_rows_are_counted_and_holes_are_not(tmp_path: Path) -> None:
    """A hole is no row; a row that tells that the venue began anew counts in its bars."""
    file = tmp_path / "ticks.csv"
    file.write_text("symbol,at,price,number\n" + "".join(LINES), encoding="utf-8")
    report = bl.run(BARS, file, tmp_path / "store")

    assert {"invalid": 1, "duplicate": 1, "gap": 1, "late": 1} == report.rejected
    assert (len(LINES), 3) == (report.ticks, report.refused)


def test_frames_have_the_columns(tmp_path: Path) -> None:
    """An export says the same as a single bar."""
    with open_for_reading(run(tmp_path, [])) as store:
        frames = list(store.frames("final", "1m"))

    assert [row[1:] for row in EXPECTED] == [
        row for frame in frames for row in frame.select("missing", "complete").rows()
    ]


def test_a_source_that_says_since_when_it_is_complete(tmp_path: Path) -> None:
    """The first bar is whole, and what ends by the end of what it holds."""
    file = tmp_path / "ticks.csv"
    file.write_text("symbol,at,price,number\n" + line(1, 5) + line(2, 50) + line(3, 70), encoding="utf-8")
    for bounds, expected in (
        (("1m", "1m"), ["yes", "yes"]),
        ((None, "1m"), ["unknown", "yes"]),
        (("1m", None), ["yes"]),
    ):
        store = tmp_path / str(bounds)
        bl.run(BARS, file, store, complete_from=bounds[0], complete_until=bounds[1])

        assert expected == [complete for _, _, complete in told(store)]


def test_what_the_end_of_a_file_closes_is_not_known_to_be_complete(tmp_path: Path) -> None:
    """Nobody says that nothing is missing behind the last row."""
    file = tmp_path / "ticks.csv"
    file.write_text("symbol,at,price,number\n" + line(1, -5) + line(2, 50) + line(3, 70), encoding="utf-8")
    bl.run(BARS, file, tmp_path / "store", at_end="close")

    assert [(-1, 0, "unknown"), (0, 0, "yes"), (1, 0, "unknown")] == told(tmp_path / "store")
