"""Why a bar is not final: what is there, what has to happen still, and when that is at the latest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from barloom.clock import Clock, SystemClock
from barloom.errors import CalendarError
from barloom.plan.delayed import fitting_live_within
from barloom.read.answers import Why
from barloom.read.gap_look import Numbers, numbers_of, told
from barloom.read.representable import slot_start
from barloom.read.standing import Slot, deadline_of, ended_by, slot_at, why_missing
from barloom.store.backend import Family
from barloom.time.calendar import children_of, expected_slots
from barloom.time.instants import written
from barloom.time.session_at import sessions_of, why_closed
from barloom.time.timeframe import DAY, HOUR, MILLISECOND, MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.read.bar import StoredValues
    from barloom.read.readable import Readable
    from barloom.store.stream_times import StreamTimes
    from barloom.time.calendar import Calendar
    from barloom.time.session_at import SlotSessions

__all__ = ["Explanation", "explain"]

_MOST_NAMED: Final = 5
_MOST_PARTS: Final = 2


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where one bar stands. Times are nanoseconds UTC.

    `state` is ``final``, ``live``, or a `Why`'s value (``open``: no tick of this key yet). The slot closes when stream
    time reaches `closes_at`, at the latest at `deadline`. When bars are the input it closes when stream time is
    `beyond` that, or as soon as all children have come. `needed` is how far stream time has to go. Of the `expected`
    children, slots of `child`, `decided` are decided (bars as input: have come) and `filled` had ticks; `missing` are
    the starts of the first undecided ones. Of bars that ksqlDB makes both are none: it keeps neither, and nobody tells
    its stream time (`told` is false).
    With `by_key` stream time is the key's own. `numbers` is what the bar says of a declared sequence (none without one,
    and where there is no bar).
    `lag` is how far stream time is behind the clock, `clock_works` whether the clock closes quiet slots of a feed,
    and `clock` in words whether it does, or why not.

    `sessions` are the ones that the slot lies in (none for a calendar that never closes), `closed` says why there is no
    session at `start`, `in_session` whether the market is open by the clock (none where the calendar ends before), and
    `closed_now` why it is not.
    """

    bar: str
    start: int
    end: int
    state: str
    closes_at: int
    deadline: int
    stream_time: int | None
    child: str | None
    expected: int
    decided: int | None
    filled: int | None
    missing: tuple[int, ...]
    lag: int | None
    in_session: bool | None
    clock_works: bool
    sessions: SlotSessions | None = None
    closed: str = ""
    closed_now: str = ""
    as_of: int | None = None
    clock: str = ""
    beyond: bool = False
    told: bool = True
    by_key: bool = False
    numbers: Numbers | None = None

    @property
    def final(self) -> bool:
        """Whether the bar is final."""
        return self.state == "final"

    @property
    def needed(self) -> int | None:
        """How far stream time has to go until the slot closes, in nanoseconds (none: nothing was read yet)."""
        return None if self.stream_time is None else max(self.closes_at + self.beyond - self.stream_time, 0)

    def __str__(self) -> str:
        return "\n".join(_lines(self))


class _Children(NamedTuple):
    child: str | None
    expected: int
    decided: int | None
    missing: tuple[int, ...]


