"""`explain` answers why a bar is not final; `status` what a store holds."""

from __future__ import annotations

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
        "  session      open now",
        "  clock        closes quiet slots while everything there is has been read",
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
    """As everywhere."""
    with pytest.raises(ValueError, match="the one that holds it begins at 1970-01-01T00:00:00Z"):
        explain(store, ("A",), "1m", 30 * SECOND)


def test_history_is_not_closed_by_the_clock(store: BarStore) -> None:
    """Rows that arrive long after their event time are history: only events move it."""
    times = {"stream_time": 9 * SECOND, "first": 0, "max_event": 9 * SECOND, "arrived_at": 2 * MINUTE}
    store.commit(bars.commit(KEYS, entries={b"time": msgspec.json.encode(times)}))

    assert not explain(store, ("A",), "1m", 0, clock=At(200)).clock_works


def test_status_counts_everything(store: BarStore) -> None:
    """Finals and live bars by timeframe, rows by what became of them, positions."""
    found = status(store)

    assert (found.definition, found.stream_time) == ("bars", 9 * SECOND)
    assert ({"1s": 2, "1m": 0}, {"1s": 0, "1m": 1}) == (found.finals, found.open)
    assert ({"accepted": 2, "late": 1}, {"late": 1}) == (found.rows, found.rejected)
    assert {"ticks.csv": "12"} == found.positions
    assert found.size > 0
