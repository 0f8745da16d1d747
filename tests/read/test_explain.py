"""`explain` answers why a bar is not final; `status` what a store holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import msgspec
import pytest

from barloom.read.explain import explain
from barloom.read.status import status
from barloom.store.opening import memory_store
from barloom.time.timeframe import MINUTE, SECOND
from store import bars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.store.barstore import BarStore

KEYS = bars.Keys(("A",))


class At:
    """A clock that shows one time, in seconds."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds

    def now(self) -> int:
        """Nanoseconds."""
        return self.seconds * SECOND

    def monotonic(self) -> float:
        """Seconds."""
        return float(self.seconds)

    def sleep(self, seconds: float) -> None:
        """Never asked."""


@pytest.fixture
def store() -> Iterator[BarStore]:
    """A minute with 2 of its seconds filled; stream time 9, of a feed that is live."""
    times = {"stream_time": 9 * SECOND, "first": 0, "max_event": 9 * SECOND, "arrived_at": 9 * SECOND + 5}
    with memory_store(bars.plan()) as made:
        made.commit(
            bars.commit(
                KEYS,
                finals=(bars.block([(0, 5, 1, 1, 1), (0, 6, 1, 1, 1)]),),
                lives=(bars.block([(0, 0, 1, 1, 2)], level=1, final=False),),
                entries={b"time": msgspec.json.encode(times)},
                positions={"ticks.csv": b"12"},
                side=(bars.refused(3),),
                counts={"accepted": 2, "late": 1},
            )
        )
        yield made


def test_a_parent_lacks_children(store: BarStore) -> None:
    """With 2 s of delay and stream time 9, 7 of 60 seconds are decided; the rest and how far it is are named."""
    found = explain(store, ("A",), "1m", 0, clock=At(15))

    assert (found.state, found.child, found.expected, found.decided, found.filled) == ("live", "1s", 60, 7, 1)
    assert (7 * SECOND, 8 * SECOND) == found.missing[:2]
    assert (62 * SECOND, 53 * SECOND, 6 * SECOND) == (found.closes_at, found.needed, found.lag)
    assert found.in_session
    assert found.clock_works
    undecided = ", ".join(f"1970-01-01T00:00:{second:02}Z" for second in range(7, 12))
    assert str(found).splitlines() == [
        "A 1m 1970-01-01T00:00:00Z: live, not final yet",
        "  stream time  1970-01-01T00:00:09Z",
        "  closes       when stream time reaches 1970-01-01T00:01:02Z, 53 s ahead",
        f"  children     7 of 60 slots of 1s decided, 1 with ticks; undecided: {undecided} and 48 more",
        "  lag          stream time is 6 s behind the clock",
        "  market       open now",
        "  clock        closes quiet slots while a feed is followed and caught up; a run over files never uses it",
    ]


def test_a_final_bar_is_final(store: BarStore) -> None:
    """What is closed says so."""
    found = explain(store, ("A",), "1s", 5 * SECOND, clock=At(15))

    assert found.final
    assert str(found).startswith("A 1s 1970-01-01T00:00:05Z: final, it will not change")


@pytest.mark.parametrize(("slot", "state"), [(4, "empty"), (8, "open"), (12, "not yet")])
def test_without_a_bar_it_says_why(store: BarStore, slot: int, state: str) -> None:
    """The reasons are those of `NotFound`."""
    assert state == explain(store, ("A",), "1s", slot * SECOND, clock=At(15)).state


def test_a_start_off_the_grid_is_an_error(store: BarStore) -> None:
    """As everywhere; how far off it is, is said both ways, so that a bar's last millisecond is seen to be one."""
    held = "the one that holds it begins at 1970-01-01T00:00:00Z"
    with pytest.raises(ValueError, match=rf"{held}, 30s earlier, and ends at 1970-01-01T00:01:00Z, 30s later"):
        explain(store, ("A",), "1m", 30 * SECOND)
    with pytest.raises(ValueError, match=rf"{held}, 59999ms earlier, and ends at 1970-01-01T00:01:00Z, 1ms later"):
        explain(store, ("A",), "1m", 60 * SECOND - 1_000_000)


@pytest.mark.parametrize(
    ("max_event", "arrived_at", "told"),
    [
        (
            9,
            2 * 60,
            "on, but the latest tick was 1 min 51 s old when it came, more than 1 min (live_within): only later",
        ),
        (9, 909, 'only later event times close slots; if the feed is always so late, set live_within = "17m"'),
        (9, 90_000, "more than 1 min (live_within): only later event times close slots\n"),
        (9, None, "on, but nothing says when the ticks came"),
        (None, None, "on, and waits for the next tick"),
    ],
)
def test_it_is_told_why_the_clock_closes_nothing(
    store: BarStore, max_event: int | None, arrived_at: int | None, told: str
) -> None:
    """Ticks that arrive long after their event time are history; without an arrival or a tick there is no beginning."""
    times = {
        "stream_time": 9 * SECOND,
        "first": 0,
        "max_event": max_event and max_event * SECOND,
        "arrived_at": arrived_at and arrived_at * SECOND,
    }
    store.commit(bars.commit(KEYS, entries={b"time": msgspec.json.encode(times)}))
    found = explain(store, ("A",), "1m", 0, clock=At(200))

    assert not found.clock_works
    assert "  clock        on, " in str(found)
    assert told in f"{found}\n"


