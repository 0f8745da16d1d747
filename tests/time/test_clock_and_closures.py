"""Slots by the local clock over clock changes, and slots that stay where they were over a closure.

The expectation walks through every minute with the standard library's zone rules, and never asks the code under test.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barloom.time.calendar import expected_slots
from barloom.time.options import Options
from barloom.time.sessions import SessionCalendar, calendar_of_sessions
from barloom.time.slots import expected_slots as expected
from barloom.time.slots import slots_between
from barloom.time.timeframe import Timeframe

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)
"""Everything below begins and ends at a multiple of it."""
FIVE_MINUTES = 300 * 10**9
HOUR = 12 * FIVE_MINUTES
CHANGES = [
    ("America/New_York", date(2025, 3, 9)),
    ("America/New_York", date(2025, 11, 2)),
    ("Europe/London", date(2025, 3, 30)),
    ("Europe/London", date(2025, 10, 26)),
    ("Australia/Lord_Howe", date(2025, 4, 6)),
    ("Australia/Lord_Howe", date(2025, 10, 5)),
    ("America/Havana", date(2025, 3, 9)),  # midnight is skipped
    ("America/Havana", date(2025, 11, 2)),  # midnight is there twice
    ("America/Sao_Paulo", date(2018, 2, 17)),  # the last hour of the day is there twice
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("Antarctica/Troll", date(2025, 3, 30)),  # by two hours
    ("Antarctica/Troll", date(2025, 10, 26)),
    ("Asia/Pyongyang", date(2018, 5, 4)),  # half an hour before midnight, for good
    ("Asia/Tokyo", date(2025, 6, 2)),
]
"""Zones and dates whose clocks are changed within the day after, or never."""
LADDERS = [("4h", "1h"), ("2h", "30m"), ("3h", "90m"), ("90m", "30m"), ("6h", "2h"), ("40m", "20m"), ("70m", "35m")]


def ns(at: datetime) -> int:
    """Nanoseconds since the epoch."""
    return (at - EPOCH) // timedelta(microseconds=1) * 1000


def local_slots(calendar: str, timeframe: str, day: date) -> list[tuple[str, Fraction]]:
    """The slots of a local day: the local time at which each begins, and its hours."""
    zone = ZoneInfo(calendar.partition("?")[0].removeprefix("24x7@"))
    first, last = (datetime(at.year, at.month, at.day, tzinfo=zone) for at in (day, day + timedelta(days=1)))
    starts, ends = slots_between(first, last, timeframe, calendar)
    return [
        (
            (EPOCH + timedelta(microseconds=start // 1000)).astimezone(zone).strftime("%H:%M"),
            Fraction(end - start, HOUR),
        )
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]


@pytest.mark.parametrize(
    ("zone", "day", "timeframe", "slots"),
    [
        ("America/New_York", "2025-11-02", "4h", "00:00+5 04:00+4 08:00+4 12:00+4 16:00+4 20:00+4"),
        ("America/New_York", "2025-03-09", "4h", "00:00+3 04:00+4 08:00+4 12:00+4 16:00+4 20:00+4"),
        ("America/New_York", "2025-03-09", "3h", "00:00+2 03:00+3 06:00+3 09:00+3 12:00+3 15:00+3 18:00+3 21:00+3"),
        ("Europe/London", "2025-03-30", "6h", "00:00+5 06:00+6 12:00+6 18:00+6"),
        ("Europe/London", "2025-10-26", "8h", "00:00+9 08:00+8 16:00+8"),
        ("Australia/Lord_Howe", "2025-04-06", "6h", "00:00+6.5 06:00+6 12:00+6 18:00+6"),
        ("Australia/Lord_Howe", "2025-10-05", "6h", "00:00+5.5 06:00+6 12:00+6 18:00+6"),
        ("America/Havana", "2025-11-02", "8h", "00:00+9 08:00+8 16:00+8"),
        ("America/Havana", "2025-03-09", "8h", "01:00+7 08:00+8 16:00+8"),
        ("America/Sao_Paulo", "2018-02-17", "8h", "00:00+8 08:00+8 16:00+9"),
        ("Antarctica/Troll", "2025-10-26", "12h", "00:00+14 12:00+12"),
    ],
)  # fmt: skip
def test_slots_follow_the_clock_on_the_day_it_is_changed(zone: str, day: str, timeframe: str, slots: str) -> None:
    """00, 04, 08 … on the days of 25 and of 23 hours too: one slot is longer or shorter by what the clock repeats."""
    wanted = [(start, Fraction(hours)) for start, _, hours in (item.partition("+") for item in slots.split())]

    assert wanted == local_slots(f"24x7@{zone}?anchor=clock", timeframe, date.fromisoformat(day))


@pytest.mark.parametrize(
    ("zone", "day", "timeframe", "count", "near"),
    [
        ("America/New_York", "2025-11-02", "1h", 25, ["00:00+1", "01:00+1", "01:00+1", "02:00+1"]),
        ("America/New_York", "2025-03-09", "1h", 23, ["00:00+1", "01:00+1", "03:00+1", "04:00+1"]),
        ("America/New_York", "2025-03-09", "2h", 12, ["00:00+2", "03:00+1", "04:00+2", "06:00+2"]),
        ("Europe/London", "2025-10-26", "20m", 75, ["00:00+1/3", "00:20+1/3", "00:40+1/3", "01:00+1/3", "01:20+1/3",
                                                    "01:40+1/3", "01:00+1/3", "01:20+1/3"]),
        ("Australia/Lord_Howe", "2025-04-06", "30m", 49,
         ["00:00+1/2", "00:30+1/2", "01:00+1/2", "01:30+1/2", "01:30+1/2"]),
        ("Australia/Lord_Howe", "2025-04-06", "1h", 24, ["00:00+1", "01:00+3/2", "02:00+1"]),
        ("Australia/Lord_Howe", "2025-10-05", "1h", 24, ["00:00+1", "01:00+1", "02:30+1/2", "03:00+1"]),
    ],
)  # fmt: skip
def test_short_slots_are_there_as_often_as_the_clock_shows_them(
    zone: str, day: str, timeframe: str, count: int, near: list[str]
) -> None:
    """An hour that comes twice is two slots of an hour; one that is skipped is none. A day knows how many it has."""
    calendar, local = f"24x7@{zone}?anchor=clock", date.fromisoformat(day)
    slots = local_slots(calendar, timeframe, local)

    assert near == [f"{start}+{hours}" for start, hours in slots[: len(near)]]
    assert count == len(slots)
    midnight = datetime(local.year, local.month, local.day, tzinfo=ZoneInfo(zone))
    assert count == expected("1d", timeframe, midnight, calendar)


def test_an_overnight_session_follows_the_clock() -> None:
    """A session from Saturday 20:00 to Sunday 12:00 over the change of November: 4h slots at 20, 00, 04 and 08."""
    zone = ZoneInfo("America/New_York")
    hours = 'template:{"zone":"America/New_York","days":"Sun","hours":"2000-1200"}?anchor=clock'
    starts, ends = slots_between(
        datetime(2025, 11, 1, 20, tzinfo=zone), datetime(2025, 11, 2, 12, tzinfo=zone), "4h", hours
    )
    utc = [(EPOCH + timedelta(microseconds=start // 1000)).strftime("%dT%H") for start in starts.tolist()]

    assert ["02T00", "02T04", "02T09", "02T13"] == utc
    assert [4, 5, 4, 4] == [length // 3_600_000_000_000 for length in (ends - starts).tolist()]


class World(NamedTuple):
    """A calendar, and for each run of slots its planned open and the steps in session, in order."""

    calendar: SessionCalendar
    zone: ZoneInfo
    options: Options
    runs: list[tuple[datetime, list[datetime]]]

    def __repr__(self) -> str:
        runs = [(str(planned), str(steps[0]), str(steps[-1]), len(steps)) for planned, steps in self.runs]
        return f"{self.calendar}, {self.zone}, {runs}"


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A few sessions around a clock change, with breaks, and closures cut out of them."""
    name, day = draw(st.sampled_from(CHANGES))
    zone = ZoneInfo(name)
    options = Options(draw(st.sampled_from(["open", "clock"])), draw(st.sampled_from(["split", "span"])))
    clock = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) - draw(st.integers(0, 120)) * STEP
    sessions: list[tuple[date, list[tuple[datetime, datetime]]]] = []
    for number in range(draw(st.integers(1, 3))):
        segments = []
        for _ in range(draw(st.integers(1, 3))):
            opens = clock + draw(st.integers(0, 30)) * STEP
            clock = opens + draw(st.integers(1, 120)) * STEP
            segments.append((opens, clock))
        sessions.append((day + timedelta(days=number), segments))
    halts = []
    for _ in range(draw(st.integers(0, 3))):
        begin = sessions[0][1][0][0] + draw(st.integers(-2, 300)) * STEP
        halts.append((begin, begin + draw(st.integers(1, 40)) * STEP))
    planned = calendar_of_sessions(sessions, zone=name, known_from=date(2017, 1, 1), known_until=date(2026, 12, 31))
    left = [(day_, [part for item in segments for part in cut(item, halts)]) for day_, segments in sessions]
    actual = [session for session in left if session[1]]
    if not actual:
        actual, halts = sessions, []
    made = calendar_of_sessions(actual, zone=name, known_from=date(2017, 1, 1), known_until=date(2026, 12, 31))
    table = replace(made.table, planned=planned.table) if halts else made.table
    runs = []
    for _, segments in sessions:
        for joined in [segments] if options.pause == "span" else [[item] for item in segments]:
            steps = [at for item in joined for part in cut(item, halts) for at in each_step(part)]
            if steps:
                runs.append((joined[0][0], steps))
    return World(SessionCalendar(table, options), zone, options, runs)


