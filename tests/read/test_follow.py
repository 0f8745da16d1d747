"""Finals and closed slots by position."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from barloom.errors import PositionGone
from barloom.read.bucket import TimeBucket
from barloom.read.events import Closed, FinalBar
from barloom.store.opening import memory_store, open_for_reading, open_store
from barloom.time.timeframe import SECOND
from read.test_following import Waits
from store import bars
from store.test_log import KEYS, slots, write
from waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from barloom.read.bar import Bar
    from barloom.store.barstore import BarStore


@pytest.fixture
def store() -> Iterator[BarStore]:
    """Finals of A and B in two slots, each closed with its commit."""
    with memory_store(bars.plan()) as made:
        for slot in (1, 2):
            write(made, (0, slot), (1, slot), closed=(slots(0, 2 * (slot - 1), slot + 1, (slot, 2)),))
        yield made


def told(events: Iterable[FinalBar[Bar] | Closed]) -> list[tuple[object, ...]]:
    """Key and slot of finals; where closed slots begin and end."""
    return [
        (event.bar.symbol, event.bar.start_ns // SECOND)
        if isinstance(event, FinalBar)
        else (event.after_ns and event.after_ns // SECOND, event.to_ns // SECOND, event.reopened)
        for event in events
    ]


def test_everything_comes_in_one_order(store: BarStore) -> None:
    """Finals of all keys, and behind them what they close; then what is committed meanwhile."""
    clock = Waits(lambda: write(store, (0, 3), closed=(slots(0, 3, 4, (3, 1)),)))

    found = told(TimeBucket(store, "1s", clock=clock).follow(deadline=1))

    whole = [("A", 1), ("B", 1), (0, 2, False), ("A", 2), ("B", 2), (2, 3, False), ("A", 3), (3, 4, False)]
    assert whole == found


def test_whoever_stops_anywhere_goes_on_there(store: BarStore) -> None:
    """Taken one by one, each with a new iterator behind the position of the last: every event once."""
    bucket = TimeBucket(store, "1s", clock=Waits())
    whole = list(bucket.follow(deadline=0))
    position, found = None, []
    for _ in whole:
        following = bucket.follow(position, deadline=0)
        found.append(next(following))
        position = following.position

    assert told(whole) == told(found)
    assert [] == list(bucket.follow(position, deadline=0))


def test_other_timeframes_are_left_out(store: BarStore) -> None:
    """A bucket follows its own."""
    assert [] == list(TimeBucket(store, "1m", clock=Waits()).follow(deadline=0))


def test_a_quiet_range_is_told_as_it_grows(store: BarStore) -> None:
    """Whoever has heard a part of it hears the rest alone; whoever comes later hears it once."""
    more = [lambda to=to: write(store, closed=(slots(0, 3, to),)) for to in (4, 6, 9)]
    clock = Waits(*more)

    heard = told(TimeBucket(store, "1s", clock=clock).follow(deadline=1))
    assert [(3, 4, False), (4, 6, False), (6, 9, False)] == heard[-3:]
    assert [(3, 9, False)] == told(TimeBucket(store, "1s", clock=Waits()).follow(deadline=0))[-1:]


def test_bars_of_closed_slots_are_told_as_reopened(store: BarStore) -> None:
    """With how many there are, behind the bars themselves."""
    late = slots(0, None, 3, (1, 1), reopened=True)
    write(store, (2, 1), closed=(late,))

    assert [("C", 1), (None, 3, True)] == told(TimeBucket(store, "1s", clock=Waits()).follow(deadline=0))[-2:]


def test_what_is_decided_is_known_at_once(store: BarStore) -> None:
    """`decided_to` is the end of what was told last; none for a timeframe of which nothing was."""
    assert datetime(1970, 1, 1, 0, 0, 3, tzinfo=UTC) == TimeBucket(store, "1s").decided_to
    assert TimeBucket(store, "1m").decided_to is None


def test_a_gone_position_is_an_error(store: BarStore) -> None:
    """It is never passed over."""
    with pytest.raises(PositionGone):
        list(TimeBucket(store, "1s", clock=Waits()).follow("0123456789ab-1", deadline=0))


def test_it_follows_asynchronously(store: BarStore) -> None:
    """``async for`` gives the same, woken by the commit."""
    bucket = TimeBucket(store, "1s")

    async def collect() -> list[tuple[object, ...]]:
        found = []
        following = bucket.follow(deadline=PATIENCE)
        async for event in following:
            found += told([event])
            if len(found) == 6:
                write(store, (0, 3))
            if len(found) == 7:
                following.close()
        return found

    assert ("A", 3) == asyncio.run(collect())[-1]


def test_a_function_is_called_with_what_is_closed(tmp_path: Path) -> None:
    """From now on, by commits of another store object as if of another process; what it raises is raised by `close`."""
    heard: list[tuple[object, ...]] = []
    with open_store(tmp_path, bars.plan()) as store:
        write(store, (0, 1), closed=(slots(0, 0, 2, (1, 1)),))
        with open_for_reading(tmp_path) as beside:
            bucket = TimeBucket(beside, "1s")
            with bucket.on_closed(lambda event: heard.extend(told([event]))):
                write(store, (0, 2), closed=(slots(0, 2, 3, (2, 1)),))
                until(lambda: heard == [(2, 3, False)], "the range")
            failing = bucket.on_closed(lambda _: 1 // 0)
            write(store, closed=(slots(0, 3, 5),))
            until(lambda: not failing.running, "the failure")
            with pytest.raises(ZeroDivisionError):
                failing.close()


def test_every_final_comes_once_whatever_befalls_the_writer(store: BarStore) -> None:
    """A follower of many commits, compacted in between, gets each final once, in order of the numbers."""
    following = TimeBucket(store, "1s").follow(deadline=PATIENCE)
    found = [next(following) for _ in range(6)]
    for slot in range(3, 40):
        write(store, (slot % 5, slot))
        if slot % 10 == 0:
            store.compact()
        found.append(next(following))

    assert [("ABCDE"[slot % 5], slot) for slot in range(3, 40)] == told(found)[6:]
    assert len(KEYS) == 5
