"""What continuity promises, whatever comes in which order: compared with the market that it came from."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barloom.feed.batch import Batch, EventKind, Position, SymbolId
from barloom.feed.continuity.continuity import Continuity
from barloom.feed.continuity.rules import Ask, Rules, Want
from barloom.feed.protocol import Trade

A, B = SymbolId("double", "A"), SymbolId("double", "B")
SECOND = 1_000_000_000


def trade(number: int, *, last: int | None = None, time: int | None = None, symbol: str = "A") -> Trade:
    """A trade whose event time is its number in seconds, unless another is given."""
    at = number * SECOND if time is None else time
    return Trade(symbol, number, number if last is None else last, at, "1", "1", "buy")


@dataclass
class Bench:
    """A continuity with its clock, and everything that it gave."""

    together: bool = False
    max_held: int = 1_000
    batch_rows: int = 1_000
    positions: dict[SymbolId, Position] = field(default_factory=dict)
    symbols: tuple[SymbolId, ...] = (A,)

    def __post_init__(self) -> None:
        rules = Rules(fill_within=60, check_every=15, patience=0.25, together=self.together, max_held=self.max_held)
        self.continuity = Continuity(rules, self.batch_rows)
        self.now = self.heard = 0.0
        self.batches: list[Batch] = []
        self.wants: list[Want] = []
        for of in self.symbols:
            self.continuity.add(of, self.positions.get(of), self.now)

    def live(self, *numbers: int | Trade, of: SymbolId = A) -> None:
        """Rows come over the connection."""
        for number in numbers:
            row = trade(number, symbol=of.symbol) if isinstance(number, int) else number
            self.continuity.chains[of].live(row, row.time, row.time, self.now)

    def turn(self, seconds: float = 0.0) -> list[Want]:
        """Time passes; what is asked now."""
        self.now += seconds
        self.heard = self.now
        self.wants = self.continuity.turn(self.now)
        while (batch := self.continuity.out.take()) is not None:
            self.batches.append(batch)
        return self.wants

    def answer(self, *numbers: int, of: SymbolId = A) -> None:
        """History answers what was asked."""
        rows = [trade(number, symbol=of.symbol) for number in numbers]
        self.continuity.chains[of].answered(rows, 0, self.now)

    def compare(self, last: int | None, time: int, of: SymbolId = A) -> None:
        """History says which number is the latest, of a time in seconds."""
        self.continuity.chains[of].compared([], last, time * SECOND, 0, self.now, self.heard)

    def sure(self, last: int, time: int, of: SymbolId = A) -> None:
        """It is subscribed to, and compared."""
        self.continuity.connected([of])
        self.turn()
        self.compare(last, time, of)

    @property
    def numbers(self) -> list[int | None]:
        """The numbers given, in order."""
        self.turn()
        return [row.first for batch in self.batches for row in batch.rows if isinstance(row, Trade)]

    @property
    def given(self) -> list[tuple[str, int | None]]:
        """Symbols and numbers given, in order."""
        self.turn()
        return [(row.symbol, row.first) for batch in self.batches for row in batch.rows if isinstance(row, Trade)]

    def told(self, *kinds: EventKind) -> list[tuple[int | None, int | None]]:
        """The numbers of events of these kinds."""
        self.turn()
        return [(event.first, event.last) for batch in self.batches for event in batch.events if event.kind in kinds]

    @property
    def marks(self) -> list[tuple[str | None, int]]:
        """Symbols and seconds of the marks given."""
        self.turn()
        return [
            (None if mark.of is None else mark.of.symbol, mark.time // SECOND)
            for batch in self.batches
            for mark in batch.marks
        ]

    @property
    def position(self) -> Position | None:
        """Where the first symbol stands by the batches so far."""
        self.turn()
        return next((batch.positions[A] for batch in reversed(self.batches) if A in batch.positions), None)


def test_rows_behind_a_hole_wait_until_it_is_filled() -> None:
    """They are given in the order of their numbers, each once, and what is missing is asked for after a moment."""
    bench = Bench()
    bench.live(1, 2, 5, 6)

    assert [1, 2] == bench.numbers
    assert [Want(A, Ask.MISSING, 2, 2 * SECOND, 4)] == bench.turn(0.3)
    bench.answer(3, 4)
    assert [1, 2, 3, 4, 5, 6] == bench.numbers
    assert [(3, 4)] == bench.told(EventKind.FILLED)
    assert Position(6, 6 * SECOND) == bench.position


def test_rows_out_of_order_are_put_in_order_without_asking() -> None:
    """Nothing is fetched for rows that came a moment too early, and nobody is told of a hole."""
    bench = Bench()
    bench.live(1, 3, 2, 4)
    bench.sure(4, 4)
    bench.turn(0.3)

    assert ([], [1, 2, 3, 4], []) == (bench.wants, bench.numbers, bench.told(EventKind.HOLE, EventKind.FILLED))


def test_a_hole_is_given_up_when_nothing_of_it_comes() -> None:
    """After that the rows behind it go on; a row of it that comes all the same is given once, and moves no position."""
    bench = Bench()
    bench.live(1, 4)
    bench.turn(59)
    assert [1] == bench.numbers
    bench.turn(1)

    assert [1, 4] == bench.numbers
    assert [(2, 3)] == bench.told(EventKind.GIVEN_UP)
    bench.live(3, 3)
    assert [1, 4, 3] == bench.numbers
    assert Position(4, 4 * SECOND) == bench.position


def test_a_hole_is_waited_for_while_history_brings_some_of_it() -> None:
    """A start after a long time away takes longer than a hole may last, and loses nothing."""
    bench = Bench(positions={A: Position(0, 0)})
    bench.live(11)
    for number in range(1, 11):
        bench.turn(59)
        bench.answer(number)

    assert [*range(1, 12)] == bench.numbers
    assert [] == bench.told(EventKind.GIVEN_UP)


def test_holes_behind_one_that_does_not_come_are_asked_for_in_turn() -> None:
    """What can be had is there when the first hole is given up, so that no other is given up with it."""
    bench = Bench()
    bench.live(1, 3, 5)
    assert [Want(A, Ask.MISSING, 1, SECOND, 2)] == bench.turn(0.3)
    bench.answer()
    assert [Want(A, Ask.MISSING, 3, 3 * SECOND, 4)] == bench.turn(10)
    bench.answer(4)
    bench.turn(50)

    assert [1, 3, 4, 5] == bench.numbers
    assert [(2, 2)] == bench.told(EventKind.GIVEN_UP)


def test_what_is_below_the_position_is_never_given_again() -> None:
    """A start continues right behind what was given before, with the history first."""
    bench = Bench(positions={A: Position(7, 7 * SECOND)})
    bench.live(6, 7, 10)
    bench.turn(0.3)
    bench.answer(7, 8, 9)

    assert [8, 9, 10] == bench.numbers


def test_numbers_that_begin_anew_are_a_new_run() -> None:
    """A number that was seen, with a time beyond the largest by more than a second, begins a new run at once."""
    bench = Bench()
    bench.live(101, 102, trade(1, time=104 * SECOND), trade(2, time=105 * SECOND), trade(2, time=105 * SECOND))

    assert [101, 102, 1, 2] == bench.numbers
    assert [(1, None)] == bench.told(EventKind.RESTARTED)


def test_a_new_run_of_which_nothing_came_is_found_by_comparing() -> None:
    """The venue's latest row has a lower number and a later time: what was before it is not waited for for ever."""
    bench = Bench()
    bench.live(101)
    bench.continuity.connected([A])
    bench.turn()
    bench.continuity.chains[A].compared([trade(9, time=200 * SECOND)], 9, 201 * SECOND, 0, bench.now, 0)

    assert [101, 9] == bench.numbers
    assert [(9, None)] == bench.told(EventKind.RESTARTED)