def each_step(part: tuple[datetime, datetime]) -> list[datetime]:
    """The steps of a stretch of time."""
    return [part[0] + number * STEP for number in range((part[1] - part[0]) // STEP)]


def cut(item: tuple[datetime, datetime], halts: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """What halts leave of a stretch of time."""
    left: list[tuple[datetime, datetime]] = []
    for step in each_step(item):
        if any(begin <= step < end for begin, end in halts):
            continue
        if left and left[-1][1] == step:
            left[-1] = (left[-1][0], step + STEP)
        else:
            left.append((step, step + STEP))
    return left


def begins_slot(at: datetime, world: World, planned: datetime, opened: datetime, length: timedelta) -> bool:
    """Whether a slot of a run begins at a time, by the clock or by what has passed since the planned open."""
    if world.options.anchor == "open":
        return (at - planned) % length == timedelta(0)
    day = planned.astimezone(world.zone)
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - as clocks show it
    now, before = (moment.astimezone(world.zone) for moment in (at, at - STEP))
    shown, last = now.replace(tzinfo=None), before.replace(tzinfo=None)
    if shown > last + STEP:  # clocks were put forward: a slot of the skipped time, or its end, begins one
        return (shown - midnight) // length > (last - midnight) // length
    repeated = (now.replace(fold=0).utcoffset() or timedelta()) - (now.utcoffset() or timedelta())
    if now.fold and not opened.astimezone(world.zone).fold and repeated < length:
        return False
    return (shown - midnight) % length == timedelta(0)


def slots_of(world: World, timeframe: str) -> list[tuple[int, int]]:
    """Every slot with session time, one by one."""
    length = timedelta(microseconds=Timeframe.parse(timeframe).nanos // 1000)
    slots = []
    for planned, steps in world.runs:
        in_session, at, end = set(steps), steps[0], steps[-1] + STEP
        while at < end:
            following = at + STEP
            while following < end and not begins_slot(following, world, planned, steps[0], length):
                following += STEP
            if any(step in in_session for step in each_step((at, following))):
                slots.append((ns(at), ns(following)))
            at = following
    return slots


@settings(max_examples=100, deadline=None)
@given(world=worlds(), timeframe=st.sampled_from([name for pair in LADDERS for name in pair]))
def test_slots_are_those_of_the_clock_and_of_the_plan(world: World, timeframe: str) -> None:
    """Every time in session has the one slot that holds it; ordinals, bounds and ends are those of the list."""
    slots = slots_of(world, timeframe)
    grid = world.calendar.grid(Timeframe.parse(timeframe))
    starts, ends = (np.array(edge, np.int64) for edge in zip(*slots, strict=True))
    steps = [ns(step) for _, listed in world.runs for step in listed]
    asked = np.unique(np.concatenate([steps, np.array(steps) + 30 * 10**9, starts, ends]))
    asked = asked[(asked >= steps[0]) & (asked < steps[-1] + FIVE_MINUTES)]

    located = grid.round_to_slot(asked)

    in_session = set(steps)
    assert [time // FIVE_MINUTES * FIVE_MINUTES in in_session for time in asked.tolist()] == located.inside.tolist()
    for time, start, end, inside in zip(*(column.tolist() for column in (asked, *located)), strict=True):
        if inside:
            assert [(start, end)] == [slot for slot in slots if slot[0] <= time < slot[1]]
    assert list(range(len(slots))) == grid.ordinal(starts).tolist()
    assert slots == list(zip(*(edge.tolist() for edge in grid.bounds(np.arange(len(slots)))), strict=True))
    assert [int((starts < time).sum()) for time in asked.tolist()] == grid.ordinal(asked).tolist()
    assert [int((ends <= time).sum()) for time in asked.tolist()] == grid.ended(asked).tolist()


@settings(max_examples=80, deadline=None)
@given(world=worlds(), pair=st.sampled_from(LADDERS))
def test_children_tile_their_parents(world: World, pair: tuple[str, str]) -> None:
    """Also where a clock is changed or a halt falls: each child lies in one parent, and no session time is left."""
    parents, children = (slots_of(world, name) for name in pair)
    grids = [world.calendar.grid(Timeframe.parse(name)) for name in pair]
    counts = expected_slots(*grids, np.array([start for start, _ in parents], np.int64)).tolist()
    found = [[child for child in children if start <= child[0] and child[1] <= end] for start, end in parents]

    assert [len(inner) for inner in found] == counts
    assert children == [child for inner in found for child in inner]
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(children))
