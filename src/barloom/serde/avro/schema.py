"""Avro schemas as trees of types.

Read as the Avro specification 1.12 says: names with namespaces, aliases, defaults, logical types. A logical type that
does not fit its type (a decimal of more digits than its bytes hold) counts as not there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from barloom.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AvroField", "AvroType", "parse_schema"]

PRIMITIVES: Final = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
ABSENT: Final = object()
_LOGICAL: Final = {
    "decimal": ("bytes", "fixed"),
    "date": ("int",),
    "timestamp-millis": ("long",),
    "timestamp-micros": ("long",),
    "timestamp-nanos": ("long",),
    "local-timestamp-millis": ("long",),
    "local-timestamp-micros": ("long",),
    "local-timestamp-nanos": ("long",),
}


@dataclass(slots=True, eq=False)
class AvroType:
    """One type. `kind` is a primitive's name, or ``record enum fixed array map union``; what is of no use is empty.

    `items` is the type of an array's items and of a map's values, `branches` are a union's types, `logical` one of the
    logical types that matter here.
    """

    kind: str
    name: str = ""
    logical: str = ""
    precision: int = 0
    scale: int = 0
    size: int = 0
    symbols: tuple[str, ...] = ()
    fields: tuple[AvroField, ...] = ()
    items: AvroType | None = None
    branches: tuple[AvroType, ...] = ()
    aliases: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.kind == "union":
            return " or ".join(map(str, self.branches))
        if self.logical == "decimal":
            return f"decimal({self.precision}, {self.scale})"
        return self.logical or (f"{self.kind} {self.name}" if self.name else self.kind)


@dataclass(slots=True, eq=False)
class AvroField:
    """A record's field; `default` is `ABSENT` where it has none."""

    name: str
    type: AvroType
    default: object = ABSENT
    aliases: tuple[str, ...] = ()


@dataclass(slots=True)
class _Names:
    known: dict[str, AvroType] = field(default_factory=dict)


def parse_schema(text: str | bytes, where: str, references: Mapping[str, AvroType] | None = None) -> AvroType:
    """The type that a schema describes; `references` are types of other schemas by their full names.

    Raises `SourceError`, which names `where` the schema stands, for what is no schema.
    """
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError):
        document = text.decode(errors="replace") if isinstance(text, bytes) else text  # a bare name, such as string
    try:
        return _parsed(document, "", _Names(dict(references or {})))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        said = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        message = f"{where} is no Avro schema: {said}"
        raise SourceError(message) from None


def _parsed(  # noqa: PLR0911 - one way out for each kind of type
    document: Any,  # noqa: ANN401 - JSON
    namespace: str,
    names: _Names,
) -> AvroType:
    if isinstance(document, str):
        return _named(document, namespace, names)
    if isinstance(document, list):
        return AvroType("union", branches=tuple(_parsed(each, namespace, names) for each in document))
    kind = document["type"]
    if not isinstance(kind, str):
        return _parsed(kind, namespace, names)
    match kind:
        case "record" | "error":
            return _record(document, namespace, names)
        case "enum" | "fixed":
            return _flat(document, namespace, names)
        case "array" | "map":
            return AvroType(kind, items=_parsed(document["items" if kind == "array" else "values"], namespace, names))
        case _:
            made = _named(kind, namespace, names)
            return _with_logical(AvroType(made.kind), document) if kind in PRIMITIVES else made


def _named(name: str, namespace: str, names: _Names) -> AvroType:
    if name in PRIMITIVES:
        return AvroType(name)
    for full in (_full(name, namespace), name):
        if full in names.known:
            return names.known[full]
    message = f"the type {name!r} is not defined"
    raise ValueError(message)


def _record(document: dict[str, Any], namespace: str, names: _Names) -> AvroType:
    full = _full(document["name"], document.get("namespace", namespace))
    made = names.known[full] = AvroType("record", full, aliases=tuple(document.get("aliases", ())))
    inner = full.rpartition(".")[0]
    made.fields = tuple(
        AvroField(
            each["name"],
            _parsed(each["type"], inner, names),
            each.get("default", ABSENT),
            tuple(each.get("aliases", ())),
        )
        for each in document["fields"]
    )
    return made


def _flat(document: dict[str, Any], namespace: str, names: _Names) -> AvroType:
    full = _full(document["name"], document.get("namespace", namespace))
    if document["type"] == "enum":
        made = AvroType("enum", full, symbols=tuple(document["symbols"]))
    else:
        made = _with_logical(AvroType("fixed", full, size=int(document["size"])), document)
    made.aliases = tuple(document.get("aliases", ()))
    names.known[full] = made
    return made


def _full(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _with_logical(made: AvroType, document: dict[str, Any]) -> AvroType:
    logical = document.get("logicalType", "")
    if made.kind not in _LOGICAL.get(logical, ()):
        return made
    if logical == "decimal":
        made.precision, made.scale = int(document["precision"]), int(document.get("scale", 0))
        if not 0 <= made.scale <= made.precision or made.precision < 1:
            return made
    made.logical = logical
    return made
