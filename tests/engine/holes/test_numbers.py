"""Runs of numbers of one key: what is remembered is bounded, and what is forgotten is never taken for a duplicate."""

from __future__ import annotations

from barloom.engine.holes.numbers import MOST_GIVEN_UP, MOST_HOLES, Hole, Judged, KeyNumbers
from barloom.plan.barplan import Sequence

SECOND = 10**9
HOUR = 3600 * SECOND


def numbers() -> tuple[KeyNumbers, list[tuple[int, int]]]:
    """Of a key, and what is given up."""
    made, gone = KeyNumbers(Sequence("n", "n")), []

    def note(hole: Hole, counts: bool) -> None:  # noqa: FBT001 - as it is called
        assert counts
        gone.append((hole.first, hole.last))

    made.given_up = note
    return made, gone


def take(made: KeyNumbers, first: int, time: int, last: int | None = None) -> Judged:
    """One row, judged and taken in."""
    end = first if last is None else last
    judged = made.judge(first, end, time)
    made.take(first, end, time, judged)
    return judged


def test_a_hole_lies_between_its_neighbours() -> None:
    """In the span of their times, whichever is later; a number that comes parts it in two."""
    made, _ = numbers()
    for number, time in ((5, 100), (1, 60), (3, 300)):
        take(made, number, time)

    assert [(2, 2, 60, 300), (4, 4, 100, 300)] == [hole[:4] for hole in made.holes()]


def test_the_oldest_of_too_many_holes_is_given_up() -> None:
    """By the later end of its span; its number is then `gap`, whenever it comes."""
    made, gone = numbers()
    for number in range(0, 2 * MOST_HOLES + 4, 2):
        take(made, number, number * SECOND)

    assert MOST_HOLES == len(list(made.holes()))
    assert [(1, 1)] == gone
    assert Judged.GAP is made.judge(1, 1, SECOND)
    assert Judged.FRESH is made.judge(3, 3, SECOND)


def test_what_is_forgotten_is_a_gap() -> None:
    """Below the lowest number that is remembered nobody knows which were seen."""
    made, gone = numbers()
    for number in range(0, 2 * (MOST_GIVEN_UP + MOST_HOLES + 10), 2):
        take(made, number, number * SECOND)
    lowest = made.now.runs[0].first

    assert MOST_GIVEN_UP == sum(run.given_up for run in made.now.runs)
    assert lowest > 0
    assert {Judged.GAP} == {made.judge(number, number, 0) for number in range(lowest)}
    assert [(number, number) for number in range(1, 2 * len(gone), 2)] == gone


def test_a_forgotten_number_that_is_much_later_begins_anew() -> None:
    """As one that was seen does: most of them were."""
    made, _ = numbers()
    for number in range(0, 2 * (MOST_GIVEN_UP + MOST_HOLES + 10), 2):
        take(made, number, number * SECOND)

    assert Judged.ANEW is made.judge(1, 1, made.largest + 2 * SECOND)


def test_a_venue_that_begins_below_what_is_known() -> None:
    """Its numbers are no duplicates; when the hole above them is given up, they are the present ones."""
    made, gone = numbers()
    made.given_up = lambda hole, counts: gone.append((hole.first, hole.last)) if counts else None
    take(made, 1000, 0)
    for number in range(1, 10):
        assert Judged.FRESH is take(made, number, HOUR + number * SECOND)
    made.expire(3 * HOUR)  # only a row can explain it
    assert not made.anew
    made.pass_to(3 * HOUR)

    assert made.anew
    assert [] == gone
    assert [(1, 9)] == [(run.first, run.last) for run in made.now.runs]
    assert Judged.FRESH is made.judge(10, 10, 3 * HOUR)


def test_a_row_of_before_the_venue_began_anew() -> None:
    """Is known by its time: seen then, it is a duplicate, and it fills a hole of then."""
    made, _ = numbers()
    for number in (7, 8, 10):
        take(made, number, number * SECOND)
    assert Judged.ANEW is take(made, 7, HOUR)
    take(made, 8, HOUR + 1)

    assert Judged.SEEN is made.judge(10, 10, 10 * SECOND)
    assert Judged.FRESH is take(made, 9, 9 * SECOND)
    assert [(7, 10)] == [(run.first, run.last) for run in made.past.runs]
    assert [(7, 8)] == [(run.first, run.last) for run in made.now.runs]


def test_ranges_that_were_seen_in_part() -> None:
    """Only what was not seen is new to the numbers; the row itself would count some of them twice."""
    made, _ = numbers()
    take(made, 1, 0, 4)
    take(made, 9, 0, 10)
    judged = made.judge(3, 7, 0)
    lay = made.take(3, 7, 0, judged)

    assert (Judged.PART, 3) == (judged, lay)
    assert [(1, 7), (9, 10)] == [(run.first, run.last) for run in made.now.runs]
