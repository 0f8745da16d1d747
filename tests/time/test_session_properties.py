"""Calendars of random sessions, against slots enumerated one by one with plain loops."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from barloom.time.calendar import expected_slots
from barloom.time.sessions import SessionCalendar, calendar_of_sessions
from barloom.time.timeframe import Timeframe

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INTRADAY = ["1m", "2m", "7m", "14m", "1h", "65m", "5h"]
PERIODS = ["1d", "1w", "1mo", "3mo"]


class World(NamedTuple):
    """A calendar and the segments it was made of: (trading date, open, close) in nanoseconds."""

    calendar: SessionCalendar
    segments: list[tuple[date, int, int]]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Random sessions: some days closed, one to three segments, some opening the evening before."""
    first = date(1969, 12, 1) + timedelta(days=draw(st.integers(0, 60)))
    segments: list[tuple[date, int, int]] = []
    clock = -(10**9)
    for offset in range(draw(st.integers(1, 25))):
        day = first + timedelta(days=offset)
        midnight = (day - EPOCH.date()).days * 24 * 60
        if offset and draw(st.booleans()):
            continue
        clock = max(clock, midnight - draw(st.integers(0, 300)))
        for _ in range(draw(st.integers(1, 3))):
            opens = clock + draw(st.integers(0, 120))
            clock = opens + draw(st.integers(1, 200))
            segments.append((day, opens, clock))
    whole = [(day, opens * 60 * 10**9, closes * 60 * 10**9) for day, opens, closes in segments]
    listed = [
        (day, [tuple(EPOCH + timedelta(microseconds=edge // 1000) for edge in item[1:]) for item in items])
        for day, items in groupby(whole, key=lambda item: item[0])
    ]
    calendar = calendar_of_sessions(listed, known_from=date(1969, 1, 1), known_until=date(1970, 12, 31))
    return World(calendar, whole)


def slots_of(world: World, timeframe: str) -> list[tuple[int, int]]:
    """Every slot, one by one."""
    if timeframe in PERIODS:
        return [
            (items[0][1], items[-1][2])
            for items in (
                list(group) for _, group in groupby(world.segments, key=lambda item: period(item[0], timeframe))
            )
        ]
    length = Timeframe.parse(timeframe).nanos
    slots = []
    for _, opens, closes in world.segments:
        start = opens
        while start < closes:
            slots.append((start, min(start + length, closes)))
            start += length
    return slots


def period(day: date, timeframe: str) -> object:
    """What names the day, week or months of a date, by the standard library's calendar."""
    if timeframe == "1d":
        return day
    if timeframe == "1w":
        return day.isocalendar()[:2]
    return (day.year, (day.month - 1) // (3 if timeframe == "3mo" else 1))


def probes(world: World) -> np.ndarray:
    """Every minute that the sessions span, and the nanoseconds around it, up to the last close."""
    begin, end = world.segments[0][1], world.segments[-1][2]
    minutes = np.arange(begin, end, 7 * 60 * 10**9)
    edges = np.array([edge for _, opens, closes in world.segments for edge in (opens, closes)])
    nearby = np.concatenate((minutes, edges, edges - 1, edges + 1, minutes + 30 * 10**9))
    return np.unique(nearby[(nearby >= begin) & (nearby < end)])


def thinned(times: np.ndarray) -> np.ndarray:
    """About a hundred of them."""
    return times[:: max(1, len(times) // 100)]


@settings(max_examples=40, deadline=None)
@given(world=worlds(), timeframe=st.sampled_from(INTRADAY + PERIODS))
def test_every_time_in_session_has_exactly_one_slot(world: World, timeframe: str) -> None:
    """`round_to_slot` finds the one slot that holds a time, and none outside the segments."""
    asked = probes(world)
    slots = slots_of(world, timeframe)

    located = world.calendar.grid(Timeframe.parse(timeframe)).round_to_slot(asked)

    found = zip(located.start.tolist(), located.end.tolist(), strict=True)
    for time, slot, inside in zip(asked.tolist(), found, located.inside.tolist(), strict=True):
        in_session = any(opens <= time < closes for _, opens, closes in world.segments)
        assert in_session == inside
        if in_session:
            assert [slot] == [item for item in slots if item[0] <= time < item[1]]


@settings(max_examples=40, deadline=None)
@given(world=worlds(), timeframe=st.sampled_from(INTRADAY + PERIODS))
def test_ordinals_number_the_slots(world: World, timeframe: str) -> None:
    """Ordinals are consecutive from 0, `bounds` inverts them, `ordinal` and `ended` count starts and ends."""
    grid = world.calendar.grid(Timeframe.parse(timeframe))
    slots = slots_of(world, timeframe)
    starts, ends = (np.array(edge) for edge in zip(*slots, strict=True))
    asked = np.append(thinned(probes(world)), ends[-1])

    assert list(range(len(slots))) == grid.ordinal(starts).tolist()
    assert slots == list(zip(*(edge.tolist() for edge in grid.bounds(np.arange(len(slots)))), strict=True))
    assert [sum(start < time for start in starts.tolist()) for time in asked.tolist()] == grid.ordinal(asked).tolist()
    assert [sum(end <= time for end in ends.tolist()) for time in asked.tolist()] == grid.ended(asked).tolist()


@settings(max_examples=40, deadline=None)
@given(world=worlds(), pair=st.sampled_from([("2m", "1m"), ("14m", "7m"), ("1h", "2m"), ("1d", "65m"), ("1w", "1d")]))
def test_children_tile_their_parents(world: World, pair: tuple[str, str]) -> None:
    """The children of a parent begin and end with it, do not overlap, and are all of them."""
    parent, child = (world.calendar.grid(Timeframe.parse(name)) for name in pair)
    fine = slots_of(world, pair[1])

    covered = []
    for start, end in slots_of(world, pair[0]):
        children = [slot for slot in fine if start <= slot[0] < end]
        assert (start, end) == (children[0][0], children[-1][1])
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(children))
        assert [len(children)] == expected_slots(parent, child, np.array([start])).tolist()
        covered += children
    assert fine == covered


@settings(max_examples=40, deadline=None)
@given(world=worlds(), nanos=st.integers(1, 10**15))
def test_session_time_is_the_sum_of_the_segments(world: World, nanos: int) -> None:
    """`advance` arrives when exactly so much open time lies between, as early as possible."""
    asked = thinned(probes(world))

    reached = world.calendar.advance(asked, nanos).tolist()

    for time, arrival in zip(asked.tolist(), reached, strict=True):
        between = [max(0, min(arrival, closes) - max(time, opens)) for _, opens, closes in world.segments]
        total = sum(max(0, closes - max(time, opens)) for _, opens, closes in world.segments)
        assert min(nanos, total) == sum(between)
        if nanos <= total:
            assert any(opens < arrival <= closes for _, opens, closes in world.segments)


@settings(max_examples=40, deadline=None)
@given(world=worlds())
def test_the_next_open_is_the_nearest(world: World) -> None:
    """No session time is skipped on the way to the next open."""
    asked = probes(world)

    for time, found in zip(asked.tolist(), world.calendar.next_open(asked).tolist(), strict=True):
        assert min(max(time, opens) for _, opens, closes in world.segments if closes > time) == found
