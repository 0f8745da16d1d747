"""Final bars against published ones, by value: which are equal, which differ and where, which are missing or extra."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from barloom.read.verify.published import canonical, same_value
from barloom.read.verify.roles import NO_ROLES, Roles
from barloom.read.verify.starts import START

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from barloom.read.verify.published import Published

__all__ = ["FACTS", "BarName", "Comparison", "Difference", "comparable", "compare"]

_ROW: Final = "published row"
_THEIRS: Final = " (published)"

FACTS: Final = {
    "end": pl.Int64(),
    "synthetic": pl.Boolean(),
    "partial": pl.Boolean(),
    "revision": pl.Int64(),
    "missing": pl.Int64(),
    "complete": pl.String(),
}
"""What a bar of ours says of itself, beside its values; null where there is none of ours, or it does not say so."""


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
    """Bars counted by what became of them, and the first `limit` of each sort; made by `compare`.

    `problems` are all bars that are not equal, in frames: their key and start, the `sort` (``different missing
    extra``), what `FACTS` lists, and what the values themselves say of the cause (`Roles`): `reordered` and `refuted`.
    """

    published: Published
    columns: Sequence[str]
    skip_synthetic: bool
    limit: int
    roles: Roles = NO_ROLES
    equal: int = 0
    different: int = 0
    missing: int = 0
    extra: int = 0
    skipped: int = 0
    differences: list[Difference] = field(default_factory=list)
    missing_bars: list[BarName] = field(default_factory=list)
    extra_bars: list[BarName] = field(default_factory=list)
    problems: list[pl.DataFrame] = field(default_factory=list)
    first: int | None = None
    last: int | None = None

    @property
    def compared(self) -> int:
        """How many bars there were on either side."""
        return self.equal + self.different + self.missing + self.extra

    @property
    def agrees(self) -> bool:
        """Whether every bar is there and equal; not where there was none to compare."""
        return self.equal > 0 and self.equal == self.compared

    def add(self, joined: pl.DataFrame) -> None:
        """Count our bars, each beside its published one (its row number null where there is none)."""
        self._widen(joined[START])
        if self.skip_synthetic:
            self.skipped += int(joined["synthetic"].sum())
            joined = joined.filter(~pl.col("synthetic"))
        unpublished = joined.filter(pl.col(_ROW).is_null())
        self.extra += unpublished.height
        self.extra_bars += self._names(unpublished, self.limit - len(self.extra_bars))
        self._keep(unpublished, "extra")
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
        if self.roles.counted:
            zero = pl.all_horizontal(pl.col(name).fill_null("0") == "0" for name in self.roles.counted)
            unmet = unmet.with_columns(untraded=zero)
        self._keep(unmet, "missing")

    def _widen(self, starts: pl.Series) -> None:
        known = [bound for bound in (self.first, self.last) if bound is not None]
        bounds = [*known, *(int(start) for start in (starts[0], starts[-1]))]
        self.first, self.last = min(bounds), max(bounds)

    def _compare_values(self, both: pl.DataFrame) -> None:
        unlike = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name + _THEIRS)) for name in self.columns)
        wrong, reordered, refuted = 0, [], []
        rows = both.filter(unlike)
        for row in rows.iter_rows(named=True):
            found = self._differences(row)
            wrong += bool(found)
            if self.different + wrong <= self.limit:
                self.differences += found
            theirs = {name: row[name + _THEIRS] for name in self.columns}
            unequal = {one.column for one in found}
            reordered.append(self.roles.reordered(row, theirs, unequal) if found else None)
            refuted.append(self.roles.refutes(row, theirs) if found else None)
        self.different += wrong
        self.equal += both.height - wrong
        kinds = {"reordered": pl.Boolean(), "refuted": pl.Boolean()}
        flags = pl.DataFrame({"reordered": reordered, "refuted": refuted}, schema=kinds)
        self._keep(pl.concat([rows, flags], how="horizontal").filter(pl.col("refuted").is_not_null()), "different")

    def _differences(self, row: dict[str, str | None]) -> list[Difference]:
        bar = BarName(tuple(str(row[name]) for name in self.published.keys), int(row[START] or 0))
        pairs = ((name, row[name], row[name + _THEIRS]) for name in self.columns)
        return [Difference(bar, name, ours, theirs) for name, ours, theirs in pairs if not same_value(ours, theirs)]

    def _keep(self, bars: pl.DataFrame, sort: str) -> None:
        if bars.height:
            gone = [name for name in bars.columns if name in self.columns or name.endswith((_THEIRS, _ROW))]
            self.problems.append(bars.drop(gone).with_columns(sort=pl.lit(sort)))

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
    """A frame of bars in the shape that `compare` reads: text, `start` in nanoseconds, and what `FACTS` lists."""
    texts = frame.with_columns(pl.col([*keys, *columns]).cast(pl.String))
    facts = [_fact(frame, name, kind) for name, kind in FACTS.items() if name not in columns]
    return texts.select(*keys, pl.col(START).to_physical(), *facts, *(canonical(name) for name in columns))


def _fact(frame: pl.DataFrame, name: str, kind: pl.DataType) -> pl.Expr:
    if name not in frame.columns:
        return pl.lit(None, kind).alias(name)
    return pl.col(name).to_physical() if frame.schema[name].is_temporal() else pl.col(name)
