"""What partitions have closed, put together, and as messages."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barloom.errors import SourceError
from barloom.kafka.events.closed import ClosedMessage, closed_records, read_closed, without_outdated
from barloom.kafka.reader.closings import Closings, ToldClosed, Whole
from barloom.time.timeframe import SECOND
from properties.quick import quick
from store import bars
from store.test_log import slots

if TYPE_CHECKING:
    from barloom.engine.blocks import ClosedSlots

PLAN = bars.plan()


def whole(told: int | None = None, taken: dict[int, int] | None = None, partitions: int = 2) -> Whole:
    """Nothing read yet of some partitions; up to a second was told before."""
    made = Whole(PLAN, range(partitions))
    made.begin([None if told is None else told * SECOND, None], taken or {})
    return made


def take(made: Whole, partition: int, offset: int, *closed: ClosedSlots) -> list[tuple[object, ...]]:
    """What follows from messages of a partition: where it begins and ends, the bars of each slot, reopened or not."""
    records = closed_records(PLAN, partition, 2, closed, at=7)
    items = tuple(Closings(offset + place, read_closed(record.value)) for place, record in enumerate(records))
    return [
        (
            None if item.after is None else item.after // SECOND,
            item.to // SECOND,
            dict(zip((item.starts // SECOND).tolist(), item.keys.tolist(), strict=True)),
            *(["reopened"] if item.reopened else []),
        )
        for item in made.take(partition, ToldClosed(items))
    ]


def test_the_whole_is_closed_where_the_slowest_partition_is() -> None:
    """Until each partition has said something nothing is; then the least, with the bars of all."""
    made = whole()

    assert [] == take(made, 0, 0, slots(0, 2, 5, (2, 3), (4, 1)))
    assert [(2, 3, {2: 4})] == take(made, 1, 0, slots(0, 2, 3, (2, 1)))
    assert [(3, 5, {4: 3})] == take(made, 1, 1, slots(0, 3, 9, (4, 2), (8, 1)))
    assert [(5, 9, {8: 2})] == take(made, 0, 1, slots(0, 5, 12, (8, 1), (11, 1)))


def test_a_partition_without_keys_holds_nobody_up() -> None:
    """It says up to where, and nothing of a beginning."""
    made = whole()
    take(made, 0, 0, slots(0, 2, 5, (2, 3)))

    assert [(2, 5, {2: 3})] == take(made, 1, 0, slots(0, None, 20))


def test_reopened_slots_count_until_the_whole_has_closed_them() -> None:
    """Where another partition is not so far they are bars like others; behind that they are told."""
    made = whole()
    take(made, 0, 0, slots(0, 0, 5, (2, 1)))
    assert [] == take(made, 0, 1, slots(0, None, 5, (3, 1), reopened=True))
    assert [(0, 4, {2: 1, 3: 1})] == take(made, 1, 0, slots(0, 0, 4))

    assert [(None, 4, {1: 2}, "reopened")] == take(made, 0, 2, slots(0, None, 5, (1, 2), reopened=True))


def test_what_was_told_before_a_restart_is_not_told_again() -> None:
    """The topic is read from its beginning; what was told, and reopened slots taken in then, stay silent."""
    made = whole(told=4, taken={0: 3, 1: 1})

    assert [] == take(made, 0, 0, slots(0, 0, 5, (2, 1), (4, 1)))
    assert [] == take(made, 0, 1, slots(0, None, 5, (1, 2), reopened=True))
    assert [] == take(made, 1, 0, slots(0, 0, 4))
    assert [(4, 5, {4: 3})] == take(made, 1, 1, slots(0, 4, 6, (4, 2)))
    assert [(None, 5, {1: 1}, "reopened")] == take(made, 0, 3, slots(0, None, 5, (1, 1), reopened=True))


RANGES = st.lists(st.tuples(st.integers(1, 5), st.lists(st.integers(0, 3), min_size=5, max_size=5)), max_size=6)


@quick(100)
@given(st.lists(RANGES, min_size=1, max_size=3), st.randoms(use_true_random=False), st.integers(0, 20))
def test_any_order_of_partitions_gives_the_same_whole(
    partitions: list[list[tuple[int, list[int]]]], random: object, restart: int
) -> None:
    """Up to the least that all have closed, each slot once with the bars of all; also with a restart in between."""
    messages, reached, expected = [], [], Counter[int]()
    for ranges in partitions:
        at, told = 0, []
        for length, keys in ranges:
            told.append(
                slots(0, at, at + length, *((at + place, keys[place]) for place in range(length) if keys[place]))
            )
            expected.update({at + place: keys[place] for place in range(length)})
            at += length
        reached.append(at if ranges else None)
        messages.append(told)
    order = [number for number, told in enumerate(messages) for _ in told]
    random.shuffle(order)  # type: ignore[attr-defined]
    made, found, to, offsets = whole(partitions=len(partitions)), Counter[int](), None, Counter[int]()
    for step, number in enumerate(order):
        if step == restart:
            made = again(made, to, messages, offsets)
        for after, until, counts, *_ in take(made, number, offsets[number], messages[number][offsets[number]]):
            assert to is None or after == to
            assert isinstance(until, int)
            assert isinstance(counts, dict)
            to = until
            found.update(counts)
        offsets[number] += 1

    least = None if None in reached else min(to for to in reached if to is not None)
    assert (least or None) == to
    assert +found == +Counter({slot: keys for slot, keys in expected.items() if to is not None and slot < to})


def again(made: Whole, to: int | None, messages: list[list[ClosedSlots]], offsets: Counter[int]) -> Whole:
    """Another reader that reads the topic from its beginning, and tells nothing of what was told."""
    other = whole(to, made.taken, len(messages))
    for number, told in enumerate(messages):
        for offset in range(offsets[number]):
            assert [] == take(other, number, offset, told[offset])
    return other


def test_messages_are_small_and_their_keys_let_quiet_ranges_go() -> None:
    """A long range is cut where a slot begins; a quiet range that grows has one key; reopened slots have their own."""
    long = slots(0, 0, 10_000, *((slot, 1) for slot in range(10_000)))
    parts = [read_closed(record.value) for record in closed_records(PLAN, 3, 8, [long], at=7)]

    assert [(0, 4_096_000), (4_096_000, 8_192_000), (8_192_000, 10_000_000)] == [
        (part.after, part.to) for part in parts
    ]
    assert [(slot * 1_000, 1) for slot in range(10_000)] == [slot for part in parts for slot in part.slots]
    assert {("1s", 3, 8, False)} == {(part.timeframe, part.partition, part.partitions, part.reopened) for part in parts}

    quiet = [
        slots(0, 5, 6),
        slots(0, 5, 7),
        slots(0, None, 5, (1, 1), reopened=True),
        slots(0, None, 5, (1, 1), reopened=True),
    ]
    keys = [record.key for record in closed_records(PLAN, 3, 8, quiet, at=7)]
    assert [b'["1s",3,5000]', b'["1s",3,5000]', b'["1s",3,null,7,2]', b'["1s",3,null,7,3]'] == keys
    assert [7, 5, 5] == [item.to // SECOND for item in without_outdated(quiet)]


def test_what_cannot_be_read_says_so() -> None:
    """A message of something else is an error with its beginning."""
    with pytest.raises(SourceError, match="cannot be read"):
        read_closed(b"{}")


def test_a_message_is_what_the_engine_told() -> None:
    """There and back."""
    told = ClosedMessage("1s", 0, 1, None, 5_000, [(4_000, 2)]).of(0)

    assert (0, None, 5 * SECOND, [4 * SECOND], [2], False) == (
        told.level,
        told.after,
        told.to,
        told.starts.tolist(),
        told.keys.tolist(),
        told.reopened,
    )
    assert np.int64 == told.starts.dtype
