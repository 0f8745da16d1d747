"""Only rows that count move stream time: what is filtered, or outside of the market's hours, closes nothing.

Each rule holds for files, frames and a stream alike.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl
import pytest

import barloom as bl
from barloom.embedded.compute import compute
from barloom.testing import Driver

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Row: TypeAlias = tuple[Any, ...]
Outcome: TypeAlias = tuple[list[tuple[str, datetime, int]], dict[str, int]]
"""The finals of five minutes: key, start, rows folded; and how many rows were refused for which reason."""


class Candle(bl.Event):
    """A candle as exchanges send it: again and again while it forms, with `closed` at the end."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)
    closed: bool = bl.field()


def declared(**options: Any) -> bl.Bars:  # noqa: ANN401 - tumbling's own
    """Five-minute bars of the closed candles, by events alone."""
    return (
        bl.from_(Candle)
        .where("closed")
        .tumbling("1m", **options)
        .ohlcv(price="price")
        .rollup("5m")
        .clock("off")
        .named("bars")
    )


def frame_of(rows: Sequence[Row]) -> pl.DataFrame:
    """The rows as columns."""
    names = ("symbol", "at", "price", "closed")
    columns = pl.DataFrame([dict(zip(names, row, strict=True)) for row in rows])
    return columns.with_columns(pl.col("price").cast(pl.Decimal(12, 2)))


def finals_in(store: Path, timeframe: str) -> list[tuple[str, datetime, int]]:
    """Key, start and folded rows of a store's finals."""
    bucket = bl.TimeBucket.open(store, timeframe)
    keys = bucket.keys()
    bars = [bar for key in keys for bar in bucket.range(key)]
    return [(bar.symbol, bar.start, bar.revision) for bar in bars if bar.final]


def outcome(finals: pl.DataFrame, reasons: Sequence[str]) -> Outcome:
    """What both ways of reading say."""
    found = finals.sort("symbol", "start").select("symbol", "start", "revision").rows()
    return found, dict(Counter(reasons))


def by_file(bars: bl.Bars, rows: Sequence[Row], place: Path) -> Outcome:
    """A run over a CSV file, in batches of two rows."""
    frame_of(rows).write_csv(place / "rows.csv", datetime_format="%+")
    report = bl.run(bars, place / "rows.csv", place / "state", batch_rows=2)
    return finals_in(place / "state", "5m"), dict(report.rejected)


def by_frame(bars: bl.Bars, rows: Sequence[Row], place: Path) -> Outcome:
    """A frame, computed as a whole."""
    del place
    result = compute(bars.plan, frame_of(rows), at_end="keep")
    return outcome(result["5m"], result.rejected["reason"].to_list())


def by_stream(bars: bl.Bars, rows: Sequence[Row], place: Path) -> Outcome:
    """A stream, row by row, with a crash in the middle."""
    del place
    driver = Driver(bars)
    for number, row in enumerate(rows):
        driver.feed(frame_of([row]).rows(named=True))
        if number == len(rows) // 2:
            driver.restart()
    return outcome(driver.finals("5m"), [record.reason for record in driver.rejected()])


ROADS = pytest.mark.parametrize("road", [by_file, by_frame, by_stream])


def at(text: str, day: str = "2025-11-10") -> datetime:
    """A UTC time."""
    return datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=UTC)


@ROADS
def test_what_the_filter_leaves_out_closes_nothing(road: Callable[..., Outcome], tmp_path: Path) -> None:
    """B's candle of 09:05 forms before A's of 09:04 is closed: A's five minutes have all their five closed candles."""
    rows: list[Row] = [("A", at("09:00") + timedelta(minutes=minute), minute, True) for minute in range(4)]
    rows += [("B", at("09:05"), 9, False), ("B", at("09:06"), 9, False)]
    rows += [("A", at("09:04"), 4, True), ("A", at("09:05"), 5, True)]

    assert ([("A", at("09:00"), 5)], {}) == road(declared(), rows, tmp_path)