def explain(
    store: Readable, key: Sequence[object], timeframe: str, start: int, *, clock: Clock | None = None
) -> Explanation:
    """Where the bar of a key in the slot of `timeframe` that begins at `start` (nanoseconds UTC) stands.

    Raises `ValueError` for a start that no slot has.
    """
    plan = store.plan
    level = plan.level_of(timeframe)
    now = (SystemClock() if clock is None else clock).now()
    encoded = store.layout.keys.encode(key)
    times = store.times_of(encoded)
    slot = slot_at(store, level, slot_start(start))
    state, record = _standing(store, level, encoded, start)
    bounds = slot or Slot(start, start)
    children = _children(store, level, slot, times, record)
    in_session, closed_now = _market_at(store.calendar, now)
    idle = _why_idle(plan, times)
    return Explanation(
        bar=f"{', '.join(map(str, key))} {timeframe} {written(start)}",
        start=start,
        end=bounds.end,
        state=state,
        closes_at=deadline_of(store, bounds.end, plan.deciding_delay(level)),
        deadline=deadline_of(store, bounds.end, plan.levels[level].delay),
        stream_time=times.stream_time,
        child=children.child,
        expected=children.expected,
        decided=children.decided,
        filled=_count(record, "filled") if times.told else None,
        missing=children.missing,
        lag=None if times.stream_time is None else now - times.stream_time,
        in_session=in_session,
        clock_works=not idle,
        sessions=None if slot is None else sessions_of(store.calendar, slot.start, slot.end),
        closed="" if slot is not None else why_closed(store.calendar, start),
        closed_now=closed_now,
        as_of=store.as_of,
        clock=idle or _WORKS,
        beyond=plan.finished,
        told=times.told,
        by_key=plan.by_key,
        numbers=numbers_of(store, level, key, bounds, record),
    )


def _market_at(calendar: Calendar, now: int) -> tuple[bool | None, str]:
    """Whether the market is open, and why not; not known where the calendar ends before."""
    try:
        closed = why_closed(calendar, now)
    except CalendarError as error:
        return None, str(error)
    return not closed, closed


def _standing(store: Readable, level: int, key: bytes, start: int) -> tuple[str, StoredValues | None]:
    """``final`` or ``live`` with its record, or why there is none."""
    place = store.layout.bar_key(level, key, start)
    for family, state in ((Family.FINAL, "final"), (Family.OPEN, "live"), (Family.FINAL, "final")):
        record = store.value(family, place)
        if record is not None:
            return state, store.values(level)(key, start, record, family is Family.FINAL)
    return why_missing(store, level, key, start).why.value, None


def _count(record: StoredValues | None, name: str) -> int:
    """A number that a bar holds; none of no bar."""
    found = None if record is None else record.value(name)
    return found if isinstance(found, int) else 0


def _children(
    store: Readable, level: int, slot: Slot | None, times: StreamTimes, record: StoredValues | None
) -> _Children:
    plan = store.plan
    child = plan.levels[level].child
    if child is None or slot is None:
        return _Children(None, 0 if slot is None else 1, _count(record, "slots") if times.told else None, ())
    parents = store.calendar.grid(plan.levels[level].timeframe)
    grid = children_of(store.calendar, plan.levels[level].timeframe, plan.levels[child].timeframe)
    start = np.array([slot.start], dtype=np.int64)
    expected = int(expected_slots(parents, grid, start)[0])
    name = str(plan.levels[child].timeframe)
    if not times.told:
        return _Children(name, expected, None, ())
    if not plan.makes_base:
        return _Children(name, expected, _count(record, "slots"), ())
    if times.stream_time is None:
        decided = 0
    else:
        reached = np.array([ended_by(store, times.stream_time, plan.deciding_delay(child))], dtype=np.int64)
        decided = min(max(int(grid.ended(reached)[0] - grid.ordinal(start)[0]), 0), expected)
    first = int(grid.ordinal(start)[0])
    open_ones = np.arange(first + decided, first + min(expected, decided + _MOST_NAMED), dtype=np.int64)
    return _Children(name, expected, decided, tuple(grid.bounds(open_ones)[0].tolist()))


def _why_idle(plan: BarPlan, times: StreamTimes) -> str:
    """Why the clock closes no slot; empty where it does."""
    if not times.told:
        return f"none: in ksqlDB {_EVENTS_ONLY}"
    if not plan.clock:
        return f"off in the definition: {_EVENTS_ONLY}"
    if times.max_event is None:
        return "on, and waits for the next tick: it goes on from when that came"
    if times.arrived_at is None:
        return f"on, but nothing says when the ticks came, as with most files: {_EVENTS_ONLY}"
    age = times.arrived_at - times.max_event
    if age <= plan.live_within:
        return ""
    limit = f"more than {_length(plan.live_within)} (live_within)"
    fitting = fitting_live_within(age)
    fix = "" if fitting is None else f"; if the feed is always so late, set {fitting}"
    return f"on, but the latest tick was {_length(age)} old when it came, {limit}: {_EVENTS_ONLY}{fix}"


