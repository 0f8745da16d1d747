"""Ticks as others write them, and messages as others read them."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import fastavro
import httpx

from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kafka.upstream import Encoded

_FRAME = 5
_TICK: dict[str, Any] = {
    "type": "record",
    "name": "Tick",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "symbol", "type": "string"},
        {"name": "ts", "type": "long"},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 4}},
        {"name": "size", "type": {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}},
    ],
}


class JsonWire:
    """JSON."""

    def encode(self, tick: Mapping[str, Any]) -> Encoded:
        """Key and value of a tick."""
        return tick["symbol"].encode(), json.dumps(tick).encode()

    def decode(self, value: bytes) -> dict[str, Any]:
        """Any message."""
        found: dict[str, Any] = json.loads(value)
        return found


class AvroWire:
    """Avro in frames with the numbers of a registry, by fastavro."""

    def __init__(self, registry: str, topic: str) -> None:
        self._registry = registry
        self._schema = fastavro.parse_schema(_TICK)
        self._known: dict[int, Any] = {}
        self.number = self.register(f"{topic}-value", _TICK)

    def register(self, subject: str, schema: Mapping[str, Any]) -> int:
        """The number of a schema."""
        body = {"schema": json.dumps(schema)}
        answer = httpx.post(f"{self._registry}/subjects/{subject}/versions", json=body, timeout=PATIENCE)
        return int(answer.raise_for_status().json()["id"])

    def encode(self, tick: Mapping[str, Any]) -> Encoded:
        """Key and value of a tick."""
        out = io.BytesIO(b"\0" + self.number.to_bytes(4, "big"))
        out.seek(_FRAME)
        row = {**tick, "price": Decimal(tick["price"]), "size": Decimal(tick["size"])}
        fastavro.schemaless_writer(out, self._schema, row)
        return tick["symbol"].encode(), out.getvalue()

    def decode(self, value: bytes) -> dict[str, Any]:
        """Any message."""
        number = int.from_bytes(value[1:_FRAME], "big")
        if number not in self._known:
            answer = httpx.get(f"{self._registry}/schemas/ids/{number}", timeout=PATIENCE).raise_for_status().json()
            self._known[number] = fastavro.parse_schema(json.loads(answer["schema"]))
        found = fastavro.schemaless_reader(io.BytesIO(value[_FRAME:]), self._known[number], None)
        assert isinstance(found, dict)
        return found
