"""Following bars, and waiting for a final one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from barloom.errors import WaitTimeout
from barloom.read.bucket import TimeBucket
from barloom.store.backend import Family
from barloom.store.opening import memory_store, open_store
from barloom.time.timeframe import SECOND
from store import bars
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from barloom.read.bar import Bar
    from barloom.store.barstore import BarStore

    Pair = tuple[bytes, bytes]

KEYS = bars.Keys(("A",), ("B",))


class Waits:
    """A clock that stands still but for sleeping; each sleep does the next thing that is to happen."""

    def __init__(self, *happenings: Callable[[], object]) -> None:
        self.time = 0
        self.happenings = list(happenings)

    def now(self) -> int:
        """Nanoseconds."""
        return self.time

    def monotonic(self) -> float:
        """Seconds."""
        return self.time / 1e9

    def sleep(self, seconds: float) -> None:
        """Time goes on, something happens."""
        self.time += round(seconds * 1e9)
        if self.happenings:
            self.happenings.pop(0)()


@pytest.fixture
def store() -> Iterator[BarStore]:
    """Finals of A at 1, 2, a live bar of A at 3 and of B at 3; stream time 4."""
    with memory_store(bars.plan()) as made:
        live = bars.block([(0, 3, 1, 1, 1), (1, 3, 1, 1, 1)], final=False)
        made.commit(bars.commit(KEYS, at=4, finals=(bars.block([(0, 1, 1, 1, 1), (0, 2, 1, 1, 2)]),), lives=(live,)))
        yield made


def seen(found: Bar) -> tuple[str, int, int, bool]:
    """Key, slot, count, final."""
    return (found.symbol, found.start_ns // SECOND, found.revision, found.final)


def test_a_subscription_begins_with_what_there_is(store: BarStore) -> None:
    """Each key's latest final, then the live bars; without changes it ends at its deadline."""
    found = list(TimeBucket(store, "1s", clock=Waits()).subscribe(deadline=1))

    assert [("A", 2, 2, True), ("A", 3, 1, False), ("B", 3, 1, False)] == [seen(bar) for bar in found]


def test_changes_follow(store: BarStore) -> None:
    """A live bar comes again when it changed, every final once, in slot order, and no live bar after its final."""
    happenings = (
        lambda: store.commit(bars.commit(KEYS, lives=(bars.block([(0, 3, 1, 1, 5)], final=False),))),
        lambda: store.commit(bars.commit(KEYS)),
        lambda: store.commit(
            bars.commit(
                KEYS,
                finals=(bars.block([(0, 3, 1, 1, 6), (0, 4, 1, 1, 7)]),),
                lives=(bars.block([(0, 5, 1, 1, 8)], final=False),),
            )
        ),
    )
    found = list(TimeBucket(store, "1s", clock=Waits(*happenings)).subscribe("A", deadline=1))

    changes = [("A", 3, 5, False), ("A", 3, 6, True), ("A", 4, 7, True), ("A", 5, 8, False)]
    assert [("A", 2, 2, True), ("A", 3, 1, False), *changes] == [seen(bar) for bar in found]


@pytest.mark.parametrize("delayed", [1, 3])
def test_what_becomes_visible_late_is_given(store: BarStore, monkeypatch: pytest.MonkeyPatch, delayed: int) -> None:
    """Beside a writer the count of commits may be seen before the live rows, which then come without a commit."""
    scan, hidden = store.backend.scan, [delayed]

    def late(family: Family, lower: bytes, upper: bytes | None, *, backwards: bool = False) -> Iterator[Pair]:
        if family is Family.OPEN and hidden[0] and store.totals().commits == 2:
            hidden[0] -= 1
            return iter(())
        return scan(family, lower, upper, backwards=backwards)

    monkeypatch.setattr(store.backend, "scan", late)
    clock = Waits(lambda: store.commit(bars.commit(KEYS, lives=(bars.block([(0, 4, 1, 1, 5)], final=False),))))
    found = list(TimeBucket(store, "1s", clock=clock).subscribe("A", deadline=1))

    assert [("A", 2, 2, True), ("A", 3, 1, False), ("A", 4, 5, False)] == [seen(bar) for bar in found]


