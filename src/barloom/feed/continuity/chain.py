"""The numbers of one symbol: what was given, what is held behind a hole, what is to be fetched, what was given up."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from barloom.feed.batch import EventKind, Position
from barloom.feed.continuity.agreement import Agreement
from barloom.feed.continuity.held import Held, HeldRows
from barloom.feed.continuity.lost import Lost
from barloom.feed.continuity.rules import Ask, Want

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from barloom.feed.batch import AnyRow, SymbolId
    from barloom.feed.continuity.outbox import Out
    from barloom.feed.continuity.rules import Room, Rules
    from barloom.feed.protocol import Row, Trade

__all__ = ["Chain"]

_UNKNOWN: Final = -1
_AT_ONCE: Final = 10_000
"""How many numbers are asked for at once."""

_MOST_LATER: Final = 10_000
"""How many rows of a run that began anew wait for a hole of the run before."""


class Chain:
    """Keeps one symbol's rows in the order of their numbers, each once.

    `next` is the number that follows those that were given (negative: none is known). While a number is missing the
    rows behind it are held, until it comes, or `Rules.fill_within` has passed and it is given up. `time` is the largest
    event time among the rows given, `clear` whether the next row may be given as it comes. Moments are seconds of a
    clock that never goes back.
    """

    def __init__(self, of: SymbolId, position: Position | None, rules: Rules, out: Out, room: Room) -> None:
        self.of = of
        self.venue = of.venue
        self.next = _UNKNOWN if position is None else position.last + 1
        self.time = 0 if position is None else position.time
        self.clear = False
        self.marked = 0
        self.lost = Lost()
        self.error: str | None = None
        self.busy = False
        self.given = self.duplicates = self.filled = self.given_up = self.missing = self.restarts = self.lates = 0
        self.heard_at = -inf
        self._rules = rules
        self._out = out
        self._room = room
        self._began = position is not None
        self._largest = self.time
        self._floor = -1
        self._held = HeldRows(room)
        self._top = self.next - 1
        self._opened: float | None = None
        self._hole: tuple[int, int] | None = None
        self._told = False
        self._later: list[Held] = []
        self._unsure_since: float | None = -inf
        self._checked = -inf
        self._tries = 0
        self._retry_at = -inf
        self._connection = self._asked_over = 0
        self._agreement = Agreement()
        self._has_beats = False

    # What stands

    @property
    def is_open(self) -> bool:
        """Whether a number is missing that is known to exist."""
        return self._opened is not None

    @property
    def held(self) -> int:
        """How many rows are held back."""
        return len(self._held) + len(self._later)

    @property
    def reached(self) -> int:
        """Up to which event time everything is known to have been given."""
        return max(self.time, self.marked)

    def holds(self, now: float) -> bool:
        """Whether all must wait for this symbol: rows of it that happened before others may still come."""
        since = self._unsure_since if self._opened is None else self._opened
        return since is not None and self.next >= 0 and self.error is None and now - since < self._rules.fill_within

    # Rows

    def live(self, row: Trade | Row, time: int, received: int, now: float) -> None:
        """A row came over a connection."""
        if row.first == self.next and self.clear:
            self.next = row.last + 1  # type: ignore[operator]  # it has a last number where it has a first
            self.heard_at = now
            self._give(row, time, received)
        else:
            self._odd(row, time, received, now)

    def loose(self, row: AnyRow, time: int, received: int, now: float) -> None:
        """A row without a number came: it is given as it comes, and proves nothing."""
        self.heard_at = now
        self._note(time)
        self._pass_on(row, time, received)

    def _odd(self, row: Trade | Row, time: int, received: int, now: float) -> None:
        first, last = row.first, row.last
        if first is None or last is None:
            self.loose(row, time, received, now)
            return
        self.heard_at = now
        held = Held(row, time, received, now)
        if self._later and not self.next <= first <= self._top:
            self._wait_later(held, now)
        elif self.next == first and not self.is_open:
            self._sure()
            self.next = last + 1
            self._give(row, time, received)
        else:
            self._insert(held, first, last, now)

    def _insert(self, held: Held, first: int, last: int, now: float) -> None:
        if self.next < 0:
            self._begin(held, last)
        elif last < self.next:
            self._again(held, first, last, now)
        elif first < self.next:
            self.duplicates += 1
            self._learn(last, now)
        else:
            self._hold(held, first, last, now)

    def _begin(self, held: Held, last: int) -> None:
        """Its first row, before which nothing is known."""
        self._sure()
        self.next = last + 1
        self._top = last
        self._give(held.row, held.time, held.received)

    def _again(self, held: Held, first: int, last: int, now: float) -> None:
        """A row below those that were given: one given up, one that was given, or the first of a new beginning."""
        if self.lost.take(first, last):
            self.lates += 1
            self._pass_on(held.row, held.time, held.received)
        elif held.time > self._largest + self._rules.restart_after:
            self._restart(held, first, now)
        else:
            self.duplicates += 1

    def _hold(self, held: Held, first: int, last: int, now: float) -> None:
        known = self._held.get(first)
        if known is not None and held.time > self._largest + self._rules.restart_after:
            self._restart(held, first, now)
            return
        if known is not None:
            self.duplicates += 1
            if known.last < last:
                self._held.put(first, held._replace(moment=known.moment))
        elif self._room.is_full and first != self.next:
            self._room.dropped += 1
        else:
            self._held.put(first, held)
        self._largest = max(self._largest, held.time)
        self._learn(last, now)

    def _learn(self, last: int, now: float) -> None:
        """A number is known to exist."""
        self._top = max(self._top, last)
        if self._opened is None:
            self._opened = now
            self._retry_at = now + self._rules.patience
            self._tries = 0
            self.clear = False
        self._drain(now)

    def _drain(self, now: float) -> None:
        """Give what is in order now."""
        while (held := self._held.take(self.next)) is not None:
            self.next = held.last + 1
            self._give(held.row, held.time, held.received)
        if self._hole is not None and self.next > self._hole[1]:
            self._end_hole(EventKind.FILLED, "what was missing came", *self._hole)
            self._opened = now
        front = self._front()
        if front is None and self._top < self.next:
            self._close(now)
        elif self._hole is None:
            self._open(front, now)

    def _end_hole(self, kind: EventKind, message: str, first: int, last: int) -> None:
        if kind is EventKind.GIVEN_UP or self._told:
            self._out.tell(kind, self.of, message, first, last)
            self.filled += kind is EventKind.FILLED
        self._hole, self._opened, self._told = None, None, False

    def _front(self) -> int | None:
        """The lowest number that is held; rows of which others gave the beginning are dropped."""
        front, below = self._held.front(self.next)
        self.duplicates += len(below)
        self._top = max(self._top, *(held.last for held in below), -1)
        return front

    def _open(self, front: int | None, now: float) -> None:
        """There is a hole before the lowest row that is held, or at the tail: known since the first row behind it."""
        since = now if self._opened is None else self._opened
        earliest = self._held.earliest
        self._opened = since if earliest is None else min(earliest, since)
        self._hole = (self.next, self._top if front is None else front - 1)

    def _close(self, now: float) -> None:
        self._opened, self._tries = None, 0
        self._retry_at = -inf
        self.clear = self._unsure_since is None and not self._later
        if self._later:
            later, self._later = self._later, []
            self._room.held -= len(later)
            self._anew(later[0])
            for held in later[1:]:
                self._odd(held.row, held.time, held.received, now)  # type: ignore[arg-type]

    # A new beginning

    def _restart(self, held: Held, first: int, now: float) -> None:
        self.restarts += 1
        message = f"numbers begin anew at {first}, after {self.next - 1}"
        self._out.tell(EventKind.RESTARTED, self.of, message, first)
        if self.is_open:
            self._wait_later(held, now)
        else:
            self._anew(held)

    def _wait_later(self, held: Held, now: float) -> None:
        """Rows of a new run wait until the hole of the run before is filled or given up."""
        self._later.append(held)
        self._room.held += 1
        self.clear = False
        if self._room.is_full or len(self._later) >= _MOST_LATER:
            self.give_up(now)

    def _anew(self, held: Held) -> None:
        self.lost = Lost()
        self.next = held.last + 1
        self._top = self.next - 1
        self._floor = self._largest = held.time
        self._sure()
        self._give(held.row, held.time, held.received)

    # What the venue says

    def tail(self, last: int | None, time: int, now: float) -> None:
        """The venue says that `last` was the latest number when all that had happened was before `time`."""
        self._has_beats = True
        self._tail(last, time, time, now)

    def _tail(self, last: int | None, time: int, proven: int, now: float) -> None:
        self._checked = now
        if self._later:
            return
        if last is None:
            self.marked = max(self.marked, proven) if self.next < 0 else self.marked
        elif self.next < 0:
            self._begin_at(last, time, proven)
        elif last >= self.next:
            self._sure()
            self._learn(last, now)
        elif last == self.next - 1 and not self.is_open:
            self._sure()
            self._mark(proven)

    def _begin_at(self, last: int, time: int, proven: int) -> None:
        """Nothing is known but what the venue says: go on from there."""
        self.next, self._top, self._largest = last + 1, last, time
        self.marked = proven
        self._sure()
        self._out.moved(self, Position(last, time))

    def _mark(self, time: int) -> None:
        if time > self.reached:
            self.marked = time
            if self._began:
                self._out.mark(time, self)

    # History

    def want(self, now: float) -> Want | None:
        """What is to be asked of the venue by now; `answered` or `failed` is to be called then."""
        if self.busy or self.error is not None or now < self._retry_at:
            return None
        if self.is_open:
            self.busy = True
            self._tell_hole()
            return self._want_missing()
        if now - max(self.heard_at if self._unsure_since is None else -inf, self._checked) < self._rules.check_every:
            return None
        self.busy, self._checked, self._asked_over = True, now, self._connection
        return Want(self.of, Ask.LATEST, self.next - 1, self.time, self.next - 1)

    def _want_missing(self) -> Want:
        """The first hole, or in turn one behind it where that does not come: each is to be asked for in its time."""
        gaps = self._held.gaps(self.next - 1, self.time, self._top)
        after, time, until = gaps[self._tries % len(gaps)]
        return Want(self.of, Ask.MISSING, after, time, min(until, after + _AT_ONCE))

    def _tell_hole(self) -> None:
        if not self._told and self._hole is not None:
            self._told = True
            first, last = self.next, self._hole[1]
            self._out.tell(EventKind.HOLE, self.of, f"{last - first + 1:,} numbers are missing", first, last)

    def answered(self, rows: Iterable[Trade], received: int, now: float) -> None:
        """What the venue's history gave of what is missing."""
        before, held = self.next, len(self._held)
        self.fetched(rows, received, now)
        self.busy = False
        if self.next != before:
            self._go_on(now)
        elif len(self._held) > held:
            self._tries, self._retry_at = self._tries + 1, now
        else:
            self._wait(now)

    def _go_on(self, now: float) -> None:
        """History brought something: what is missing is waited for from now on."""
        self._tries, self._retry_at = 0, now
        self._opened = None if self._opened is None else now
        self._unsure_since = None if self._unsure_since is None else now

    def compared(  # noqa: PLR0913, PLR0917 - all that an answer says, and when
        self, rows: Sequence[Trade], last: int | None, time: int, received: int, now: float, heard: float
    ) -> None:
        """The latest number by the venue's history, with the rows that it gave; `time` as in `tail`.

        History may lag behind: only when it goes on saying the same is it believed that the number was the latest, and
        not at all where the venue itself tells its last number over the connection, which was last `heard` then.
        """
        self.busy = False
        self._tries = 0
        self.fetched(rows, received, now)
        self._look_for_restart(rows, received, now)
        since = self._unsure_since
        agreed = self._agreement.said(last, time, now, heard)
        self._tail(last, time, 0 if self._has_beats else agreed, now)
        if since is not None and self._asked_over != self._connection:  # what came in between was not looked for
            self.clear, self._unsure_since, self._checked = False, since, -inf

    def _look_for_restart(self, rows: Sequence[Trade], received: int, now: float) -> None:
        """The latest row of all may be the first that is seen of a new run."""
        latest = rows[-1] if rows else None
        if latest is None or latest.first is None or latest.last is None or self._later:
            return
        if latest.last < self.next and latest.time > self._largest + self._rules.restart_after:
            self._restart(Held(latest, latest.time, received, now), latest.first, now)

    def fetched(self, rows: Iterable[Trade], received: int, now: float) -> None:
        """Rows that were fetched, in any order and with known ones among them."""
        ceiling = self._later[0].time if self._later else inf
        for row in sorted((row for row in rows if row.first is not None and row.last is not None), key=_by_number):
            if self.next >= 0 and row.last >= self.next and self._floor <= row.time < ceiling:  # type: ignore[operator]
                self._insert(Held(row, row.time, received, now), row.first, row.last, now)  # type: ignore[arg-type]
            elif self.lost.has(row.first, row.last):  # type: ignore[arg-type]
                self._again(Held(row, row.time, received, now), row.first, row.last, now)  # type: ignore[arg-type]

    def failed(self, now: float) -> None:
        """The venue did not answer."""
        self.busy = False
        self._wait(now)

    def _wait(self, now: float) -> None:
        self._tries += 1
        self._retry_at = now + self._rules.pause(self._tries)

    # Connections

    def connected(self) -> None:
        """It is subscribed to: what happened before is asked for at once."""
        self._connection += 1
        self._agreement.doubt()
        if self._unsure_since is not None:
            self._checked = self._retry_at = -inf

    def disconnected(self, now: float) -> None:
        """Its connection was lost: numbers may be missing at the tail."""
        self.clear = False
        self._checked = now
        self._agreement.doubt()
        if self._unsure_since is None:
            self._unsure_since = now

    def await_connection(self, now: float) -> None:
        """It is new: nothing is asked before it is subscribed to, or that takes too long."""
        self._checked = self._unsure_since = now

    def refused(self, message: str, now: float) -> None:
        """The venue does not serve it: what is held goes on, and nothing more is asked."""
        if self.error is None:
            self.error = message
            self._out.tell(EventKind.REFUSED, self.of, message)
            self.give_up(now)

    def _sure(self) -> None:
        self._unsure_since = None
        self.clear = self._opened is None and not self._later

    # Giving up

    def expire(self, now: float) -> None:
        """Give up holes that have been open for too long; a tail has no row behind it, so that nothing waits for it."""
        while self._opened is not None and now - self._opened >= self._rules.fill_within:
            if self._front() is None and not self._later:
                return
            self._give_up_front(now)

    def give_up(self, now: float) -> None:
        """Give up every hole with rows behind it."""
        while self._opened is not None and (self._front() is not None or self._later):
            self._give_up_front(now)

    def _give_up_front(self, now: float) -> None:
        front = self._front()
        last = self._top if front is None else front - 1
        self.given_up += 1
        self.missing += last - self.next + 1
        self.lost.add(self.next, last)
        self._end_hole(EventKind.GIVEN_UP, "what was missing did not come", self.next, last)
        self.next = last + 1
        self._drain(now)

    # Giving

    def _note(self, time: int) -> None:
        self.time = max(self.time, time)
        self._largest = max(self._largest, time)

    def _give(self, row: AnyRow, time: int, received: int) -> None:
        """Give a row in order."""
        self.given += 1
        self._began = True
        if time > self.time:
            self.time = time
            self._largest = max(self._largest, time)
        self._out.put(self, row, time, received, row.last)  # type: ignore[union-attr]

    def _pass_on(self, row: AnyRow, time: int, received: int) -> None:
        """Give a row that moves no position."""
        self.given += 1
        self._out.put(self, row, time, received, None)


def _by_number(row: Trade) -> tuple[int, int]:
    return row.first or 0, row.last or 0
