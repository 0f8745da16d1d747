"""One definition told twice, to barloom and to the reference, and rows to try it on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

import barloom as bl
from barloom.testing import FakeSessionCalendar
from barloom.time.always import AlwaysOpen
from reference import DAY, HOUR, MINUTE, SECOND, Aggregate, Definition, Level, Row, TradingDay, every_day, nanoseconds

if TYPE_CHECKING:
    from barloom.time.calendar import Calendar

START = nanoseconds("2025-01-06T09:58:00+00:00")
KEYS = ("EURUSD", "XAUUSD", "BTCUSD")


class Trade(bl.Event):
    """A row with everything that may be missing."""

    symbol: str = bl.key()
    at: int = bl.timestamp(unit="ns")
    price: Decimal | None = bl.decimal(12, 2)
    size: Decimal | None = bl.decimal(12, 3)
    odd: bool
    side: str | None


COLUMNS: dict[str, Any] = {
    "open": bl.first("price"),
    "high": bl.max("price"),
    "low": bl.min("price"),
    "close": bl.last("price"),
    "volume": bl.sum("size"),
    "count": bl.count(),
    "priced": bl.count("price"),
    "vwap": bl.vwap("price", "size", scale=3, rounding="down"),
    "mean": bl.avg("price", scale=4, rounding="half-up"),
    "even_mean": bl.avg("price", scale=1),
    "spread": bl.stddev("price", scale=6),
    "turnover": bl.sum(bl.col("price") * bl.col("size")),
    "big_open": bl.first("price", when=bl.col("size") >= 5),
    "big_high": bl.max("price", when=bl.col("size") >= 5),
    "bought": bl.sum("size", when=bl.col("side") == "buy"),
    "odd_close": bl.last("price", when="odd", empty="null"),
    "odd_count": bl.count(when="odd"),
    "zero_mean": bl.avg("size", scale=2, rounding="floor", empty="0"),
}


def _price(row: Row) -> Decimal | None:
    value: Decimal | None = row.values["price"]
    return value


def _size(row: Row) -> Decimal | None:
    value: Decimal | None = row.values["size"]
    return value


def _turnover(row: Row) -> Decimal | None:
    price, size = _price(row), _size(row)
    return None if price is None or size is None else price * size


def _big(row: Row) -> bool:
    size = _size(row)
    return size is not None and size >= 5


def _odd(row: Row) -> bool:
    return bool(row.values["odd"])


def _bought(row: Row) -> bool:
    return row.values["side"] == "buy"


SAME_COLUMNS = {
    "open": Aggregate("first", _price, carried="close"),
    "high": Aggregate("max", _price, carried="close"),
    "low": Aggregate("min", _price, carried="close"),
    "close": Aggregate("last", _price, carried="close"),
    "volume": Aggregate("sum", _size),
    "count": Aggregate("count"),
    "priced": Aggregate("count", _price),
    "vwap": Aggregate("vwap", _price, _size, scale=3, rounding="down"),
    "mean": Aggregate("avg", _price, scale=4, rounding="half-up"),
    "even_mean": Aggregate("avg", _price, scale=1),
    "spread": Aggregate("stddev", _price, scale=6),
    "turnover": Aggregate("sum", _turnover),
    "big_open": Aggregate("first", _price, when=_big, carried="close"),
    "big_high": Aggregate("max", _price, when=_big, carried="close"),
    "bought": Aggregate("sum", _size, when=_bought),
    "odd_close": Aggregate("last", _price, when=_odd),
    "odd_count": Aggregate("count", when=_odd),
    "zero_mean": Aggregate("avg", _size, scale=2, rounding="floor", empty=Decimal(0)),
}

SEGMENTS = (("09:00", "11:00"), ("12:00", "15:00"))


class World:
    """A definition as barloom and as the reference know it."""

    def __init__(self, bars: bl.Bars, calendar: Calendar, definition: Definition) -> None:
        self.bars = bars
        self.calendar = calendar
        self.definition = definition

    def __repr__(self) -> str:
        levels = [(level.timeframe, level.gap, level.carry_limit // MINUTE) for level in self.definition.levels]
        return f"World({self.calendar.name}, delay={self.definition.delay // SECOND}s, {levels})"


def _weekdays() -> list[TradingDay]:
    days = []
    for number in range(60):
        day = date(2025, 1, 6) + timedelta(days=number)
        if day.weekday() < 5:
            at = [tuple(nanoseconds(f"{day}T{time}+00:00") for time in segment) for segment in SEGMENTS]
            days.append(TradingDay(day, ((at[0][0], at[0][1]), (at[1][0], at[1][1]))))
    return days


WEEKDAYS = _weekdays()
SESSIONS = FakeSessionCalendar(
    [
        (
            day.date,
            [tuple(datetime.fromtimestamp(edge // SECOND, UTC) for edge in segment) for segment in day.segments],  # type: ignore[misc]
        )
        for day in WEEKDAYS
    ],
    name="weekdays",
    known_from=date(2025, 1, 6),
    known_until=WEEKDAYS[-1].date + timedelta(days=2),
)
CALENDARS: dict[str, tuple[Calendar, list[TradingDay]]] = {
    "24x7": (AlwaysOpen(), every_day(date(2025, 1, 6), date(2025, 2, 2))),
    "sessions": (SESSIONS, WEEKDAYS),
}
LIMITS = {
    "1m": [MINUTE, 7 * MINUTE, 90 * MINUTE],
    "5m": [MINUTE, 11 * MINUTE, 200 * MINUTE],
    "1h": [7 * MINUTE, 130 * MINUTE, DAY],
    "1d": [HOUR, 30 * HOUR],
    "1w": [DAY, 2 * DAY],
}
LADDERS = {"1m": None, "5m": "1m", "1h": "5m", "1d": "1h", "1w": "1d"}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Gap policies and limits for each level, a delay, a filter or none, a calendar."""
    gaps = {timeframe: draw(st.sampled_from(["omit", "carry", "null"])) for timeframe in LADDERS}
    limits = {timeframe: draw(st.sampled_from(LIMITS[timeframe])) for timeframe in LADDERS}
    delay = draw(st.sampled_from([0, 1, 30, 150])) * SECOND
    calendar, days = CALENDARS[draw(st.sampled_from(sorted(CALENDARS)))]
    filtered = draw(st.booleans())
    query = bl.from_(Trade)
    if filtered:
        query = query.where(bl.col("price") > "-2")
    options = {
        timeframe: {"gap": gaps[timeframe], "carry_limit": f"{limits[timeframe] // MINUTE}m"} for timeframe in LADDERS
    }
    bars = (
        query.tumbling("1m", delay=f"{delay // SECOND}s", **options["1m"])  # type: ignore[arg-type]
        .select(**COLUMNS)
        .rollup(*(bl.timeframe(name, **options[name]) for name in LADDERS if name != "1m"))  # type: ignore[arg-type]
        .named("bars")
    )
    definition = Definition(
        levels=tuple(Level(name, child, gaps[name], limits[name]) for name, child in LADDERS.items()),
        columns=SAME_COLUMNS,
        days=days,
        delay=delay,
        where=_priced_above if filtered else lambda _row: True,
    )
    return World(bars, calendar, definition)


