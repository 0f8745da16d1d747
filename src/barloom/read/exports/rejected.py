"""Refused rows as frames."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.engine.frames import TIME, bar_schema
from barloom.time.instants import slot_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from barloom.plan.barplan import BarPlan
    from barloom.store.protocol import SideRecord

__all__ = ["rejected_frame", "rejected_frames", "rejected_schema"]

_ROWS: Final = 10_000


def rejected_schema(plan: BarPlan) -> pl.Schema:
    """The columns of the side output."""
    keys = {name: bar_schema(plan)[name] for name in plan.event.key}
    before = {"reason": pl.String(), **keys, "event_time": TIME, "by_ns": pl.Int64(), "missed": pl.String()}
    after = {"message": pl.String(), "source": pl.String(), "row": pl.Int64(), "offset": pl.Int64(), "raw": pl.String()}
    return pl.Schema({**before, **after})


def rejected_frames(plan: BarPlan, records: Iterable[SideRecord]) -> Iterator[pl.DataFrame]:
    """The rows of a side output, in the order in which they were refused, a bounded number at a time."""
    found = iter(records)
    while some := list(islice(found, _ROWS)):
        yield rejected_frame(plan, some)


def rejected_frame(plan: BarPlan, records: Iterable[SideRecord]) -> pl.DataFrame:
    """Some refused rows.

    `by_ns` is how late, or how far ahead, and `missed` the bars that the row would have been in, ``timeframe start``
    each.
    """
    schema = rejected_schema(plan)
    stored = {name: pl.Int64() if kind == TIME else kind for name, kind in schema.items()}
    blank = (None,) * len(plan.event.key)
    return pl.DataFrame([_row(record, blank) for record in records], schema=stored, orient="row").cast(schema)


def _row(record: SideRecord, blank: tuple[object, ...]) -> tuple[object, ...]:
    missed = "; ".join(f"{timeframe} {slot_text(start, timeframe)}" for timeframe, start in record.missed.items())
    keys = blank if record.key is None else record.key
    where = (record.message, record.origin, record.row, record.offset, record.raw)
    return (record.reason, *keys, record.event_time, record.by, missed or None, *where)
