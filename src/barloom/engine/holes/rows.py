"""The rows of one key in a batch, one after the other, as far as their numbers are concerned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from barloom.engine.holes.numbers import Judged, KeyNumbers
    from barloom.time.calendar import Booleans, Integers

__all__ = ["Actor", "KeyRows", "walk"]


@dataclass(frozen=True, slots=True)
class KeyRows:
    """Rows in order; `place` is where each stands in the batch, `before` stream time before it.

    Rows that are not `read` do not count, as if they had not come; those not `numbered` have no number. `stretch` says
    of each row where the rows end that just go on counting from it.
    """

    place: Integers
    first: Integers
    last: Integers
    time: Integers
    before: Integers
    read: Booleans
    numbered: Booleans
    stretch: Integers

    @classmethod
    def of(  # noqa: PLR0913, PLR0917 - the columns
        cls,
        place: Integers,
        first: Integers,
        last: Integers,
        time: Integers,
        before: Integers,
        read: Booleans,
        numbered: Booleans,
        plain: Booleans,
    ) -> KeyRows:
        """Rows of which those that are not `plain` are looked at one by one."""
        follows = np.zeros(len(place), np.bool_)
        simple = plain & read & numbered
        follows[1:] = simple[1:] & simple[:-1] & (first[1:] == last[:-1] + 1)
        ends = np.append(np.flatnonzero(~follows), len(place))
        stretch = ends[np.searchsorted(ends, np.arange(len(place)), "right")]
        return cls(place, first, last, time, before, read, numbered, stretch)

    def __len__(self) -> int:
        return len(self.place)


class Actor(Protocol):
    """What is done with rows on the way."""

    def reach(self, place: int) -> None:
        """All before this place of the batch was taken in."""
        ...

    def unnumbered(self, row: int) -> None:
        """A row has no number."""
        ...

    def took(self, row: int, judged: Judged, lay: int) -> None:
        """A row was taken in as it was judged; so many of its numbers lay in a hole."""
        ...

    def stretch(self, start: int, stop: int) -> None:
        """Rows go on at the top of the run, and are about to be taken in."""
        ...


def walk(numbers: KeyNumbers, rows: KeyRows, actor: Actor) -> None:
    """Take in the rows of a key: one by one where they do not just count on."""
    row, count = 0, len(rows)
    place, first, last, time, before = (
        column.tolist() for column in (rows.place, rows.first, rows.last, rows.time, rows.before)
    )
    read, numbered, stretch = rows.read.tolist(), rows.numbered.tolist(), rows.stretch.tolist()
    while row < count:
        actor.reach(place[row])
        if read[row]:
            numbers.passed = before[row]
            if before[row] >= numbers.due:
                numbers.pass_to(before[row])
            if numbered[row]:
                judged = numbers.judge(first[row], last[row], time[row])
                lay = numbers.take(first[row], last[row], time[row], judged)
                actor.took(row, judged, lay)
                row = _stretch(numbers, rows, row, stretch[row], actor)
                continue
            actor.unnumbered(row)
        row += 1


def _stretch(numbers: KeyNumbers, rows: KeyRows, row: int, stop: int, actor: Actor) -> int:
    """Take in what just goes on behind a row; gives the next row."""
    following = row + 1
    if stop <= following:
        return following
    times = rows.time[following:stop]
    if int(rows.before[stop - 1]) >= numbers.due or not numbers.goes_on(int(rows.last[row]), int(times.min())):
        return following
    actor.stretch(following, stop)
    numbers.extend(int(rows.last[stop - 1]), int(times[-1]), int(times.max()))
    return stop
