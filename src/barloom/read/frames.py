"""Bars of several keys as one frame, from either end and as many as asked for."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import polars as pl

from barloom.store.scanning import Selection, Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from barloom.read.readable import Readable

__all__ = ["Part", "Picked", "frame_between", "frame_of", "picked"]

Picked: TypeAlias = tuple[Stored, bool]
"""A stored bar, and whether it is final."""


class Part(NamedTuple):
    """Bars of one encoded key whose slots begin from `first` up to, not including, `last`, at `most` so many.

    `backwards` they are the newest, the newest of them ahead.
    """

    key: bytes
    first: int | None = None
    last: int | None = None
    most: int | None = None
    backwards: bool = False


def picked(store: Readable, level: int, part: Part) -> list[Picked]:
    """The bars of a part, in its order; where a slot has a final and a live bar, the final one.

    Live bars are read first, so that a bar that becomes final meanwhile is seen at least once.
    """
    key, first, last, most, backwards = part
    scan = store.scanner.stored
    live = dict(scan(Selection("live", level, key, first, last)))
    final = list(islice(scan(Selection("final", level, key, first, last), backwards=backwards), most))
    for place in live.keys() & {place for place, _ in final} if live else ():
        del live[place]
    if not live:
        return [(bar, True) for bar in final]
    both = sorted([*final, *live.items()], reverse=backwards)  # by place, and so by start
    return [(bar, bar[0] not in live) for bar in both[:most]]


def frame_between(
    store: Readable, level: int, keys: Iterable[bytes] | None, first: int | None, last: int | None
) -> pl.DataFrame:
    """The bars of some encoded keys, or of all, whose slots begin from `first` up to, not including, `last`."""
    chosen = store.scanner.keys(level) if keys is None else keys
    return frame_of(store, level, [bar for key in chosen for bar in picked(store, level, Part(key, first, last))])


def frame_of(store: Readable, level: int, found: Sequence[Picked]) -> pl.DataFrame:
    """Stored bars as a frame with `barloom.engine.frames.bar_schema`, in their order."""
    final = store.scanner.frame(level, [bar for bar, is_final in found if is_final], final=True)
    if final.height == len(found):
        return final
    live = store.scanner.frame(level, [bar for bar, is_final in found if not is_final], final=False)
    return pl.concat([final, live])[_order([is_final for _, is_final in found], final.height)]


def _order(kinds: list[bool], finals: int) -> list[int]:
    """Where each bar stands once the finals are put before the live ones."""
    next_final, next_live = iter(range(finals)), iter(range(finals, len(kinds)))
    return [next(next_final if is_final else next_live) for is_final in kinds]
