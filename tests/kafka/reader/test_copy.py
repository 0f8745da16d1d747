"""A copy of topics answers as a store does: finals beat live bars, tombstones take them back, retention bounds it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from barloom.errors import StoreNotRunning
from barloom.kafka.reader.feeds import Lane
from barloom.read.answers import Found, NotFound, Why
from barloom.read.bucket import TimeBucket
from barloom.read.explain import explain
from barloom.store.backend import Family
from barloom.store.memory import MemoryBackend
from barloom.store.opening import memory_store
from barloom.store.rocksdb import RocksBackend
from barloom.store.scanning import Selection
from barloom.testing import FakeClock
from barloom.time.timeframe import SECOND
from kafka.reader.messages import KEYS, Log, open_copy
from store import bars

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from barloom.kafka.reader.copy import TopicCopy
    from barloom.read.bar import Bar

PLAN = bars.plan()


@pytest.fixture(params=["memory", "disk"])
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TopicCopy]:
    """Nothing in it yet."""
    backend = MemoryBackend() if request.param == "memory" else RocksBackend(tmp_path)
    made = open_copy(PLAN, backend)
    yield made
    made.close()


def shown(found: Iterator[Bar]) -> list[tuple[int, bool, str]]:
    """Start in seconds, final or not, close."""
    return [(bar.start_ns // SECOND, bar.final, str(bar.close)) for bar in found]


def test_a_bar_is_the_same_as_in_the_store_of_a_run(copy: TopicCopy) -> None:
    """Every field, in the same order, of finals and of live bars, at every timeframe."""
    Log(PLAN).bars((0, 5, 123, 7, 2)).bars((0, 7, 125, 9, 1), final=False).bars((0, 1, 130, 70, 9), level=1).into(copy)
    with memory_store(PLAN) as store:
        finals = (bars.block([(0, 5, 123, 7, 2)]), bars.block([(0, 1, 130, 70, 9)], level=1))
        store.commit(bars.commit(KEYS, finals=finals, lives=(bars.block([(0, 7, 125, 9, 1)], final=False),)))

        for timeframe in ("1s", "1m"):
            expected = list(TimeBucket(store, timeframe).range("A"))
            found = list(TimeBucket(copy, timeframe).range("A"))
            assert expected == found
            assert [list(bar.as_dict()) for bar in expected] == [list(bar.as_dict()) for bar in found]


def test_frames_are_those_of_the_store_of_a_run(copy: TopicCopy) -> None:
    """What is exported over Kafka is what an embedded run exports."""
    rows = [(0, 5, 123, 7, 2), (1, 5, 99, 1, 1), (0, 6, 124, 8, 3)]
    Log(PLAN).bars(*rows).into(copy)
    with memory_store(PLAN) as store:
        store.commit(bars.commit(KEYS, finals=(bars.block(rows),)))

        (expected,) = store.scanner.frames(Selection("final", 0))
        (found,) = copy.scanner.frames(Selection("final", 0))

    assert expected.equals(found)
    assert expected.schema == found.schema


@pytest.mark.parametrize("order", ["live first", "final first", "together"])
def test_a_final_beats_a_live_bar_in_any_order(copy: TopicCopy, order: str) -> None:
    """The topics are read independently; what is shown once both are here does not depend on it."""
    live, final = (0, 5, 122, 6, 1), (0, 5, 123, 7, 2)
    if order == "together":
        Log(PLAN).bars(live, final=False).bars(final).into(copy)
    else:
        parts = [Log(PLAN).bars(live, final=False), Log(PLAN).bars(final)]
        for part in parts if order == "live first" else reversed(parts):
            part.into(copy)

    bucket = TimeBucket(copy, "1s")
    assert [(5, True, "1.23")] == shown(bucket.range("A"))
    assert [(5, True, "1.23")] == shown(iter(bucket.latest("A", 5)))
    assert [] == list(copy.backend.scan(Family.OPEN, b"", None))


def test_a_live_row_that_says_to_be_final_is_the_final(copy: TopicCopy) -> None:
    """It may come before the final itself, or where that one has expired already."""
    Log(PLAN).bars((0, 5, 122, 6, 1), final=False).into(copy)
    Log(PLAN).sent("live", (0, 5, 123, 7, 2), final=True).into(copy)
    assert [(5, True, "1.23")] == shown(TimeBucket(copy, "1s").range("A"))

    Log(PLAN).bars((0, 5, 123, 7, 2)).into(copy)
    assert [(5, True, "1.23")] == shown(TimeBucket(copy, "1s").range("A"))


def test_a_tombstone_takes_a_live_bar_back(copy: TopicCopy) -> None:
    """But never a final, and only that slot's."""
    Log(PLAN).bars((0, 5, 1, 1, 1), (0, 6, 2, 1, 1), final=False).bars((0, 4, 3, 1, 1)).into(copy)
    Log(PLAN).gone(0, 5).gone(0, 4).gone(0, 9).into(copy)

    assert [(4, True, "0.03"), (6, False, "0.02")] == shown(TimeBucket(copy, "1s").range("A"))


