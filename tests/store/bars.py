"""Definitions, keys and blocks made by hand for the tests of stores and readers."""

from __future__ import annotations

from collections.abc import Iterable  # noqa: TC003

import msgspec
import numpy as np
import polars as pl

from barloom.engine.blocks import BarBlock, BarId, Numbers, Step, Values
from barloom.plan.barplan import (
    BarPlan,
    EventPlan,
    Field,
    FieldKind,
    Fold,
    LevelPlan,
    NumberType,
    Output,
    Partial,
)
from barloom.plan.nodes import Column, Number, Ratio
from barloom.store.protocol import Commit, SideRecord
from barloom.store.refused import COLUMNS, RefusedRows
from barloom.time.timeframe import MINUTE, SECOND, Timeframe

PRICE = NumberType(18, 2)
VOLUME = NumberType(38, 3)
COUNT = NumberType(19, 0, integer=True)
EMPTY = Number(__import__("decimal").Decimal(0))


def event(*key: tuple[str, FieldKind]) -> EventPlan:
    """Trades with these key fields."""
    fields = key or (("symbol", FieldKind.STRING),)
    return EventPlan(
        "Trade",
        (
            *(Field(name, kind, NumberType(12, 3) if kind is FieldKind.DECIMAL else None) for name, kind in fields),
            Field("at", FieldKind.TIMESTAMP, time_unit="ns"),
            Field("price", FieldKind.DECIMAL, PRICE),
            Field("size", FieldKind.DECIMAL, NumberType(18, 3)),
        ),
        tuple(name for name, _ in fields),
        "at",
    )


def plan(*key: tuple[str, FieldKind], name: str = "bars", delay: int = 2 * SECOND, **base: object) -> BarPlan:
    """Close, volume, count and vwap of one-second and one-minute bars."""
    price, size = Column("price"), Column("size")
    return BarPlan(
        name,
        event(*key),
        "24x7",
        (
            LevelPlan(Timeframe.parse("1s"), None, delay, **base),  # type: ignore[arg-type]
            LevelPlan(Timeframe.parse("1m"), 0, delay),
        ),
        (
            Partial(Fold.LAST, price, None, PRICE, carried=0),
            Partial(Fold.SUM, size, None, VOLUME),
            Partial(Fold.COUNT, None, None, COUNT),
        ),
        (
            Output("close", "last", Column("0"), PRICE),
            Output("volume", "sum", Column("1"), VOLUME, empty=EMPTY),
            Output("count", "count", Column("2"), COUNT),
            Output("average_size", "ratio", Ratio(Column("1"), Column("2"), 3, "half-even"), NumberType(38, 3)),
        ),
    )


class Keys:
    """A list of keys, numbered by position."""

    def __init__(self, *rows: tuple[object, ...]) -> None:
        self.held = list(rows)

    def __len__(self) -> int:
        return len(self.held)

    def rows(self, ids: np.ndarray) -> list[tuple[object, ...]]:
        """The keys of these numbers."""
        return [self.held[number] for number in ids.tolist()]


def integers(values: list[int]) -> Numbers:
    """A column of integers as the engine has it."""
    try:
        return np.array(values, dtype=np.int64)
    except OverflowError:
        return np.array(values, dtype=object)


def block(
    bars: list[tuple[int, int, int | None, int, int]], *, level: int = 0, final: bool = True, synthetic: bool = False
) -> BarBlock:
    """Bars given as (key number, start in slots, close, volume, count), sorted as a block is."""
    length = (SECOND, MINUTE)[level]
    ordered = sorted(bars, key=lambda bar: (bar[1], bar[0]))
    key, slot, close, volume, count = (list(column) for column in zip(*ordered, strict=True)) if bars else ([],) * 5
    start = integers(slot) * length
    ones = np.ones(len(bars), dtype=np.int64)
    missing = np.array([value is None for value in close], dtype=np.bool_)
    closes = Values(integers([value or 0 for value in close]), ~missing if missing.any() else None)
    return BarBlock(
        level=level,
        final=final,
        key=integers(key),
        start=start,
        end=start + length,
        open_time=start + 1,
        close_time=start + 2,
        revision=integers(count),
        filled=ones * (not synthetic),
        slots=ones * final,
        expected=ones * (1, 60)[level],
        synthetic=np.full(len(bars), synthetic),
        partial=np.zeros(len(bars), dtype=np.bool_),
        partials=(closes, Values(integers(volume), None), Values(integers(count), None)),
    )


def times(stream_time: int, first: int = 0) -> bytes:
    """The engine's entry about where the stream stands, in seconds."""
    return msgspec.json.encode({"stream_time": stream_time * SECOND, "first": first * SECOND, "max_event": 0})


def commit(keys: Keys, **parts: object) -> Commit:
    """A commit of one step; `at` is the stream time in seconds."""
    outside = {name: parts.pop(name) for name in ("positions", "side") if name in parts}
    if "at" in parts:
        at = parts.pop("at")
        assert isinstance(at, int)
        parts["stream_time"] = at * SECOND
        parts["entries"] = {b"time": times(at), **parts.get("entries", {})}  # type: ignore[dict-item]
    return Commit(Step(**parts), keys, **outside)  # type: ignore[arg-type]


def gone(level: int, key: int, slot: int) -> BarId:
    """A live bar to take back."""
    return BarId(level, integers([key]), integers([slot]) * (SECOND, MINUTE)[level])


def refused(offset: int, **fields: object) -> SideRecord:
    """A late row."""
    given = {"origin": "ticks.csv", "row": offset + 1, "reason": "late", "message": "came late", "raw": "A,1.00"}
    return SideRecord(offset, **{**given, **fields})  # type: ignore[arg-type]


def refused_columns(offsets: Iterable[int]) -> RefusedRows:
    """The same rows as columns."""
    rows = [refused(offset) for offset in offsets]
    columns = {name: [getattr(row, name) for row in rows] for name in COLUMNS}
    key = pl.Series("key symbol", [None] * len(rows), dtype=pl.String)
    return RefusedRows(pl.DataFrame(columns, schema=COLUMNS).with_columns(key), ("key symbol",), {})