@ROADS
def test_closed_hours_close_nothing(road: Callable[..., Outcome], tmp_path: Path) -> None:
    """A print at 20:00 in New York, one of a Saturday and one of 2060, which is after the calendar's last date.

    Those that follow, of the same morning, are all in time. In a file that of 2060 is from the future first.
    """
    bars = declared(calendar="XNYS")
    rows: list[Row] = [
        ("A", at("15:00:10"), 1, True),
        ("A", at("01:00", "2025-11-11"), 99, True),
        ("A", at("15:01:10"), 2, True),
        ("A", at("16:00", "2025-11-15"), 99, True),
        ("A", at("15:02:10"), 3, True),
        ("A", at("16:00", "2060-11-15"), 99, True),
        ("A", at("15:04:10"), 4, True),
        ("A", at("15:05:00"), 5, True),
    ]

    last = "future" if road is by_file else "beyond_calendar"
    expected = [("A", at("15:00"), 4)], {"out_of_session": 2, last: 1}
    assert expected == road(bars, rows, tmp_path)


@ROADS
def test_the_filter_comes_before_the_hours(road: Callable[..., Outcome], tmp_path: Path) -> None:
    """A row that is not wanted is in no side output, whenever it was."""
    rows: list[Row] = [
        ("A", at("15:00:10"), 1, True),
        ("A", at("01:00", "2025-11-11"), 99, False),
        ("A", at("16:00", "2060-11-15"), 99, False),
        ("A", at("15:05:00"), 5, True),
    ]

    assert ([("A", at("15:00"), 1)], {}) == road(declared(calendar="XNYS"), rows, tmp_path)


def test_the_filter_comes_before_the_future() -> None:
    """Of two rows an hour ahead of their arrival the unwanted one is left out, the other one is refused."""
    driver = Driver(declared())
    rows = [("A", at("09:00"), 1, True), ("A", at("10:00"), 1, False), ("A", at("10:00:01"), 1, True)]
    driver.feed(frame_of(rows).rows(named=True), at=int(at("09:00:00.5").timestamp() * 10) * 10**8)

    assert ["future"] == [record.reason for record in driver.rejected()]


def test_files_are_merged_by_the_rows_that_count(tmp_path: Path) -> None:
    """A misdated print at the head of one file, and a forming candle in it, do not make all of the other come first.

    Both hold the same five minutes, of two symbols: merged by time, none of their rows is late.
    """
    minutes = [at("15:00:30") + timedelta(minutes=minute) for minute in range(6)]
    first: list[Row] = [("A", minute, 1, True) for minute in minutes]
    first[1:1] = [("A", at("01:00", "2025-11-12"), 99, True), ("A", at("16:00", "2025-11-12"), 99, False)]
    frame_of(first).write_csv(tmp_path / "a.csv", datetime_format="%+")
    frame_of([("B", minute, 1, True) for minute in minutes]).write_csv(tmp_path / "b.csv", datetime_format="%+")

    report = bl.run(declared(calendar="XNYS"), [tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path / "state")

    assert {"out_of_session": 1} == dict(report.rejected)
    start = at("15:00")
    assert [("A", start, 5), ("B", start, 5)] == finals_in(tmp_path / "state", "5m")


def test_a_store_with_ids_of_nothing_goes_on(tmp_path: Path) -> None:
    """Rows without an event id are never duplicates of each other, and a store that holds some is continued."""

    class Fill(bl.Event):
        symbol: str = bl.key()
        at: datetime = bl.timestamp()
        number: str | None = bl.event_id()
        price: Decimal = bl.decimal(12, 2)

    bars = bl.from_(Fill).tumbling("1m").ohlcv(price="price").named("bars")
    path = tmp_path / "fills.csv"
    path.write_text("symbol,at,number,price\n" + "A,2025-11-10T09:00:00Z,,1\n" * 3 + "A,2025-11-10T09:00:01Z,7,1\n")
    assert {} == bl.run(bars, path, tmp_path / "state").rejected
    with path.open("a") as file:
        file.write("A,2025-11-10T09:00:02Z,,1\nA,2025-11-10T09:00:03Z,7,1\nA,2025-11-10T09:01:00Z,,1\n")
    report = bl.run(bars, path, tmp_path / "state")

    assert {"duplicate": 1} == dict(report.rejected)
    assert [("A", at("09:00"), 5)] == finals_in(tmp_path / "state", "1m")