def test_of_several_live_rows_of_a_slot_the_last_counts(copy: TopicCopy) -> None:
    """Also within one poll, and with a tombstone among them."""
    Log(PLAN).bars((0, 5, 1, 1, 1), final=False).gone(0, 5).bars((0, 5, 2, 1, 1), final=False).into(copy)
    Log(PLAN).bars((0, 6, 1, 1, 1), final=False).gone(0, 6).into(copy)

    assert [(5, False, "0.02")] == shown(TimeBucket(copy, "1s").range("A"))


def test_a_message_that_is_no_bar_is_passed_over_and_counted(copy: TopicCopy) -> None:
    """Its neighbours are not touched, and all positions move on."""
    log = Log(PLAN).bars((0, 5, 1, 1, 1)).raw("final", b"k", b"\x00nonsense").bars((0, 6, 2, 1, 1))
    log.raw("live", b"no key", None).into(copy)

    assert [(5, True, "0.01"), (6, True, "0.02")] == shown(TimeBucket(copy, "1s").range("A"))
    assert 2 == copy.unreadable
    assert log.arrivals.positions == {Lane("bars_final_1s", 0): 3, Lane("bars_live_1s", 0): 1}


@pytest.mark.parametrize(
    ("slot", "why", "decided"),
    [(3, Why.BEFORE_START, True), (6, Why.EMPTY, True), (7, Why.OPEN, False), (10, Why.NOT_YET, False)],
)
def test_not_found_says_whether_the_slot_is_decided(copy: TopicCopy, slot: int, why: Why, *, decided: bool) -> None:
    """As of the stream time of the key's own partition: with 2 s of delay, at 9 slots that end by 7 are decided."""
    Log(PLAN).bars((1, 5, 1, 1, 1)).reached(9, first=4).into(copy)

    assert NotFound(why, decided, 9 * SECOND) == TimeBucket(copy, "1s").get("B", slot * SECOND)


def test_each_key_goes_by_its_own_partition() -> None:
    """A key never seen may come in any of them: for it nothing is decided before all have got there."""
    with closing(open_copy(PLAN, MemoryBackend(), held=(0, 1))) as copy:
        log = Log(PLAN).bars((0, 5, 1, 1, 1), partition=0).bars((1, 5, 1, 1, 1), partition=1)
        log.reached(20, partition=0).reached(6, partition=1).into(copy)
        bucket = TimeBucket(copy, "1s")

        answers = [bucket.get(key, 6 * SECOND) for key in ("A", "B", "C")]

        assert answers == [
            NotFound(Why.EMPTY, decided=True, stream_time=20 * SECOND),
            NotFound(Why.OPEN, decided=False, stream_time=6 * SECOND),
            NotFound(Why.OPEN, decided=False, stream_time=6 * SECOND),
        ]


def test_a_reader_of_some_partitions_does_not_know_of_other_keys() -> None:
    """It finds what it has, and says NOT_HELD of keys that may live elsewhere, instead of that there is no bar."""
    copy = open_copy(PLAN, MemoryBackend(), held=(1,), whole=False)
    Log(PLAN).bars((0, 5, 1, 1, 1), partition=1).reached(9, partition=1).into(copy)
    bucket = TimeBucket(copy, "1s")

    assert isinstance(bucket.get("A", 5 * SECOND), Found)
    assert NotFound(Why.EMPTY, decided=True, stream_time=9 * SECOND) == bucket.get("A", 6 * SECOND)
    for ask in (
        lambda: bucket.get("B", 5 * SECOND),
        lambda: bucket.range("B"),
        lambda: bucket.latest("B"),
        lambda: bucket.explain("B", 5 * SECOND),
        lambda: bucket.wait_final("B", 5 * SECOND, 1),
    ):
        with pytest.raises(StoreNotRunning, match="'bars_final_1s' is NOT_HELD"):
            ask()
    assert "RUNNING" == bucket.state


@pytest.mark.parametrize("state", ["CREATED", "RESTORING", "REBALANCING", "PENDING_SHUTDOWN", "ERROR"])
def test_no_other_state_than_running_answers(copy: TopicCopy, state: str) -> None:
    """The error names topic, state and time; once it runs again, so do its buckets."""
    Log(PLAN).bars((0, 5, 1, 1, 1)).into(copy)
    bucket = TimeBucket(copy, "1s")
    copy.state = state

    for ask in (lambda: bucket.get("A", 5 * SECOND), lambda: bucket.range("A"), bucket.keys):
        with pytest.raises(StoreNotRunning, match=f"'bars_final_1s' is {state}") as raised:
            ask()
    assert (raised.value.topic, raised.value.state) == ("bars_final_1s", state)

    copy.state = "RUNNING"
    assert bucket.get("A", 5 * SECOND)


def test_an_answer_says_since_when_the_reader_is_cut_off(copy: TopicCopy) -> None:
    """Bars, missing bars and explanations alike."""
    Log(PLAN).bars((0, 5, 1, 1, 1)).reached(9).into(copy)
    copy.as_of = 8 * SECOND
    bucket = TimeBucket(copy, "1s")
    found, missing = bucket.get("A", 5 * SECOND), bucket.get("A", 6 * SECOND)

    assert (8 * SECOND, 8 * SECOND) == (found.as_of, missing.as_of)
    assert str(missing).endswith("cut off from the topics since 1970-01-01T00:00:08Z)")
    assert "cut off      from the topics since 1970-01-01T00:00:08Z" in str(bucket.explain("A", 6 * SECOND))


