"""Why each bar that is not as published is not: what is known of its slot, and of those it was carried from.

A cause is named only where something shows it: a mark of the bar, a refused row of its key and slot, or the values
themselves. Where the published bar has no more rows than ours, rows that we lack are no cause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from barloom.plan.barplan import Gap
from barloom.read.verify.causes import CAUSES, LACKING, UNKNOWN
from barloom.read.verify.comparison import FACTS
from barloom.read.verify.evidence import found_in
from barloom.read.verify.slots import bounded, standing
from barloom.read.verify.starts import START
from barloom.store.scanning import Selection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from barloom.read.readable import Readable
    from barloom.read.verify.comparison import BarName, Comparison
    from barloom.store.protocol import SideRecord

__all__ = ["Cause", "Judgement", "judged"]

_BAR: Final = "bar"
_SCHEMA: Final = {
    _BAR: pl.UInt32(),
    "cause": pl.String(),
    "rows": pl.Int64(),
    "by": pl.Int64(),
    "origin": pl.String(),
    "row": pl.Int64(),
    "via": pl.Int64(),
}


class Cause(NamedTuple):
    """Why a bar is not as published.

    `cause` is one of `CAUSES`, `rows` how many rows or numbers it is about (0: none), `by` by how much the latest was
    late (nanoseconds), `origin` and `row` where the first of them stands. `carried_from` is the start of the bar that
    this one was carried from, where the cause is that one's. `first_number` is the lowest number of the gaps that the
    bar lacks.
    """

    cause: str
    rows: int = 0
    by: int = 0
    origin: str | None = None
    row: int | None = None
    carried_from: int | None = None
    first_number: int | None = None


class Judgement(NamedTuple):
    """How many bars have a cause, in the order of `CAUSES`, and the causes of those that were asked for."""

    totals: Mapping[str, int]
    of: Mapping[BarName, Sequence[Cause]]


def judged(
    store: Readable,
    level: int,
    comparison: Comparison,
    side: Iterable[Sequence[SideRecord]],
    fixed: Mapping[str, str | None],
) -> Judgement:
    """Judge all bars of a comparison that are not equal; `fixed` are the key fields that the file does not have.

    `side` is only read where some bar is not equal. A bar may have several causes and counts for each.
    """
    if not comparison.problems:
        return Judgement({}, {})
    case = _Case(store, level, comparison, fixed)
    return case.judge(side)


class _Case:
    def __init__(self, store: Readable, level: int, comparison: Comparison, fixed: Mapping[str, str | None]) -> None:
        self._store = store
        self._level = level
        self._comparison = comparison
        self._keys = list(store.plan.event.key)
        self._bars = self._all(fixed)

    def _all(self, fixed: Mapping[str, str | None]) -> pl.DataFrame:
        """All bars that are not equal, with every key field, and the bounds of their slots."""
        flags = {**FACTS, "reordered": pl.Boolean(), "refuted": pl.Boolean(), "untraded": pl.Boolean()}
        bars = pl.concat(self._comparison.problems, how="diagonal")
        absent = [name for name in self._keys if name not in bars.columns]
        bars = bars.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)
        bars = bars.with_columns(
            pl.col(name).fill_null(pl.lit(value, pl.String)) for name, value in fixed.items() if name in self._keys
        )
        bars = bars.with_columns(
            pl.lit(None, kind).alias(name) for name, kind in flags.items() if name not in bars.columns
        )
        bars = bars.select(*self._keys, START, "sort", *flags).with_row_index(_BAR)
        return bars.hstack(bounded(self._store, self._level, bars))

    def judge(self, side: Iterable[Sequence[SideRecord]]) -> Judgement:
        carried = self._sources()
        cells = self._cells(carried)
        timeframe = str(self._store.plan.levels[self._level].timeframe)
        found = found_in(self._store.plan, timeframe, side, cells) if cells.height else None
        shown = self._shown(found)
        direct = self._direct(shown)
        parts = [direct, self._by_way_of(carried, shown, direct)]
        known = pl.concat([part.select(list(_SCHEMA)) for part in parts])
        known = pl.concat([known, self._by_itself(known)])
        return self._told(known)

    def _sources(self) -> pl.DataFrame:
        """For each carried bar of ours the last one with rows before it, from which its values come."""
        plan = self._store.plan
        if plan.levels[self._level].gap is not Gap.CARRY:
            return self._bars.clear().with_columns(source=pl.lit(None, pl.Int64), source_end=pl.lit(None, pl.Int64))
        quiet = self._bars.filter((pl.col("sort") == "different") & pl.col("synthetic"))
        found = [self._source_of(part) for part in quiet.partition_by(self._keys)]
        return (
            pl.concat(found)
            if found
            else quiet.with_columns(source=pl.lit(None, pl.Int64), source_end=pl.lit(None, pl.Int64))
        )

    def _source_of(self, quiet: pl.DataFrame) -> pl.DataFrame:
        """Those of one key: its bars with rows around them are looked up, from the last one backwards."""
        scanner, encode = self._store.scanner, self._store.layout.keys.encode
        key = encode(self._typed(quiet.row(0, named=True)))
        first, last = int(quiet[START].min() or 0), int(quiet[START].max() or 0)  # type: ignore[arg-type]
        before = self._last_real(key, first)
        real = list(scanner.frames(Selection("final", self._level, key, before, last)))
        bars = pl.concat(real).filter(~pl.col("synthetic")) if real else None
        if bars is None or not bars.height:
            return quiet.with_columns(source=pl.lit(None, pl.Int64), source_end=pl.lit(None, pl.Int64))
        sources = bars.select(source=pl.col(START).to_physical(), source_end=pl.col("end").to_physical())
        return quiet.sort(START).join_asof(sources, left_on=START, right_on="source", coalesce=False)

    def _last_real(self, key: bytes, start: int) -> int | None:
        """The start of the last bar with rows before a time; a carried one has a limit, so that it is not far."""
        values = self._store.values(self._level)
        for place in self._store.scanner.places(Selection("final", self._level, key, None, start), backwards=True):
            if not values(key, place.start, place.record, True).value("synthetic"):  # noqa: FBT003 - a final
                return place.start
        return None

    def _typed(self, row: Mapping[str, object]) -> tuple[object, ...]:
        from barloom.read.arguments import key_row  # noqa: PLC0415 - only where bars are carried

        return key_row(self._store.plan.event, tuple(row[name] for name in self._keys), {})

    def _cells(self, carried: pl.DataFrame) -> pl.DataFrame:
        """The slots about which something may be known: of these bars, and of those that some were carried from."""
        own = self._bars.filter((pl.col("sort") != "extra") & pl.col("hi").is_not_null())
        ours = own.select(*self._keys, pl.col(START).alias("cell"), "lo", "hi", "wide_lo", "wide_hi")
        theirs = carried.filter(pl.col("source").is_not_null()).select(
            *self._keys,
            pl.col("source").alias("cell"),
            pl.col("source").alias("lo"),
            pl.col("source_end").alias("hi"),
            pl.col("source").alias("wide_lo"),
            pl.col("source_end").alias("wide_hi"),
        )
        return pl.concat([ours, theirs]).drop_nulls().unique([*self._keys, "cell"], keep="first", maintain_order=True)

    def _shown(self, found: pl.DataFrame | None) -> pl.DataFrame:
        """Everything known of slots: from the side output, and what our own bars say of themselves."""
        own = self._bars.filter((pl.col("sort") == "different") & ~pl.col("synthetic"))
        said = [
            _named(own.filter(pl.col("partial")), self._keys, "partial", pl.lit(0, pl.Int64)),
            _named(own.filter(pl.col("reordered")), self._keys, "order", pl.lit(0, pl.Int64)),
            _named(own.filter(pl.col("missing") > 0), self._keys, "missing", pl.col("missing")),
        ]
        if found is None:
            return pl.concat(said)
        place = [*self._keys, "cell", "cause"]
        own_missing = said.pop().join(found, on=place, how="anti")  # the side output knows which of them came too late
        return pl.concat([*said, own_missing, found.filter((pl.col("cause") != "missing") | (pl.col("rows") > 0))])

    def _direct(self, shown: pl.DataFrame) -> pl.DataFrame:
        """What is known of the bars' own slots."""
        bars = self._bars.filter(pl.col("sort") != "extra")
        joined = bars.join(shown, left_on=[*self._keys, START], right_on=[*self._keys, "cell"], how="inner")
        refuted = pl.col("refuted").fill_null(value=False) | pl.col("reordered").fill_null(value=False)
        kept = joined.filter(~(refuted & pl.col("cause").is_in(LACKING)))
        return kept.with_columns(via=pl.lit(None, pl.Int64))

    def _by_way_of(self, carried: pl.DataFrame, shown: pl.DataFrame, direct: pl.DataFrame) -> pl.DataFrame:
        """What is known of the slots since the bar that these were carried from: the last one tells."""
        left = carried.filter(pl.col("source").is_not_null()).join(direct.select(_BAR), on=_BAR, how="anti")
        right = self._differing_sources(shown).select(*self._keys, "cell").unique().with_columns(via=pl.col("cell"))
        near = left.sort(START).join_asof(
            right.sort("cell"), left_on=START, right_on="cell", by=self._keys, check_sortedness=False
        )
        near = near.filter(pl.col("via") >= pl.col("source"))
        return near.select(_BAR, *self._keys, "via").join(
            shown, left_on=[*self._keys, "via"], right_on=[*self._keys, "cell"], how="inner"
        )

    def _differing_sources(self, shown: pl.DataFrame) -> pl.DataFrame:
        """A bar that was compared and is equal was no source of a difference."""
        compared = self._comparison.first, self._comparison.last
        if None in compared:
            return shown
        outside = ~pl.col("cell").is_between(*compared)
        differing = shown.join(
            self._bars.select(*self._keys, pl.col(START).alias("cell")), on=[*self._keys, "cell"], how="semi"
        )
        return pl.concat([shown.filter(outside), differing]).unique(maintain_order=True)

    def _by_itself(self, known: pl.DataFrame) -> pl.DataFrame:
        """Of bars of which nothing else is known: where they stand, or that nothing is known."""
        bars = self._bars.join(known.select(_BAR), on=_BAR, how="anti")
        causes = pl.concat(
            [
                bars.filter(pl.col("sort") == "different").select(_BAR).with_columns(cause=pl.lit(UNKNOWN)),
                standing(self._store, self._level, bars.filter(pl.col("sort") == "missing")),
                self._of_extra(bars.filter(pl.col("sort") == "extra")),
            ]
        )
        rest = {
            name: pl.lit(0, kind) if name in ("rows", "by") else pl.lit(None, kind)
            for name, kind in _SCHEMA.items()
            if name not in causes.columns
        }
        return causes.with_columns(**rest).select(list(_SCHEMA))

    def _of_extra(self, bars: pl.DataFrame) -> pl.DataFrame:
        published = self._comparison.published
        keys = list(published.keys)
        spans = published.frame.select(*keys, START)
        bounds = [pl.col(START).min().alias("from"), pl.col(START).max().alias("until")]
        spans = spans.group_by(keys).agg(bounds) if keys else spans.select(bounds)
        joined = bars.join(spans, on=keys, how="left") if keys else bars.join(spans, how="cross")
        within = pl.col(START).is_between(pl.col("from"), pl.col("until")).fill_null(value=False)
        cause = (
            pl.when(~within)
            .then(pl.lit("outside_file"))
            .when(pl.col("synthetic"))
            .then(pl.lit("synthetic"))
            .otherwise(pl.lit(UNKNOWN))
        )
        return joined.select(_BAR, cause.alias("cause"))

    def _told(self, known: pl.DataFrame) -> Judgement:
        counts = dict(known.unique([_BAR, "cause"])["cause"].value_counts().iter_rows())
        totals = {cause: counts[cause] for cause in CAUSES if cause in counts}
        return Judgement(totals, self._of_named(known))

    def _of_named(self, known: pl.DataFrame) -> dict[BarName, list[Cause]]:
        """The causes of the bars that are shown."""
        from barloom.read.verify.comparison import BarName  # noqa: PLC0415 - a type elsewhere

        comparison = self._comparison
        names = [
            *dict.fromkeys(one.bar for one in comparison.differences),
            *comparison.missing_bars,
            *comparison.extra_bars,
        ]
        keys = list(comparison.published.keys)
        wanted = pl.DataFrame(
            [(*name.key, name.start) for name in names],
            schema={**dict.fromkeys(keys, pl.String()), START: pl.Int64()},
            orient="row",
        ).unique()
        rows = self._bars.join(wanted, on=[*keys, START], how="semi").join(known, on=_BAR, how="inner")
        order = list(CAUSES)
        found: dict[BarName, list[Cause]] = {}
        for row in rows.iter_rows(named=True):
            bar = BarName(tuple(row[name] for name in keys), row[START])
            numbers = row["cause"] == "missing"
            where = (row["origin"], None if numbers else row["row"], row["via"], row["row"] if numbers else None)
            cause = Cause(row["cause"], row["rows"], row["by"], *where)
            found.setdefault(bar, []).append(cause)
        return {bar: sorted(causes, key=lambda each: order.index(each.cause)) for bar, causes in found.items()}


def _named(bars: pl.DataFrame, keys: Sequence[str], cause: str, rows: pl.Expr) -> pl.DataFrame:
    """Causes that bars tell of themselves, in the shape of what the side output tells."""
    return bars.select(
        *keys,
        pl.col(START).alias("cell"),
        pl.lit(cause).alias("cause"),
        rows.alias("rows"),
        pl.lit(0, pl.Int64).alias("by"),
        pl.lit(None, pl.String).alias("origin"),
        pl.lit(None, pl.Int64).alias("row"),
    )