def test_a_new_run_waits_for_the_hole_of_the_one_before() -> None:
    """What began anew is given behind what was missing of the old run, and what history has of each is told apart."""
    bench = Bench()
    bench.live(101, 103, trade(1, time=105 * SECOND), trade(2, time=106 * SECOND))
    assert [101] == bench.numbers
    bench.turn(0.3)
    bench.answer(102)

    assert [101, 102, 103, 1, 2] == bench.numbers


def test_a_lost_tail_is_found_by_comparing() -> None:
    """A quiet symbol is asked for its latest number, and what is missing is fetched though no row shows it."""
    bench = Bench()
    bench.live(1)
    bench.sure(1, 2)
    assert [Want(A, Ask.LATEST, 1, SECOND, 1)] == bench.turn(15)
    bench.compare(3, 20)
    assert [Want(A, Ask.MISSING, 1, SECOND, 3)] == bench.turn(0.3)
    bench.answer(2, 3)

    assert [1, 2, 3] == bench.numbers


def test_marks_are_given_where_the_tail_is_proven() -> None:
    """The venue's last number is the last given: all before its word was given. With an unknown tail there is none."""
    bench = Bench()
    bench.live(1)
    chain = bench.continuity.chains[A]
    chain.tail(1, 10 * SECOND, bench.now)
    chain.tail(2, 30 * SECOND, bench.now)
    chain.tail(2, 40 * SECOND, bench.now)

    assert [("A", 10)] == bench.marks
    bench.turn(0.3)
    bench.answer(2)
    chain.tail(2, 50 * SECOND, bench.now)
    assert [("A", 10), ("A", 50)] == bench.marks


