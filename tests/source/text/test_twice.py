"""A local hour that comes twice, since the clocks are set back, is the one that is declared, or refused."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import barloom as bl
from barloom.source.files import reading
from barloom.source.text.twice import Twice, to_utc
from source.reading import SYMBOL, plan, put, read

if TYPE_CHECKING:
    from pathlib import Path

ZONE = "America/New_York"
MIDNIGHT = 1_762_056_000
"""2025-11-02T00:00 in New York (04:00Z); at 06:00Z the clocks went from 02:00 back to 01:00."""
SECOND = 1_000_000_000


def _local(*clocks: str) -> pl.Series:
    """Times of that night as they are written, as nanoseconds."""
    seconds = [[int(part) for part in f"{clock}:0".split(":")[:3]] for clock in clocks]
    counted = [hour * 3600 + minute * 60 + second for hour, minute, second in seconds]
    return pl.Series([(MIDNIGHT - 4 * 3600 + each) * SECOND for each in counted], dtype=pl.Int64)


def _hours(utc: pl.Series) -> list[float | None]:
    """Hours since midnight that have passed."""
    return [None if nanos is None else (nanos // SECOND - MIDNIGHT) / 3600 for nanos in utc.to_list()]


@pytest.mark.parametrize(
    ("rule", "hours"),
    [
        ("refuse", [0.5, None, None, 3.5]),
        ("earlier", [0.5, 1.5, 1.75, 3.5]),
        ("later", [0.5, 2.5, 2.75, 3.5]),
        ("order", [0.5, 1.5, 1.75, 3.5]),
    ],
)
def test_which_one(rule: str, hours: list[float | None]) -> None:
    """The earlier, the later, or none of them; the order says the earlier as long as nothing steps back."""
    assert hours == _hours(to_utc(_local("0:30", "1:30", "1:45", "2:30"), ZONE, Twice(rule)))


def test_an_hour_that_does_not_come_is_refused() -> None:
    """Where the clocks are set forward a time in between is none, whatever is declared."""
    skipped = pl.Series([1_741_487_400 * SECOND])  # 2025-03-09T02:30 as it would be written
    for rule in ("refuse", "earlier", "later", "order"):
        assert [None] == to_utc(skipped, ZONE, Twice(rule)).to_list()


@pytest.mark.parametrize(
    ("clocks", "hours"),
    [
        (("1:30", "1:59", "1:05", "2:30"), [1.5, 1 + 59 / 60, 2 + 5 / 60, 3.5]),
        (("1:30", "1:30", "1:00", "1:00"), [1.5, 1.5, 2.0, 2.0]),
        (("1:30:05", "1:30:00", "1:31"), [1 + 1805 / 3600, 1.5, 1 + 1860 / 3600]),
        (("1:59:59", "1:00:00", "1:59:58", "1:00:01"), [1 + 3599 / 3600, 2.0, 1 + 3598 / 3600, 2 + 1 / 3600]),
        (("1:50", "1:10", "3:00", "0:30", "1:50", "1:10"), [1 + 5 / 6, 2 + 1 / 6, 4.0, 0.5, 1 + 5 / 6, 2 + 1 / 6]),
        (("2:30", "1:10"), [3.5, 1 + 1 / 6]),
    ],
)
def test_by_the_order_of_the_rows(clocks: tuple[str, ...], hours: list[float]) -> None:
    """A step back begins the second hour; a few seconds are ticks out of order, and a new day or symbol begins anew."""
    assert hours == pytest.approx(_hours(to_utc(_local(*clocks), ZONE, Twice("order"))))


@given(st.lists(st.integers(0, 4 * 3600), min_size=1, max_size=40), st.lists(st.integers(1, 39), max_size=5))
def test_however_the_rows_are_cut_into_blocks(passed: list[int], cuts: list[int]) -> None:
    """What was read before counts, in whatever blocks it was."""
    written = [second - 3600 if second >= 7200 else second for second in passed]
    local = pl.Series([(MIDNIGHT - 4 * 3600 + second) * SECOND for second in written], dtype=pl.Int64)
    whole = to_utc(local, ZONE, Twice("order")).to_list()

    edges = sorted({0, len(local), *(cut for cut in cuts if cut < len(local))})
    twice, parts = Twice("order"), []
    for start, stop in pairwise(edges):
        parts += to_utc(local[start:stop], ZONE, twice).to_list()
    assert whole == parts


@given(st.lists(st.integers(0, 4 * 3600), min_size=1, max_size=40).map(sorted))
def test_a_file_in_order_is_read_as_it_was_written(passed: list[int]) -> None:
    """Wherever the second hour shows by a step back of more than a few seconds."""
    written = [second - 3600 if second >= 7200 else second for second in passed]
    first = [each for each, second in zip(written, passed, strict=True) if 3600 <= second < 7200]
    second = [each for each, second in zip(written, passed, strict=True) if 7200 <= second < 10_800]
    local = pl.Series([(MIDNIGHT - 4 * 3600 + each) * SECOND for each in written], dtype=pl.Int64)
    read_back = to_utc(local, ZONE, Twice("order")).to_list()

    if not second or (first and second[0] < first[-1] - 10):
        assert [(MIDNIGHT + each) * SECOND for each in passed] == read_back


@pytest.mark.parametrize("rows", [1, 2, 3, 1000])
@pytest.mark.parametrize("block", [30, 70, 1 << 16])
@pytest.mark.parametrize("kind", ["csv", "parquet", "ipc"])
def test_a_run_goes_on_within_the_second_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, rows: int, block: int
) -> None:
    """What the order said before is kept with the position, in text and in columns with types."""
    monkeypatch.setattr(reading, "_BLOCK_BYTES", block)
    monkeypatch.setattr(reading, "_PEEK_BYTES", block)
    clocks = ["00:59:00", "01:30:00", "01:59:00", "01:05:00", "01:20:00", "02:30:00"]
    hours = [59 / 60, 1.5, 1 + 59 / 60, 2 + 5 / 60, 2 + 20 / 60, 3.5]
    bars = plan(SYMBOL, plan().event.by_name["at"], zone=ZONE, ambiguous="order")
    path = tmp_path / f"a.{kind}"
    frame = pl.DataFrame({"symbol": ["A"] * 6, "at": [f"2025-11-02 {clock}" for clock in clocks]})
    if kind == "csv":
        put(path, frame.write_csv())
    else:
        typed = frame.with_columns(pl.col("at").str.to_datetime())
        (typed.write_parquet if kind == "parquet" else typed.write_ipc)(path)

    whole = read(bars, path, rows=rows)
    assert hours == pytest.approx(_hours(pl.Series([at for _, at in whole.rows])))
    for batch in whole.batches:
        rest = read(bars, path, batch.positions).rows
        assert whole.rows[len(whole.rows) - len(rest) :] == rest
        assert len(whole.rows) - int(batch.positions["rows"]) == len(rest)


def test_the_order_of_event_objects_tells_too(tmp_path: Path) -> None:
    """Of a feed that gives objects as of one that gives mappings: both hours of the night in New York."""

    class Trade(bl.Event):
        symbol: str = bl.key()
        at: datetime = bl.timestamp()

    bars = bl.from_(Trade).source(zone="America/New_York", ambiguous="order").tumbling("1h").select(n=bl.count())
    plan_, times = bars.named("b"), ("00:59", "01:30", "01:59", "01:10", "02:10")
    stamps = [datetime.fromisoformat(f"2024-11-03T{time}:00") for time in times]
    reports = [
        bl.run(plan_, rows, tmp_path / name)
        for name, rows in (
            ("objects", [Trade(symbol="A", at=at) for at in stamps]),
            ("mappings", [{"symbol": "A", "at": at} for at in stamps]),
        )
    ]

    assert [{}, {}] == [report.rejected for report in reports]
    assert reports[0].stream_time == reports[1].stream_time == datetime(2024, 11, 3, 7, 10, tzinfo=UTC)
