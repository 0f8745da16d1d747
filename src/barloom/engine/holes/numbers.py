"""What is known of the numbers of one key: unbroken runs of them, and the holes between these."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from enum import IntEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from barloom.engine.times.stream_time import BEGINNING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from barloom.plan.barplan import Sequence

__all__ = ["Epoch", "Hole", "Judged", "KeyNumbers", "Run"]

MOST_HOLES: Final = 64
"""So many holes of a key are waited for; of more the oldest is given up."""

MOST_GIVEN_UP: Final = 256
"""So many holes that were given up are remembered; of more the lowest is forgotten, and with it what lies below."""

_FIRST: Final = attrgetter("first")


class Judged(IntEnum):
    """What the numbers of a row are.

    `FRESH`: unseen. `SEEN`: all taken in before. `PART`: some were taken in before, others not. `GAP`: they lie where
    numbers were given up. `ANEW`: seen, and so much later than all before that the venue has begun anew.
    """

    FRESH = 0
    SEEN = 1
    PART = 2
    GAP = 3
    ANEW = 4


@dataclass(slots=True)
class Run:
    """Numbers `first` to `last` without a hole; `begin` and `end` are the event times of these two.

    `given_up` says of the hole below it that it is waited for no more, `told` that the side output knows of it.
    """

    first: int
    last: int
    begin: int
    end: int
    given_up: bool = False
    told: bool = False


class Hole(NamedTuple):
    """Numbers `first` to `last` that have not come; they lie between two times, both included, below a run."""

    first: int
    last: int
    start: int
    end: int
    above: Run

    @property
    def size(self) -> int:
        """How many numbers."""
        return self.last - self.first + 1


@dataclass(slots=True)
class Epoch:
    """Runs in the order of their numbers, since the venue began to count; `forgotten`: lower ones were there."""

    runs: list[Run] = field(default_factory=list)
    forgotten: bool = False

    def copy(self) -> Epoch:
        """With runs of its own."""
        return Epoch([replace(run) for run in self.runs], self.forgotten)

    def place(self, number: int) -> int:
        """The position of the last run that begins at or before a number; -1 for none."""
        return bisect_right(self.runs, number, key=_FIRST) - 1

    def holes(self) -> Iterator[Hole]:
        """Those that are waited for, in order."""
        below: Run | None = None
        for run in self.runs:
            if below is not None and not run.given_up:
                start, end = sorted((below.end, run.begin))
                yield Hole(below.last + 1, run.first - 1, start, end, run)
            below = run

    def judge(self, first: int, last: int) -> Judged:
        """What numbers are by what was seen, whenever they come."""
        place = self.place(first)
        if place >= 0 and first <= self.runs[place].last:
            return Judged.SEEN if last <= self.runs[place].last else Judged.PART
        if place + 1 == len(self.runs):
            return Judged.FRESH
        above = self.runs[place + 1]
        if last >= above.first:
            return Judged.PART
        lost = above.given_up if place >= 0 else self.forgotten
        return Judged.GAP if lost else Judged.FRESH

    def take(self, first: int, last: int, time: int) -> int:
        """Take in unseen numbers; gives how many of them lay in a hole."""
        place = self.place(first)
        below = self.runs[place] if place >= 0 else None
        above = self.runs[place + 1] if place + 1 < len(self.runs) else None
        joins_below = below is not None and below.last + 1 == first
        joins_above = above is not None and last + 1 == above.first
        if below is not None and above is not None and joins_below and joins_above:
            below.last, below.end = above.last, above.end
            del self.runs[place + 1]
        elif below is not None and joins_below:
            below.last, below.end = last, time
        elif above is not None and joins_above:
            above.first, above.begin = first, time
        else:
            told = above is not None and below is not None and above.told
            self.runs.insert(place + 1, Run(first, last, time, time, told=told))
        return 0 if below is None or above is None else last - first + 1

    def unseen(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The parts of numbers that were not seen, and are not given up."""
        place = max(self.place(first), 0)
        for above in [*self.runs[place:], None]:
            stop = last if above is None else min(last, above.first - 1)
            if first <= stop and self.judge(first, stop) is Judged.FRESH:
                yield first, stop
            if above is None or above.last >= last:
                return
            first = max(first, above.last + 1)

    def forget(self) -> Iterator[Hole]:
        """Forget the lowest runs where too many holes were given up; gives what was still waited for among them."""
        excess = sum(run.given_up for run in self.runs) - MOST_GIVEN_UP
        while excess > 0:
            if not self.runs[1].given_up:
                yield next(self.holes())
            else:
                excess -= 1
            del self.runs[0]
            self.runs[0].given_up = self.runs[0].told = False
            self.forgotten = True


