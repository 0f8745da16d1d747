"""What the side output knows of some slots: the rows that missed them or were refused in them.

One pass over the side output, by columns, whatever the number of slots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.engine.frames import bar_schema
from barloom.plan.barplan import InputKind
from barloom.read.verify.absent import HOLE, Absent
from barloom.read.verify.causes import REFUSED
from barloom.store.refused import RefusedRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.store.protocol import SideRecord

__all__ = ["found_in"]

_FEW: Final = 10_000
_AT_ONCE: Final = 100_000
_MOST: Final = 200_000
_SAID: Final = {
    "cause": pl.String(),
    "at": pl.Int64(),
    "missed": pl.Int64(),
    "by": pl.Int64(),
    "origin": pl.String(),
    "row": pl.Int64(),
    "until": pl.Int64(),
    "first_number": pl.Int64(),
    "last_number": pl.Int64(),
    "hole": pl.Boolean(),
}


def found_in(plan: BarPlan, timeframe: str, side: Iterable[Sequence[SideRecord]], cells: pl.DataFrame) -> pl.DataFrame:
    """What is known of slots, by slot and cause.

    `cells` has the key fields as text, the start of a slot as ``cell``, and from ``lo`` up to ``hi`` the times of the
    rows that it would hold, of those out of session from ``wide_lo`` up to ``wide_hi``; one row for each. Gives the key
    fields, ``cell``, ``cause``, the number of ``rows``, by how much the latest was late (``by``), and where the first
    stands (``origin``, ``row``; of ``missing`` the lowest number). Of ``missing`` there are no rows where all the
    absent numbers came too late.
    """
    keys = list(plan.event.key)
    parts: list[pl.DataFrame] = [_nothing(plan)]
    absent = Absent(keys)
    for said in _gathered(_frames(plan, timeframe, side)):
        parts.append(_touching(plan, said, cells, keys))
        absent.take(said)
        if sum(part.height for part in parts) > _MOST:
            parts = [_together(parts, keys)]
    return _together([*parts, _absent(absent.met(cells), keys)], keys)


def _absent(met: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """In the place of the row, which there is none, stands the lowest number."""
    cause, by = pl.lit("missing").alias("cause"), pl.lit(0, pl.Int64).alias("by")
    nobody = pl.lit(None, pl.String).alias("origin")
    return met.select(*keys, "cell", cause, "rows", by, nobody, pl.col("number").alias("row"))


def _nothing(plan: BarPlan) -> pl.DataFrame:
    keys = dict.fromkeys(plan.event.key, pl.String())
    last = {"cell": pl.Int64(), "cause": pl.String(), "rows": pl.Int64(), "by": pl.Int64()}
    return pl.DataFrame(schema={**keys, **last, "origin": pl.String(), "row": pl.Int64()})


def _together(parts: Sequence[pl.DataFrame], keys: Sequence[str]) -> pl.DataFrame:
    first = [pl.col(name).first() for name in ("origin", "row")]
    return (
        pl.concat(parts)
        .group_by(*keys, "cell", "cause", maintain_order=True)
        .agg(pl.col("rows").sum(), pl.col("by").max(), *first)
    )


def _gathered(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Many rows at a time: what they are held against costs as much for few."""
    waiting: list[pl.DataFrame] = []
    for frame in frames:
        waiting.append(frame)
        if sum(each.height for each in waiting) >= _AT_ONCE:
            yield pl.concat(waiting)
            waiting = []
    if waiting:
        yield pl.concat(waiting)


def _frames(plan: BarPlan, timeframe: str, side: Iterable[Sequence[SideRecord]]) -> Iterator[pl.DataFrame]:
    """Refused rows as frames of what matters here; single ones are gathered."""
    waiting: list[SideRecord] = []
    for block in side:
        if isinstance(block, RefusedRows):
            yield _of_columns(plan, timeframe, block)
            continue
        waiting += block
        if len(waiting) >= _FEW:
            yield _of_records(plan, timeframe, waiting)
            waiting = []
    if waiting:
        yield _of_records(plan, timeframe, waiting)


def _of_columns(plan: BarPlan, timeframe: str, block: RefusedRows) -> pl.DataFrame:
    missed = block.missed.get(timeframe)
    keys = [pl.col(name).cast(pl.String).alias(ours) for name, ours in zip(block.key, plan.event.key, strict=True)]
    hole = pl.col("hole").eq_missing("open")
    absent = pl.lit(None, pl.Int64)
    return block.frame.select(
        *keys,
        pl.when(hole).then(pl.lit(HOLE)).otherwise(pl.col("reason")).alias("cause"),
        pl.col("event_time").alias("at"),
        (absent if missed is None else pl.col(missed)).alias("missed"),
        "by",
        "origin",
        "row",
        "until",
        "first_number",
        "last_number",
        pl.col("hole").is_not_null().alias("hole"),
    )


def _of_records(plan: BarPlan, timeframe: str, records: Sequence[SideRecord]) -> pl.DataFrame:
    schema = bar_schema(plan)
    blank = (None,) * len(plan.event.key)
    rows = [
        (
            *(blank if one.key is None else one.key),
            HOLE if one.hole == "open" else one.reason,
            one.event_time,
            one.missed.get(timeframe),
            one.by,
            one.origin,
            one.row,
            one.until,
            one.first_number,
            one.last_number,
            one.hole is not None,
        )
        for one in records
    ]
    found = pl.DataFrame(rows, schema={**{name: schema[name] for name in plan.event.key}, **_SAID}, orient="row")
    return found.with_columns(pl.col(plan.event.key).cast(pl.String))


def _inside(rows: pl.DataFrame, cells: pl.DataFrame, keys: list[str], lo: str, hi: str) -> pl.DataFrame:
    """Rows with the slot of their key in whose bounds their time lies."""
    found = rows.sort("at").join_asof(cells.sort(lo), left_on="at", right_on=lo, by=keys, check_sortedness=False)
    return found.filter(pl.col("at") < pl.col(hi))


def _touching(plan: BarPlan, said: pl.DataFrame, cells: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    late = said.filter((pl.col("cause") == "late") & pl.col("missed").is_not_null())
    missed = late.join(cells, left_on=[*keys, "missed"], right_on=[*keys, "cell"], how="inner", coalesce=False)
    refused = said.filter(pl.col("cause").is_in(list(REFUSED)) & pl.col("at").is_not_null() & ~pl.col("hole"))
    if plan.input is InputKind.BARS and plan.stamped.startswith("end"):
        refused = refused.with_columns(pl.col("at") - 1)  # a bar that ends with a slot lies in it
    outside = pl.col("cause") == "out_of_session"
    inside = _inside(refused.filter(~outside), cells, keys, "lo", "hi")
    around = _inside(refused.filter(outside), cells, keys, "wide_lo", "wide_hi")
    one = pl.lit(1, pl.Int64).alias("rows")
    shape: list[str | pl.Expr] = [*keys, "cell", "cause", one, "by", "origin", "row"]
    parts = [missed.with_columns(cell=pl.col("missed")).select(shape), inside.select(shape), around.select(shape)]
    return _together(parts, keys)
