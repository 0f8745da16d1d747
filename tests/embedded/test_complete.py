"""What is declared of the span of which an input has every row, and the bars that are whole by it.

A day of four quarters of six hours, from ticks: A trades at 00:00:03, 13:00 and 19:00, B at 07:00 only.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import barloom as bl
from barloom.clock import SystemClock
from barloom.embedded.rebuild import rebuild
from barloom.plan.document import from_document, plan_document
from barloom.testing import Driver, FakeClock

if TYPE_CHECKING:
    from pathlib import Path


class Trade(bl.Event):
    """A trade."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)


HEAD = "symbol,at,price\n"
DAY = (
    "A,2025-01-06T00:00:03Z,1.00",
    "B,2025-01-06T07:00:00Z,5.00",
    "A,2025-01-06T13:00:00Z,2.00",
    "A,2025-01-06T19:00:00Z,3.00",
)
NEXT = ("A,2025-01-07T00:00:00Z,4.00", "A,2025-01-07T01:00:00Z,5.00")
FROM, UNTIL = "2025-01-06T00:00:00Z", "2025-01-07T00:00:00Z"


def declared(gap: str = "omit", calendar: str = "24x7", **source: Any) -> bl.Bars:  # noqa: ANN401 - source's own
    """Quarters of a day with ten minutes of delay, and days."""
    made = bl.from_(Trade).tumbling("6h", delay="10m", gap=gap, calendar=calendar).ohlcv(price="price")  # type: ignore[arg-type]
    return made.rollup("1d").source(**source).named("bars")


BARS = declared()


def written(folder: Path, *rows: str, name: str = "ticks.csv") -> Path:
    """A file of rows."""
    (folder / name).write_text(HEAD + "".join(f"{row}\n" for row in rows))
    return folder / name


def frame(*rows: str) -> pl.DataFrame:
    """The same as a frame."""
    return pl.read_csv((HEAD + "".join(f"{row}\n" for row in rows)).encode(), infer_schema=False)