def _lines(found: Explanation) -> Iterator[str]:
    yield f"{found.bar}: {_STATES.get(found.state, found.state)}"
    untold = "nothing was read yet" if found.told else "not known: no topic of ksqlDB tells it"
    reached = untold if found.stream_time is None else written(found.stream_time)
    whose = ", this key's own" if found.by_key else ""
    yield f"  stream time  {reached}{whose}"
    if found.state != Why.OUTSIDE_SESSION.value:
        yield from _closing(found)
    if found.child is not None and found.expected:
        yield f"  children     {_of_children(found)}"
    if found.numbers is not None:
        yield from _numbers(found.numbers)
    if found.lag is not None:
        side = "behind" if found.lag >= 0 else "ahead of"
        yield f"  lag          stream time is {_length(abs(found.lag))} {side} the clock"
    if found.sessions is not None:
        yield f"  session      {found.sessions.local}"
    if found.closed:
        yield f"  closed       {found.closed}"
    why = f": {found.closed_now}" if found.closed_now else ""
    yield f"  market       {_MARKET[found.in_session]}{why}"
    yield f"  clock        {found.clock}"
    if found.as_of is not None:
        yield f"  cut off      from the topics since {written(found.as_of)}; this is how it stood then"


_STATES: Final = {
    "final": "final, it will not change",
    "live": "live, not final yet",
    Why.OPEN.value: "open, without a tick of this key so far",
    Why.EMPTY.value: "decided without a tick of this key, there is no bar",
    Why.NOT_YET.value: "not begun, stream time has not reached it",
    Why.BEFORE_START.value: "over before the first row that was read, there is no bar",
    Why.EXPIRED.value: "older than the bars that are kept",
    Why.OUTSIDE_SESSION.value: "outside the session, there is no bar",
}
_MARKET: Final = {True: "open now", False: "closed now", None: "not known to be open or closed now"}
_WORKS: Final = "closes quiet slots while a feed is followed and caught up; a run over files never uses it"
_EVENTS_ONLY: Final = "only later event times close slots"


def _closing(found: Explanation) -> Iterator[str]:
    needed = found.needed
    if needed == 0 or found.final:
        yield f"  closed       at {written(found.closes_at)}"
        return
    ahead = "" if needed is None else f", {_length(needed)} ahead"
    does = "is beyond" if found.beyond else "reaches"
    yield f"  closes       when stream time {does} {written(found.closes_at)}{ahead}"
    if found.deadline > found.closes_at:
        yield f"  deadline     {written(found.deadline)}"


def _of_children(found: Explanation) -> str:
    if found.decided is None:
        return f"{found.expected} slots of {found.child} expected; how many came ksqlDB does not keep"
    text = f"{found.decided} of {found.expected} slots of {found.child} decided, {found.filled} with ticks"
    if not found.missing or found.final:
        return text
    more = found.expected - found.decided - len(found.missing)
    named = ", ".join(written(start) for start in found.missing)
    return f"{text}; undecided: {named}" + (f" and {more} more" if more else "")


def _numbers(found: Numbers) -> Iterator[str]:
    why = f": {found.why}" if found.why else ""
    yield f"  complete     {found.complete}{why}"
    for gap in found.gaps[:_MOST_NAMED]:
        yield f"  missing      {told(gap)}"
    if len(found.gaps) > _MOST_NAMED:
        yield f"  missing      and {len(found.gaps) - _MOST_NAMED:,} more gaps"


def _length(nanos: int) -> str:
    """``2 h 5 min``: the two largest parts."""
    parts: list[str] = []
    for size, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"), (MILLISECOND, "ms")):
        count, nanos = divmod(nanos, size)
        if count:
            parts.append(f"{count:,} {name}")
    return " ".join(parts[:_MOST_PARTS]) or "0 s"
