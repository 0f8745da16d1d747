"""What a run says at its end that a user may wonder about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import barloom as bl
from barloom.read.status import status
from barloom.store.opening import open_for_reading, open_store

if TYPE_CHECKING:
    from pathlib import Path

BEGIN = datetime(2025, 1, 6, 10, tzinfo=UTC)


class Trade(bl.Event):
    """A trade."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)


BARS = bl.from_(Trade).tumbling("1m").ohlcv(price="price").named("bars")


def rows(symbol: str, seconds: list[int]) -> list[dict[str, object]]:
    """Ticks of a symbol, so many seconds after ten."""
    return [{"symbol": symbol, "at": BEGIN + timedelta(seconds=each), "price": 1} for each in seconds]


def about_order(report: bl.RunReport) -> list[str]:
    """The notes about late rows."""
    return [note for note in report.notes if "in time order" in note]


@pytest.mark.parametrize("minutes", [4, 60, 200])
def test_one_symbol_behind_the_other_is_told_how_to_read_it(tmp_path: Path, minutes: int) -> None:
    """However small the file; no delay would help."""
    each = [60 * minute for minute in range(minutes)]
    report = bl.run(BARS, rows("A", each) + rows("B", each), tmp_path / "state")

    (note,) = about_order(report)
    assert note.startswith(f"{minutes - 1:,} of {2 * minutes:,} rows were late: ")
    assert note.endswith(
        "one symbol's rows stand behind another's; order = \"time\" under [source] sorts it while reading"
    )


def test_rows_that_are_a_little_late_are_told_the_delay_that_would_do(tmp_path: Path) -> None:
    """Ten rows for minutes that were decided 3 s before: a delay must be longer than that."""
    given = [second for minute in range(1, 11) for second in (60 * minute + 3, 60 * minute - 4)]
    report = bl.run(BARS, rows("A", given), tmp_path / "state")

    (note,) = about_order(report)
    assert note.startswith("10 of 20 rows were late: ")
    assert note.endswith("sorts it while reading, or declare a delay longer by 4s")


def test_one_late_row_among_many_is_no_matter_of_order(tmp_path: Path) -> None:
    """It is counted, and that is all."""
    report = bl.run(BARS, rows("A", [*range(0, 6000, 60), 0]), tmp_path / "state")

    assert report.rejected == {"late": 1}
    assert about_order(report) == []


def about_keys(report: bl.RunReport) -> list[str]:
    """The notes that name the setting."""
    return [note for note in report.notes if 'time = "key"' in note]


def test_a_key_that_others_were_ahead_of_is_told_of_its_own_time(tmp_path: Path) -> None:
    """A symbol that is backfilled into a store which has another: all of its rows are late, and the note says why."""
    bl.run(BARS, rows("A", list(range(0, 6000, 60))), tmp_path / "state")
    report = bl.run(BARS, rows("B", list(range(0, 600, 60))), tmp_path / "state", resume="new")

    (note,) = about_keys(report)
    assert note.startswith("10 of the 10 rows of B were late, since an earlier run had come further; ")


def test_many_such_keys_are_counted(tmp_path: Path) -> None:
    """A few are named; those of which good rows came are none of them."""
    late = [row for symbol in "BCDEF" for row in rows(symbol, [0, 60, 120])]
    good = rows("G", list(range(9000, 9600, 60)))
    report = bl.run(BARS, [*rows("A", [6000]), *late, *rows("G", [0]), *good], tmp_path / "state")

    (note,) = about_keys(report)
    assert note.startswith("15 of the 15 rows of B, C, D and 2 more were late, since other keys were ahead: ")


def test_a_key_that_was_ahead_of_itself_is_not(tmp_path: Path) -> None:
    """Another time would change nothing: it was its own row that had moved it."""
    report = bl.run(BARS, rows("A", [60_000, *range(0, 6000, 60)]), tmp_path / "state")

    assert {"late": 100} == report.rejected
    assert [] == about_keys(report)


def test_keys_of_their_own_time_are_not_late_by_others(tmp_path: Path) -> None:
    """One symbol after the other, in one run or two, is in order."""
    bars = bl.from_(Trade).tumbling("1m", time="key").ohlcv(price="price").named("bars")
    each = list(range(0, 600, 60))
    first = bl.run(bars, rows("A", each) + rows("B", each), tmp_path / "state")
    second = bl.run(bars, rows("C", each), tmp_path / "state", resume="new")

    assert [{}, {}] == [first.rejected, second.rejected]
    assert [] == about_order(first) + about_keys(first)


