"""How long a calendar is still known, and what is said when that is not long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.time.instants import date_of

if TYPE_CHECKING:
    from datetime import date

    from barloom.time.calendar import Calendar

__all__ = ["WARNING_DAYS", "horizon_warning", "last_known_date"]

WARNING_DAYS: Final = 60
"""From so many days before a calendar's end there is a warning."""


def last_known_date(calendar: Calendar) -> date | None:
    """The last trading date of which a calendar tells; `None` where there is no end."""
    left = calendar.days_left(0)
    return None if left is None else date_of(left)


def horizon_warning(calendar: Calendar, now: int) -> str | None:
    """What to tell the user at `now` (nanoseconds) about a calendar that ends soon, or has ended; mostly nothing."""
    left, last = calendar.days_left(now), last_known_date(calendar)
    if left is None or left > WARNING_DAYS:
        return None
    from barloom.time.about import short_name  # noqa: PLC0415 - only where there is something to say

    when = f"ends on {last}, in {left} days" if left >= 0 else f"ended on {last}"
    name = short_name(calendar)
    return (
        f"the calendar {name!r} {when}: weeks and months that reach beyond stop, and later ticks are refused; "
        "use a newer version of the calendar, or add the missing sessions to it"
    )
