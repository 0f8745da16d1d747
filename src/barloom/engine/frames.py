"""Bars as Polars frames, with the columns that a definition promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.engine.blocks import BarBlock, Completeness
from barloom.engine.raw import Raw, frame_of, raw_column
from barloom.engine.values.results import results
from barloom.plan.barplan import FieldKind
from barloom.time.declared.hours import Phase
from barloom.time.options import Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.blocks import Keys
    from barloom.plan.barplan import BarPlan, Field, NumberType
    from barloom.time.calendar import Calendar, Integers
    from barloom.time.timeframe import Timeframe

__all__ = ["PHASE", "TIME", "bar_frame", "bar_schema", "phase_of", "phases", "tells_phase", "trading_dates"]

TIME: Final = pl.Datetime("ns", "UTC")
PHASE: Final = "phase"
"""The column that only bars of a calendar with extended hours have, behind the trading date."""

_BEFORE: Final = {"start": TIME, "end": TIME}
_SLOT: Final = {"timeframe": pl.String(), "trading_date": pl.Date()}
_PHASE: Final = {PHASE: pl.String()}
_AFTER: Final = {
    "open_time": TIME,
    "close_time": TIME,
    "slots": pl.Int64(),
    "filled": pl.Int64(),
    "expected_slots": pl.Int64(),
    "final": pl.Boolean(),
    "synthetic": pl.Boolean(),
    "partial": pl.Boolean(),
}
_TOLD: Final = {"missing": pl.Int64(), "complete": pl.String()}
_LAST: Final = {"revision": pl.Int64()}
_WORDS: Final = pl.Series("complete", [member.name.lower() for member in Completeness], dtype=pl.String)
_KEY_TYPES: Final = {
    FieldKind.STRING: pl.String(),
    FieldKind.INTEGER: pl.Int64(),
    FieldKind.TIMESTAMP: pl.Int64(),
    FieldKind.BOOLEAN: pl.Boolean(),
}


def bar_schema(plan: BarPlan) -> pl.Schema:
    """The columns of every frame of bars, in this order.

    The key fields under their names; ``start`` and ``end`` of the slot; the outputs under theirs (Decimal or Int64);
    ``timeframe`` as text; ``trading_date``, the first of the slot; where the calendar is ``extended`` the ``phase``, as
    `phase_of` tells it; ``open_time`` and ``close_time``, the event times of the first and last tick
    (null in a synthetic bar); ``slots filled expected_slots``, the children that were decided, had ticks, and are asked
    for by the calendar; the flags ``final synthetic partial``; where the event declares a sequence ``missing``, how
    many numbers are known to be absent that may lie in the bar, and ``complete``: ``yes``, ``no`` or ``unknown``;
    and ``revision``, the number of input rows folded into the bar. One row for each key and start.
    """
    keys = {name: _key_type(plan.event.by_name[name]) for name in plan.event.key}
    outputs = {output.name: _number_type(output.number) for output in plan.outputs}
    phase = _PHASE if tells_phase(plan) else {}
    told = {} if plan.event.sequence is None else _TOLD
    return pl.Schema({**keys, **_BEFORE, **outputs, **_SLOT, **phase, **_AFTER, **told, **_LAST})


def tells_phase(plan: BarPlan) -> bool:
    """Whether bars say in which part of the trading day their slot lies: where hours outside the regular ones count."""
    return Options.split(plan.calendar)[1].extended


def phase_of(calendar: Calendar, timeframe: Timeframe, starts: Integers) -> list[str]:
    """``pre``, ``regular`` or ``post`` for the slots with these starts; days and more are ``regular``."""
    from barloom.time.sessions import SessionCalendar  # noqa: PLC0415 - 24x7 needs no tables

    if not timeframe.intraday or not isinstance(calendar, SessionCalendar):
        return [str(Phase.REGULAR)] * len(starts)
    names = {int(phase): str(phase) for phase in Phase}
    return [names[phase] for phase in calendar.phase(starts).tolist()]


def _key_type(field: Field) -> pl.DataType:
    return _number_type(field.number) if field.kind is FieldKind.DECIMAL and field.number else _KEY_TYPES[field.kind]


def _number_type(number: NumberType) -> pl.DataType:
    return pl.Int64() if number.integer else pl.Decimal(number.precision, number.scale)


def bar_frame(plan: BarPlan, calendar: Calendar, keys: Keys, *blocks: BarBlock) -> pl.DataFrame:
    """The bars of one or more blocks as a frame with `bar_schema`, in their order; finals only, or live bars only."""
    bars = BarBlock.join(blocks)
    outputs = zip(plan.outputs, results(plan, bars.partials, bars.synthetic), strict=True)
    real = ~bars.synthetic if bars.synthetic.any() else None
    columns = [
        *(Raw(values) for values in _key_columns(plan, keys, bars)),
        Raw.of("start", bars.start, TIME),
        Raw.of("end", bars.end, TIME),
        *(raw_column(output.name, values, output.number) for output, values in outputs),
        Raw(_timeframes(plan, blocks)),
        Raw.of("trading_date", trading_dates(plan, calendar, blocks).astype(np.int32), pl.Date()),
        *([Raw(phases(plan, calendar, blocks))] if tells_phase(plan) else ()),
        Raw.of("open_time", bars.open_time, TIME, valid=real),
        Raw.of("close_time", bars.close_time, TIME, valid=real),
        Raw.of("slots", bars.slots),
        Raw.of("filled", bars.filled),
        Raw.of("expected_slots", bars.expected),
        Raw.of("final", np.full(len(bars), bars.final)),
        Raw.of("synthetic", bars.synthetic),
        Raw.of("partial", bars.partial),
        *([] if plan.event.sequence is None else _told(bars)),
        Raw.of("revision", bars.revision),
    ]
    return frame_of(columns)


def _told(bars: BarBlock) -> list[Raw]:
    """Whether bars are complete, in words; of bars of which nobody has said it yet nothing is known."""
    missing, complete = bars.missing, bars.complete
    if missing is None or complete is None:
        missing, complete = np.zeros(len(bars), np.int64), np.full(len(bars), int(Completeness.UNKNOWN))
    return [Raw.of("missing", missing), Raw(_WORDS.gather(complete))]


def trading_dates(plan: BarPlan, calendar: Calendar, blocks: Sequence[BarBlock]) -> Integers:
    """The first trading date of each bar's slot, in days since the epoch."""
    grids = ((calendar.grid(plan.levels[block.level].timeframe), block.start) for block in blocks)
    return np.concatenate([grid.trading_date(starts) for grid, starts in grids])


