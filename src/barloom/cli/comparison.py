"""Final bars against published ones, by value: which are equal, which differ and where, which are missing or extra."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from barloom.cli.published import START, canonical, same_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from barloom.cli.published import Published

__all__ = ["Comparison", "Difference", "compare"]

_ROW = "published row"
_THEIRS = " (published)"


class Difference(NamedTuple):
    """One value that is not the same."""

    key: tuple[str, ...]
    start: int
    column: str
    ours: str | None
    theirs: str | None


@dataclass(slots=True)
class Comparison:
    """The count of bars by what became of them, and the first differences of each sort."""

    columns: tuple[str, ...]
    equal: int = 0
    different: int = 0
    missing: int = 0
    extra: int = 0
    skipped: int = 0
    differences: list[Difference] = field(default_factory=list)
    missing_bars: list[tuple[tuple[str, ...], int]] = field(default_factory=list)
    extra_bars: list[tuple[tuple[str, ...], int]] = field(default_factory=list)
    first: int | None = None
    last: int | None = None

    @property
    def agrees(self) -> bool:
        """Whether every bar is there and equal."""
        return not (self.different or self.missing or self.extra)


def compare(  # noqa: PLR0913 - the parts of one question
    chunks: Iterable[pl.DataFrame],
    published: Published,
    columns: Sequence[str],
    *,
    skip_synthetic: bool,
    empty_where_zero: Sequence[str],
    limit: int,
) -> Comparison:
    """Compare frames of final bars (text columns, `start` in ns, a boolean ``synthetic``) with the published ones.

    With `skip_synthetic`, bars without ticks count on neither side: ours by their flag, published ones where every
    column of `empty_where_zero` (counts and sums) is zero.
    """
    result = Comparison(tuple(columns))
    identity = [*published.keys, START]
    theirs = published.frame.select(*identity, *columns).with_row_index(_ROW)
    met = pl.Series(_ROW, [False]).new_from_index(0, theirs.height)
    for chunk in chunks:
        if chunk.height == 0:
            continue
        result.first = min(int(chunk[START].min()), chunk[START][0] if result.first is None else result.first)  # type: ignore[arg-type]
        result.last = max(int(chunk[START].max()), chunk[START][0] if result.last is None else result.last)  # type: ignore[arg-type]
        joined = chunk.join(theirs, on=identity, how="left", suffix=_THEIRS, maintain_order="left")
        rows = joined[_ROW].drop_nulls()
        met = met.scatter(rows, True)  # noqa: FBT003 - the value to set
        _count(result, joined, published.keys, skip_synthetic=skip_synthetic, limit=limit)
    unmet = theirs.filter(~met)
    if skip_synthetic and empty_where_zero:
        traded = pl.any_horizontal(pl.col(name).is_not_null() & (pl.col(name) != "0") for name in empty_where_zero)
        result.skipped += unmet.height - unmet.filter(traded).height
        unmet = unmet.filter(traded)
    result.missing = unmet.height
    result.missing_bars = _bars(unmet, published.keys, limit)
    return result


def _count(result: Comparison, joined: pl.DataFrame, keys: Sequence[str], *, skip_synthetic: bool, limit: int) -> None:
    if skip_synthetic:
        result.skipped += int(joined["synthetic"].sum())
        joined = joined.filter(~pl.col("synthetic"))
    alone = joined.filter(pl.col(_ROW).is_null())
    result.extra += alone.height
    result.extra_bars += _bars(alone, keys, limit - len(result.extra_bars))
    both = joined.filter(pl.col(_ROW).is_not_null())
    unlike = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name + _THEIRS)) for name in result.columns)
    wrong = 0
    for row in both.filter(unlike).iter_rows(named=True):
        found = _differences(row, result.columns, tuple(row[name] for name in keys))
        wrong += bool(found)
        if result.different + wrong <= limit:
            result.differences += found
    result.different += wrong
    result.equal += both.height - wrong


def _differences(row: dict[str, object], columns: Sequence[str], key: tuple[str, ...]) -> list[Difference]:
    pairs = ((name, _text(row[name]), _text(row[name + _THEIRS])) for name in columns)
    start = row[START]
    assert isinstance(start, int)  # noqa: S101 - Int64 column
    return [Difference(key, start, name, ours, theirs) for name, ours, theirs in pairs if not same_value(ours, theirs)]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _bars(frame: pl.DataFrame, keys: Sequence[str], limit: int) -> list[tuple[tuple[str, ...], int]]:
    return [(tuple(row[:-1]), row[-1]) for row in frame.select(*keys, START).head(max(limit, 0)).iter_rows()]


def as_text(frame: pl.DataFrame, keys: Sequence[str], columns: Sequence[str]) -> pl.DataFrame:
    """A frame of bars in the shape that `compare` reads."""
    texts = frame.with_columns(pl.col([*keys, *columns]).cast(pl.String))
    return texts.select(*keys, pl.col(START).to_physical(), "synthetic", *(canonical(name) for name in columns))
