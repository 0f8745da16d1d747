"""Feeds and standard input: rows as they come, each arriving when it is received."""

from __future__ import annotations

import asyncio
import gzip
import io
import os
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from barloom.errors import SourceError
from barloom.source.feeds.feed import FeedSource
from barloom.source.feeds.stdin import StandardInput
from barloom.source.feeds.word import BEHIND, CAUGHT_UP, FeedState
from barloom.source.protocol import PolledSource, Source
from source.reading import DAY, SECOND, Reading, collect, csv_of, iso, plan, read, tick, until_error
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class _Clock:
    """Each look at it is a nanosecond later."""

    def __init__(self) -> None:
        self.time = 1000

    def now(self) -> int:
        self.time += 1
        return self.time

    def monotonic(self) -> float:
        return self.time / SECOND

    def sleep(self, seconds: float) -> None:
        self.time += round(seconds * SECOND)


@dataclass(frozen=True)
class _Tick:
    symbol: str
    at: datetime
    price: Decimal
    size: int


def _row(second: float, **other: object) -> dict[str, Any]:
    return {"symbol": "A", "at": iso(second), "price": "1.50", "size": 3, **other}


ROWS = [_row(second) for second in range(5)]
TICKS = [tick("A", second, "1.50", 3) for second in range(5)]


class TestFeed:
    """Any iterable of rows."""

    def test_rows_of_any_kind(self) -> None:
        """Mappings, objects with the fields as attributes, and frames, also mixed."""
        moment = datetime(2025, 1, 1, 0, 0, 2, tzinfo=timezone(timedelta(0)))
        rows = [ROWS[0], ROWS[1], _Tick("A", moment, Decimal("1.50"), 3), pl.DataFrame(ROWS[3:])]

        assert TICKS == read(plan(), iter(rows)).rows

    @pytest.mark.parametrize("price", ["1.5", 1.5, Decimal("1.500"), Decimal("15e-1")])
    def test_values_are_exact(self, price: object) -> None:
        """Text, float and decimal alike."""

        assert [tick("A", 1, "1.5", 3)] == read(plan(), [_row(1, price=price)]).rows

    def test_values_that_do_not_fit_are_refused_by_row(self) -> None:
        """With the row as JSON."""
        reading = read(plan(), [_row(1, price=0.1 + 0.2), _row(2), _row(3, symbol=None), {"at": 1}])

        assert ([tick("A", 2, "1.50", 3)], [1]) == (reading.rows, reading.offsets)
        assert [0, 2, 3] == [offset for offset, _ in reading.invalid]
        assert (1, '{"symbol":"A","at":"2025-01-01T00:00:01.000Z","price":0.30000000000000004,"size":3}') == (
            reading.origins[0][1:]
        )

    def test_the_mapping_is_for_mappings(self) -> None:
        """Objects have the fields as they are called; mappings and frames are named by the definition."""
        bars = plan(columns={"price": "data.p", "symbol": "=X"})
        moment = datetime(2025, 1, 1, 0, 0, 1, tzinfo=UTC)
        rows = [_row(1, data={"p": "1.50"}), _Tick("A", moment, Decimal("1.50"), 3)]

        assert ["X", "A"] == [row[0] for row in read(bars, iter(rows)).rows]

    def test_arrival_is_the_moment_of_receipt(self) -> None:
        """Unless the definition names a column."""
        [batch] = FeedSource(plan(), ROWS, clock=_Clock()).open({}, 100)
        [declared] = FeedSource(plan(arrival="at"), ROWS, clock=_Clock()).open({}, 100)

        assert [1001, 1002, 1003, 1004, 1005] == list(batch.ticks.arrivals)
        assert [DAY + second * SECOND for second in range(5)] == list(declared.ticks.arrivals)

    def test_async_iterators(self) -> None:
        """They run in an event loop of their own."""

        async def rows() -> AsyncIterator[dict[str, Any]]:
            for row in ROWS:
                await asyncio.sleep(0)
                yield row

        assert TICKS == read(plan(), rows()).rows

    def test_async_iterators_have_words_too(self) -> None:
        """And they are no rows there either."""

        async def rows() -> AsyncIterator[dict[str, Any] | FeedState]:
            for row in ROWS:
                yield row
            yield CAUGHT_UP

        source = FeedSource(plan(), rows())
        assert TICKS == collect(source.open({}, 100)).rows
        assert source.caught_up

    def test_while_nothing_comes_the_reader_is_told(self) -> None:
        """So that it can look at the clock; what has come is given at once."""
        more = threading.Event()

        def rows() -> Iterator[dict[str, Any]]:
            yield ROWS[0]
            more.wait(PATIENCE)
            yield ROWS[1]

        source = FeedSource(plan(), rows())
        followed = source.follow({}, 100, 0.02)
        first = next(batch for batch in followed if batch is not None)
        nothing = next(followed)
        more.set()
        rest = [batch for batch in followed if batch is not None]

        assert isinstance(source, PolledSource)
        assert 1 == len(first.ticks)
        assert nothing is None
        assert [1] == [len(batch.ticks) for batch in rest]
        assert [1] == list(rest[0].ticks.offsets)

    def test_an_exception_of_the_feed_surfaces_after_the_rows_before_it(self) -> None:
        """As it was raised."""

        def rows() -> Iterator[dict[str, Any]]:
            yield from ROWS[:2]
            message = "the line went dead"
            raise ConnectionError(message)

        reading, error = until_error(FeedSource(plan(), rows()).open({}, 100))
        assert TICKS[:2] == reading.rows
        assert isinstance(error, ConnectionError)

    def test_a_fast_feed_waits_for_a_slow_reader(self) -> None:
        """Rows that were not taken are bounded in number."""
        made = 0

        def rows() -> Iterator[dict[str, Any]]:
            nonlocal made
            for _ in range(1000):
                made += 1
                yield ROWS[0]

        batches = FeedSource(plan(), rows()).open({}, 10)
        next(batches)
        threading.Event().wait(0.05)

        assert made <= 50
        batches.close()  # type: ignore[attr-defined]

    def test_skip_passes_over_what_was_read(self) -> None:
        """The stream once more from its beginning: rows read before are not read again."""
        first = read(plan(), ROWS[:3])
        second = read(plan(), ROWS, first.positions)

        assert (TICKS[3:], [3, 4]) == (second.rows, second.offsets)

    def test_new_reads_all_and_goes_on_counting(self) -> None:
        """Further rows: none is passed over."""
        first = read(plan(), ROWS[:3])
        source = FeedSource(plan(), ROWS[3:])
        second = collect(source.open(source.renew(first.positions), 100))

        assert not source.replayable
        assert (TICKS[3:], [3, 4], [4, 5]) == (second.rows, second.offsets, [3 + each.row for each in second.origins])
        assert [] == read(plan(), ROWS[3:], second.positions).rows

    def test_words_stand_between_rows(self) -> None:
        """They are no rows; the last one that came holds, also if it came behind rows that are given after it."""
        source = FeedSource(plan(), [ROWS[0], CAUGHT_UP, ROWS[1], BEHIND, *ROWS[2:]])
        silent = FeedSource(plan(), ROWS)
        batches = source.open({}, 100)
        first = next(batches)

        assert (None, None) == (silent.caught_up, FeedSource(plan(), [CAUGHT_UP]).caught_up)
        assert source.caught_up is False
        assert TICKS == collect([first, *batches]).rows
        assert [] == read(plan(), [CAUGHT_UP, BEHIND]).rows

    @pytest.mark.parametrize(
        "bad", [None, "A,1", object(), pl.DataFrame({"symbol": ["A"]})], ids=["nothing", "text", "object", "frame"]
    )
    def test_what_is_no_row_loses_nothing_that_came_before_it(self, bad: object) -> None:
        """Of any kind: it is told when all rows before it have been given."""
        moments = [datetime(2025, 1, 1, 0, 0, second, tzinfo=UTC) for second in range(5)]
        events = [_Tick("A", moment, Decimal("1.50"), 3) for moment in moments]
        for before in (ROWS, events, [*ROWS[:2], *events[2:]]):
            reading, error = until_error(FeedSource(plan(), iter([*before, bad, ROWS[0]])).open({}, 100))

            assert TICKS == reading.rows
            assert isinstance(error, SourceError)

    def test_what_is_no_row_is_told(self) -> None:
        """Texts and tuples have no names; objects may lack a field."""
        for row, why in (
            ("A,1", "gave 'A,1'"),
            ((1, 2), "values without names"),
            (object(), "without a field.*symbol"),
            (None, "gave None.*wait"),
        ):
            with pytest.raises(SourceError, match=why):
                read(plan(), iter([row]))