def told(bars: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Key, hour of the start, and some columns, of each bar."""
    hours = bars.with_columns(pl.col("start").dt.strftime("%d %H").alias("hour"))
    return hours.select("symbol", "hour", *columns).rows()


def stored(store: Path, timeframe: str) -> list[tuple[Any, ...]]:
    """Key, start, whether partial, slots with ticks and decided, of each final of a store."""
    with bl.TimeBucket.open(store, timeframe) as bucket:
        return [
            (key, f"{bar.start:%d %H}", bar.partial, bar.filled, bar.slots)
            for (key,) in bucket.keys()  # noqa: SIM118 - a bucket is no mapping
            for bar in bucket.range(key)
            if bar.final
        ]


def test_without_a_word_the_first_and_the_last_bars_are_partial() -> None:
    """The first quarter and the day began before the first row; the last quarter was closed by the end."""
    result = BARS.compute(frame(*DAY))

    assert [("A", "06 00", True), ("A", "06 12", False), ("A", "06 18", True), ("B", "06 06", False)] == told(
        result["6h"], "partial"
    )
    assert [("A", "06 00", True, 3), ("B", "06 00", True, 3)] == told(result["1d"], "partial", "slots")


@pytest.mark.parametrize(("begin", "end"), [(FROM, UNTIL), ("1d", "1d"), ("6h", "6h"), ("1mo", UNTIL)])
def test_of_a_complete_day_every_bar_is_whole(begin: str, end: str) -> None:
    """By times, or by the slots that hold the first and last row. A day has its four quarters decided."""
    result = BARS.compute(frame(*DAY), complete_from=begin, complete_until=end)

    assert [False] * 4 == bl.compute(BARS, frame(*DAY), complete_from=begin, complete_until=end)["6h"][
        "partial"
    ].to_list()
    assert [False] * 4 == result["6h"]["partial"].to_list()
    assert [("A", "06 00", False, 3, 4, 4), ("B", "06 00", False, 1, 4, 4)] == told(
        result["1d"], "partial", "filled", "slots", "expected_slots"
    )


def test_of_a_complete_part_of_a_day_the_day_is_partial() -> None:
    """Complete until 18:00: the quarter at 12 is whole, that at 18 and the day are not; A had 3 quarters and a bit."""
    result = BARS.compute(frame(*DAY), complete_from="1d", complete_until="2025-01-06T18:00:00Z")

    assert [("A", "06 00", False), ("A", "06 12", False), ("A", "06 18", True), ("B", "06 06", False)] == told(
        result["6h"], "partial"
    )
    assert [("A", "06 00", True, 3, 3), ("B", "06 00", True, 1, 3)] == told(result["1d"], "partial", "filled", "slots")


def test_bars_that_begin_before_the_declared_time_are_partial(tmp_path: Path) -> None:
    """Whatever the first row says: the second quarter would be whole by it. A note tells that rows come before."""
    file = written(tmp_path, *DAY)

    report = bl.run(BARS, file, tmp_path / "state", complete_from="2025-01-06T08:00:00Z", at_end="close")

    assert [("A", "06 00", True), ("A", "06 12", False), ("A", "06 18", True), ("B", "06 06", True)] == [
        bar[:3] for bar in stored(tmp_path / "state", "6h")
    ]
    assert any("before complete_from, 2025-01-06T08:00:00Z" in note for note in report.notes)


def test_the_live_bars_are_whole_too() -> None:
    """The same mark from the first tick on; a day is live with the quarters decided by its last tick's time, 18:50."""
    rows = (*DAY[:3], "A,2025-01-06T18:50:00Z,3.00")
    result = BARS.compute(frame(*rows), at_end="keep", complete_from="1d")

    assert [("A", "06 00", False, 3), ("B", "06 00", False, 3)] == told(result.open["1d"], "partial", "slots")


def test_what_was_said_first_is_kept_with_the_store(tmp_path: Path) -> None:
    """Two runs, the second without a word, at any batch size: the bars of one run over both files."""
    for rows in (1, 2, 100):
        store = tmp_path / f"state-{rows}"
        first, second = written(tmp_path, *DAY), written(tmp_path, *NEXT, name="next.csv")
        bl.run(BARS, first, store, complete_from=FROM, batch_rows=rows)
        bl.run(BARS, [first, second], store, at_end="close", batch_rows=rows)

        assert [
            ("A", "06 00", False, 3, 4),
            ("A", "07 00", True, 1, 1),
            ("B", "06 00", False, 1, 4),
        ] == stored(store, "1d")


def test_a_rebuild_takes_it_from_its_own_options(tmp_path: Path) -> None:
    """Of a store that was made without; the definition may say it as well."""
    file, store = written(tmp_path, *DAY), tmp_path / "state"
    bl.run(BARS, file, store, at_end="close")
    assert stored(store, "1d")[0][2]

    rebuild(BARS, file, store, at_end="close", complete_from=FROM, complete_until=UNTIL)
    assert [("A", "06 00", False, 3, 4), ("B", "06 00", False, 1, 4)] == stored(store, "1d")

    rebuild(declared(complete_from=FROM, complete_until="1d"), file, store)
    assert [("A", "06 00", False, 3, 4), ("B", "06 00", False, 1, 4)] == stored(store, "1d")


@pytest.mark.parametrize(
    ("later", "noted"),
    [(FROM, True), ("1d", True), ("2025-01-06T00:00:03Z", False), ("2025-01-06T12:00:00Z", False)],
)
def test_a_store_that_has_rows_keeps_its_beginning(tmp_path: Path, later: str, *, noted: bool) -> None:
    """Bars were published by it. A note says that an earlier time does not count; a later one asks for no more."""
    file, store = written(tmp_path, *DAY), tmp_path / "state"
    bl.run(BARS, file, store)

    report = bl.run(BARS, file, store, complete_from=later, at_end="close")

    assert noted == any("does not count" in note and "rebuild" in note for note in report.notes)
    assert [True, True] == [bar[2] for bar in stored(store, "1d")]


def test_what_is_complete_is_final_also_where_the_rest_stays_open(tmp_path: Path) -> None:
    """At the end of the day's file the day is final; rows of the next day count, and earlier ones are late.

    The slot that begins at the declared time is not decided by it, however long the delay.
    """
    file, store = written(tmp_path, *DAY), tmp_path / "state"
    report = bl.run(BARS, file, store, complete_from="1d", complete_until=UNTIL)
    assert {"6h": 4, "1d": 2} == report.bars
    assert {} == report.open
    assert [("A", "06 00", False, 3, 4), ("B", "06 00", False, 1, 4)] == stored(store, "1d")
    assert {"6h": 0, "1d": 0} == bl.run(BARS, file, store, complete_until=UNTIL).bars

    later = written(tmp_path, *NEXT, "B,2025-01-06T23:59:59Z,6.00", name="next.csv")
    report = bl.run(BARS, [file, later], store, at_end="close")
    assert {"late": 1} == report.rejected
    assert [("A", "07 00", True, 1, 1)] == [bar for bar in stored(store, "1d") if bar[1] == "07 00"]


def test_a_file_that_is_complete_ends_with_a_whole_line(tmp_path: Path) -> None:
    """Its last row counts without a line end, as nothing can follow it."""
    file = written(tmp_path, *DAY)
    file.write_text(file.read_text().rstrip("\n"))

    assert 3 == bl.run(BARS, file, tmp_path / "open").ticks
    assert 4 == bl.run(BARS, file, tmp_path / "state", complete_until=UNTIL).ticks


def test_a_time_ahead_of_the_clock_does_not_count(tmp_path: Path) -> None:
    """Rows may still come: the day stays open, a note says so, and a later run of the same command closes it."""
    file, store = written(tmp_path, *DAY), tmp_path / "state"
    clock = FakeClock(int(datetime(2025, 1, 6, 20, tzinfo=UTC).timestamp()) * 1_000_000_000)

    report = bl.run(BARS, file, store, complete_until="1d", clock=clock)
    assert {"6h": 3, "1d": 0} == report.bars
    assert any("ahead of the clock" in note for note in report.notes)

    assert {"6h": 1, "1d": 2} == bl.run(BARS, file, store, complete_until="1d", clock=SystemClock()).bars


def test_rows_beyond_the_declared_end_are_told(tmp_path: Path) -> None:
    """Slots that end after it are partial when the input closes."""
    report = bl.run(
        BARS, written(tmp_path, *DAY), tmp_path / "s", complete_until="2025-01-06T12:00:00Z", at_end="close"
    )

    assert any("beyond complete_until, 2025-01-06T12:00:00Z" in note for note in report.notes)
    assert [True, True] == [bar[2] for bar in stored(tmp_path / "s", "1d")]


@pytest.mark.parametrize(("gap", "close"), [("carry", Decimal("5.00")), ("null", None)])
def test_gaps_are_filled_up_to_the_declared_end_and_not_before_a_key_s_first_tick(
    gap: str, close: Decimal | None
) -> None:
    """B has no bar at 00, where there is nothing to carry, and one at 12 and at 18, which are whole."""
    bars = declared(gap=gap)
    result = bars.compute(frame(*DAY), complete_from="1d", complete_until=UNTIL)
    plain = bars.compute(frame(*DAY))

    filled = [row for row in told(result["6h"], "close", "synthetic", "partial") if row[0] == "B"]
    assert [
        ("B", "06 06", Decimal("5.00"), False, False),
        ("B", "06 12", close, True, False),
        ("B", "06 18", close, True, False),
    ] == filled
    assert ["06 06", "06 12"] == [row[1] for row in told(plain["6h"]) if row[0] == "B"]


def test_a_slot_before_the_first_row_was_empty_and_not_before_the_start(tmp_path: Path) -> None:
    """Asked for a minute in which a complete input had no row; before the declared time it says nothing."""
    minutes = bl.from_(Trade).tumbling("1m").ohlcv(price="price").named("minutes")
    file = written(tmp_path, "A,2025-01-06T00:05:00Z,1.00", "A,2025-01-06T00:09:00Z,1.00")
    bl.run(minutes, file, tmp_path / "state", complete_from=FROM)

    with bl.TimeBucket.open(tmp_path / "state", "1m") as bucket:
        answers = [bucket.get("A", start) for start in ("2025-01-06T00:03:00Z", "2025-01-05T23:59:00Z")]
    assert ["empty", "before the start"] == [answer.why.value for answer in answers if isinstance(answer, bl.NotFound)]


def test_on_an_exchange_a_day_is_its_session() -> None:
    """New York, 14:30 to 21:00 UTC: the first trade a second after the open, the last before or after the close."""
    made = bl.from_(Trade).tumbling("1h", calendar="XNYS", close_grace="5m").ohlcv(price="price").rollup("1d")
    bars = made.source(complete_from="1d", complete_until="1d").named("bars")
    rows = ("A,2025-01-06T14:30:01Z,1.00", "A,2025-01-06T20:59:59Z,2.00", "A,2025-01-06T21:00:02Z,3.00")

    for read in (rows[:2], rows):
        result = bars.compute(frame(*read))
        assert [False, False] == result["1h"]["partial"].to_list()
        assert [("A", "06 14", False, 2, 7, 7)] == told(result["1d"], "partial", "filled", "slots", "expected_slots")
        assert [Decimal(row[-4:]) for row in read[-1:]] == result["1d"]["close"].to_list()


class Candle(bl.Event):
    """A bar of a minute."""

    symbol: str = bl.key()
    start: datetime = bl.timestamp()
    close: Decimal = bl.decimal(12, 2)


def test_with_bars_as_input_the_last_ones_are_whole_too() -> None:
    """Minutes 10:01 to 10:08 but for 10:04, complete for ten minutes: 5m waits for nothing, 10m has a longer delay."""
    made = bl.from_(Candle).bars("1m").select(close=bl.last("close"))
    bars = made.rollup("5m", bl.timeframe("10m", delay="3m")).named("bars")
    minutes = [minute for minute in range(1, 9) if minute != 4]
    candles = pl.DataFrame(
        {
            "symbol": ["A"] * len(minutes),
            "start": [f"2025-01-06T10:{minute:02}:00Z" for minute in minutes],
            "close": [f"{minute}.00" for minute in minutes],
        }
    )

    said = {"complete_from": "2025-01-06T10:00:00Z", "complete_until": "2025-01-06T10:10:00Z"}
    result = bars.compute(candles, **said)  # type: ignore[arg-type]
    columns = ("close", "partial", "filled", "slots", "expected_slots")

    assert [(Decimal("3.00"), False, 3, 3, 5), (Decimal("8.00"), False, 4, 4, 5)] == result["5m"].select(columns).rows()
    assert [(Decimal("8.00"), False, 2, 2, 2)] == result["10m"].select(columns).rows()
    plain = bars.compute(candles)
    assert [True, True] == plain["5m"]["partial"].to_list()
    kept = bars.compute(candles, "keep", **said)  # type: ignore[arg-type]
    assert [False, False] == kept["5m"]["partial"].to_list()


def test_a_stream_is_whole_from_the_declared_time_on() -> None:
    """On the log of the driver, across a restart; each partition for itself."""
    driver = Driver(declared(complete_from=FROM), partitions=2)
    for number, partition in (("1", 0), ("2", 1)):
        driver.feed([{"symbol": number, "at": "2025-01-06T05:00:00Z", "price": "1.00"}], partition)
    driver.restart()
    for number, partition in (("1", 0), ("2", 1)):
        driver.feed([{"symbol": number, "at": "2025-01-07T12:00:00Z", "price": "1.00"}], partition)

    assert [False, False] == driver.finals("1d")["partial"].to_list()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"complete_from": "yesterday"}, "'yesterday' is neither a time nor a timeframe"),
        ({"complete_from": "2025-01-06T00:00:00"}, "has no time zone"),
        ({"complete_until": "24h"}, "write '1d'"),
        ({"complete_until": True}, "True is neither a time nor a timeframe"),
        ({"complete_from": "0001-01-01"}, "outside the times"),
        ({"complete_from": UNTIL, "complete_until": FROM}, "does not lie after complete_from"),
    ],
)
def test_what_is_no_time_is_refused(tmp_path: Path, source: dict[str, Any], said: str) -> None:
    """In a definition with its place, as an argument as a `ValueError` that names it."""
    with pytest.raises(bl.DefinitionError, match=said) as raised:
        declared(**source)
    assert raised.value.problems[0].where.startswith("source.complete_")

    with pytest.raises(ValueError, match=rf"^complete_(from|until): .*{said}"):
        bl.run(BARS, written(tmp_path, *DAY), tmp_path / "state", **source)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("given", "zone", "expected"),
    [
        ("2025-01-06", None, "2025-01-06T00:00:00Z"),
        ("2025-01-06", "Asia/Tokyo", "2025-01-05T15:00:00Z"),
        ("2025-01-06T09:00:00", "Asia/Tokyo", "2025-01-06T00:00:00Z"),
        ("2025-01-06T09:00:00+09:00", "Europe/Berlin", "2025-01-06T00:00:00Z"),
        (datetime(2025, 1, 6, tzinfo=UTC), None, "2025-01-06T00:00:00Z"),
        (datetime(2025, 1, 6, tzinfo=UTC).date(), None, "2025-01-06T00:00:00Z"),
        (datetime(2025, 1, 6, 9), "Asia/Tokyo", "2025-01-06T00:00:00Z"),  # noqa: DTZ001 - as TOML has them
        (1736121600_000000000, None, "2025-01-06T00:00:00Z"),
        ("2025-01-06T00:00:00.000000001Z", None, "2025-01-06T00:00:00.000000001Z"),
    ],
)
def test_a_time_may_be_written_in_many_ways(given: Any, zone: str | None, expected: str) -> None:  # noqa: ANN401
    """A date is its midnight, in the zone of the source where that is said; a plan keeps it as an instant."""
    plan = declared(complete_from=given, **({} if zone is None else {"zone": zone})).plan

    assert declared(complete_from=expected).plan.source.complete_from == plan.source.complete_from
    assert plan == from_document(plan_document(plan))


