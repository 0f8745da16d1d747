"""Stream time moves by events, and by the clock while the input is live; what was whose stays known."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from barloom.engine.times.stream_time import BEGINNING, StreamTime

SECOND = 1_000_000_000


def at(*seconds: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Times in nanoseconds."""
    return np.array(seconds, np.int64) * SECOND


def moved(*seconds: int, arrived: int) -> StreamTime:
    """A stream that rows of these times have moved, all received at once."""
    made = StreamTime()
    made.move(at(*seconds), np.ones(len(seconds), np.bool_), at(*[arrived] * len(seconds)))
    return made


@pytest.mark.parametrize(("after", "reached"), [(0, 130), (10, 120), (29, 101), (30, 100), (40, 100)])
def test_the_clock_may_lag(after: int, reached: int) -> None:
    """A row of 100 came at 105; at 135 the clock stands at 130, or as much before that as it lags; never back."""
    time = moved(100, arrived=105)
    time.extend(135 * SECOND, 60 * SECOND, after * SECOND)

    assert reached * SECOND == time.now


def test_a_lagging_clock_is_as_live_as_any() -> None:
    """`after` changes when it closes slots, and not which rows are recent enough for it to work."""
    time = moved(100, arrived=170)
    time.extend(900 * SECOND, 60 * SECOND, 5 * SECOND)

    assert 100 * SECOND == time.now


def test_without_the_clock_only_events_count() -> None:
    """Before each row: what it has reached, and what events alone would have; refused rows move neither."""
    time = moved(100, arrived=100)
    time.extend(120 * SECOND, 60 * SECOND)
    rows, moves = at(110, 125, 130, 115), np.array([True, True, False, True])

    assert time.ahead_of_events
    assert (at(120, 120, 125, 125) == time.reached_before(rows, moves)).all()
    assert (at(100, 110, 125, 125) == time.reached_without_clock(rows, moves)).all()
    time.move(rows, moves, rows)
    assert not time.ahead_of_events


def test_it_comes_back_from_the_state() -> None:
    """All of it, also what is the clock's."""
    time = moved(100, arrived=101)
    time.extend(120 * SECOND, 60 * SECOND)

    assert time == StreamTime.load(time.dump())
    assert StreamTime() == StreamTime.load(StreamTime().dump())


@pytest.mark.parametrize(("now", "max_event", "by_events"), [(119, 100, 100), (90, None, 90), (None, None, None)])
def test_an_older_state_is_read(now: int | None, max_event: int | None, by_events: int | None) -> None:
    """One that does not say what was the clock's: all beyond the largest event; nothing after a set-back."""
    saved = {"stream_time": now, "first": None, "max_event": max_event, "arrived_at": max_event}

    assert (BEGINNING if by_events is None else by_events) == StreamTime.load(msgspec.json.encode(saved)).by_events


def test_a_set_back_is_not_the_clocks_doing() -> None:
    """Stream time stands where it was put, and a row before that is behind by no clock."""
    time = moved(100, arrived=100)
    time.extend(150 * SECOND, 60 * SECOND)
    time.set_back(95 * SECOND)
    time.move(at(90), np.array([True]), at(150))

    assert (95 * SECOND, False) == (time.now, time.ahead_of_events)
