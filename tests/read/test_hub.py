"""One reader of a store for all who follow it: everybody gets all of it, in order, and nobody waits for the slow."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from barloom.read.events import Closed, Dropped, FinalBar, LiveBar, Reset, SnapshotEnd, Standing
from barloom.read.hub import Hub
from barloom.store.opening import memory_store, open_for_reading, open_store
from barloom.time.timeframe import SECOND
from store import bars
from store.test_log import KEYS, slots, write
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from barloom.read.bar import Bar
    from barloom.read.events import Event
    from barloom.read.feed import Feed
    from barloom.store.barstore import BarStore


@pytest.fixture
def store() -> Iterator[BarStore]:
    """Finals of A at 1 and 2, of B at 1; a live bar of A at 3."""
    with memory_store(bars.plan()) as made:
        write(made, (0, 1), (1, 1))
        write(made, (0, 2))
        live(made, 3, 1)
        yield made


def live(store: BarStore, slot: int, count: int, key: int = 0) -> None:
    """Commit the state of a live bar."""
    store.commit(bars.commit(KEYS, lives=(bars.block([(key, slot, 1, 1, count)], final=False),)))


def told(events: list[Event]) -> list[tuple[object, ...]]:
    """Events in short."""
    found: list[tuple[object, ...]] = []
    for event in events:
        match event:
            case FinalBar(_, bar):
                found.append(("final", bar.symbol, bar.start_ns // SECOND))
            case LiveBar(bar):
                found.append(("live", bar.symbol, bar.start_ns // SECOND, bar.revision))
            case Closed(_, _, _, to):
                found.append(("closed", to // SECOND))
            case SnapshotEnd() | Reset() | Dropped() | Standing():
                found.append((type(event).__name__,))
    return found


def come(feed: Feed, many: int) -> list[Event]:
    """At least so many events, as they come."""
    found: list[Event] = []
    while len(found) < many:
        events = feed.get(PATIENCE)
        assert events, f"only {told(found)} came"
        found += events
    return found


SNAPSHOT = [("final", "A", 2), ("final", "B", 1), ("live", "A", 3, 1), ("SnapshotEnd",)]


def test_first_comes_what_there_is_then_what_changes(store: BarStore) -> None:
    """Latest finals, live bars, an end of them; then live bars as they change, finals, and what they close."""
    with Hub(store) as hub, hub.subscribe(["1s"]) as feed:
        assert SNAPSHOT == told(come(feed, 4))
        live(store, 3, 2)
        assert [("live", "A", 3, 2)] == told(come(feed, 1))
        write(store, (0, 3), closed=(slots(0, 3, 4, (3, 1)),))
        assert [("final", "A", 3), ("closed", 4)] == told(come(feed, 2))


def test_each_gets_what_it_asked_for(store: BarStore) -> None:
    """Some keys, some timeframes, with live bars or without; closed slots come to all who follow the timeframe."""
    with Hub(store) as hub:
        wanted = [hub.subscribe(["1s"], ["B"]), hub.subscribe(["1m"]), hub.subscribe(["1s"], lives=False)]
        assert [1 + 1, 1, 2 + 1] == [len(come(feed, size)) for feed, size in zip(wanted, (2, 1, 3), strict=True)]
        live(store, 3, 5)
        write(store, (1, 2))
        write(store, (0, 0), level=1)
        write(store, (0, 3), closed=(slots(0, 3, 4, (3, 1)),))

        assert [("final", "B", 2), ("closed", 4)] == told(come(wanted[0], 2))
        assert [("final", "A", 0)] == told(come(wanted[1], 1))
        assert [("final", "B", 2), ("final", "A", 3), ("closed", 4)] == told(come(wanted[2], 3))


def next_final(feed: Feed) -> FinalBar[Bar]:
    """The next final; a live bar that stood in the snapshot may be told once more ahead of it."""
    while True:
        found = [event for event in come(feed, 1) if isinstance(event, FinalBar)]
        if found:
            return found[0]


def test_the_same_event_is_made_once_for_all(store: BarStore) -> None:
    """What one subscriber keeps in its cache, such as its text, all others find there."""
    with Hub(store) as hub:
        feeds = [hub.subscribe(["1s"], ["A"]) for _ in range(3)]
        for feed in feeds:
            come(feed, 3)
            while feed.due_in is not None:  # until it has read all that there is, and is told what comes
                feed.get(0.01)
        write(store, (0, 3))
        events = [next_final(feed) for feed in feeds]

        assert events[0] is events[1] is events[2]


def test_whoever_comes_again_goes_on_behind_its_last_event(store: BarStore) -> None:
    """Finals that came meanwhile, without a hole, then the present live bars; a position that is gone begins anew."""
    with Hub(store) as hub:
        with hub.subscribe(["1s"]) as feed:
            last = next(event.position for event in come(feed, 4) if isinstance(event, SnapshotEnd))
        for slot in range(3, 8):
            write(store, (0, slot))
        live(store, 8, 1)
        with hub.subscribe(["1s"], after=last) as feed:
            assert [*(("final", "A", slot) for slot in range(3, 8)), ("live", "A", 8, 1)] == told(come(feed, 6))
        with hub.subscribe(["1s"], after="0123456789ab-1") as feed:
            anew = [("final", "A", 7), ("final", "B", 1), ("live", "A", 8, 1), ("SnapshotEnd",)]
            assert [("Reset",), *anew] == told(come(feed, 5))


def test_live_bars_are_coalesced(store: BarStore) -> None:
    """With a rate only the latest state comes, and none behind its final."""
    with Hub(store) as hub, hub.subscribe(["1s"], ["A"], max_rate=0.001) as feed:
        assert 3 == len(come(feed, 3))
        live(store, 3, 2)
        assert [("live", "A", 3, 2)] == told(come(feed, 1))
        for count in range(3, 9):
            live(store, 3, count)
        write(store, (0, 3))

        assert [("final", "A", 3)] == told(come(feed, 1))
        assert feed.due_in is None


def test_the_slow_are_told_and_dropped_and_come_again(store: BarStore) -> None:
    """Nobody else waits for them, and nothing is kept for them; behind their last position they miss nothing."""
    with Hub(store) as hub:
        slow, quick = (hub.subscribe(["1s"], ["A"], most_waiting=most) for most in (5, 1_000))
        for feed in (slow, quick):
            come(feed, 3)
            assert [] == feed.get(0)
        for slot in range(3, 30):
            write(store, (0, slot))
        assert [("final", "A", slot) for slot in range(3, 30)] == told(come(quick, 27))

        (dropped,) = slow.get(PATIENCE)
        assert isinstance(dropped, Dropped)
        assert slow.over
        assert [] == slow.get(0)
        with hub.subscribe(["1s"], ["A"], after=dropped.position) as again:
            assert [("final", "A", slot) for slot in range(3, 30)] == told(come(again, 27))


def test_nobody_is_told_by_a_hub_without_subscribers(store: BarStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store at rest is not read, however many follow it."""
    with Hub(store) as hub:
        feeds = [hub.subscribe(["1s"], ["A"]) for _ in range(50)]
        for feed in feeds:
            come(feed, 3)
        scan, scans = store.backend.scan, []
        monkeypatch.setattr(store.backend, "scan", lambda *args, **how: scans.append(args) or scan(*args, **how))
        assert [] == feeds[0].get(1.5)
        settled = len(scans)
        assert [] == feeds[0].get(0.5)

        assert settled == len(scans)


