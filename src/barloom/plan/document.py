"""A plan as plain JSON-able data, and back: what a store keeps beside its bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from barloom.plan.barplan import (
    BarPlan,
    EventPlan,
    Field,
    FieldKind,
    Fold,
    Gap,
    InputKind,
    LevelPlan,
    NumberType,
    Output,
    Partial,
    Sequence,
    SourcePlan,
)
from barloom.plan.language.grammar import parse_expression
from barloom.plan.language.render import render
from barloom.plan.patterns import TimeForm
from barloom.time.timeframe import HOUR, Timeframe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.plan.nodes import Node

__all__ = ["DOCUMENT_VERSION", "from_document", "plan_document"]

DOCUMENT_VERSION: Final = 1
_LATER: Final = {"ambiguous": "refuse", "decimal_separator": ".", "thousands": ""}
"""Settings that came later, with what stands for them where they are not written."""


def plan_document(plan: BarPlan) -> dict[str, Any]:
    """The plan as dicts, lists, texts, integers and booleans; equal plans give equal documents.

    Expressions are written in the grammar, durations in nanoseconds.
    """
    return {
        "version": DOCUMENT_VERSION,
        "name": plan.name,
        "event": _event(plan.event),
        "input": plan.input.value,
        "stamped": plan.stamped,
        **({} if plan.keep == "first" else {"keep": plan.keep}),
        "calendar": plan.calendar,
        "where": _written(plan.where),
        "levels": [_level(level) for level in plan.levels],
        "partials": [_partial(partial) for partial in plan.partials],
        "outputs": [_output(output) for output in plan.outputs],
        "max_ahead": plan.max_ahead,
        "live_within": plan.live_within,
        "clock": plan.clock,
        "clock_after": plan.clock_after,
        "close_grace": plan.close_grace,
        **({} if plan.close_grace_when is None else {"close_grace_when": render(plan.close_grace_when)}),
        **({"time": plan.time} if plan.by_key else {}),
        **({} if plan.idle_after == HOUR else {"idle_after": plan.idle_after}),
        "pass_headers": list(plan.pass_headers),
        "source": _source(plan.source),
    }


def from_document(document: Mapping[str, Any]) -> BarPlan:
    """The plan of a document that `plan_document` made; `ValueError` for another version or a damaged one."""
    version = document.get("version")
    if version != DOCUMENT_VERSION:
        message = f"a plan of version {version!r}; this barloom reads version {DOCUMENT_VERSION}"
        raise ValueError(message)
    try:
        return _plan(document)
    except (KeyError, TypeError, AttributeError) as error:
        message = f"a damaged plan: {error!r}"
        raise ValueError(message) from error


def _plan(document: Mapping[str, Any]) -> BarPlan:
    return BarPlan(
        name=document["name"],
        event=_read_event(document["event"]),
        calendar=document["calendar"],
        levels=tuple(_read_level(item) for item in document["levels"]),
        partials=tuple(_read_partial(item) for item in document["partials"]),
        outputs=tuple(_read_output(item) for item in document["outputs"]),
        where=_parsed(document["where"]),
        input=InputKind(document["input"]),
        stamped=document["stamped"],
        keep=document.get("keep", "first"),
        max_ahead=document["max_ahead"],
        live_within=document["live_within"],
        clock=document["clock"],
        clock_after=document.get("clock_after", 0),
        close_grace=document["close_grace"],
        close_grace_when=_parsed(document.get("close_grace_when")),
        time=document.get("time", "partition"),
        idle_after=document.get("idle_after", HOUR),
        pass_headers=tuple(document["pass_headers"]),
        source=_read_source(document["source"]),
    )


def _written(node: Node | None) -> str | None:
    return None if node is None else render(node)


def _parsed(text: str | None) -> Node | None:
    return None if text is None else parse_expression(text)


def _number(number: NumberType | None) -> list[int | bool] | None:
    return None if number is None else [number.precision, number.scale, number.integer]


def _read_number(written: list[Any]) -> NumberType:
    return NumberType(written[0], written[1], integer=written[2])


def _event(event: EventPlan) -> dict[str, Any]:
    return {
        "name": event.name,
        "fields": [
            {
                "name": item.name,
                "kind": item.kind.value,
                "number": _number(item.number),
                "nullable": item.nullable,
                "time_unit": item.time_unit,
                **_form(item.form),
                **({} if item.separator is None else {"separator": item.separator}),
                **_coming(item),
            }
            for item in event.fields
        ],
        "key": list(event.key),
        "timestamp": event.timestamp,
        "event_id": event.event_id,
        **({} if event.tiebreak is None else {"tiebreak": event.tiebreak}),
        **({} if event.sequence is None else {"sequence": _sequence(event.sequence)}),
    }


def _sequence(sequence: Sequence) -> dict[str, Any]:
    return {
        "first": sequence.first,
        "last": sequence.last,
        "restart_after": sequence.restart_after,
        "give_up_after": sequence.give_up_after,
    }


def _form(form: TimeForm) -> dict[str, Any]:
    """Only what is declared: a plan without it is written as it always was."""
    patterns = {"patterns": list(form.patterns)} if form.patterns else {}
    return {**patterns, **({} if form.zone is None else {"zone": form.zone})}


def _coming(item: Field) -> dict[str, str]:
    """How its numbers come, only where that is declared: a plan without it is written as it always was."""
    given = {"rounding": item.rounding, "encoding": item.encoding}
    return {name: value for name, value in given.items() if value is not None}


def _read_event(document: Mapping[str, Any]) -> EventPlan:
    fields = (
        Field(
            item["name"],
            FieldKind(item["kind"]),
            None if item["number"] is None else _read_number(item["number"]),
            item["nullable"],
            item["time_unit"],
            TimeForm(tuple(item.get("patterns", ())), item.get("zone")),
            item.get("separator"),
            rounding=item.get("rounding"),
            encoding=item.get("encoding"),
        )
        for item in document["fields"]
    )
    return EventPlan(
        document["name"],
        tuple(fields),
        tuple(document["key"]),
        document["timestamp"],
        document["event_id"],
        document.get("tiebreak"),
        None if document.get("sequence") is None else Sequence(**document["sequence"]),
    )


def _level(level: LevelPlan) -> dict[str, Any]:
    return {
        "timeframe": str(level.timeframe),
        "child": level.child,
        "delay": level.delay,
        "gap": level.gap.value,
        "carry_limit": level.carry_limit,
        "heartbeat": level.heartbeat,
        "retention": level.retention,
    }


def _read_level(document: Mapping[str, Any]) -> LevelPlan:
    return LevelPlan(
        Timeframe.parse(document["timeframe"]),
        document["child"],
        document["delay"],
        Gap(document["gap"]),
        document["carry_limit"],
        document["heartbeat"],
        document["retention"],
    )


def _partial(partial: Partial) -> dict[str, Any]:
    return {
        "fold": partial.fold.value,
        "expression": _written(partial.expression),
        "when": _written(partial.when),
        "number": _number(partial.number),
        "carried": partial.carried,
        "stamp_of": partial.stamp_of,
        **({} if partial.grown is None else {"grown": partial.grown, "shown": partial.shown}),
    }


def _read_partial(document: Mapping[str, Any]) -> Partial:
    return Partial(
        Fold(document["fold"]),
        _parsed(document["expression"]),
        _parsed(document["when"]),
        _read_number(document["number"]),
        document["carried"],
        document["stamp_of"],
        document.get("grown"),
        document.get("shown", False),
    )


def _output(output: Output) -> dict[str, Any]:
    return {
        "name": output.name,
        "aggregate": output.aggregate,
        "result": render(output.result),
        "number": _number(output.number),
        "empty": _written(output.empty),
        "text": output.text,
    }


def _read_output(document: Mapping[str, Any]) -> Output:
    return Output(
        document["name"],
        document["aggregate"],
        parse_expression(document["result"]),
        _read_number(document["number"]),
        _parsed(document["empty"]),
        document["text"],
    )


def _source(source: SourcePlan) -> dict[str, Any]:
    return {
        "columns": {name: _plain(path) for name, path in source.columns.items()},
        "format": source.format,
        "delimiter": source.delimiter,
        "null_values": list(source.null_values),
        "zone": source.zone,
        "arrival": source.arrival,
        "arrival_unit": source.arrival_unit,
        "order": source.order,
        "names": list(source.names),
        **({} if source.rows is None else {"rows": source.rows}),
        "check_units": source.check_units,
        "complete_from": source.complete_from,
        "complete_until": source.complete_until,
        **{name: getattr(source, name) for name, usual in _LATER.items() if getattr(source, name) != usual},
    }


def _plain(path: str | tuple[str, ...]) -> str | list[str]:
    return path if isinstance(path, str) else list(path)


def _read_source(document: Mapping[str, Any]) -> SourcePlan:
    lists = {name: tuple(document[name]) for name in ("null_values", "names")}
    columns = {name: path if isinstance(path, str) else tuple(path) for name, path in document["columns"].items()}
    return SourcePlan(**{**document, **lists, "columns": columns})
