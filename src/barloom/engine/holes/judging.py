"""Whether bars are complete, by what is known of the numbers of their key."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.blocks import Completeness

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.engine.holes.lacks import Lacks
    from barloom.engine.holes.numbers import Hole, KeyNumbers
    from barloom.time.calendar import Booleans, Integers

__all__ = ["Asked", "Verdicts", "judge_simple", "judge_slots", "worded"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Bars of which it is asked whether they are complete.

    `end` is up to when the slot takes ticks, `deadline` the stream time from which on it is decided, `following` the
    time of the key's next tick where the bars tell it; `place` is where in the batch it was decided; `complete_from`
    and `complete_to` between which times the source had said by then that it gave every row.
    """

    key: Integers
    level: Integers
    start: Integers
    end: Integers
    deadline: Integers
    following: Integers
    place: Integers
    complete_from: Integers
    complete_to: Integers
    partial: Booleans

    def __len__(self) -> int:
        return len(self.key)

    def take(self, rows: Integers | slice) -> Asked:
        """Some of them."""
        return Asked(*(getattr(self, item.name)[rows] for item in fields(self)))


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How many numbers are missing in bars, and whether these are complete."""

    missing: Integers
    complete: Integers


def worded(missing: Integers, no: Booleans, reached: Booleans) -> Verdicts:
    """The verdicts where something is missing or refused (`no`) and numbers reach over the whole slot (`reached`)."""
    unless = np.where(reached, int(Completeness.YES), int(Completeness.UNKNOWN))
    return Verdicts(missing, np.where(no | (missing > 0), int(Completeness.NO), unless))


def judge_simple(asked: Asked, begin: Integers, end: Integers, original: Booleans) -> Verdicts:
    """Of keys whose numbers were one run when each bar was decided, from `begin` to `end`.

    It is whole from the beginning of a slot where it begins before that, or is the `original` one of a source that was
    complete by then. Nothing is missing, so that a bar is complete or it is not known.
    """
    reached = begin < asked.start
    reached |= original
    reached &= np.maximum(end, asked.complete_to) >= asked.end
    reached &= ~asked.partial
    return Verdicts(np.zeros(len(asked), np.int64), reached + np.int64(Completeness.UNKNOWN))


def judge_slots(
    asked: Asked, numbers: KeyNumbers, lacks: Lacks, top: Integers | None, tell: Callable[[Hole], None] | None
) -> Verdicts:
    """Of one key, as it stands; `top` is where its latest run ended when each bar was decided (none: where it ends).

    `tell` is called with holes that count in some bar.
    """
    earliest = int(asked.start.min())
    missing, refused, unknown = lacks.of(asked.level, asked.start)
    for hole in numbers.holes():
        if hole.end < earliest:
            continue
        meets = (hole.start < asked.end) & (hole.end >= asked.start)
        missing[meets] += hole.size
        if tell is not None and not hole.above.told and meets.any():
            tell(hole)
    return worded(missing, refused, _reached(asked, numbers, top, earliest) & ~unknown & ~asked.partial)


def _reached(asked: Asked, numbers: KeyNumbers, top: Integers | None, earliest: int) -> Booleans:
    """Whether one run began before each slot and went beyond its end."""
    reached = np.zeros(len(asked), np.bool_)
    now = numbers.now.runs
    for run in (*numbers.past.runs, *now[:-1]):
        if run.end > earliest:
            reached |= (run.begin < asked.start) & (run.end >= asked.end)
    if now:
        last = now[-1]
        ends = np.maximum(last.end if top is None else top, asked.complete_to) >= asked.end
        reached |= (last.begin < asked.start) & ends
    if now and numbers.original and not numbers.now.forgotten:
        alone = len(now) == 1
        ends = ends if alone else np.full(len(asked), now[0].end) >= asked.end
        reached |= (asked.complete_from <= asked.start) & ends
    return reached
