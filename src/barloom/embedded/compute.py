"""Bars of a frame of ticks, for notebooks: nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from barloom.engine.engine import Engine
from barloom.engine.frames import bar_frame, bar_schema
from barloom.plan.bounds import bounded
from barloom.plan.load import plan_of
from barloom.runtime.choices import check_choice
from barloom.runtime.rejections import RejectLimit, check_rejected
from barloom.runtime.report import RunReport
from barloom.runtime.side import side_records
from barloom.source.open import open_source
from barloom.time.timeframe import Timeframe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Literal

    from barloom.engine.blocks import BarBlock
    from barloom.plan.bounds import Bound
    from barloom.plan.load import Declared
    from barloom.store.refused import RefusedRows
    from barloom.time.calendar import Calendar

__all__ = ["Computed", "compute"]

_BATCH_ROWS = 100_000


@dataclass(frozen=True, slots=True, repr=False)
class Computed:
    """Final bars by timeframe (``result["1m"]``), live bars of the slots left open, and the side output.

    `finals` and `open` are frames as `barloom.engine.frames.bar_schema` describes, sorted by key and start. `rejected`
    has a row for each refused tick: offset, reason, message, by (how late or ahead, ns), missed, raw.
    """

    finals: Mapping[str, pl.DataFrame]
    open: Mapping[str, pl.DataFrame]
    rejected: pl.DataFrame
    filtered: int

    def __repr__(self) -> str:
        bars = ", ".join(f"{name}: {frame.height:,}" for name, frame in self.finals.items())
        left = sum(frame.height for frame in self.open.values())
        return f"<Computed bars {bars}; {left:,} open, {self.rejected.height:,} rejected, {self.filtered:,} filtered>"

    def __getitem__(self, timeframe: str) -> pl.DataFrame:
        name = str(Timeframe.parse(timeframe))
        if name not in self.finals:
            message = f"no timeframe {timeframe!r}; there are {', '.join(self.finals)}"
            raise KeyError(message)
        return self.finals[name]


def compute(  # noqa: PLR0913 - the settings of a computation, by name
    bars: Declared,
    frame: Any,  # noqa: ANN401 - a frame of Polars or pandas, an Arrow table, or whatever else `open_source` understands
    at_end: Literal["keep", "close"] = "close",
    calendar: Calendar | None = None,
    *,
    max_rejected: int | str | None = None,
    complete_from: Bound | None = None,
    complete_until: Bound | None = None,
) -> Computed:
    """Bars of a frame of ticks, read in row order.

    `bars` are declared ones, or what `load` reads. `at_end` ``close`` makes finals (marked partial) of the slots
    that are open when the frame ends, ``keep`` gives them in `Computed.open`. Raises `SourceError` where a column
    is missing, and with `max_rejected` (a number of rows, or a share such as ``"5%"``) `TooManyRejected` where more
    rows are refused, or every one. `complete_from` and `complete_until` stand in for those of ``[source]``: of which
    span the frame has every row.
    """
    plan = bounded(plan_of(bars), complete_from, complete_until)
    limit, report = RejectLimit.of(max_rejected), RunReport()
    check_choice("at_end", at_end, ("keep", "close"))
    engine = Engine(plan, calendar, live=False)
    finals: list[BarBlock] = []
    side: list[RefusedRows] = []
    for batch in open_source(plan, frame).open({}, _BATCH_ROWS):
        step = engine.step(batch.ticks)
        finals += step.finals
        refused = side_records(plan, batch, step.rejected)
        side.append(refused)
        report.count(plan, step, batch)
        report.show(refused)
    if max_rejected is not None:
        check_rejected(report, limit, "Nothing was stored. Mend the definition or the frame.")
    until = engine.complete_until
    if until is not None:
        finals += engine.complete(until).finals
    if at_end == "close":
        finals += engine.close(until).finals
    return Computed(_frames(engine, finals), _frames(engine, engine.open_bars()), _side_frame(side), report.filtered)


def _frames(engine: Engine, blocks: Iterable[BarBlock]) -> dict[str, pl.DataFrame]:
    """One frame for each published timeframe."""
    plan = engine.plan
    parts: dict[int, list[pl.DataFrame]] = {position: [] for position in plan.published}
    for block in blocks:
        parts[block.level].append(bar_frame(plan, engine.calendar, engine.keys, block))
    empty = pl.DataFrame(schema=bar_schema(plan))
    return {
        str(plan.levels[position].timeframe): pl.concat([empty, *frames]).sort([*plan.event.key, "start"])
        for position, frames in parts.items()
    }


def _side_frame(parts: Sequence[RefusedRows]) -> pl.DataFrame:
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "offset": pl.Int64,
        "reason": pl.String,
        "message": pl.String,
        "by": pl.Int64,
        "missed": pl.List(pl.String),
        "raw": pl.String,
    }
    frames = [part.frame.with_columns(missed=_missed(part.missed)).select(*schema) for part in parts if part]
    return pl.concat([pl.DataFrame(schema=schema), *frames])


def _missed(starts: Mapping[str, str]) -> pl.Expr:
    """The timeframes in which a row is missing."""
    names = [pl.when(pl.col(column).is_not_null()).then(pl.lit(name)) for name, column in starts.items()]
    return pl.concat_list(names).list.drop_nulls()