def test_history_is_believed_when_it_goes_on_saying_the_same() -> None:
    """It may lag behind the market: a mark is of the time when it said so first. A new connection makes it doubtful."""
    bench = Bench()
    bench.live(1)
    bench.sure(1, 10)
    bench.compare(1, 20)
    assert [] == bench.marks
    bench.compare(1, 30)
    bench.live(2)
    bench.compare(2, 40)
    assert [("A", 20)] == bench.marks
    bench.compare(2, 50)
    bench.compare(2, 60)
    bench.continuity.disconnected([A], bench.now)
    bench.sure(2, 70)
    assert [("A", 20), ("A", 40), ("A", 50)] == bench.marks


def test_history_is_not_believed_while_the_connection_is_silent() -> None:
    """Nothing that came would say that it is wrong."""
    bench = Bench()
    bench.live(1)
    bench.sure(1, 10)
    bench.compare(1, 20)
    for time in (30, 40, 50):
        bench.now += 15
        bench.compare(1, time)
    assert [] == [mark for mark in bench.marks if mark[1] > 20]
    bench.compare(1, 60)

    assert [("A", 50)] == bench.marks[-1:]


def test_history_gives_no_marks_where_the_venue_itself_tells_its_last_number() -> None:
    """What comes over the connection does not lag behind it."""
    bench = Bench()
    bench.live(1)
    bench.sure(1, 10)
    bench.continuity.chains[A].tail(1, 20 * SECOND, bench.now)
    for time in (30, 40, 50):
        bench.compare(1, time)

    assert [("A", 20)] == bench.marks


def test_after_a_lost_connection_the_tail_is_asked_for_at_once() -> None:
    """Not before there is another connection: what happens between the answer and the subscription would be missed."""
    bench = Bench()
    bench.live(1)
    bench.sure(1, 2)
    bench.continuity.disconnected([A], bench.now)
    assert [] == bench.turn(1)
    bench.continuity.connected([A])

    assert [Want(A, Ask.LATEST, 1, SECOND, 1)] == bench.turn()


def test_an_answer_asked_for_before_the_connection_stood_proves_no_tail() -> None:
    """It is asked for again: a row may have come after the answer and before the subscription."""
    bench = Bench()
    bench.live(1)
    bench.sure(1, 2)
    bench.continuity.disconnected([A], bench.now)
    bench.turn(16)
    bench.continuity.connected([A])
    bench.compare(1, 17)

    assert [Want(A, Ask.LATEST, 1, SECOND, 1)] == bench.turn()


def test_together_one_hole_holds_all_and_what_was_held_goes_on_by_time() -> None:
    """With one time for all symbols those without a hole wait, and are given in the order of event time."""
    bench = Bench(together=True, symbols=(A, B))
    bench.live(1)
    bench.live(1, of=B)
    bench.turn()
    bench.live(3)
    bench.live(2, 3, 4, of=B)
    assert [("A", 1), ("B", 1)] == bench.given
    bench.turn(0.3)
    bench.answer(2)

    assert [("A", 1), ("B", 1), ("A", 2), ("B", 2), ("A", 3), ("B", 3), ("B", 4)] == bench.given


def test_together_marks_of_all_are_what_is_proven_of_all() -> None:
    """The symbol of which the least is proven says how far all are complete."""
    bench = Bench(together=True, symbols=(A, B))
    bench.live(1)
    bench.live(1, of=B)
    bench.sure(1, 20)
    bench.sure(1, 10, of=B)
    for time in (30, 40):
        bench.compare(1, time)
        bench.compare(1, time, of=B)

    assert [("A", 30), ("B", 30), (None, 30)] == [mark for mark in bench.marks if mark[1] > 1]


def test_rows_that_find_no_room_are_fetched_later() -> None:
    """Memory is bounded: beyond it rows that came live are let go, and history brings them when their turn comes."""
    bench = Bench(max_held=2)
    bench.live(1, *range(3, 9))
    assert 2 == bench.continuity.room.held
    bench.turn(0.3)
    bench.answer(2)
    assert [Want(A, Ask.MISSING, 4, 4 * SECOND, 8)] == bench.turn(0.3)
    assert [1, 2, 3, 4] == bench.numbers
    bench.answer(5, 6, 7, 8)

    assert [*range(1, 9)] == bench.numbers
    assert 0 == bench.continuity.room.held


