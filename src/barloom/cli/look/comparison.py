"""Final bars against published ones, by value: which are equal, which differ and where, which are missing or extra."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from barloom.cli.look.published import START, canonical, same_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from barloom.cli.look.published import Published

__all__ = ["BarName", "Comparison", "Difference", "comparable", "compare"]

_ROW = "published row"
_THEIRS = " (published)"


class BarName(NamedTuple):
    """Which bar: key values as text, and the start in nanoseconds."""

    key: tuple[str, ...]
    start: int


class Difference(NamedTuple):
    """One value that is not the same."""

    bar: BarName
    column: str
    ours: str | None
    theirs: str | None


@dataclass(slots=True)
class Comparison:
    """Bars counted by what became of them, and the first `limit` of each sort; made by `compare`."""

    published: Published
    columns: Sequence[str]
    skip_synthetic: bool
    limit: int
    equal: int = 0
    different: int = 0
    missing: int = 0
    extra: int = 0
    skipped: int = 0
    differences: list[Difference] = field(default_factory=list)
    missing_bars: list[BarName] = field(default_factory=list)
    extra_bars: list[BarName] = field(default_factory=list)
    first: int | None = None
    last: int | None = None

    @property
    def agrees(self) -> bool:
        """Whether every bar is there and equal."""
        return not (self.different or self.missing or self.extra)

    def add(self, joined: pl.DataFrame) -> None:
        """Count our bars, each beside its published one (its row number null where there is none)."""
        self._widen(joined[START])
        if self.skip_synthetic:
            self.skipped += int(joined["synthetic"].sum())
            joined = joined.filter(~pl.col("synthetic"))
        unpublished = joined.filter(pl.col(_ROW).is_null())
        self.extra += unpublished.height
        self.extra_bars += self._names(unpublished, self.limit - len(self.extra_bars))
        self._compare_values(joined.filter(pl.col(_ROW).is_not_null()))

    def end(self, unmet: pl.DataFrame, empty_where_zero: Sequence[str]) -> None:
        """Count the published bars that none of ours met."""
        if self.skip_synthetic and empty_where_zero:
            traded = pl.any_horizontal(pl.col(name).is_not_null() & (pl.col(name) != "0") for name in empty_where_zero)
            self.skipped += unmet.height
            unmet = unmet.filter(traded)
            self.skipped -= unmet.height
        self.missing = unmet.height
        self.missing_bars = self._names(unmet, self.limit)

    def _widen(self, starts: pl.Series) -> None:
        known = [bound for bound in (self.first, self.last) if bound is not None]
        bounds = [*known, *(int(start) for start in (starts[0], starts[-1]))]
        self.first, self.last = min(bounds), max(bounds)

    def _compare_values(self, both: pl.DataFrame) -> None:
        unlike = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name + _THEIRS)) for name in self.columns)
        wrong = 0
        for row in both.filter(unlike).iter_rows(named=True):
            found = self._differences(row)
            wrong += bool(found)
            if self.different + wrong <= self.limit:
                self.differences += found
        self.different += wrong
        self.equal += both.height - wrong

    def _differences(self, row: dict[str, str | None]) -> list[Difference]:
        bar = BarName(tuple(str(row[name]) for name in self.published.keys), int(row[START] or 0))
        pairs = ((name, row[name], row[name + _THEIRS]) for name in self.columns)
        return [Difference(bar, name, ours, theirs) for name, ours, theirs in pairs if not same_value(ours, theirs)]

    def _names(self, bars: pl.DataFrame, limit: int) -> list[BarName]:
        rows = bars.select(*self.published.keys, START).head(max(limit, 0)).iter_rows()
        return [BarName(tuple(row[:-1]), row[-1]) for row in rows]


def compare(chunks: Iterable[pl.DataFrame], comparison: Comparison, *, empty_where_zero: Sequence[str]) -> Comparison:
    """Fill `comparison` from frames made by `comparable`.

    With `skip_synthetic`, bars without ticks count on neither side: ours by their flag, published ones where every
    column of `empty_where_zero` (counts and sums) is zero.
    """
    published = comparison.published
    identity = [*published.keys, START]
    theirs = published.frame.select(*identity, *comparison.columns).with_row_index(_ROW)
    met = pl.repeat(value=False, n=theirs.height, eager=True, dtype=pl.Boolean)
    for chunk in chunks:
        if chunk.height:
            joined = chunk.join(theirs, on=identity, how="left", suffix=_THEIRS, maintain_order="left")
            met = met.scatter(joined[_ROW].drop_nulls(), values=True)
            comparison.add(joined)
    comparison.end(theirs.filter(~met), empty_where_zero)
    return comparison


def comparable(frame: pl.DataFrame, keys: Sequence[str], columns: Sequence[str]) -> pl.DataFrame:
    """A frame of bars in the shape that `compare` reads: text, `start` in nanoseconds, the flag ``synthetic``."""
    texts = frame.with_columns(pl.col([*keys, *columns]).cast(pl.String))
    return texts.select(*keys, pl.col(START).to_physical(), "synthetic", *(canonical(name) for name in columns))