def _priced_above(row: Row) -> bool:
    price = _price(row)
    return price is not None and price > -2


PRICES = st.none() | st.integers(-300, 2000).map(lambda cents: Decimal(cents) / 100)
SIZES = st.none() | st.integers(0, 12_000).map(lambda milli: Decimal(milli) / 1000)
STEPS = st.sampled_from([0, 0, 1, 20, 59, 60, 61, 240, 300, 1800, 3600, 40_000])
BACK = st.sampled_from([0, 0, 0, 1, 29, 30, 31, 60, 149, 151, 600])
AHEAD = st.sampled_from([None, 0, 0, 5, 10, 11, 100])


@st.composite
def ticks(draw: st.DrawFn, *, most: int = 30) -> list[Row]:
    """Rows around a time that moves on: out of order, late, equal in time, stamped in the future."""
    now = START
    rows = []
    for offset in range(draw(st.integers(1, most))):
        now += draw(STEPS) * SECOND
        time = now - draw(BACK) * SECOND + draw(st.sampled_from([0, 0, 1, 999_999_999]))
        ahead = draw(AHEAD)
        arrival = max(now, time) if ahead is None else time - ahead * SECOND
        values = {
            "price": draw(PRICES),
            "size": draw(SIZES),
            "odd": draw(st.booleans()),
            "side": draw(st.sampled_from([None, "buy", "sell"])),
        }
        rows.append(Row((draw(st.sampled_from(KEYS)),), time, offset, values, arrival))
    return rows
