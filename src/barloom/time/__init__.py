"""Trading time: timeframes, calendars, and the slots that both make.

::

    from datetime import UTC, datetime

    import barloom as bl

    slot = bl.time.round_to_slot(datetime(2025, 11, 28, 14, 45, tzinfo=UTC), "1h", "XNYS")
    print(slot.start, slot.end)
    half_day = bl.time.round_to_slot(datetime(2025, 11, 28, 14, 45, tzinfo=UTC), "1d", "XNYS")
    print(bl.time.expected_slots("1d", "1m", half_day.start, "XNYS"))  # 210
    print(bl.time.resolve("XTKS?break=span"), bl.time.names())

Times are `datetime` with a zone, nanoseconds since 1970, or whole columns of either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.lazy import lazily

if TYPE_CHECKING:
    from barloom.time.calendar import Calendar
    from barloom.time.calendars import names, resolve
    from barloom.time.declared.overrides import Overrides, parse_overrides
    from barloom.time.slots import Slot, expected_slots, round_to_slot, slots_between
    from barloom.time.timeframe import Timeframe, parse_duration

__all__ = [
    "Calendar",
    "Overrides",
    "Slot",
    "Timeframe",
    "expected_slots",
    "names",
    "parse_duration",
    "parse_overrides",
    "resolve",
    "round_to_slot",
    "slots_between",
]

_HOMES = {
    "barloom.time.calendar": "Calendar",
    "barloom.time.calendars": "names resolve",
    "barloom.time.declared.overrides": "Overrides parse_overrides",
    "barloom.time.slots": "Slot expected_slots round_to_slot slots_between",
    "barloom.time.timeframe": "Timeframe parse_duration",
}

__getattr__, __dir__ = lazily(globals(), _HOMES)
