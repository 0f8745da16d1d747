"""The Avro schemas of a definition's messages: its events, its bars, its refused rows.

They follow from the plan alone: names, order and namespace are always the same, and all timeframes share one. Each says
the version of the format in ``barloom.format``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from barloom.engine.frames import PHASE, tells_phase
from barloom.errors import DefinitionError, Problem
from barloom.plan.barplan import FieldKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from barloom.plan.barplan import BarPlan, Field, NumberType

__all__ = ["bar_key_schema", "bar_value_schema", "event_key_schema", "event_schema", "late_key_schema", "late_schema"]

VERSION: Final = 1
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_UNITS: Final = {"iso": "nanos", "ns": "nanos", "us": "micros", "ms": "millis"}
_PLAIN: Final = {FieldKind.STRING: "string", FieldKind.INTEGER: "long", FieldKind.BOOLEAN: "boolean"}
_MILLIS: Final = {"type": "long", "logicalType": "timestamp-millis"}
_COUNTS: Final = ("slots", "filled", "expected_slots")
_FLAGS: Final = ("final", "synthetic", "partial")
_NUMBERS: Final = ("first_number", "last_number", "until")


def bar_key_schema(plan: BarPlan, namespace: str) -> str:
    """Of the keys of bars: the key fields and the start of the slot."""
    return _record("BarKey", plan, namespace, [*_key_fields(plan), _member("start", _MILLIS)])


def bar_value_schema(plan: BarPlan, namespace: str) -> str:
    """Of bars: the columns of `bar_schema`, in its order."""
    outputs = [_member(output.name, _number(output.number), nullable=True) for output in plan.outputs]
    phase = [_member(PHASE, "string")] if tells_phase(plan) else []
    fields = [
        *_key_fields(plan),
        _member("start", _MILLIS),
        _member("end", _MILLIS),
        *outputs,
        _member("timeframe", "string"),
        _member("trading_date", {"type": "int", "logicalType": "date"}),
        *phase,
        _member("open_time", "long", nullable=True),
        _member("close_time", "long", nullable=True),
        *(_member(name, "long") for name in _COUNTS),
        *(_member(name, "boolean") for name in _FLAGS),
        *([] if plan.event.sequence is None else [_member("missing", "long"), _member("complete", "string")]),
        _member("revision", "long"),
    ]
    return _record("Bar", plan, namespace, fields)


def late_key_schema(plan: BarPlan, namespace: str) -> str:
    """Of the keys of refused rows: the key fields."""
    return _record("LateKey", plan, namespace, _key_fields(plan))


def late_schema(plan: BarPlan, namespace: str) -> str:
    """Of refused rows."""
    key = {"type": "record", "name": "Key", "fields": _key_fields(plan)}
    fields = [
        _member("key", key, nullable=True),
        _member("event_time", "long", nullable=True),
        _member("reason", "string"),
        _member("by", "long"),
        _member("missed", {"type": "map", "values": _MILLIS}),
        *(_member(name, "string") for name in ("message", "origin")),
        *(_member(name, "long") for name in ("row", "offset")),
        _member("raw", "string"),
        *(_member(name, "long", nullable=True) for name in ([] if plan.event.sequence is None else _NUMBERS)),
        *([] if plan.event.sequence is None else [_member("hole", "string", nullable=True)]),
    ]
    return _record("Late", plan, namespace, fields)


def event_key_schema(plan: BarPlan, namespace: str) -> str:
    """Of the keys of events: the key fields."""
    return _record(f"{plan.event.name}Key", plan, namespace, _key_fields(plan))


def event_schema(plan: BarPlan, namespace: str) -> str:
    """Of events: the declared fields, times in the unit that is declared (ISO texts as nanoseconds)."""
    fields = [_member(field.name, _event_type(field), nullable=field.nullable) for field in plan.event.fields]
    return _record(plan.event.name, plan, namespace, fields)


def _record(name: str, plan: BarPlan, namespace: str, fields: Sequence[dict[str, Any]]) -> str:
    _check(plan, (name, *(field["name"] for field in fields)))
    space = f"{namespace}.{re.sub('[^A-Za-z0-9_]', '_', plan.name)}"
    space = re.sub(r"\.(?=[0-9])", "._", space)
    document = {"type": "record", "name": name, "namespace": space, "barloom.format": VERSION, "fields": list(fields)}
    return msgspec.json.encode(document).decode()


def _check(plan: BarPlan, names: Iterable[str]) -> None:
    problems = [
        Problem(
            f"{name!r} is no name in Avro",
            plan.name,
            "write it with A-Z a-z 0-9 _, beginning with no digit, or use the format json",
        )
        for name in names
        if not _NAME.fullmatch(name)
    ]
    if problems:
        raise DefinitionError(problems)


def _key_fields(plan: BarPlan) -> list[dict[str, Any]]:
    fields = (plan.event.by_name[name] for name in plan.event.key)
    return [_member(field.name, _key_type(field)) for field in fields]


def _key_type(field: Field) -> object:
    if field.kind is FieldKind.DECIMAL and field.number is not None:
        return _number(field.number)
    return _PLAIN.get(field.kind, "long")


def _event_type(field: Field) -> object:
    if field.kind is not FieldKind.TIMESTAMP:
        return _key_type(field)
    unit = _UNITS.get(field.time_unit or "iso")
    return "long" if unit is None else {"type": "long", "logicalType": f"timestamp-{unit}"}


def _number(number: NumberType) -> object:
    if number.integer:
        return "long"
    return {"type": "bytes", "logicalType": "decimal", "precision": number.precision, "scale": number.scale}


def _member(name: str, kind: object, *, nullable: bool = False) -> dict[str, Any]:
    if nullable:
        return {"name": name, "type": ["null", kind], "default": None}
    return {"name": name, "type": kind}
