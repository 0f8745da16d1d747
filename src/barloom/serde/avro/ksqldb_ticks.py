"""Ticks as a ksqlDB pipeline has them in their topic.

Names are in upper case, the key fields stand in the key alone, everything else may be null, and times are whole
milliseconds. The partition follows from the bytes of the key, the number of its schema included, so that schemas are
never registered here: those count that the server registered when the ticks were declared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.errors import BadRow, SchemaMismatch
from barloom.plan.barplan import FieldKind
from barloom.serde.avro.pieces import messages, optional
from barloom.serde.avro.writing import present, rows_at_once
from barloom.serde.protocol import Records
from barloom.time.timeframe import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from barloom.plan.barplan import BarPlan, Field
    from barloom.serde.avro.pieces import Piece
    from barloom.serde.avro.schema import AvroType
    from barloom.serde.registry import Registry

__all__ = ["KsqlTickEncoder", "is_of_ksqldb", "tick_columns"]

_KSQLDB: Final = "io.confluent.ksql."
_PLAIN: Final = {FieldKind.STRING: "string", FieldKind.BOOLEAN: "boolean", FieldKind.INTEGER: "long"}
_TIMES: Final = frozenset({"iso", "ms"})
"""Units that ksqlDB has a type of time for; others are plain numbers there."""


def tick_columns(plan: BarPlan) -> Mapping[str, str]:
    """Where the fields of a tick stand, as ``[source] columns`` names places."""
    keys = plan.event.key
    of_keys = {name: "@key" if len(keys) == 1 else f"@key.{name.upper()}" for name in keys}
    return of_keys | {field.name: field.name.upper() for field in plan.event.fields if field.name not in keys}


def is_of_ksqldb(registry: Registry, topic: str) -> bool:
    """Whether a ksqlDB server declared the values of a topic."""
    versions = registry.versions_of(f"{topic}-value")
    return any(registry.schema(number)[0].name.startswith(_KSQLDB) for number in versions.values())


class KsqlTickEncoder:
    """Writes rows of the event by the schemas of a topic that a pipeline reads.

    `SchemaMismatch` where the registry has none for it, or others.
    """

    def __init__(self, plan: BarPlan, registry: Registry, topic: str) -> None:
        self._keys = [plan.event.by_name[name] for name in plan.event.key]
        self._values = [field for field in plan.event.fields if field.name not in plan.event.key]
        bare = len(self._keys) == 1
        key = {"": _kind(self._keys[0])} if bare else _optional_kinds(self._keys)
        self._headers = (
            _header(registry, f"{topic}-key", key),
            _header(registry, f"{topic}-value", _optional_kinds(self._values)),
        )
        self._bare = bare

    def encode(self, frame: pl.DataFrame) -> Records:
        """One message a row. `BadRow` for a time that has more than milliseconds."""
        records = Records([], [])
        for part in frame.iter_slices(rows_at_once(frame)):
            keys = [_present(part[field.name], field) for field in self._keys]
            values = [_nullable(part[field.name], field) for field in self._values]
            named = messages(keys if self._bare else [optional(piece, None) for piece in keys], part.height)
            records.keys.extend(map(self._headers[0].__add__, named))
            records.values.extend(map(self._headers[1].__add__, messages(values, part.height)))
        return records


def _nullable(column: pl.Series, field: Field) -> Piece:
    valid = column.is_not_null().to_numpy() if column.null_count() else None
    return optional(_present(column, field), valid)


def _present(column: pl.Series, field: Field) -> Piece:
    if not _is_time(field):
        return present(column, field)
    nanos = column.fill_null(0)
    if (nanos % MILLISECOND != 0).any():
        message = f"{field.name!r} holds a time that is no whole number of milliseconds, and ksqlDB keeps no more"
        raise BadRow(message)
    return present(nanos // MILLISECOND, field, counted=True)


def _is_time(field: Field) -> bool:
    return field.kind is FieldKind.TIMESTAMP and (field.time_unit or "iso") in _TIMES


def _kind(field: Field) -> str:
    """A field's type, as an `AvroType` is written."""
    if _is_time(field):
        return "timestamp-millis"
    if field.number is not None and not field.number.integer:
        return f"decimal({field.number.precision}, {field.number.scale})"
    return _PLAIN.get(field.kind, "long")


def _optional_kinds(fields: list[Field]) -> dict[str, str]:
    return {field.name.upper(): f"null or {_kind(field)}" for field in fields}


def _kinds(schema: AvroType) -> dict[str, str]:
    """The fields of a schema with their types, in order; a bare type has no name."""
    if schema.kind != "record":
        return {"": str(schema)}
    return {field.name: str(field.type) for field in schema.fields}


def _header(registry: Registry, subject: str, wanted: dict[str, str]) -> bytes:
    """What stands before each message: the number of the first schema of a subject that has the wanted fields."""
    versions = registry.versions_of(subject)
    if not versions:
        message = (
            f"the registry has no subject {subject!r}: the ksqlDB server registers it when the ticks are declared\n"
            "    fix: deploy the pipeline first (barloom ksql deploy)"
        )
        raise SchemaMismatch(message)
    found = {number: _kinds(registry.schema(number)[0]) for _, number in sorted(versions.items())}
    for number, kinds in found.items():
        if list(kinds.items()) == list(wanted.items()):
            return b"\0" + number.to_bytes(4, "big")
    last = next(reversed(found.values()))
    message = (
        f"the event does not go with {subject!r}: it is {_listed(wanted)}, and there is {_listed(last)}\n"
        "    fix: give the event the fields that the ticks of the pipeline have, in their order"
    )
    raise SchemaMismatch(message)


def _listed(kinds: dict[str, str]) -> str:
    return ", ".join(f"{name} {kind}".strip() for name, kind in kinds.items())
