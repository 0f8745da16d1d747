"""Merged rows to batches of a bounded size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from barloom.engine.blocks import TickBatch
from barloom.source.protocol import InvalidRows, Origins
from barloom.source.unread import unread_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from barloom.source.files.merge import Merged, Taken
    from barloom.source.protocol import InvalidRow, Origin
    from barloom.time.calendar import Integers

__all__ = ["Part", "parts_of"]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that fit into a batch; `stops` says how far each block has been taken with them."""

    ticks: TickBatch
    invalid: Sequence[InvalidRow]
    origins: Callable[[Integers], Sequence[Origin]]
    count: int
    stops: list[tuple[Taken, int]]
    rounded: Mapping[str, int]


def parts_of(merged: Merged, offset: int, batch_rows: int) -> Iterator[Part]:
    """Cut merged rows into parts of at most `batch_rows` rows and about equal size; the first has this offset."""
    whole = _Concatenated(merged)
    cuts = -(-whole.count // batch_rows)
    edges = np.linspace(0, whole.count, cuts + 1).astype(np.int64)
    taken = np.zeros(len(merged.parts), np.int64)
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        rows = whole.order[start:stop]
        taken = np.clip(stop - whole.bounds, 0, whole.counts) if whole.in_order else taken + whole.of_each(rows)
        stops = [(each, each.start + int(count)) for each, count in zip(merged.parts, taken, strict=True)]
        yield _part(whole, rows, offset + start, stops)


class _Concatenated:
    """The parts one after the other. `places` is each row's place in `frame`, or -1 where the row is no good."""

    def __init__(self, merged: Merged) -> None:
        self._parts = merged.parts
        slices = [part.block.rows.slice(part.start, part.stop) for part in merged.parts]
        self.counts = np.array([rows.count for rows in slices])
        self.bounds = np.concatenate([[0], np.cumsum(self.counts)[:-1]])
        self.count = int(self.counts.sum())
        self.order = np.arange(self.count) if merged.order is None else merged.order
        self.in_order = merged.order is None
        self.frame = slices[0].frame if len(slices) == 1 else pl.concat([rows.frame for rows in slices])
        good = np.concatenate([rows.index + bound for rows, bound in zip(slices, self.bounds, strict=True)])
        self.places = np.full(self.count, -1)
        self.places[good] = np.arange(len(good))
        arrivals = [rows.arrivals for rows in slices if rows.arrivals is not None]
        self.arrivals = np.concatenate(arrivals) if arrivals else None
        limits = [rows.limits for rows in slices if rows.limits is not None]
        self.limits = np.concatenate(limits) if limits else None
        self._refused = np.concatenate(
            [rows.problems.rows + bound for rows, bound in zip(slices, self.bounds, strict=True)]
        )
        self._messages = pl.concat([rows.problems.texts for rows in slices])
        names = dict.fromkeys(name for rows in slices for name in rows.rounded)
        bounded = list(zip(slices, self.bounds, strict=True))
        self._rounded = {
            name: np.concatenate([rows.rounded[name] + bound for rows, bound in bounded if name in rows.rounded])
            for name in names
        }
        self._known = [rows.known for rows in slices if rows.known is not None]
        self.numbers = max(rows.numbers for rows in slices)

    def of_each(self, rows: Integers) -> Integers:
        """How many of the rows are of each part."""
        return np.bincount(self._part_of(rows), minlength=len(self._parts))

    def rounded(self, rows: Integers) -> dict[str, int]:
        """In how many of the rows a field lost places, by field."""
        found = {name: int(np.isin(rows, each).sum()) for name, each in self._rounded.items()}
        return {name: number for name, number in found.items() if number}

    def origins(self, rows: Integers) -> Origins:
        """Where rows came from."""
        part, found = self._part_of(rows), []
        for number in np.unique(part).tolist():
            places = np.flatnonzero(part == number)
            taken = self._parts[number]
            found.append((places, taken.block.origins(rows[places] - self.bounds[number] + taken.start)))
        return Origins.joined(found, len(rows))

    def invalid(self, rows: Integers, offsets: Integers) -> Sequence[InvalidRow]:
        """The rows that are no good, as what becomes of them."""
        if not len(rows):
            return ()
        places = pl.Series(np.searchsorted(self._refused, rows))
        known = self._known[0] if len(self._known) == 1 else pl.concat(self._known)
        return InvalidRows(offsets, self.origins(rows), self._messages.gather(places), known[places], self.numbers)

    def _part_of(self, rows: Integers) -> Integers:
        return np.searchsorted(self.bounds, rows, "right") - 1


def _part(whole: _Concatenated, rows: Integers, offset: int, stops: list[tuple[Taken, int]]) -> Part:
    places = whole.places[rows]
    is_good = places >= 0
    good, bad = np.flatnonzero(is_good), np.flatnonzero(~is_good)
    chosen = places[good]
    if whole.in_order:
        frame = whole.frame.slice(int(chosen[0]) if len(chosen) else 0, len(chosen))
    else:
        frame = whole.frame[chosen]
    arrivals = None if whole.arrivals is None else whole.arrivals[chosen]
    limits = None if whole.limits is None else whole.limits[chosen]
    invalid = whole.invalid(rows[bad], offset + bad)
    unread = None
    if isinstance(invalid, InvalidRows):
        unread = unread_of(invalid.known, invalid.numbers, np.cumsum(is_good, dtype=np.int64)[bad])
    ticks = TickBatch(frame, offset + good, arrivals, limits, unread=unread)
    return Part(
        ticks,
        invalid,
        lambda wanted: whole.origins(rows[good[wanted]]),
        len(rows),
        stops,
        whole.rounded(rows),
    )