def test_the_last_commit_of_a_writer_is_seen(tmp_path: Path) -> None:
    """What a writer commits right before it ends comes to readers beside it, however long they have waited for it."""
    first, last = (bars.commit(KEYS, lives=(bars.block([(0, 3, 1, 1, ticks)], final=False),)) for ticks in (1, 2))
    with open_store(tmp_path, bars.plan()) as made:
        made.commit(first)
        clock = Waits(*[lambda: None] * 30, lambda: (made.commit(last), made.close()))

        with TimeBucket.open(tmp_path, "1s", clock=clock) as bucket:
            found = list(bucket.subscribe("A", deadline=3))

    assert [("A", 3, 1, False), ("A", 3, 2, False)] == [seen(bar) for bar in found]


def test_a_quiet_store_is_not_read(store: BarStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second after the last commit only their number is looked at."""
    scan, scans = store.backend.scan, []

    def counted(family: Family, lower: bytes, upper: bytes | None, *, backwards: bool = False) -> Iterator[Pair]:
        if family not in (Family.META, Family.LOG):
            scans.append(clock.now())
        return scan(family, lower, upper, backwards=backwards)

    monkeypatch.setattr(store.backend, "scan", counted)
    clock = Waits()
    list(TimeBucket(store, "1s", clock=clock).subscribe("A", deadline=60))

    assert max(scans) <= SECOND


def test_since_gives_earlier_finals(store: BarStore) -> None:
    """With `since` the snapshot holds all finals from that slot on."""
    found = list(TimeBucket(store, "1s", clock=Waits()).subscribe("A", since=1 * SECOND, deadline=0))

    assert [("A", 1, 1, True), ("A", 2, 2, True), ("A", 3, 1, False)] == [seen(bar) for bar in found]


def test_a_new_key_is_followed(store: BarStore) -> None:
    """A subscription to all keys takes in those that come later, with all their finals since then."""
    more = bars.Keys(("A",), ("B",), ("C",))
    happenings = (lambda: store.commit(bars.commit(more, finals=(bars.block([(2, 3, 1, 1, 1), (2, 4, 1, 1, 2)]),))),)
    found = list(TimeBucket(store, "1s", clock=Waits(*happenings)).subscribe(deadline=1))

    assert [("C", 3, 1, True), ("C", 4, 2, True)] == [seen(bar) for bar in found][3:]


def test_closing_the_bucket_ends_it(store: BarStore) -> None:
    """Without a deadline a subscription ends when its bucket is closed."""
    clock = Waits()
    bucket = TimeBucket(store, "1s", clock=clock)
    clock.happenings.append(bucket.close)

    assert len(list(bucket.subscribe())) == 3


def test_it_works_asynchronously(store: BarStore) -> None:
    """``async for`` gives the same."""

    async def collect() -> list[Bar]:
        return [bar async for bar in TimeBucket(store, "1s").subscribe(deadline=0)]

    assert 3 == len(asyncio.run(collect()))


def test_waiting_gives_the_final(store: BarStore) -> None:
    """`wait_final` returns as soon as the slot is closed."""
    clock = Waits(lambda: None, lambda: store.commit(bars.commit(KEYS, finals=(bars.block([(0, 3, 1, 1, 6)]),))))

    assert ("A", 3, 6, True) == seen(TimeBucket(store, "1s", clock=clock).wait_final("A", 3 * SECOND, deadline=5))
    assert clock.now() == SECOND // 10


def test_waiting_ends_at_the_deadline_and_says_why(store: BarStore) -> None:
    """The error explains what the bar waits for."""
    clock = Waits()

    with pytest.raises(WaitTimeout, match="live, not final yet\n  stream time  1970-01-01T00:00:04Z"):
        TimeBucket(store, "1s", clock=clock).wait_final("A", 3 * SECOND, deadline=2)
    assert clock.now() == 2 * SECOND


def test_nobody_waits_for_what_never_comes(store: BarStore) -> None:
    """A slot that is decided and empty ends the wait at once."""
    clock = Waits()

    with pytest.raises(WaitTimeout, match="decided without a tick"):
        TimeBucket(store, "1s", clock=clock).wait_final("B", 1 * SECOND, deadline=60)
    assert clock.now() == 0


def test_waiting_works_asynchronously(store: BarStore) -> None:
    """The same, without blocking the event loop."""
    bucket = TimeBucket(store, "1s")

    async def commit_soon() -> None:
        await asyncio.sleep(0.02)
        store.commit(bars.commit(KEYS, finals=(bars.block([(0, 3, 1, 1, 6)]),)))

    async def both() -> Bar:
        bar, _ = await asyncio.gather(bucket.wait_final_async("A", 3 * SECOND, deadline=PATIENCE), commit_soon())
        return bar

    assert ("A", 3, 6, True) == seen(asyncio.run(both()))
