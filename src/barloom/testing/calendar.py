"""Trading sessions made up for a test."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Self

from barloom.time.sessions import Session, SessionCalendar, calendar_of_sessions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

__all__ = ["FakeSessionCalendar"]

_SATURDAY = 5


class FakeSessionCalendar(SessionCalendar):
    """A calendar of exactly the given sessions, made by `barloom.time.sessions`, and short ways to write one.

    >>> calendar = FakeSessionCalendar.weekdays(
    ...     date(2024, 7, 1), date(2024, 7, 31),
    ...     opens="09:30", closes="16:00", pause=("12:00", "13:00"),
    ...     half_days={date(2024, 7, 3): "13:00"}, holidays=[date(2024, 7, 4)],
    ... )
    """

    def __init__(
        self,
        sessions: Iterable[Session | tuple[date, Sequence[tuple[datetime, datetime]]]],
        *,
        name: str = "fake",
        known_from: date | None = None,
        known_until: date | None = None,
    ) -> None:
        listed = [Session(*item) for item in sessions]
        last = known_until or max(item.date for item in listed)
        # A session may close on the day after its trading date, and a quiet end of the list is known, too.
        quiet_until = datetime.combine(last + timedelta(days=2), time(), UTC)
        made = calendar_of_sessions(
            listed, name=name, known_from=known_from, known_until=known_until, known_to=quiet_until
        )
        super().__init__(made.table)

    @classmethod
    def weekdays(  # noqa: PLR0913 - each is one property of a market
        cls,
        first: date,
        last: date,
        *,
        opens: str = "09:30",
        closes: str = "16:00",
        pause: tuple[str, str] | None = None,
        half_days: Mapping[date, str] | None = None,
        holidays: Collection[date] = (),
        zone: tzinfo = UTC,
        name: str = "fake",
    ) -> Self:
        """Monday to Friday from `first` to `last`; `half_days` close earlier, `pause` is a lunch break.

        Times of day are local to `zone`. Weeks and months that reach beyond the two dates are not known.
        """
        shortened = half_days or {}
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        open_days = [day for day in days if day.weekday() < _SATURDAY and day not in holidays]
        sessions = [
            Session(day, [*_segments(day, zone, opens, shortened.get(day, closes), pause)]) for day in open_days
        ]
        return cls(sessions, name=name, known_from=first, known_until=last)


def _segments(
    day: date, zone: tzinfo, opens: str, closes: str, pause: tuple[str, str] | None
) -> Iterable[tuple[datetime, datetime]]:
    def at(text: str) -> datetime:
        return datetime.combine(day, time.fromisoformat(text), zone)

    if pause is None or at(closes) <= at(pause[0]):
        yield at(opens), at(closes)
        return
    yield at(opens), at(pause[0])
    if at(pause[1]) < at(closes):
        yield at(pause[1]), at(closes)