def test_together_rows_that_find_no_room_are_fetched_later() -> None:
    """Also those that are in order themselves and wait for another symbol."""
    bench = Bench(together=True, max_held=3, symbols=(A, B))
    bench.live(1)
    bench.live(1, of=B)
    bench.turn()
    bench.live(3)
    bench.live(*range(2, 9), of=B)
    bench.turn(0.3)
    bench.answer(2)
    bench.turn(0.3)
    bench.answer(*range(4, 9), of=B)

    assert [*range(1, 9)] == [number for symbol, number in bench.given if symbol == "B"]
    assert [1, 2, 3] == [number for symbol, number in bench.given if symbol == "A"]


def test_a_symbol_that_is_refused_holds_nobody() -> None:
    """It is an error of that symbol alone; what was held of it goes on."""
    bench = Bench(together=True, symbols=(A, B))
    bench.live(1, 3)
    bench.continuity.chains[A].refused("delisted", bench.now)
    bench.live(1, 2, of=B)

    assert [("A", 1), ("B", 1), ("B", 2), ("A", 3)] == bench.given
    assert "delisted" == bench.continuity.chains[A].error


def test_a_symbol_that_is_refused_at_the_start_holds_nobody() -> None:
    """Nor does one of which only the history is known."""
    bench = Bench(together=True, symbols=(A, B), positions={A: Position(1, SECOND)})
    bench.live(2, of=B)
    assert [] == bench.given
    bench.continuity.chains[A].refused("delisted", bench.now)

    assert [("B", 2)] == bench.given


def test_a_row_that_stands_for_several_numbers_overlaps_single_ones() -> None:
    """History may have singly what came as one: no number counts twice, and none is lost."""
    bench = Bench()
    bench.live(1, trade(4, last=6), 7)
    bench.turn(0.3)
    bench.answer(2, 3, 4, 5, 6)
    assert [1, 2, 3] == bench.numbers[:3]
    covered = [
        number
        for batch in bench.batches
        for row in batch.rows
        if isinstance(row, Trade)
        for number in range(row.first or 0, (row.last or 0) + 1)
    ]
    assert [*range(1, 8)] == covered


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 100])
def test_positions_stand_behind_the_rows_of_their_batch(batch_rows: int) -> None:
    """Whoever starts at the position of any batch gets the rest, whatever the size of the batches."""
    bench = Bench(batch_rows=batch_rows)
    bench.live(1, *range(3, 9))
    bench.turn(0.3)
    bench.answer(2)
    bench.turn()

    given: list[int | None] = []
    for batch in bench.batches:
        assert len(batch.rows) <= batch_rows
        given += [row.first for row in batch.rows if isinstance(row, Trade)]
        if A in batch.positions:
            assert given[-1] == batch.positions[A].last
    assert [*range(1, 9)] == given


OPERATIONS = st.one_of(
    st.tuples(st.just("trade"), st.integers(0, 3)),  # how it reaches the feed: in time, not, twice, or the next first
    st.tuples(st.just("pass"), st.sampled_from([0.1, 0.3, 5.0, 20.0, 61.0])),
    st.tuples(st.just("answer"), st.integers(0, 4)),  # how much of what is asked is answered
    st.tuples(st.just("drop"), st.just(0)),
    st.tuples(st.just("connect"), st.just(0)),
    st.tuples(st.just("late"), st.integers(0, 30)),
)


