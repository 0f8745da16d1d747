"""A stream time counts once every bar that was committed with it has been read."""

from __future__ import annotations

from barloom.engine.times.key_columns import KeyTime
from barloom.kafka.reader.feeds import Lane
from barloom.kafka.reader.reached import Reached
from barloom.store.stream_times import StreamTimes

ONE, TWO, OTHER = Lane("final_1s", 0), Lane("final_1m", 0), Lane("final_1s", 1)


def asked(times: StreamTimes, ends: dict[Lane, int]) -> Reached:
    """Partition 0 is there by its progress, and its logs end here."""
    reached = Reached(["final_1s", "final_1m"])
    reached.read({0: times})
    reached.ask()
    reached.answered(ends)
    return reached


def test_all_topics_of_the_partition_have_to_be_read_up_to_their_ends() -> None:
    """Those of other partitions do not matter; once given it is not given again."""
    reached = asked(StreamTimes(9), {ONE: 5, TWO: 3, OTHER: 100})

    assert {} == reached.take({ONE: 5, TWO: 2})
    assert {} == reached.take({ONE: 4, TWO: 3})
    assert reached.waiting
    assert {0: StreamTimes(9)} == reached.take({ONE: 5, TWO: 3})
    assert {} == reached.take({ONE: 5, TWO: 3})
    assert not reached.waiting


def test_ends_told_before_it_was_read_say_nothing() -> None:
    """What came while the brokers were being asked waits for the next answer."""
    reached = Reached(["final_1s"])
    reached.ask()
    reached.read({0: StreamTimes(9)})
    reached.answered({ONE: 5})

    assert {} == reached.take({ONE: 5})
    assert reached.unasked
    reached.ask()
    reached.answered({ONE: 7})
    assert {} == reached.take({ONE: 6})
    assert {0: StreamTimes(9)} == reached.take({ONE: 7})


def test_later_ones_do_not_hold_back_earlier_ones() -> None:
    """Under constant traffic each counts when its own bars are here; of several that are, the latest."""
    reached = asked(StreamTimes(1), {ONE: 1, TWO: 0})
    for time in (2, 3):
        reached.read({0: StreamTimes(time)})
        reached.ask()
        reached.answered({ONE: time, TWO: 0})

    assert {0: StreamTimes(1)} == reached.take({ONE: 1})
    assert {0: StreamTimes(3)} == reached.take({ONE: 3})


def test_an_answer_that_did_not_come_is_asked_for_again() -> None:
    """Nothing is lost, and what was read since wins."""
    reached = Reached(["final_1s"])
    reached.read({0: StreamTimes(1), 1: StreamTimes(1)})
    reached.ask()
    reached.read({0: StreamTimes(2)})
    reached.unanswered()
    reached.ask()
    reached.answered({ONE: 0, OTHER: 0})

    assert {0: StreamTimes(2), 1: StreamTimes(1)} == reached.take({})


def test_what_was_told_of_single_keys_is_not_lost() -> None:
    """Each word on a partition tells of the keys that moved: of the others holds what was told before."""
    reached = asked(told(1, a=1, b=1), {ONE: 1, TWO: 0})
    reached.read({0: told(2, a=2)})
    reached.read({0: told(3, c=3)})
    reached.ask()
    reached.answered({ONE: 1, TWO: 0})

    assert {0: told(3, a=2, b=1, c=3)} == reached.take({ONE: 1})


def told(time: int, **keys: int) -> StreamTimes:
    """A stream time, and where keys stand."""
    return StreamTimes(time, keys={name: KeyTime(event) for name, event in keys.items()})