def test_toml_may_write_a_time_without_quotes(tmp_path: Path) -> None:
    """A table of a definition has it as text or as TOML's own time or date."""
    toml = """
[event]
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
[source]
complete_from = {begin}
complete_until = {end}
[bars]
name = "bars"
base = "1m"
select = {{ count = "count()" }}
"""
    sources = []
    for begin, end in (('"2025-01-06"', '"2025-01-07T00:00:00Z"'), ("2025-01-06", "2025-01-07T00:00:00Z")):
        (tmp_path / "bars.toml").write_text(toml.format(begin=begin, end=end))
        sources.append(bl.load(tmp_path / "bars.toml").plan.source)

    assert sources[0] == sources[1]
    assert (1736121600_000000000, 1736208000_000000000) == (sources[0].complete_from, sources[0].complete_until)


def test_a_level_that_waits_longer_for_its_children_is_whole_at_the_end_too() -> None:
    """Minutes 10:06 to 10:08 of ten: 10m has one child of two, waits for the other to 10:13, and is closed whole."""
    made = bl.from_(Candle).bars("1m").select(close=bl.last("close"))
    bars = made.rollup("5m", bl.timeframe("10m", delay="3m")).named("bars")
    minutes = [6, 7, 8]
    candles = pl.DataFrame(
        {
            "symbol": ["A"] * len(minutes),
            "start": [f"2025-01-06T10:{minute:02}:00Z" for minute in minutes],
            "close": [f"{minute}.00" for minute in minutes],
        }
    )

    result = bars.compute(candles, complete_from="2025-01-06T10:00:00Z", complete_until="2025-01-06T10:10:00Z")

    columns = ("close", "partial", "filled", "slots", "expected_slots")
    assert [(Decimal("8.00"), False, 1, 1, 2)] == result["10m"].select(columns).rows()