def test_it_is_explained_why_a_bar_is_not_final(copy: TopicCopy) -> None:
    """From the live bar's own counts and the stream time of its partition."""
    Log(PLAN).bars((0, 1, 130, 70, 9), level=1, final=False).reached(95).into(copy)

    found = explain(copy, ("A",), "1m", 60 * SECOND)

    assert ("live", 1, 33, 60) == (found.state, found.filled, found.decided, found.expected)
    assert 27 * SECOND == found.needed


def test_a_subscription_sees_every_final_once_and_live_bars_as_they_change(copy: TopicCopy) -> None:
    """Over a copy as over a store."""
    Log(PLAN).bars((0, 5, 1, 1, 1)).bars((0, 6, 2, 1, 1), final=False).into(copy)
    following = TimeBucket(copy, "1s", clock=FakeClock()).subscribe("A", deadline=0.2)
    seen = shown(iter([next(following), next(following)]))
    Log(PLAN).bars((0, 6, 3, 1, 2), final=False).into(copy)
    seen += shown(iter([next(following)]))
    Log(PLAN).sent("live", (0, 6, 3, 1, 2), final=True).bars((0, 6, 3, 1, 2)).into(copy)
    seen += shown(following)

    assert [(5, True, "0.01"), (6, False, "0.02"), (6, False, "0.03"), (6, True, "0.03")] == seen


def test_a_subscription_outlasts_a_restore(copy: TopicCopy) -> None:
    """While the reader reads everything anew nothing is given; then it goes on."""
    Log(PLAN).bars((0, 5, 1, 1, 1)).into(copy)
    following = TimeBucket(copy, "1s", clock=FakeClock()).subscribe("A", deadline=0.2)
    next(following)
    copy.state = "RESTORING"
    Log(PLAN).bars((0, 6, 2, 1, 1)).into(copy)
    assert [] == shown(following)

    again = TimeBucket(copy, "1s", clock=FakeClock())
    copy.state = "RUNNING"
    assert [6] == [bar.start_ns // SECOND for bar in again.subscribe("A", since=6 * SECOND, deadline=0.1)]


def test_finals_beyond_their_retention_are_removed() -> None:
    """By the stream time of their own partition; a quiet partition holds nothing back, and keeps its own."""
    plan = bars.plan(retention=60 * SECOND)
    copy = open_copy(plan, MemoryBackend(), held=(0, 1, 2))
    old = [(0, 5, 1, 1, 1), (0, 45, 1, 1, 1)]
    Log(plan).bars(*old, partition=0).bars((1, 5, 1, 1, 1), partition=1).into(copy)

    Log(plan).reached(100, partition=0).reached(6, partition=1).into(copy)

    bucket = TimeBucket(copy, "1s")
    assert [45] == [bar.start_ns // SECOND for bar in bucket.range("A")]
    assert [5] == [bar.start_ns // SECOND for bar in bucket.range("B")]
    assert NotFound(Why.EXPIRED, decided=True, stream_time=100 * SECOND) == bucket.get("A", 5 * SECOND)


def test_live_bars_beyond_the_retention_of_their_topic_are_removed() -> None:
    """Those whose final never came: their topic forgets them as well."""
    from barloom.kafka.reader.copy import TopicCopy  # noqa: PLC0415
    from barloom.time.calendars import resolve  # noqa: PLC0415
    from kafka.reader.messages import serde  # noqa: PLC0415

    copy = TopicCopy(PLAN, MemoryBackend(), serde(PLAN).bar_decoder, resolve("24x7"), (0,), live_retention=60 * SECOND)
    copy.state = "RUNNING"
    Log(PLAN).bars((0, 5, 1, 1, 1), (0, 45, 1, 1, 1), final=False).reached(100).into(copy)

    assert [45] == [bar.start_ns // SECOND for bar in TimeBucket(copy, "1s").range("A")]


def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    """Bars, homes of keys, stream times: a copy goes on where it was, as finals still beat the live bars of before."""
    with closing(open_copy(PLAN, RocksBackend(tmp_path), held=(0, 1), whole=False)) as first:
        log = Log(PLAN).bars((0, 5, 1, 1, 1), partition=1).bars((0, 6, 2, 1, 1), final=False, partition=1)
        log.reached(9, partition=1).into(first)
    with closing(open_copy(PLAN, RocksBackend(tmp_path), held=(0, 1), whole=False)) as again:
        Log(PLAN).bars((0, 6, 3, 1, 1), partition=1).into(again)
        bucket = TimeBucket(again, "1s")

        assert [(5, True, "0.01"), (6, True, "0.03")] == shown(bucket.range("A"))
        assert NotFound(Why.OPEN, decided=False, stream_time=9 * SECOND) == bucket.get("A", 7 * SECOND)
        assert [] == list(again.backend.scan(Family.OPEN, b"", None))