def test_a_set_back_goes_on_with_finals(store: BarStore) -> None:
    """Everybody is told, and no final comes twice or is missing."""
    with Hub(store) as hub, hub.subscribe(["1s"], ["A"]) as feed:
        come(feed, 3)
        back = bars.commit(KEYS)
        store.commit(type(back)(back.step, back.keys, begins="set-back"))
        write(store, (0, 3))

        found = told(come(feed, 2))
        assert [("Reset",), ("final", "A", 3)] == [item for item in found if item[0] != "live"][:2]


def test_it_is_told_asynchronously(store: BarStore) -> None:
    """Many subscribers in one event loop are woken by a commit in a thread."""

    async def follow(feed: Feed) -> list[tuple[object, ...]]:
        found: list[Event] = []
        while ("final", "A", 3) not in told(found):
            found += await feed.get_async(PATIENCE)
        return told(found)

    async def all_of(hub: Hub) -> list[list[tuple[object, ...]]]:
        feeds = [hub.subscribe(["1s"], ["A"]) for _ in range(20)]
        following = [asyncio.create_task(follow(feed)) for feed in feeds]
        await asyncio.sleep(0)
        await asyncio.to_thread(write, store, (0, 3))
        return list(await asyncio.gather(*following))

    with Hub(store) as hub:
        assert [1] * 20 == [found.count(("final", "A", 3)) for found in asyncio.run(all_of(hub))]


