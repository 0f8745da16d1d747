"""Whether messages of one Avro schema can be read with another, and which field keeps them from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.serde.avro.schema import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.serde.avro.schema import AvroField, AvroType

__all__ = ["report", "unreadable"]

_PROMOTED: Final = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}
_DEEPEST: Final = 32


def report(new: AvroType, old: AvroType) -> list[str]:
    """What is wrong between a new schema and the one before it, in both directions."""
    return [
        *(f"{text} (BACKWARD: readers with the new schema, old messages)" for text in unreadable(new, old)),
        *(f"{text} (FORWARD: readers with the old schema, new messages)" for text in unreadable(old, new)),
    ]


def unreadable(reader: AvroType, writer: AvroType) -> list[str]:
    """By the rules of schema resolution in the Avro specification: why messages of `writer` cannot be read."""
    return list(_unreadable(reader, writer, ""))


def _unreadable(reader: AvroType, writer: AvroType, path: str) -> Iterator[str]:
    if path.count(".") > _DEEPEST:
        return
    if writer.kind == "union":
        for branch in writer.branches:
            if _none_fits(reader, branch, path):
                yield f"{_named(path)} may be {branch} where it is written, which {reader} is not"
    elif reader.kind == "union":
        if _none_fits(reader, writer, path):
            yield f"{_named(path)} is written as {writer}, which is none of {reader}"
    else:
        yield from _plainly(reader, writer, path)


def _plainly(reader: AvroType, writer: AvroType, path: str) -> Iterator[str]:
    """Of types that are no unions."""
    if reader.kind == writer.kind == "record":
        yield from _record(reader, writer, path)
    elif reader.kind == writer.kind == "enum":
        for symbol in sorted(set(writer.symbols) - set(reader.symbols)):
            yield f"{_named(path)}: the reader does not know the symbol {symbol!r}"
    elif reader.items is not None and writer.items is not None and reader.kind == writer.kind:
        yield from _unreadable(reader.items, writer.items, f"{path}[]")
    elif _differs(reader, writer):
        yield f"{_named(path)} is written as {writer} and read as {reader}"


def _none_fits(reader: AvroType, writer: AvroType, path: str) -> bool:
    """Whether no type of a union can read another."""
    return all(any(True for _ in _unreadable(branch, writer, path)) for branch in reader.branches or (reader,))


def _record(reader: AvroType, writer: AvroType, path: str) -> Iterator[str]:
    short = writer.name.rpartition(".")[2]
    if short not in (reader.name.rpartition(".")[2], *(alias.rpartition(".")[2] for alias in reader.aliases)):
        yield f"{_named(path)} is the record {writer.name} where it is written, and {reader.name} where it is read"
    for each in reader.fields:
        inner = f"{path}.{each.name}" if path else each.name
        old = _counterpart(each, writer)
        if old is not None:
            yield from _unreadable(each.type, old.type, inner)
        elif each.default is ABSENT:
            yield f"{_named(inner)} is not written, and has no default where it is read"


def _counterpart(wanted: AvroField, writer: AvroType) -> AvroField | None:
    names = (wanted.name, *wanted.aliases)
    return next((each for name in names for each in writer.fields if each.name == name), None)


def _differs(reader: AvroType, writer: AvroType) -> bool:
    if reader.kind != writer.kind:
        return reader.kind not in _PROMOTED.get(writer.kind, ())
    if "decimal" in (reader.logical, writer.logical):
        return (reader.logical, reader.precision, reader.scale) != (writer.logical, writer.precision, writer.scale)
    return reader.size != writer.size


def _named(path: str) -> str:
    return repr(path) if path else "the message"