class KeyNumbers:
    """The numbers of one key, since the venue last began anew (`now`) and before that (`past`).

    `largest` is the largest event time of the rows that were taken in; `past_until` what it was when the venue began
    anew: rows up to there belong to the numbers before. `original`: it never did. `anew`: it did, and no accepted row
    has told so yet; `begins` counts how often. `passed` is where stream time stands.

    `given_up` is called with each hole that is given up, and whether it counts as missing.
    """

    def __init__(self, sequence: Sequence, now: Epoch | None = None, largest: int = BEGINNING) -> None:
        self._sequence = sequence
        self.now = now or Epoch()
        self.past = Epoch()
        self.past_until = BEGINNING
        self.largest = largest
        self.original = True
        self.anew = False
        self.begins = 0
        self.passed = BEGINNING
        self.given_up: Callable[[Hole, bool], None] = _ignored
        self._due: int | None = None

    def copy(self) -> Self:
        """One that may go on by itself."""
        made = type(self)(self._sequence, self.now.copy(), self.largest)
        made.past, made.past_until = self.past.copy(), self.past_until
        made.original, made.anew = self.original, self.anew
        return made

    def holes(self) -> Iterator[Hole]:
        """Those that are waited for."""
        if self.past.runs:
            yield from self.past.holes()
        yield from self.now.holes()

    @property
    def plain(self) -> bool:
        """Whether one run is all there is."""
        return len(self.now.runs) == 1 and not (self.past.runs or self.now.forgotten or self.anew)

    @property
    def due(self) -> int:
        """The stream time at which the next hole is given up, or the numbers of the past are forgotten."""
        if self._due is None:
            latest = [hole.end for hole in self.holes()]
            if self.past.runs:
                latest.append(self.past_until)
            self._due = min(latest) + self._sequence.give_up_after if latest else _NEVER
        return self._due

    def judge(self, first: int, last: int, time: int) -> Judged:
        """What the numbers of a row are that has this event time."""
        epoch = self._epoch(time)
        judged = epoch.judge(first, last)
        if epoch is self.past or time <= self.largest + self._sequence.restart_after or not epoch.runs:
            return judged
        forgotten = judged is Judged.GAP and first < epoch.runs[0].first
        return Judged.ANEW if judged is Judged.SEEN or forgotten else judged

    def take(self, first: int, last: int, time: int, judged: Judged) -> int:
        """Take in the numbers of a row as it was judged; gives how many of them lay in a hole."""
        if judged in (Judged.SEEN, Judged.GAP):
            return 0
        if judged is Judged.ANEW:
            self._begin_anew(len(self.now.runs), 0, self.largest)
        epoch = self._epoch(time)
        self._due = None
        parts = list(epoch.unseen(first, last)) if judged is Judged.PART else [(first, last)]
        lay = sum(epoch.take(*part, time) for part in parts)
        self.largest = max(self.largest, time) if parts else self.largest
        if len(self.now.runs) > MOST_HOLES:
            self._give_up_oldest()
        return lay

    def goes_on(self, last: int, earliest: int) -> bool:
        """Whether rows with the numbers behind `last`, none before a time, just go on at the top."""
        return self.now.runs[-1].last == last and (not self.past.runs or earliest > self.past_until)

    def extend(self, last: int, time: int, largest: int) -> None:
        """Take in rows that go on at the top."""
        top = self.now.runs[-1]
        top.last, top.end = last, time
        self.largest = max(self.largest, largest)

    def pass_to(self, time: int) -> None:
        """A row comes at stream time `time`: give up what was waited for long enough."""
        self.passed = time
        while self.due <= time:
            if self._outlived(time):
                self.past, self.past_until, self._due = Epoch(), BEGINNING, None
                continue
            for epoch in (self.past, self.now):
                self._give_up_in(epoch, time)

    def set_back(self, to: int) -> None:
        """No time lies beyond."""
        for run in (*self.past.runs, *self.now.runs):
            run.begin, run.end = min(run.begin, to), min(run.end, to)
        self.largest, self.past_until = min(self.largest, to), min(self.past_until, to)
        self._due = None

    @property
    def expiry(self) -> int:
        """The stream time at which `expire` has something to do next."""
        waiting = (hole.end for epoch in (self.past, self.now) for hole in epoch.holes() if not self._anew(epoch, hole))
        return min(waiting, default=_NEVER) + self._sequence.give_up_after

    def expire(self, time: int) -> None:
        """Give up what was waited for long enough when no row came, but for holes that only a row can explain."""
        self.passed = time
        for epoch in (self.past, self.now):
            for hole in list(epoch.holes()):
                if hole.end + self._sequence.give_up_after <= time and not self._anew(epoch, hole):
                    self._give_up(epoch, hole)
            for hole in epoch.forget():
                self.given_up(hole, True)  # noqa: FBT003 - it counts

    def _epoch(self, time: int) -> Epoch:
        return self.past if self.past.runs and time <= self.past_until else self.now

    def _outlived(self, time: int) -> bool:
        wait = self._sequence.give_up_after
        return bool(self.past.runs) and self.past_until + wait <= time and not any(True for _ in self.past.holes())

    def _give_up_in(self, epoch: Epoch, time: int) -> None:
        for hole in list(epoch.holes()):
            if hole.end + self._sequence.give_up_after <= time:
                self._give_up(epoch, hole)
        for hole in epoch.forget():
            self.given_up(hole, True)  # noqa: FBT003 - it counts

    def _give_up_oldest(self) -> None:
        opened = list(self.now.holes())
        if len(opened) > MOST_HOLES:
            self._give_up(self.now, min(opened, key=attrgetter("end", "first")))
            for hole in self.now.forget():
                self.given_up(hole, True)  # noqa: FBT003 - it counts

    def _give_up(self, epoch: Epoch, hole: Hole) -> None:
        """Wait for it no more; where numbers go on below it, later than all above, the venue had begun anew there."""
        self._due = None
        began_anew = self._anew(epoch, hole)
        if began_anew:
            place, until = _above(epoch, hole)
            self._begin_anew(len(epoch.runs), place, until)
        else:
            hole.above.given_up = True
        self.given_up(hole, not began_anew)

    def _anew(self, epoch: Epoch, hole: Hole) -> bool:
        place, until = _above(epoch, hole)
        return epoch is self.now and epoch.runs[place - 1].end > until + self._sequence.restart_after

    def _begin_anew(self, stop: int, start: int, until: int) -> None:
        """The runs from `start` up to `stop` are those of the past; what lies below them are the present ones."""
        for hole in list(self.past.holes()):
            self.given_up(hole, True)  # noqa: FBT003 - it counts
        past = Epoch(self.now.runs[start:stop], self.now.forgotten and not start)
        if past.runs:
            past.runs[0].given_up = past.runs[0].told = False
        self.past, self.past_until = past, until
        self.now = Epoch(self.now.runs[:start], self.now.forgotten and bool(start))
        self.original = False
        self.anew = True
        self.begins += 1
        self._due = None


def _above(epoch: Epoch, hole: Hole) -> tuple[int, int]:
    """The position of the run above a hole, and the latest time at the edges of that and all above it."""
    place = next(number for number, run in enumerate(epoch.runs) if run is hole.above)
    return place, max(max(run.begin, run.end) for run in epoch.runs[place:])


def _ignored(hole: Hole, counts: bool) -> None:  # noqa: FBT001 - as it is called
    """Nobody asks."""


_NEVER: Final = 1 << 63
