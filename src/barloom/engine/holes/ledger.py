"""One key on its way through a batch: what is refused is noted, and bars are judged where they were decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.holes.judging import judge_slots
from barloom.engine.holes.numbers import Judged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from barloom.engine.holes.judging import Asked
    from barloom.engine.holes.lacks import Lacks
    from barloom.engine.holes.numbers import Hole, KeyNumbers
    from barloom.engine.holes.places import LevelSlot
    from barloom.engine.holes.rows import KeyRows
    from barloom.time.calendar import Booleans, Integers

__all__ = ["Judging", "Ledger"]


class Judging:
    """Finds out what the numbers of rows are, before anything else is known of them.

    `found` are the rows that are not fresh. `begun` are, for each time that the venue began anew, the rows after it, of
    which the first that is accepted tells of it.
    """

    def __init__(self, numbers: KeyNumbers) -> None:
        self._numbers = numbers
        self._begins = numbers.begins
        self.found: list[tuple[int, Judged]] = []
        self.begun: list[list[int]] = [[]] if numbers.anew else []

    def reach(self, place: int) -> None:
        """Nothing is asked."""

    def unnumbered(self, row: int) -> None:
        """It is a tick."""

    def took(self, row: int, judged: Judged, lay: int) -> None:  # noqa: ARG002 - of no interest yet
        """Note it."""
        if judged is not Judged.FRESH:
            self.found.append((row, judged))
        if self._numbers.begins > self._begins:
            self.begun.append([])
        self._begins = self._numbers.begins
        if self.begun and judged in (Judged.FRESH, Judged.ANEW):
            self.begun[-1].append(row)

    def stretch(self, start: int, stop: int) -> None:
        """They are fresh."""
        if self.begun:
            self.begun[-1].extend(range(start, stop))


class Ledger:
    """Takes in rows whose verdicts are known.

    `accepted` and `refused` tell what became of each row, others count in no bar; `slots` where those lie that are
    refused or have no number. `asked` are the key's finals in the order in which they were decided.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what is known of the rows
        self,
        numbers: KeyNumbers,
        lacks: Lacks,
        rows: KeyRows,
        accepted: Booleans,
        refused: Booleans,
        slots: Mapping[int, Sequence[LevelSlot]],
        asked: Asked,
        tell: Callable[[Hole], None],
    ) -> None:
        self._numbers = numbers
        self._lacks = lacks
        self._rows = rows
        self._accepted = accepted.tolist()
        self._refused = refused.tolist()
        self._slots = slots
        self._asked = asked
        self._tell = tell
        self._done = 0
        self.missing: Integers = np.zeros(len(asked), np.int64)
        self.complete: Integers = np.zeros(len(asked), np.int64)

    def reach(self, place: int) -> None:
        """Judge what was decided before a place of the batch."""
        self._judge(int(np.searchsorted(self._asked.place, place)), None)

    def unnumbered(self, row: int) -> None:
        """A tick without a number may be any."""
        self._lacks.add(self._slots.get(row, ()), refused=self._refused[row], unknown=self._accepted[row])

    def took(self, row: int, judged: Judged, lay: int) -> None:
        """A refused row is lacking in its slots, and so are its numbers where they were known to be absent."""
        if self._refused[row] and judged is not Judged.SEEN:
            self._lacks.add(self._slots.get(row, ()), missing=lay, refused=True)

    def stretch(self, start: int, stop: int) -> None:
        """Judge what is decided while rows go on at the top."""
        until = int(np.searchsorted(self._asked.place, self._rows.place[stop - 1]))
        if until > self._done:
            ends = np.append(self._numbers.now.runs[-1].end, self._rows.time[start:stop])
            place = self._asked.place[self._done : until]
            self._judge(until, ends[np.searchsorted(self._rows.place[start:stop], place, "right")])

    def close(self) -> None:
        """Judge what is left."""
        self._judge(len(self._asked), None)

    def _judge(self, until: int, top: Integers | None) -> None:
        if until <= self._done:
            return
        span = slice(self._done, until)
        verdicts = judge_slots(self._asked.take(span), self._numbers, self._lacks, top, self._tell)
        self.missing[span], self.complete[span] = verdicts.missing, verdicts.complete
        self._done = until
