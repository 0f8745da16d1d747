"""Sessions that took place although the package from which exchange calendars are made does not know them.

They come from what the exchanges announced: circulars, notices and what the press reported of them. Not here, since no
announcement was at hand: the evening of Bombay in 2013 and 2026 and its short Saturdays of 2012; late opens of XNAS.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from barloom.time.declared.hours import CLOSED, Hours, parse_hours

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ERRATA", "Erratum"]


class Erratum(NamedTuple):
    """The hours of a date; `holiday` where it is one all the same, as Diwali with its evening hour."""

    hours: Hours
    holiday: bool = False


def _on(year: int, month: int, day: int, hours: str) -> tuple[date, Erratum]:
    return date(year, month, day), Erratum(parse_hours(hours))


def _diwali(year: int, month: int, day: int, hours: str) -> tuple[date, Erratum]:
    return date(year, month, day), Erratum(parse_hours(hours), holiday=True)


_BOMBAY: Final = dict(
    [
        # Muhurat trading on Diwali, by the circulars of BSE and NSE of each year.
        _diwali(2010, 11, 5, "1800-1900"),
        _diwali(2011, 10, 26, "1645-1800"),
        _diwali(2012, 11, 13, "1545-1700"),
        _diwali(2014, 10, 23, "1830-1930"),
        _diwali(2015, 11, 11, "1745-1845"),
        _diwali(2016, 10, 30, "1830-1930"),
        _diwali(2017, 10, 19, "1830-1930"),
        _diwali(2018, 11, 7, "1730-1830"),
        _diwali(2019, 10, 27, "1815-1915"),
        _diwali(2020, 11, 14, "1815-1915"),
        _diwali(2021, 11, 4, "1815-1915"),
        _diwali(2022, 10, 24, "1815-1915"),
        _diwali(2023, 11, 12, "1815-1915"),
        _diwali(2024, 11, 1, "1800-1900"),
        _diwali(2025, 10, 21, "1345-1445"),
        # Budget days on a Saturday or a Sunday; that of 2025 is known.
        _on(2015, 2, 28, "0915-1530"),
        _on(2020, 2, 1, "0915-1530"),
        _on(2026, 2, 1, "0915-1530"),
        # Saturdays on which the sites for an emergency were tested, in 2024 in two sessions.
        _on(2014, 3, 22, "1115-1245"),
        _on(2024, 3, 2, "0915-1000,1130-1230"),
        _on(2024, 5, 18, "0915-1000,1130-1230"),
    ]
)

_NEW_YORK: Final = dict(
    [
        # By the exchange's list of special openings and closings.
        _on(2001, 9, 17, "0933-1600"),  # silence after the attacks of 11 September
        _on(2001, 10, 8, "0931-1600"),  # silence for the troops in Afghanistan
        _on(2002, 9, 11, "1200-1600"),  # the first anniversary of the attacks
        _on(2003, 3, 20, "0932-1600"),  # silence for the troops in Iraq
        _on(2004, 6, 7, "0932-1600"),  # silence for Ronald Reagan
        _on(2005, 6, 1, "0930-1556"),  # not a late open: a fault of communications ended the day
        _on(2006, 12, 27, "0932-1600"),  # silence for Gerald Ford
    ]
)

ERRATA: Final[Mapping[str, Mapping[date, Erratum]]] = {
    "XASX": dict(
        [
            _on(2022, 12, 23, "1000-1410"),  # the last business day before Christmas
            _on(2022, 12, 30, "1000-1410"),  # the last business day of the year
        ]
    ),
    "XBOM": _BOMBAY,
    "XHKG": {
        date(2023, 9, 1): Erratum(CLOSED),  # typhoon Saola
        date(2023, 9, 8): Erratum(CLOSED),  # black rainstorm
    },
    "XNYS": _NEW_YORK,
}
"""By exchange and date."""