class TestStandardInput:
    """Text from a pipe."""

    @staticmethod
    def _read(data: bytes, **source: object) -> Reading:
        return collect(StandardInput(plan(**source), io.BytesIO(data)).open({}, 100))

    def test_csv_and_json_are_told_apart(self) -> None:
        """By the first character, unless the format is stated."""
        csv = csv_of([("A", iso(second), "1.50", 3) for second in range(5)]).encode()
        lines = pl.DataFrame(ROWS).write_ndjson().encode()

        assert TICKS == self._read(csv).rows == self._read(lines).rows == self._read(csv, format="csv").rows
        assert TICKS == self._read(b"\xef\xbb\xbf" + csv.replace(b"\n", b"\r\n")[:-2]).rows

    def test_lines_may_come_in_pieces(self) -> None:
        """Each is read when it is whole, the last at the end."""
        pipe_read, pipe_write = os.pipe()
        data = csv_of([("A", iso(second), "1.50", 3) for second in range(5)]).encode().rstrip()
        stream = os.fdopen(pipe_read, "rb")
        source = StandardInput(plan(), stream)

        def write() -> None:
            with os.fdopen(pipe_write, "wb", buffering=0) as pipe:
                for start in range(0, len(data), 17):
                    pipe.write(data[start : start + 17])

        writer = threading.Thread(target=write)
        writer.start()
        reading = collect(batch for batch in source.follow({}, 3, 0.01) if batch is not None)
        writer.join()
        stream.close()

        assert (TICKS, list(range(5))) == (reading.rows, reading.offsets)

    def test_bad_rows_are_refused_by_row(self) -> None:
        """With their text and number."""
        reading = self._read(csv_of([("A", iso(1), "x", 3), ("A", iso(2), "1.50", 3), ("A",)]).encode())

        assert [("standard input", 1, f"A,{iso(1)},x,3"), ("standard input", 3, "A")] == [
            tuple(reading.origins[0]),
            tuple(reading.origins[2]),
        ]

    def test_what_is_no_text_is_told(self) -> None:
        """Compressed input is unpacked by the pipe."""
        with pytest.raises(SourceError, match="standard input is not text but gzip"):
            self._read(gzip.compress(b"x") + b"\n")
        with pytest.raises(SourceError, match="Parquet"):
            self._read(b"", format="parquet")

    def test_nothing_at_all_is_no_row(self) -> None:
        """An empty pipe gives nothing."""

        assert [] == self._read(b"").batches

    def test_it_is_a_source(self) -> None:
        """That cannot be replayed."""
        source: Source = StandardInput(plan(), io.BytesIO())

        assert not source.replayable
        assert isinstance(source, PolledSource)
