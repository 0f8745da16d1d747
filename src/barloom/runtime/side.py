"""Refused rows as records of the side output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from barloom.engine.blocks import Reason
from barloom.engine.holes.events import GIVEN_UP
from barloom.engine.intake import beyond_digits, computed
from barloom.engine.values.evaluate import Columns
from barloom.plan.ladder import written as duration
from barloom.plan.language.render import render
from barloom.source.fields import column_type
from barloom.source.protocol import InvalidRows, Origins
from barloom.store.refused import COLUMNS, RefusedRows
from barloom.time.instants import written as instant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from barloom.engine.blocks import Rejected, TickBatch, Values
    from barloom.engine.holes.events import HoleEvent
    from barloom.plan.barplan import BarPlan
    from barloom.source.protocol import InvalidRow, Origin, SourceBatch
    from barloom.time.calendar import Integers

__all__ = ["hole_records", "refused_rows", "seconds_told", "side_records"]

_SECOND: Final = 1_000_000_000
_MILLISECOND: Final = 1_000_000
_DOUBTFUL: Final = 2_048
"""Nanoseconds by which a float of any time may be off."""


def side_records(
    plan: BarPlan, batch: SourceBatch, rejected: Rejected | None, holes: Sequence[HoleEvent] = ()
) -> RefusedRows:
    """What a batch adds to the side output, in source order, and what became known of absent numbers behind that."""
    refused = refused_rows(plan, batch.ticks, batch.origins, rejected)
    if batch.invalid:
        whole = pl.concat([refused.frame, _invalid(plan, batch.invalid)], how="diagonal")
        refused = RefusedRows(whole.sort("offset", maintain_order=True), refused.key, refused.missed)
    if not holes:
        return refused
    found = hole_records(plan, holes, int(batch.ticks.offsets[-1]) if len(batch.ticks) else 0)
    return RefusedRows(pl.concat([refused.frame, found.frame], how="diagonal"), refused.key, refused.missed)


def hole_records(plan: BarPlan, holes: Sequence[HoleEvent], offset: int = 0) -> RefusedRows:
    """What became known of absent numbers, with the offset of the last row by then."""
    key, missed = _key_schema(plan), _missed_names(plan)
    rows = [
        {
            **dict(zip(key, hole.key, strict=True)),
            **{missed[str(plan.levels[level].timeframe)]: start for level, start in hole.missed.items()},
            "message": _about_hole(hole),
            "event_time": hole.start,
            "until": hole.end,
            "first_number": hole.first,
            "last_number": hole.last,
            "hole": hole.kind,
        }
        for hole in holes
    ]
    same: dict[str, Any] = {"offset": offset, "origin": "", "row": 0, "reason": "gap", "raw": "", "by": 0}
    schema = pl.Schema({**COLUMNS, **key, **dict.fromkeys(missed.values(), pl.Int64())})
    frame = pl.DataFrame([{**same, "by_clock": False, **row} for row in rows], schema=schema)
    return RefusedRows(frame, tuple(key), missed)


def _about_hole(hole: HoleEvent) -> str:
    count = hole.last - hole.first + 1
    numbers = f"number {hole.first} is" if count == 1 else f"numbers {hole.first} to {hole.last} ({count:,}) are"
    lies = "at" if hole.start == hole.end else "between"
    when = instant(hole.start) if hole.start == hole.end else f"{instant(hole.start)} and {instant(hole.end)}"
    ending = ", and waited for no more" if hole.kind == GIVEN_UP else ""
    return f"{numbers} missing, {lies} {when}{ending}"


def _missed_names(plan: BarPlan) -> dict[str, str]:
    return {str(plan.levels[level].timeframe): f"missed {level}" for level in plan.published}


def _invalid(plan: BarPlan, rows: Sequence[InvalidRow]) -> pl.DataFrame:
    """Rows that could not be read, with what could be read of them."""
    columns = rows if isinstance(rows, InvalidRows) else _columns(plan, rows)
    return _framed(
        columns.known.select(pl.col(name).alias(f"key {name}") for name in plan.event.key),
        columns.origins,
        offset=pl.Series(columns.offsets, dtype=pl.Int64),
        reason="invalid",
        message=columns.messages,
        event_time=columns.known[plan.event.timestamp],
        **_numbers_of(plan, columns),
    )


def _numbers_of(plan: BarPlan, rows: InvalidRows) -> dict[str, pl.Series]:
    if plan.event.sequence is None or not rows.numbers:
        return {}
    sequence = plan.event.sequence
    return {"first_number": rows.known[sequence.first], "last_number": rows.known[sequence.last]}


def _columns(plan: BarPlan, rows: Sequence[InvalidRow]) -> InvalidRows:
    schema = {name: column_type(plan.event.by_name[name]) for name in (*plan.event.key, plan.event.timestamp)}
    blank = (None,) * len(plan.event.key)
    known = pl.DataFrame([(*(row.key or blank), row.event_time) for row in rows], schema, orient="row")
    origins, messages = Origins.of([row.origin for row in rows]), [row.message for row in rows]
    return InvalidRows(np.array([row.offset for row in rows]), origins, pl.Series(messages, dtype=pl.String), known)


def refused_rows(
    plan: BarPlan, ticks: TickBatch, origins: Callable[[Integers], Sequence[Origin]], rejected: Rejected | None
) -> RefusedRows:
    """Rows that the engine did not take, in source order; `origins` says where given rows came from."""
    missed = _missed_names(plan)
    key = tuple(_key_schema(plan))
    if rejected is None or not len(rejected):
        schema = {**COLUMNS, **_key_schema(plan), **dict.fromkeys(missed.values(), pl.Int64())}
        return RefusedRows(pl.DataFrame(schema=schema), key, missed)
    rows = ticks.frame[rejected.row]
    starts = {
        name: _starts(rejected.missed[level]) for level, name in zip(plan.published, missed.values(), strict=True)
    }
    reasons = pl.Series([reason.name.lower() for reason in Reason], dtype=pl.String)
    frame = _framed(
        rows.select(pl.col(name).alias(f"key {name}") for name in plan.event.key),
        Origins.of(origins(rejected.row)),
        offset=pl.Series(rejected.offset),
        reason=reasons.gather(_places_of_reasons()[rejected.reason]),
        message=_messages(plan, ticks, rows, rejected, missed),
        by=pl.Series(rejected.by),
        event_time=rows[plan.event.timestamp],
        by_clock=pl.Series(rejected.by_clock),
        **_told_numbers(rejected),
        **starts,
    )
    return RefusedRows(frame, key, missed)


def _told_numbers(rejected: Rejected) -> dict[str, pl.Series]:
    if rejected.first is None or rejected.last is None:
        return {}
    return {"first_number": _starts(rejected.first), "last_number": _starts(rejected.last)}


def _framed(keys: pl.DataFrame, origins: Origins, **columns: pl.Series | str) -> pl.DataFrame:
    """The columns of `RefusedRows`; what is not given is 0, false or, of numbers, none."""
    blank = dict.fromkeys(("first_number", "last_number", "until"), pl.lit(None, pl.Int64))
    blank["hole"] = pl.lit(None, pl.String)
    given = {"by": pl.lit(0, pl.Int64), "by_clock": pl.lit(value=False), **blank, **columns}
    where = {"origin": origins.names, "row": origins.rows, "raw": origins.raws}
    texts = {name: pl.lit(value) if isinstance(value, str) else value for name, value in {**given, **where}.items()}
    return keys.with_columns(**texts)


def _key_schema(plan: BarPlan) -> dict[str, pl.DataType]:
    return {f"key {name}": column_type(plan.event.by_name[name]) for name in plan.event.key}


def _places_of_reasons() -> Integers:
    """Where each reason stands among all of them, by its number."""
    places = np.zeros(max(Reason) + 1, np.int64)
    places[list(Reason)] = np.arange(len(Reason))
    return places


def _starts(missed: Values) -> pl.Series:
    """The starts of the slots of a level that rows missed."""
    starts = pl.Series(missed.numbers, dtype=pl.Int64)
    return starts if missed.valid is None else starts.set(pl.Series(~missed.valid), None)


def _messages(
    plan: BarPlan, ticks: TickBatch, rows: pl.DataFrame, rejected: Rejected, missed: Mapping[str, str]
) -> pl.Series:
    """What is said of each row: reason by reason, and then in the rows' order."""
    came = "its arrival" if ticks.limits is None or ticks.arrivals is not None else "it was first read"
    places, texts = [], []
    for code in np.unique(rejected.reason).tolist():
        where = np.flatnonzero(rejected.reason == code)
        places.append(where)
        match Reason(code):
            case Reason.LATE:
                texts.append(_late(rejected, where, _names_missed(plan, rejected, where, list(missed))))
            case Reason.FUTURE:
                texts.append(_joined("its event time is ", seconds_told(rejected.by[where]), f" s after {came}"))
            case Reason.INVALID:
                found = _invalid_messages(plan, rows, rejected)
                texts.append(pl.Series([found[place] for place in where.tolist()], dtype=pl.String))
            case Reason.GAP:
                lacking = _names_missed(plan, rejected, where, list(missed))
                texts.append(_joined("its number had been given up; missing in ", lacking))
            case reason:
                told = _OF_STATES if plan.forming else _MESSAGES if plan.event.sequence is None else _OF_NUMBERS
                texts.append(pl.Series([told[reason]]).new_from_index(0, len(where)))
    if len(texts) == 1:
        return texts[0]
    return pl.concat(texts).gather(np.argsort(np.concatenate(places)))