def test_bars_of_a_key_are_kept_by_its_own_time(tmp_path: Path) -> None:
    """An hour of bars is kept: B, read a day behind A, keeps the last hour of its own."""
    bars = bl.from_(Trade).tumbling("1m", time="key", retention="1h").ohlcv(price="price").named("bars")
    bl.run(bars, rows("A", [100_000 + 60 * minute for minute in range(120)]), tmp_path / "state")
    bl.run(bars, rows("B", [60 * minute for minute in range(120)]), tmp_path / "state", resume="new")
    with open_store(tmp_path / "state", bars.plan) as store:
        store.compact()
    with bl.TimeBucket.open(tmp_path / "state", "1m") as bucket:
        kept = {key: sum(bar.final for bar in bucket.range(key)) for key in "AB"}

    assert {"A": 60, "B": 60} == kept


def test_old_bars_of_a_key_behind_others_go_with_its_commits(tmp_path: Path) -> None:
    """A is a hundred days ahead; B keeps its last hour, and at most a quarter more that is not due yet."""
    bars = bl.from_(Trade).tumbling("1m", time="key", retention="1h").ohlcv(price="price").named("bars")
    ahead = rows("A", [8_640_000, 8_640_060])
    bl.run(bars, ahead + rows("B", [60 * minute for minute in range(600)]), tmp_path / "state", batch_rows=50)
    with bl.TimeBucket.open(tmp_path / "state", "1m") as bucket:
        kept = sum(bar.final for bar in bucket.range("B"))

    assert 60 <= kept <= 75


def test_a_file_that_was_written_anew_is_not_to_be_sorted(tmp_path: Path) -> None:
    """Rows behind the time of earlier runs are late in any order: sorting is no advice, and what it may be is said."""
    text = "".join(f"A,2025-01-06T10:{minute:02}:00Z,1\n" for minute in range(60))
    file, state = tmp_path / "a.csv", tmp_path / "state"
    file.write_text(f"symbol,at,price\n{text}")
    bl.run(BARS, file, state)
    again = tmp_path / "b.csv"
    again.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    report = bl.run(BARS, again, state)

    assert {"late": 59} == report.rejected
    assert [] == about_order(report)
    (note,) = [note for note in report.notes if "earlier runs" in note]
    assert "59 of 60 rows were late: earlier runs of this store had come to 2025-01-06T10:59:00Z" in note
    assert "written anew, if only with other line ends, is another file" in note


def test_a_second_run_that_is_out_of_order_itself_is_told_so(tmp_path: Path) -> None:
    """Rows that this run's own rows made late are a matter of order, also in a store that had rows before."""
    bl.run(BARS, rows("A", [0, 60]), tmp_path / "state")
    late = [60 * minute for minute in range(100, 150)]
    report = bl.run(BARS, rows("A", [60, *late]) + rows("B", late), tmp_path / "state", resume="new")

    (note,) = about_order(report)
    assert note.startswith("49 of 101 rows were late: ")
    assert not [note for note in report.notes if "earlier runs" in note]


@pytest.mark.parametrize("late_first", [True, False])
def test_reasons_stand_in_the_order_of_the_checks(tmp_path: Path, late_first: bool) -> None:  # noqa: FBT001
    """Whichever was met first, in the report and in the store's status."""
    late, none = rows("A", [120, 0]), [{"symbol": "A", "at": BEGIN, "price": None}]
    given = late + none if late_first else none + late
    report = bl.run(BARS, given, tmp_path / "state", batch_rows=1)

    assert ["invalid", "late"] == list(report.rejected)
    with open_for_reading(tmp_path / "state") as held:
        assert ["invalid", "late"] == list(status(held).rejected)


def test_a_second_feed_names_the_argument(tmp_path: Path) -> None:
    """In Python it is `resume`, on the command line the option."""
    bl.run(BARS, rows("A", [0]), tmp_path / "state")

    with pytest.raises(bl.SourceError, match=r'resume="skip" .*resume="new"'):
        bl.run(BARS, rows("A", [60]), tmp_path / "state")
