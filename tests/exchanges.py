"""Trading days of real markets, written by hand from what the exchanges publish, and from nothing of the project.

New York: https://www.nyse.com/markets/hours-calendars, 9:30 to 16:00, early closings at 13:00; closed on 9 January 2025
for the funeral of President Carter. Tokyo: https://www.jpx.co.jp/english/, 9:00 to 11:30 and 12:30 to 15:00, since
5 November 2024 to 15:30. Currencies: from 17:00 in New York on the day before to 17:00, Monday to Friday.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from reference import TradingDay

if TYPE_CHECKING:
    from collections.abc import Callable

    Segments = list[tuple[datetime, datetime]]

NEW_YORK = ZoneInfo("America/New_York")
TOKYO = ZoneInfo("Asia/Tokyo")
SATURDAY = 5

NEW_YORK_CLOSED = {
    date(2024, 12, 25),
    date(2025, 1, 1),
    date(2025, 1, 9),
    date(2025, 1, 20),
    date(2025, 2, 17),
    date(2025, 4, 18),
    date(2025, 5, 26),
    date(2025, 6, 19),
    date(2025, 7, 4),
    date(2025, 9, 1),
    date(2025, 11, 27),
    date(2025, 12, 25),
    date(2026, 1, 1),
}
NEW_YORK_HALF_DAYS = {date(2024, 12, 24), date(2025, 7, 3), date(2025, 11, 28), date(2025, 12, 24)}
TOKYO_CLOSED = {date(2024, 10, 14), date(2024, 11, 4), date(2024, 12, 31)}
TOKYO_LONGER_SINCE = date(2024, 11, 5)


def new_york(day: date) -> Segments:
    """The session of a date from December 2024 to the first days of 2026; none where the exchange is closed."""
    if day.weekday() >= SATURDAY or day in NEW_YORK_CLOSED:
        return []
    return [_hours(day, "09:30", "13:00" if day in NEW_YORK_HALF_DAYS else "16:00", NEW_YORK)]


def tokyo(day: date) -> Segments:
    """Morning and afternoon of a date in the last quarter of 2024."""
    if day.weekday() >= SATURDAY or day in TOKYO_CLOSED:
        return []
    close = "15:00" if day < TOKYO_LONGER_SINCE else "15:30"
    return [_hours(day, "09:00", "11:30", TOKYO), _hours(day, "12:30", close, TOKYO)]


def currencies(day: date) -> Segments:
    """A trading date of the currency market, which begins in the evening before."""
    if day.weekday() >= SATURDAY:
        return []
    evening = day - timedelta(days=1)
    return [(datetime.combine(evening, time(17), NEW_YORK), datetime.combine(day, time(17), NEW_YORK))]


def sessions(market: Callable[[date], Segments], first: date, last: date) -> dict[date, Segments]:
    """The segments of all trading dates of a market, both dates included."""
    every = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return {day: segments for day in every if (segments := market(day))}


def trading_days(market: Callable[[date], Segments], first: date, last: date) -> list[TradingDay]:
    """The same in the reference's words."""
    return [
        TradingDay(day, tuple((nanos(opened), nanos(closed)) for opened, closed in segments))
        for day, segments in sessions(market, first, last).items()
    ]


def nanos(moment: datetime) -> int:
    """Nanoseconds since the epoch of a whole second."""
    return int(moment.timestamp()) * 1_000_000_000


def _hours(day: date, opens: str, closes: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    opened, closed = (datetime.combine(day, time.fromisoformat(text), zone) for text in (opens, closes))
    return opened, closed
