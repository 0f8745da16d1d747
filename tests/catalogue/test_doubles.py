"""The doubles behave as the real things do where it matters: isolation, fencing, generations, compare-and-set."""

from __future__ import annotations

from datetime import date

import pytest

from barloom.testing import (
    FakeClock,
    FakeSessionCalendar,
    IllegalGenerationError,
    InMemoryConsumer,
    InMemoryLog,
    InMemoryProducer,
    InMemoryWindowProgressStore,
    KeyCatalogStub,
    ProducerFencedError,
    TopicPartition,
    UnknownMemberError,
)

INPUT = TopicPartition("in", 0)


@pytest.fixture
def log() -> InMemoryLog:
    """An input and an output of one partition."""
    made = InMemoryLog()
    made.create("in")
    made.create("out")
    return made


def producer(log: InMemoryLog, transactional_id: str = "app-p0") -> InMemoryProducer:
    """A producer that owns its id."""
    made = InMemoryProducer(log, transactional_id)
    made.init_transactions()
    return made


def test_records_of_an_open_transaction_hold_readers_back(log: InMemoryLog) -> None:
    """Committed reads end at the last stable offset; the high watermark is further on; aborted records vanish."""
    writer = producer(log)
    log.append("out", 0, key="before", value=1)
    writer.begin()
    writer.produce("out", 0, key="inside", value=2)
    log.append("out", 0, key="behind", value=3)

    assert (1, 3) == (log.last_stable_offset("out", 0), log.high_watermark("out", 0))
    assert ["before"] == [record.key for record in log.read("out", 0).records]
    assert 3 == len(log.read("out", 0, committed=False).records)
    writer.abort()
    assert ["before", "behind"] == [record.key for record in log.read("out", 0).records]
    assert 3 == log.read("out", 0).position


def test_a_successor_fences_and_aborts(log: InMemoryLog) -> None:
    """The same transactional id: what the predecessor left open is aborted, and it can write no more."""
    zombie = producer(log)
    zombie.begin()
    zombie.produce("out", 0, key="lost", value=1)
    successor = producer(log)

    for attempt in (zombie.commit, zombie.abort, zombie.begin):
        with pytest.raises(ProducerFencedError):
            attempt()
    successor.begin()
    successor.produce("out", 0, key="kept", value=2)
    successor.commit()
    assert ["kept"] == [record.key for record in log.read("out", 0).records]


def test_positions_of_an_old_generation_are_refused(log: InMemoryLog) -> None:
    """A transaction with positions of a member that missed a rebalance does not commit, even if they are unchanged."""
    old, new = (InMemoryConsumer(log, "app", name) for name in ("old", "new"))
    for consumer in (old, new):
        consumer.join()
    old.group.assign({"old": [INPUT]})
    old.freeze()
    old.group.assign({"new": [INPUT]})
    writer = producer(log)
    writer.begin()

    with pytest.raises(IllegalGenerationError):
        writer.send_offsets({INPUT: 0}, old.metadata)
    old.group.leave("old")
    with pytest.raises(UnknownMemberError):
        writer.send_offsets({INPUT: 0}, old.metadata)


def test_positions_and_records_commit_together(log: InMemoryLog) -> None:
    """Before the commit nobody sees either, after it everybody sees both; an abort leaves neither."""
    consumer = InMemoryConsumer(log, "app", "one")
    consumer.join()
    consumer.group.assign({"one": [INPUT]})
    writer = producer(log)
    for end, position in ((writer.abort, 0), (writer.commit, 5)):
        writer.begin()
        writer.produce("out", 0, key="bar", value=1)
        writer.send_offsets({INPUT: 5}, consumer.metadata)
        assert 0 == consumer.group.committed(INPUT)
        end()
        assert position == consumer.group.committed(INPUT)
    assert 1 == len(log.read("out", 0).records)


def test_a_rebalance_gives_up_before_it_takes_over(log: InMemoryLog) -> None:
    """Revoked while still the owner, assigned afterwards; a frozen member learns of its loss when it wakes."""
    seen: list[str] = []

    def member(name: str) -> InMemoryConsumer:
        return InMemoryConsumer(
            log,
            "app",
            name,
            on_assigned=lambda _: seen.append(f"{name} assigned"),
            on_revoked=lambda _: seen.append(f"{name} revoked"),
            on_lost=lambda _: seen.append(f"{name} lost"),
        )

    one, two = member("one"), member("two")
    one.join()
    two.join()
    one.group.assign({"one": [INPUT]})
    one.group.assign({"one": [], "two": [INPUT]})
    two.freeze()
    one.group.assign({"one": [INPUT], "two": []})
    assert {INPUT} == two.assignment
    two.thaw()

    assert ["one assigned", "one revoked", "two assigned", "one assigned", "two lost"] == seen
    assert frozenset() == two.assignment
    with pytest.raises(ValueError, match="one owner"):
        one.group.assign({"one": [INPUT], "two": [INPUT]})


def test_a_slot_is_marked_final_once() -> None:
    """`try_mark_finalized` succeeds once and takes the progress with it; nothing is set after it."""
    progress = InMemoryWindowProgressStore()
    assert progress.compare_and_set(("K",), "1m", 0, expected=None, value=1)
    assert not progress.compare_and_set(("K",), "1m", 0, expected=None, value=2)
    assert progress.compare_and_set(("K",), "1m", 0, expected=1, value=2)

    assert [True, False] == [progress.try_mark_finalized(("K",), "1m", 0) for _ in range(2)]
    assert progress.get(("K",), "1m", 0) is None
    assert not progress.compare_and_set(("K",), "1m", 0, expected=None, value=3)
    assert progress.try_mark_finalized(("K",), "1h", 0)


def test_a_clock_moves_forward_when_told() -> None:
    """Sleeping takes no time, and wall time that is set back leaves monotonic time alone."""
    clock = FakeClock(0)
    clock.sleep(1.5)
    clock.move("1s")
    clock.set(0)

    assert (0, 2.5) == (clock.now(), clock.monotonic())
    with pytest.raises(ValueError, match="forward only"):
        clock.move(-1)


def test_a_calendar_of_weekdays_has_breaks_and_half_days() -> None:
    """Segments end at the break and at the early close; holidays and weekends have none."""
    calendar = FakeSessionCalendar.weekdays(
        date(2024, 7, 1),
        date(2024, 7, 7),
        pause=("12:00", "13:00"),
        half_days={date(2024, 7, 2): "11:00"},
        holidays=[date(2024, 7, 3)],
    )

    assert [2, 1, 2, 2] == [int((calendar.table.session_of == number).sum()) for number in range(4)]
    assert 4 == len(calendar.table.dates)


def test_a_key_lives_where_it_was_seen_first() -> None:
    """A key seen in a second partition is reported."""
    catalog = KeyCatalogStub()
    catalog.add(("K",), 0)
    catalog.add(("L",), 1)
    catalog.add(("K",), 1)

    assert [(("K",), 0, 1)] == catalog.conflicts
    assert (0, {("L",)}) == (catalog.partition(("K",)), catalog.keys(1))
