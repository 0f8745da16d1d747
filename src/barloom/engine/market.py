"""The trading time that all parts of an engine share, and the one way to change it while running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np

from barloom.engine.deadlines import Deadlines
from barloom.errors import CalendarError
from barloom.time.calendar import Located, children_of
from barloom.time.declared.hours import Phase
from barloom.time.declared.overrides import apply_overrides, parse_overrides
from barloom.time.instants import written
from barloom.time.sessions import SessionCalendar
from barloom.time.shipped.changes import changed_slots, refuse_passed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Booleans, Calendar, Integers, SlotGrid
    from barloom.time.declared.overrides import Overrides
    from barloom.time.shipped.changes import ChangedSlot
    from barloom.time.timeframe import Timeframe

__all__ = ["OVERRIDES", "Market", "Placed", "calendar_of", "overrides_taken", "overrides_text", "stored_overrides"]

OVERRIDES: Final = b"overrides"
"""The entry of the state that holds every override with the stream time it took effect at."""

_MOST_NAMED: Final = 4


class Placed(NamedTuple):
    """Where times lie: in the base slot ``[start, end)`` where `inside`; `beyond`: where the calendar tells no slot."""

    start: Integers
    end: Integers
    inside: Booleans
    beyond: Booleans


class Market:
    """Calendar, slots and deadlines of a definition, with the user's overrides.

    An override takes effect at a stream time that is recorded with it, and concerns session time after that only. So
    a restart and a second instance, which find it in the state, and a replay, which is given it from its beginning,
    decide every slot alike.
    """

    calendar: Calendar
    grids: list[SlotGrid]
    children: list[SlotGrid | None]
    deadlines: Deadlines

    def __init__(self, plan: BarPlan, calendar: Calendar) -> None:
        self._plan = plan
        self._declared = calendar
        self._history: list[tuple[int | None, str]] = []
        self._use(calendar)

    def _use(self, calendar: Calendar) -> None:
        self.deadlines = Deadlines(calendar, self._plan.close_grace, beyond=self._plan.finished)
        levels = self._plan.levels
        self.grids = [calendar.grid(level.timeframe) for level in levels]
        self.children = [
            None if level.child is None else children_of(calendar, level.timeframe, levels[level.child].timeframe)
            for level in levels
        ]
        self.calendar = calendar

    def within(self, level: int, starts: Integers) -> Booleans | None:
        """Which of the slots with these starts a level is made of: where it is regular hours only; none: of all."""
        calendar = self.calendar
        if not self._plan.levels[level].timeframe.regular or not isinstance(calendar, SessionCalendar):
            return None
        # A start in a closure belongs to the segment before, which is of the same phase.
        regular: Booleans = calendar.table.phase_of[calendar.table.segment(starts)] == Phase.REGULAR
        return regular

    def place(self, times: Integers, takes: Callable[[], Booleans] | None = None) -> Placed:
        """The base slots of times, the closing auction included; it takes those that `takes` tells, or all."""
        grid, beyond = self.grids[0], np.zeros(len(times), np.bool_)
        try:
            start, end, inside = grid.round_to_slot(times)
        except CalendarError:
            known = grid.knows(times)
            beyond = ~known
            start, end, inside = times.copy(), times.copy(), np.zeros(len(times), np.bool_)
            start[known], end[known], inside[known] = grid.round_to_slot(times[known])
        if self._plan.close_grace:
            located = Located(start, end, inside)
            start, end, inside = self.deadlines.after_close(grid, times, located, takes)
        return Placed(start, end, inside, beyond)

    def override(self, text: str, source: str, stream_time: int | None) -> list[str] | None:
        """Apply the content of an override file; gives in words what changes, none where it is in force already.

        Raises `DefinitionError` for a content that makes no sense and `CalendarError` for one that would change
        session time already passed; the calendar in force stays then.
        """
        in_force = stored_overrides(self._history[-1][1]) if self._history else None
        canonical = parse_overrides(text, source, unsaid="unsaid").settled(in_force).text()
        if in_force is not None and in_force.text() == canonical:
            return None
        changed = _overridden(self._declared, canonical)
        before = _sessions(self.calendar)
        if stream_time is not None:
            refuse_passed(before.table, changed.table, stream_time)
        timeframes = [level.timeframe for level in self._plan.levels]
        slots = changed_slots(before.table, changed.table, timeframes, changed.options)
        self._use(changed)
        self._history.append((stream_time, canonical))
        since = "the beginning" if stream_time is None else written(stream_time)
        words = [
            _in_words(timeframe, [slot for slot in slots if slot.timeframe == timeframe]) for timeframe in timeframes
        ]
        return [f"{source} overrides {self._declared.name} from {since} on: {'; '.join(reversed(words))}"]

    def dump(self) -> dict[bytes, bytes | None]:
        """The entry of the state: every override with the stream time it took effect at."""
        return {OVERRIDES: msgspec.json.encode(self._history)} if self._history else {}

    def load(self, entries: Mapping[bytes, bytes]) -> None:
        """From the state."""
        if OVERRIDES in entries:
            self._history = overrides_taken(entries[OVERRIDES])
            self._use(_overridden(self._declared, self._history[-1][1]))


def _in_words(timeframe: Timeframe, slots: Sequence[ChangedSlot]) -> str:
    """The slots of a timeframe that change: a few by name, many by their number and first start."""
    if len(slots) > _MOST_NAMED:
        removed = sum(not slot.added for slot in slots)
        first = written(min(slot.start for slot in slots))
        return f"{timeframe} {removed} slots removed and {len(slots) - removed} added from {first} on"
    named = [f"{'+' if slot.added else '-'}[{written(slot.start)}, {written(slot.end)})" for slot in slots]
    return f"{timeframe} {' '.join(named) or 'begins and ends as before'}"


def overrides_taken(entry: bytes | None) -> list[tuple[int | None, str]]:
    """The contents in the state's entry ``overrides``, each with the stream time since which it is in force."""
    return [] if entry is None else msgspec.json.decode(entry, type=list[tuple[int | None, str]])


def overrides_text(entry: bytes | None) -> str | None:
    """The content in force of the state's entry ``overrides``."""
    taken = overrides_taken(entry)
    return taken[-1][1] if taken else None


def stored_overrides(text: str) -> Overrides:
    """The changes of a content in the state; closures that barloom 0.1 applied are left as it had them."""
    return parse_overrides(text, unsaid="unsaid")


def calendar_of(declared: Calendar, entry: bytes | None) -> Calendar:
    """The calendar in force, for readers: `entry` is the state's entry ``overrides``."""
    text = overrides_text(entry)
    return declared if text is None else _overridden(declared, text)


def _overridden(declared: Calendar, text: str) -> SessionCalendar:
    sessions = _sessions(declared)
    return SessionCalendar(apply_overrides(sessions.table, stored_overrides(text)), sessions.options)


def _sessions(calendar: Calendar) -> SessionCalendar:
    if not isinstance(calendar, SessionCalendar):
        message = f"calendar {calendar.name!r} has no sessions that could be overridden; leave the override file out"
        raise CalendarError(message)
    return calendar