class Market:
    """A market of one symbol and a feed of it in which anything goes wrong."""

    def __init__(self, *, together: bool, max_held: int, start: int | None) -> None:
        positions = {} if start is None else {A: Position(start, start * SECOND)}
        self.bench = Bench(together=together, max_held=max_held, batch_rows=5, positions=positions)
        self.start = 0 if start is None else start
        self.rows: dict[int, Trade] = {}
        self.waiting: list[int] = []
        self.connected = True
        for number in range(1, self.start + 1):
            self.rows[number] = trade(number)

    @property
    def last(self) -> int:
        """Its latest number."""
        return max(self.rows, default=0)

    def happen(self, how: int) -> None:
        """A trade, which reaches the feed in time, not, twice, or behind the next one."""
        number = self.last + 1
        self.rows[number] = trade(number, time=int((1_000 + self.bench.now) * SECOND) + number)
        numbers = {0: [number], 1: [], 2: [number, number], 3: []}[how]
        if how == 3:
            self.waiting.append(number)
        elif self.connected:
            self.bench.live(*(self.rows[each] for each in [*numbers, *self.waiting]))
            self.waiting = []

    def answer(self, share: int, wants: list[Want]) -> None:
        """History has everything, and gives as much of it as it likes."""
        chain = self.bench.continuity.chains[A]
        for want in wants:
            if share == 0:
                chain.failed(self.bench.now)
            elif want.ask is Ask.LATEST:
                tail = [self.rows[self.last]] if self.rows and share > 1 else []
                time = int((1_000 + self.bench.now) * SECOND)
                chain.compared(tail, self.last or None, time, 0, self.bench.now, self.bench.now)
            else:
                numbers = [*range(want.after + 1, want.until + 1)]
                size = len(numbers) if share == 4 else len(numbers) * share // 4
                chain.answered([self.rows[number] for number in numbers[:size]], 0, self.bench.now)

    def run(self, operations: list[tuple[str, float]]) -> None:
        """One thing after the other; what was asked is answered in the end."""
        pending: list[Want] = []
        for name, value in operations:
            if name == "trade":
                self.happen(int(value))
            elif name == "pass":
                pending += self.bench.turn(value)
            elif name == "answer":
                self.answer(int(value), pending)
                pending = []
            elif name == "drop" and self.connected:
                self.connected, self.waiting = False, []
                self.bench.continuity.disconnected([A], self.bench.now)
            elif name == "connect" and not self.connected:
                self.connected = True
                self.bench.continuity.connected([A])
            elif name == "late" and int(value) in self.rows:
                self.bench.live(self.rows[int(value)])
        self.answer(4, pending)

    def settle(self) -> None:
        """From now on the venue answers everything."""
        if not self.connected:
            self.bench.continuity.connected([A])
        for _ in range(60):
            self.answer(4, self.bench.turn(5))


@settings(max_examples=400, deadline=None)
@given(
    operations=st.lists(OPERATIONS, max_size=60),
    together=st.booleans(),
    max_held=st.sampled_from([2, 5, 1_000]),
    start=st.sampled_from([None, 0, 3]),
)
def test_whatever_happens_no_row_counts_twice_and_none_is_lost_silently(
    *, operations: list[tuple[str, float]], together: bool, max_held: int, start: int | None
) -> None:
    """In order, each once, all of them but what was given up; a mark claims nothing that was not given."""
    market = Market(together=together, max_held=max_held, start=start)
    market.run(operations)
    market.settle()
    bench = market.bench

    given: list[int] = []
    lost: set[int] = set()
    reached = market.start
    begun = start is not None
    for batch in bench.batches:
        for event in batch.events:
            if event.kind is EventKind.GIVEN_UP:
                lost |= {*range(event.first or 0, (event.last or 0) + 1)}
        marks = list(batch.marks)
        for place, row in enumerate([*batch.rows, None]):
            while marks and marks[0].after == place:
                mark = marks.pop(0)
                first = min(given, default=market.last + 1) if start is None else start + 1
                missed = {number for number, each in market.rows.items() if each.time < mark.time and number >= first}
                assert missed <= {*given} | lost
            if row is None:
                continue
            assert isinstance(row, Trade)
            number = row.first or 0
            assert number not in given
            if number > reached:
                assert not begun or {*range(reached + 1, number)} <= lost
                reached, begun = number, True
            else:
                assert number in lost
            given.append(number)
        if A in batch.positions and given:
            assert reached == batch.positions[A].last
    first = market.start + 1 if start is not None else min(given, default=market.last + 1)
    assert {*range(first, market.last + 1)} <= {*given} | lost
    assert 0 == bench.continuity.room.held


@settings(max_examples=200, deadline=None)
@given(operations=st.lists(OPERATIONS.filter(lambda each: each != ("pass", 61.0)), max_size=60), together=st.booleans())
def test_with_a_venue_that_answers_nothing_is_missing(*, operations: list[tuple[str, float]], together: bool) -> None:
    """Every hole is filled in time where history gives some of it at least now and then."""
    market = Market(together=together, max_held=1_000, start=0)
    for name, value in operations:
        market.run([(name, value)])
        market.answer(4, market.bench.turn(0.3))
    market.settle()

    assert [*range(1, market.last + 1)] == market.bench.numbers
    assert [] == market.bench.told(EventKind.GIVEN_UP)