def test_a_closed_store_ends_in_words(store: BarStore) -> None:
    """Feeds of a hub that is closed are over."""
    hub = Hub(store)
    feed = hub.subscribe(["1s"])
    come(feed, 4)
    hub.close()

    assert feed.over
    assert [] == feed.get(PATIENCE)


def test_everybody_gets_every_final_once_beside_a_writer(tmp_path: Path) -> None:
    """Subscribers come, go and come again by position beside a writer in another store object that also compacts."""
    with open_store(tmp_path, bars.plan()) as store:
        write(store, (0, 0))
        with Hub(open_for_reading(tmp_path), again=lambda: open_for_reading(tmp_path)) as hub:
            found: list[Counter[tuple[object, ...]]] = [Counter() for _ in range(8)]
            readers = [
                Thread(target=read_again_and_again, args=(hub, counts, seed)) for seed, counts in enumerate(found)
            ]
            for reader in readers:
                reader.start()
            for slot in range(1, 200):
                write(store, (slot % 5, slot), closed=(slots(0, slot, slot + 1, (slot, 1)),))
                if slot % 70 == 0:
                    store.compact()
            for reader in readers:
                reader.join(PATIENCE)

            expected = Counter(("final", "ABCDE"[slot % 5], slot) for slot in range(200))
            assert [expected] * 8 == found


def read_again_and_again(hub: Hub, found: Counter[tuple[object, ...]], seed: int) -> None:
    """Take some finals, leave, and go on behind the last one, until all are there."""
    chance, position = random.Random(seed), f"{hub.store.log.end().epoch}-0"  # type: ignore[union-attr]
    while sum(found.values()) < 200:
        with hub.subscribe(["1s"], after=position, most_waiting=chance.choice([3, 1_000])) as feed:
            for _ in range(chance.randint(1, 10)):
                for event in feed.get(0.2):
                    if isinstance(event, FinalBar):
                        found.update(told([event]))
                        position = event.position


def test_another_store_in_its_place_begins_anew(tmp_path: Path) -> None:
    """A rebuild swaps the store: followers are told, and get what the new one holds."""
    with open_store(tmp_path / "state", bars.plan()) as store:
        write(store, (0, 1))
    with Hub(open_for_reading(tmp_path / "state"), again=lambda: open_for_reading(tmp_path / "state")) as hub:
        feed = hub.subscribe(["1s"])
        assert [("final", "A", 1), ("SnapshotEnd",)] == told(come(feed, 2))
        with open_store(tmp_path / "new", bars.plan()) as store:
            write(store, (0, 1), (0, 2))
        (tmp_path / "state").rename(tmp_path / "before")
        (tmp_path / "new").rename(tmp_path / "state")

        assert [("Reset",), ("final", "A", 2), ("SnapshotEnd",)] == told(come(feed, 3))