def phases(plan: BarPlan, calendar: Calendar, blocks: Sequence[BarBlock]) -> pl.Series:
    """What `phase_of` tells of each bar's slot."""
    parts = ((plan.levels[block.level].timeframe, block.start) for block in blocks)
    found = [phase for timeframe, starts in parts for phase in phase_of(calendar, timeframe, starts)]
    return pl.Series(PHASE, found, dtype=pl.String)


def _timeframes(plan: BarPlan, blocks: Sequence[BarBlock]) -> pl.Series:
    names = [str(plan.levels[block.level].timeframe) for block in blocks]
    of_bar = np.repeat(np.arange(len(blocks)), [len(block) for block in blocks])
    return pl.Series("timeframe", names, dtype=pl.String).gather(of_bar)


def _key_columns(plan: BarPlan, keys: Keys, block: BarBlock) -> Sequence[pl.Series]:
    """One column a key field: only the keys that occur are asked for, each once."""
    ids, place = np.unique(block.key, return_inverse=True)
    rows = keys.rows(ids)
    places = pl.Series(place.astype(np.uint32))
    columns: list[pl.Series] = []
    for number, name in enumerate(plan.event.key):
        kind = _key_type(plan.event.by_name[name])
        values = pl.Series(name, [row[number] for row in rows], dtype=kind)
        columns.append(values.gather(places))
    return columns
