"""Messages of bars as ksqlDB writes them, in fastavro's bytes: what `facts.md` tells of a real server's topics."""

from __future__ import annotations

import io
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import fastavro

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.ksqldb.compile.script import Entity, SqlColumn

PLAIN = {"VARCHAR": "string", "BIGINT": "long", "BOOLEAN": "boolean"}
MILLIS = {"type": "long", "logicalType": "timestamp-millis"}


def key_schema(columns: Sequence[SqlColumn], *, bare: bool = False) -> Any:  # noqa: ANN401 - a schema
    """A record of all columns, each of which may be null; or the one column alone."""
    if bare:
        return _kind(columns[0].type)
    return _record("BarKey", "barloom", columns)


def value_schema(entity: Entity) -> dict[str, Any]:
    """A record of the columns that are not in the key."""
    return _record("KsqlDataSourceSchema", "io.confluent.ksql.avro_schemas", entity.columns)


def framed(number: int, schema: Any, value: Any) -> bytes:  # noqa: ANN401 - as the schema says
    """A zero, the number of the schema, and the body."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(json.dumps(schema))), value)
    return b"\0" + number.to_bytes(4, "big") + out.getvalue()


def windowed(key: bytes, start: int) -> bytes:
    """The key of a window that begins at `start` milliseconds."""
    return key + start.to_bytes(8, "big", signed=True)


def typed(entity: Entity, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of texts and numbers under lower-case names as the entity's columns want it."""
    return {column.name: _value(column.type, row.get(column.name.lower())) for column in entity.columns}


def _value(kind: str, value: Any) -> Any:  # noqa: ANN401
    return Decimal(value) if value is not None and kind.startswith("DECIMAL") else value


def _record(name: str, namespace: str, columns: Sequence[SqlColumn]) -> dict[str, Any]:
    fields = [{"name": item.name, "type": ["null", _kind(item.type)], "default": None} for item in columns]
    return {"type": "record", "name": name, "namespace": namespace, "fields": fields}


def _kind(kind: str) -> Any:  # noqa: ANN401
    match = re.fullmatch(r"DECIMAL\((\d+), (\d+)\)", kind)
    if match is not None:
        return {"type": "bytes", "logicalType": "decimal", "precision": int(match[1]), "scale": int(match[2])}
    return MILLIS if kind == "TIMESTAMP" else PLAIN[kind]
