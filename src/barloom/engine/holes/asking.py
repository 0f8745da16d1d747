"""Bars of which it is asked whether they are complete, and where in a batch they were decided."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.engine.blocks import BarBlock, Completeness
from barloom.engine.holes.decisions import Segments
from barloom.engine.holes.judging import Asked, Verdicts
from barloom.engine.holes.table import MARK
from barloom.engine.order import stable_order
from barloom.engine.times.stream_time import BEGINNING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from barloom.engine.holes.course import Course
    from barloom.engine.holes.places import Places
    from barloom.engine.holes.table import NumberTable
    from barloom.engine.times.protocol import Times, Until
    from barloom.time.calendar import Integers

__all__ = ["ask", "blank", "decided", "in_doubt", "rows_by_key", "told"]

_NOTHING: Final = np.zeros(0, np.int64)


def ask(  # noqa: PLR0913, PLR0917 - what is known of them
    blocks: Sequence[BarBlock],
    places: Places,
    table: NumberTable,
    times: Times,
    marked: int,
    until: Until | None = None,
) -> Asked:
    """The bars of blocks. All keys were `marked` as complete by then, and each `until` a time at the input's end."""
    if not blocks:
        blank_times = (_NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING)
        return Asked(_NOTHING, _NOTHING, _NOTHING, *blank_times, np.zeros(0, np.bool_))
    key, start, end, is_partial = (
        np.concatenate([getattr(block, name) for block in blocks]) for name in ("key", "start", "end", "partial")
    )
    level = np.repeat([block.level for block in blocks], [len(block) for block in blocks])
    complete_to: Integers = np.broadcast_to(np.int64(marked), len(key))
    if table.marked:
        complete_to = np.maximum(table.get(MARK, key), marked)
    if until is not None:
        complete_to = np.maximum(complete_to, until(key))
    return Asked(
        key,
        level,
        start,
        places.reach(end),
        places.deadlines(end),
        np.concatenate([_following(block) for block in blocks]),
        np.zeros(len(key), np.int64),
        times.complete_from(key),
        complete_to,
        is_partial,
    )


def decided(asked: Asked, course: Course) -> Asked:
    """Bars with where in the batch they were decided, and what marks had said by then."""
    place = course.decisions.places(asked.key, asked.deadline)
    marked = course.decisions.complete_to(asked.key, place)
    return replace(asked, place=place, complete_to=np.maximum(asked.complete_to, marked))


def _following(block: BarBlock) -> Integers:
    """The time of the first tick of the next bar of the key, where that follows in the block."""
    times = np.full(len(block), BEGINNING)
    follows = block.key[1:] == block.key[:-1]
    times[:-1][follows] = block.open_time[1:][follows]
    return times


def in_doubt(asked: Asked, course: Course) -> Integers:
    """The bars that were perhaps decided before their key had gone beyond them.

    Where rows come in the order of time, a tick of the key before the deadline came before the row that decided.
    """
    if not course.in_order:
        return np.arange(len(asked))
    return np.flatnonzero((asked.following < asked.end) | (asked.following >= asked.deadline))


def blank(asked: Asked) -> Verdicts:
    """Nothing is missing, and nothing is known."""
    return Verdicts(np.zeros(len(asked), np.int64), np.full(len(asked), int(Completeness.UNKNOWN)))


def rows_by_key(keys: Integers) -> Iterator[tuple[int, Integers]]:
    """The positions of each key."""
    segments = Segments(keys, stable_order(keys)) if len(keys) else None
    if segments is not None:
        for key, begin, end in zip(segments.keys.tolist(), segments.begin, segments.end, strict=True):
            yield key, segments.order[begin:end]


def told(blocks: Sequence[BarBlock], found: Verdicts) -> list[BarBlock]:
    """Blocks with what was found of their bars, one behind the other."""
    made, begin = [], 0
    for block in blocks:
        end = begin + len(block)
        made.append(replace(block, missing=found.missing[begin:end], complete=found.complete[begin:end]))
        begin = end
    return made
