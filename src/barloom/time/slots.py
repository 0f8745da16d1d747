"""Slots for people: the engine's `round_to_slot` and `expected_slots` for single times as well as for columns."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np

from barloom.time.calendar import Located, children_of
from barloom.time.calendar import expected_slots as count_children
from barloom.time.calendars import resolve
from barloom.time.instants import nanos_of, nanos_of_text, to_datetime, written
from barloom.time.timeframe import Timeframe

if TYPE_CHECKING:
    from typing import Any

    import polars as pl
    from numpy.typing import NDArray

    from barloom.time.calendar import Calendar, Integers, SlotGrid

__all__ = ["InstantSlot", "Slot", "expected_slots", "round_to_slot", "slots_between"]


class Slot(NamedTuple):
    """A half-open slot ``[start, end)`` as UTC datetimes."""

    start: datetime
    end: datetime


class InstantSlot(NamedTuple):
    """A half-open slot ``[start, end)`` in nanoseconds since the epoch."""

    start: int
    end: int


@overload
def round_to_slot(
    times: int | np.integer[Any], timeframe: str | Timeframe, calendar: str | Calendar = ...
) -> InstantSlot | None: ...
@overload
def round_to_slot(times: datetime | str, timeframe: str | Timeframe, calendar: str | Calendar = ...) -> Slot | None: ...
@overload
def round_to_slot(times: pl.Series, timeframe: str | Timeframe, calendar: str | Calendar = ...) -> pl.DataFrame: ...
@overload
def round_to_slot(times: NDArray[Any], timeframe: str | Timeframe, calendar: str | Calendar = ...) -> Located: ...


def round_to_slot(
    times: int | np.integer[Any] | datetime | str | pl.Series | NDArray[Any],
    timeframe: str | Timeframe,
    calendar: str | Calendar = "24x7",
) -> InstantSlot | Slot | Located | pl.DataFrame | None:
    """The half-open slot ``[start, end)`` that holds a time, by the one rule that all of barloom uses.

    A time is an integer (nanoseconds since the epoch), a `datetime` with a zone, or text such as
    ``2025-11-10T12:34:56Z``; the answer is of the same kind (of text, datetimes), and none outside the session. A
    numpy array (int64 or datetime64) gives int64 arrays ``start``, ``end``, ``inside``. A polars Series (integers
    or datetimes with a zone) gives a frame with ``start`` and ``end`` in UTC, null outside the session.

    Raises `ValueError` for a time without a zone or an unwritable timeframe, `CalendarError` for an unknown calendar or
    a time beyond what it knows.

    Example::

        round_to_slot(datetime(2025, 11, 10, 12, 34, 56, tzinfo=UTC), "5m").start    # 12:30
    """
    grid = _grid(timeframe, calendar)
    if isinstance(times, str):
        times = to_datetime(nanos_of_text(times))
    if isinstance(times, datetime):
        slot = _locate(grid, nanos_of(times))
        return slot and Slot(to_datetime(slot.start), to_datetime(slot.end))
    if isinstance(times, np.ndarray):
        return grid.round_to_slot(_column(times))
    if isinstance(times, int | np.integer):
        return _locate(grid, int(times))
    return _locate_series(grid, times)


@overload
def expected_slots(
    parent: str | Timeframe, child: str | Timeframe, start: int | datetime, calendar: str | Calendar = ...
) -> int: ...
@overload
def expected_slots(
    parent: str | Timeframe, child: str | Timeframe, start: NDArray[Any], calendar: str | Calendar = ...
) -> Integers: ...


def expected_slots(
    parent: str | Timeframe,
    child: str | Timeframe,
    start: int | datetime | NDArray[Any],
    calendar: str | Calendar = "24x7",
) -> int | Integers:
    """How many `child` slots tile the `parent` slot that begins at `start`: 60 minutes an hour, fewer on a half day.

    Raises `ValueError` where `start` begins no parent slot or children do not tile parents, and as `round_to_slot`.
    """
    used = resolve(calendar) if isinstance(calendar, str) else calendar
    coarse, fine = _grid(parent, used), _grid(child, used)
    if coarse.timeframe != fine.timeframe and not coarse.timeframe.is_multiple_of(fine.timeframe):
        message = f"{fine.timeframe} slots do not tile {coarse.timeframe} slots, so there is no expected number of them"
        raise ValueError(message)
    starts = _column(start) if isinstance(start, np.ndarray) else _single(start)
    _check_starts(coarse, starts)
    fine = children_of(used, coarse.timeframe, fine.timeframe)
    counts = count_children(coarse, fine, starts)
    return counts if isinstance(start, np.ndarray) else int(counts[0])


def slots_between(
    since: int | datetime, until: int | datetime, timeframe: str | Timeframe, calendar: str | Calendar = "24x7"
) -> tuple[Integers, Integers]:
    """Starts and ends (int64 nanoseconds) of all slots that begin at or after `since` and before `until`, in order."""
    grid = _grid(timeframe, calendar)
    first, last = (int(grid.ordinal(_single(edge))[0]) for edge in (since, until))
    return grid.bounds(np.arange(first, max(first, last), dtype=np.int64))


def _grid(timeframe: str | Timeframe, calendar: str | Calendar) -> SlotGrid:
    return (resolve(calendar) if isinstance(calendar, str) else calendar).grid(
        Timeframe.parse(timeframe) if isinstance(timeframe, str) else timeframe
    )


def _single(time: int | datetime | str) -> Integers:
    nanos = nanos_of(time) if isinstance(time, datetime) else nanos_of_text(time) if isinstance(time, str) else time
    return np.array([nanos], np.int64)


def _column(times: NDArray[Any]) -> Integers:
    if np.issubdtype(times.dtype, np.datetime64):
        return times.astype("datetime64[ns]").astype(np.int64)
    if np.issubdtype(times.dtype, np.integer):
        return times.astype(np.int64, copy=False)
    message = f"times are {times.dtype}; give int64 nanoseconds since the epoch, or datetime64"
    raise ValueError(message)


def _locate(grid: SlotGrid, nanos: int) -> InstantSlot | None:
    start, end, inside = grid.round_to_slot(np.array([nanos], np.int64))
    return InstantSlot(int(start[0]), int(end[0])) if inside[0] else None


def _locate_series(grid: SlotGrid, times: pl.Series) -> pl.DataFrame:
    import polars as pl  # noqa: PLC0415 - loaded by whoever made the Series

    if not times.dtype.is_integer() and not (isinstance(times.dtype, pl.Datetime) and times.dtype.time_zone):
        message = (
            f"times are {times.dtype}; give integers (nanoseconds since the epoch) or datetimes with a zone, "
            f'for instance by .dt.replace_time_zone("UTC")'
        )
        raise ValueError(message)
    column = times if times.dtype.is_integer() else times.dt.timestamp("ns")
    known = column.is_not_null()
    located = grid.round_to_slot(column.filter(known).cast(pl.Int64).to_numpy())
    inside = np.zeros(len(times), np.bool_)
    inside[known.to_numpy()] = located.inside
    positions = np.flatnonzero(inside)
    frame = {}
    for name, edge in (("start", located.start), ("end", located.end)):
        whole = np.zeros(len(times), np.int64)
        whole[positions] = edge[located.inside]
        series = pl.Series(name, whole).cast(pl.Datetime("ns", "UTC"))
        frame[name] = series.set(~pl.Series(inside), None)
    return pl.DataFrame(frame)


def _check_starts(grid: SlotGrid, starts: Integers) -> None:
    located = grid.round_to_slot(starts)
    wrong = np.flatnonzero(~located.inside | (located.start != starts))
    if len(wrong) == 0:
        return
    at = int(starts[wrong[0]])
    near = f"; its slot begins at {written(int(located.start[wrong[0]]))}" if located.inside[wrong[0]] else ""
    message = f"no {grid.timeframe} slot begins at {written(at)}{near}"
    raise ValueError(message)