def _late(rejected: Rejected, where: Integers, names: pl.Series) -> pl.Series:
    by_clock = pl.Series(["", " by the clock"]).gather(rejected.by_clock[where].astype(np.int64))
    return _joined(
        "came ", seconds_told(rejected.by[where]), " s after its slot was decided", by_clock, "; missing in ", names
    )


def _names_missed(plan: BarPlan, rejected: Rejected, where: Integers, names: Sequence[str]) -> pl.Series:
    """The timeframes of the slots that rows missed, as words; few different ones occur."""
    which = np.zeros((len(where), len(names)), np.bool_)
    for place, level in enumerate(plan.published):
        valid = rejected.missed[level].valid
        which[:, place] = True if valid is None else valid[where]
    kinds, of_row = np.unique(which, axis=0, return_inverse=True) if not which.all() else (which[:1], which[:, 0] * 0)
    words = [", ".join(name for name, there in zip(names, kind, strict=True) if there) for kind in kinds.tolist()]
    return pl.Series(words, dtype=pl.String).gather(of_row.reshape(-1))


def _joined(*parts: str | pl.Series) -> pl.Series:
    return pl.select(pl.concat_str([pl.lit(part) for part in parts])).to_series()


def _invalid_messages(plan: BarPlan, rows: pl.DataFrame, rejected: Rejected) -> dict[int, str]:
    """What is wrong with the rows, by position, that have the right types and are invalid all the same."""
    invalid = np.flatnonzero(rejected.reason == Reason.INVALID)
    if not len(invalid):
        return {}
    found = _off_boundaries(plan, rows, rejected, invalid)
    columns = Columns(rows, plan.event)
    for node in computed(plan):
        beyond = beyond_digits(node, columns)
        if beyond is not None:
            message = f"{render(node)} leaves 38 digits"
            found = dict.fromkeys(invalid[beyond[invalid]].tolist(), message) | found
    return found


