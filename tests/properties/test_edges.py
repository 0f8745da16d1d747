"""Edges that random rows reach rarely, each written out."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl

import barloom as bl
from barloom.testing import FakeSessionCalendar
from barloom.time.always import AlwaysOpen
from properties.running import Run
from properties.test_bars_as_input import declared
from properties.world import Trade
from reference import DAY, HOUR, MINUTE, SECOND, Row, nanoseconds

TEN = nanoseconds("2025-01-06T10:00:00+00:00")
NO_VALUES = {"price": Decimal(1), "size": Decimal(1), "odd": False, "side": None}
BREAK = FakeSessionCalendar.weekdays(
    date(2025, 1, 6), date(2025, 1, 7), opens="09:00", closes="15:00", pause=("11:00", "12:00"), zone=UTC
)


class Order(bl.Event):
    """A price with many digits."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(30, 2)


def trade(time: int, offset: int, key: str = "EURUSD", arrival: int | None = None) -> Row:
    """A row at a time."""
    return Row((key,), time, offset, NO_VALUES, arrival)


def minutes(**options: str) -> bl.Bars:
    """One-minute bars that carry."""
    return bl.from_(Trade).tumbling("1m", gap="carry", **options).select(close=bl.last("price")).named("bars")  # type: ignore[arg-type]


def starts(run: Run, timeframe: str = "1m", key: str = "EURUSD") -> list[int]:
    """The finals of a key, in minutes from ten o'clock."""
    return [(bar.start - TEN) // MINUTE for bar in run.finals[timeframe] if bar.key == (key,)]


def test_an_input_without_accepted_rows_can_be_closed() -> None:
    """Nothing but ticks from the future, or nothing at all: no finals, and no error."""
    run = Run(minutes(delay="5s").plan, BREAK)
    run.feed([trade(TEN, 0, arrival=TEN - HOUR)])
    run.close()

    assert [] == run.finals["1m"]


def test_a_limit_that_ends_with_a_segment_reaches_the_next_one() -> None:
    """One minute of session time lies between 10:59:00 and 12:00:00, as between 10:57:00 and 10:58:00."""
    run = Run(minutes(carry_limit="1m").plan, BREAK)
    run.feed(
        [trade(TEN + 57 * MINUTE, 0), trade(TEN + 59 * MINUTE, 1, "XAUUSD"), trade(TEN + 125 * MINUTE, 2, "BTCUSD")]
    )

    assert [57, 58] == starts(run)
    assert [59, 120] == starts(run, key="XAUUSD")


def test_a_limit_beyond_the_calendars_end_is_no_error() -> None:
    """Slots of known dates can be filled, however far the limit would reach."""
    run = Run(minutes(carry_limit="4w").plan, BREAK)
    run.feed([trade(TEN, 0), trade(TEN + 2 * MINUTE, 1, "XAUUSD")])

    assert [0, 1] == starts(run)


def test_complete_parents_close_early_after_a_restart_too() -> None:
    """Nine one-minute bars make three complete parents, wherever the engine was restored in between."""
    bars, _ = declared(200)
    rows = [
        Row(("EURUSD",), TEN + minute * MINUTE, minute, {"price": Decimal(1), "volume": Decimal(1)})
        for minute in range(9)
    ]
    run = Run(bars.plan, AlwaysOpen())
    run.feed(rows[:6])
    run.crash()
    run.feed(rows[6:])

    assert [0, 3, 6] == starts(run, "3m")


def test_negative_and_huge_values_are_exact() -> None:
    """Prices below zero are prices; sums beyond 64 bits are sums."""
    bars = bl.from_(Huge).tumbling("1m").select(low=bl.min("price"), total=bl.sum("price")).rollup("1h").named("bars")
    most = Decimal("999999999999999999.99")
    rows = [
        Row(("K",), TEN + number * SECOND, number, {"price": price})
        for number, price in enumerate([most] * 50 + [-most, Decimal("-0.01")])
    ]
    run = Run(bars.plan, AlwaysOpen())
    run.feed(rows[:20])
    run.crash()
    run.feed(rows[20:])
    run.feed([Row(("K",), TEN + DAY, 99, {"price": Decimal(0)})])

    expected = {"low": -most, "total": 49 * most - Decimal("0.01")}
    assert [expected, expected] == [run.finals[timeframe][0].values for timeframe in ("1m", "1h")]


class Huge(bl.Event):
    """A price with twenty digits."""

    key: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(20, 2)


def test_of_equal_times_the_source_offset_decides() -> None:
    """Open is the first of equal times and close the last, by offset, in one batch or in several."""
    bars = bl.from_(Huge).tumbling("1m").select(open=bl.first("price"), close=bl.last("price")).named("bars")
    rows = [Row(("K",), TEN, number, {"price": Decimal(number)}) for number in range(4)]
    for batches in ([rows], [rows[:2], rows[2:]], [[row] for row in rows]):
        run = Run(bars.plan, AlwaysOpen())
        for part in batches:
            run.feed(part)
        run.close()

        assert {"open": Decimal(0), "close": Decimal(3)} == run.finals["1m"][0].values


def test_a_row_whose_own_product_leaves_38_digits_is_invalid() -> None:
    """It is refused like any other bad row, and the bars go on without it."""
    bars = bl.from_(Order).tumbling("1m").select(cube=bl.sum("price * price * price")).named("bars")
    row = {"symbol": "A", "at": datetime(2025, 1, 6, 10, tzinfo=UTC)}
    frame = pl.DataFrame(
        [{**row, "price": Decimal(price)} for price in ("2", "9999999999999999999", "3")],
        schema_overrides={"price": pl.Decimal(30, 2)},
    )
    result = bars.compute(frame)

    assert [Decimal(35)] == result["1m"]["cube"].to_list()
    assert [(1, "invalid")] == result.rejected.select("offset", "reason").rows()