def test_a_clock_that_is_off_is_off() -> None:
    """Whatever the ticks are like."""
    with memory_store(replace(bars.plan(), clock=False)) as off:
        found = explain(off, ("A",), "1m", 0, clock=At(200))

    assert not found.clock_works
    assert found.clock.startswith("off in the definition")


def test_status_counts_everything(store: BarStore) -> None:
    """Finals and live bars by timeframe, rows by what became of them, positions."""
    found = status(store)

    assert (found.definition, found.stream_time) == ("bars", 9 * SECOND)
    assert ({"1s": 2, "1m": 0}, {"1s": 0, "1m": 1}) == (found.finals, found.open)
    assert ({"accepted": 2, "late": 1}, {"late": 1}) == (found.rows, found.rejected)
    assert {"ticks.csv": "12"} == found.positions
    assert found.size > 0
    assert ("24x7", None, None, None) == (found.calendar, found.known_until, found.days_left, found.warning)


FRIDAY = date(2025, 11, 28)
"""The day after Thanksgiving: New York closes at 13:00, which is 18:00 UTC."""


def seconds(text: str) -> int:
    """Since the epoch."""
    return int(datetime.fromisoformat(text).timestamp())


@pytest.fixture
def new_york() -> Iterator[BarStore]:
    """Seconds and minutes in the sessions of New York, with five minutes for the closing auction; nothing read yet."""
    with memory_store(replace(bars.plan(), calendar="XNYS", close_grace=5 * MINUTE)) as made:
        yield made


def test_the_session_of_a_slot_is_named(new_york: BarStore) -> None:
    """Trading date, local hours, the early close; and whether the market is open by the clock."""
    found = explain(
        new_york, ("A",), "1m", seconds("2025-11-28T15:00Z") * SECOND, clock=At(seconds("2025-11-28T20:00Z"))
    )

    assert found.sessions is not None
    assert (FRIDAY, 1, 1) == (found.sessions.first, found.sessions.count, found.sessions.early_closes)
    assert not found.in_session
    closed = (
        "Fri 2025-11-28 closed at 13:00 America/New_York, an early close; "
        "the next session opens Mon 2025-12-01 09:30 America/New_York"
    )
    assert [
        "  session      Fri 2025-11-28, 09:30-13:00 America/New_York, an early close",
        f"  market       closed now: {closed}",
    ] == [line for line in str(found).splitlines() if line.split()[0] in ("session", "market")]


def test_the_last_slot_of_a_session_waits_for_the_auction(new_york: BarStore) -> None:
    """12:59 in New York is decided five minutes after the close at 13:00, 12:58 two seconds after its end."""
    last, before = (
        explain(new_york, ("A",), "1m", seconds(start) * SECOND, clock=At(0))
        for start in ("2025-11-28T17:59Z", "2025-11-28T17:58Z")
    )

    assert (seconds("2025-11-28T18:05Z"), seconds("2025-11-28T17:59:02Z")) == (
        last.closes_at // SECOND,
        before.closes_at // SECOND,
    )


def test_a_slot_outside_the_session_says_why(new_york: BarStore) -> None:
    """A holiday is a holiday."""
    found = explain(
        new_york, ("A",), "1m", seconds("2025-11-27T15:00Z") * SECOND, clock=At(seconds("2025-11-27T15:00Z"))
    )

    assert "outside the session" == found.state
    assert found.sessions is None
    assert found.closed.startswith("Thu 2025-11-27 is a holiday; the next session opens Fri 2025-11-28 09:30")


def test_beyond_the_calendar_the_market_is_not_known_to_be_open(new_york: BarStore) -> None:
    """A clock that shows a time after the calendar's end changes nothing else."""
    found = explain(
        new_york, ("A",), "1m", seconds("2025-11-28T15:00Z") * SECOND, clock=At(seconds("2090-01-01T00:00Z"))
    )

    assert found.in_session is None
    assert "not known to be open or closed now" in str(found)


def test_status_tells_how_long_the_calendar_is_known(new_york: BarStore) -> None:
    """The number of days, and a warning from sixty days on."""
    until = status(new_york).known_until
    assert until is not None
    end = int(datetime.combine(until, time(12), UTC).timestamp())
    calm, near, over = (status(new_york, clock=At(end - days * 86_400)) for days in (61, 60, -1))

    assert (61, None) == (calm.days_left, calm.warning)
    assert 60 == near.days_left
    assert f"the calendar 'XNYS' ends on {until}, in 60 days" in (near.warning or "")
    assert -1 == over.days_left
    assert f"the calendar 'XNYS' ended on {until}" in (over.warning or "")