def _off_boundaries(plan: BarPlan, rows: pl.DataFrame, rejected: Rejected, invalid: Integers) -> dict[int, str]:
    """Input bars stamped at a time at which no slot has that side."""
    if rejected.boundary is None:
        return {}
    times, nearest = rows[plan.event.timestamp].to_list(), rejected.boundary.tolist()
    return {
        row: _off_boundary(plan, times[row], nearest[row]) for row in invalid.tolist() if times[row] != nearest[row]
    }


def _off_boundary(plan: BarPlan, time: int, nearest: int) -> str:
    apart = f"{instant(nearest)} is {duration(abs(nearest - time))} {'later' if nearest > time else 'earlier'}"
    if plan.stamped == "date":
        return f"{instant(time)} is no midnight in {plan.source.zone or 'UTC'}, as dates are read; {apart}"
    side = "start" if plan.stamped == "clock" else plan.stamped
    return f"{instant(time)} is no {side} of a {plan.base.timeframe} slot; {apart}"


_MESSAGES = {
    Reason.OUT_OF_SESSION: "no session is open at its event time",
    Reason.DUPLICATE: "it was taken in before",
    Reason.CONFLICT: "it was taken in before with other values; the first stays",
    Reason.BEYOND_CALENDAR: "the calendar does not reach its event time",
}
_OF_STATES = {**_MESSAGES, Reason.CONFLICT: "a newer bar of its key had begun; the last state before that stays"}
"""The same where rows are states of bars that grow."""

_OF_NUMBERS = {
    **_MESSAGES,
    Reason.CONFLICT: "some of its numbers were taken in before, which would count twice",
    Reason.RESTARTED: "its number was seen long before: the venue has begun to count anew; the row counts",
}
"""The same where rows have numbers."""


def seconds_told(nanos: Integers) -> pl.Series:
    """Times as ``1.234``, rounded as Python rounds the float: by whole numbers, but near a half and below zero."""
    millis, rest = np.divmod(nanos, _MILLISECOND)
    near = np.flatnonzero((nanos < 0) | (np.abs(rest - _MILLISECOND // 2) <= _DOUBTFUL))
    counted = pl.Series(millis + (rest > _MILLISECOND // 2), dtype=pl.Int64).cast(pl.Int128)
    texts = counted.reinterpret(dtype=pl.Decimal(38, 3)).cast(pl.String)
    if not len(near):
        return texts
    return texts.scatter(near, pl.Series([f"{value / _SECOND:.3f}" for value in nanos[near].tolist()]))
