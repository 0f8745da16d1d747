"""Bars of a timeframe, of some keys, within some time."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import merge
from typing import TYPE_CHECKING, Self

import polars as pl

from barloom.read.arguments import bounds, key_part
from barloom.store.scanning import Selection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from barloom.read.arguments import KeyLike, Moment
    from barloom.read.readable import Readable
    from barloom.store.scanning import BarKind, Place

__all__ = ["BarRange", "placed", "published_level"]


def published_level(store: Readable, timeframe: str) -> int:
    """The position of a timeframe whose bars are there; `ValueError` for another one."""
    level = store.plan.level_of(timeframe)
    if level not in store.plan.published:
        message = f"{timeframe} bars are the input of {store.plan.name!r}; only those made from them are stored"
        raise ValueError(message)
    return level


@dataclass(frozen=True, slots=True)
class BarRange:
    """Live or final bars of a level whose key has some values, and whose slots begin in some time."""

    kind: BarKind
    level: int
    key: Mapping[str, object]
    first: int | None
    last: int | None

    @classmethod
    def of(  # noqa: PLR0913 - the sides of a range
        cls,
        store: Readable,
        timeframe: str,
        key: KeyLike | None = None,
        from_: Moment | None = None,
        to: Moment | None = None,
        *,
        live: bool = False,
    ) -> Self:
        """As a person asks for it; `key` may be a mapping of some of the key's fields."""
        first, last = bounds(from_, to)
        if first is not None and last is not None and first > last:
            message = f"from_={from_!r} is later than to={to!r}: give the earlier one to from_"
            raise ValueError(message)
        level = published_level(store, timeframe)
        return cls("live" if live else "final", level, key_part(store.plan.event, key), first, last)

    def frames(self, store: Readable) -> Iterator[pl.DataFrame]:
        """The bars, sorted by key and start, a bounded number at a time."""
        names = store.plan.event.key
        whole = len(self.key) == len(names)
        key = store.layout.keys.encode([self.key[name] for name in names]) if whole else None
        selection = Selection(self.kind, self.level, key, self.first, self.last)
        for frame in store.scanner.frames(selection):
            yield frame if whole or not self.key else frame.filter(**self.key)

    def holds(self, name: str) -> pl.Expr:
        """Whether a column of starts (Int64 nanoseconds) lies in the range."""
        start = pl.col(name)
        after = pl.lit(value=True) if self.first is None else start >= self.first
        return after & (pl.lit(value=True) if self.last is None else start < self.last)


def placed(
    store: Readable, level: int, key: bytes, first: int | None, last: int | None
) -> Iterator[tuple[Place, bool]]:
    """The stored bars of an encoded key by start, and whether each is final; where a slot has both, the final one.

    Live bars are read first, so that a bar that becomes final meanwhile is seen at least once.
    """
    scan = store.scanner.places
    live = list(scan(Selection("live", level, key, first, last)))
    return _merged(scan(Selection("final", level, key, first, last)), live)


def _merged(final: Iterator[Place], live: list[Place]) -> Iterator[tuple[Place, bool]]:
    before: int | None = None
    tagged = merge(((item.start, 0, item) for item in final), ((item.start, 1, item) for item in live))
    for start, kind, item in tagged:
        if start != before:
            yield item, kind == 0
        before = start
