"""Where the fields of an event stand in messages of one writer's schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from barloom.errors import SourceError
from barloom.serde.avro.schema import ABSENT, AvroField, AvroType
from barloom.serde.avro.walk import Leaf
from barloom.source.columns import label_of, missing_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.serde.avro.walk import Wanted

__all__ = ["Projection", "project"]


@dataclass(slots=True)
class Projection:
    """How messages of `writer` are read: `places` says where each field stands, `constants` what the others are.

    `problem` is what keeps every message of this schema from being read.
    """

    writer: AvroType
    places: dict[str, list[str]] = field(default_factory=dict)
    constants: dict[str, pl.Series] = field(default_factory=dict)
    problem: str = ""

    def wanted(self) -> tuple[Wanted, dict[str, Leaf]]:
        """What to ask a `Walk` for, and where each field's values will be found."""
        tree: dict[str, Wanted] = {}
        leaves: dict[str, Leaf] = {}
        for name, steps in self.places.items():
            inner: Any = tree
            for step in steps[:-1]:
                inner = inner.setdefault(step, {})
            leaves[name] = inner.setdefault(steps[-1], Leaf())
        return tree, leaves


def project(
    writer: AvroType, paths: Mapping[str, str], nullable: frozenset[str], reader: AvroType | None, where: str
) -> Projection:
    """Find the fields of an event at their `paths`, by name or by alias.

    What the writer did not have takes the default of the `reader` schema, or is null where it is `nullable`.
    """
    made = Projection(writer)
    for name, path in paths.items():
        old = _reader_field(reader, path)
        places = (_place(writer, called.split(".")) for called in (path, *(old.aliases if old else ())))
        steps = next((steps for steps in places if steps is not None), None)
        if steps is not None:
            made.places[name] = steps
        elif old is not None and old.default is not ABSENT:
            made.constants[name] = _default(old)
        elif name in nullable:
            made.constants[name] = pl.Series([None], dtype=pl.Null)
        else:
            made.problem = str(missing_column(name, path, _paths(writer), where))
    return made


def _reader_field(reader: AvroType | None, path: str) -> AvroField | None:
    fields = reader.fields if reader is not None else ()
    return next((each for each in fields if each.name == path), None)


def _place(kind: AvroType, steps: Sequence[str]) -> list[str] | None:
    """The names by which the writer calls the steps of a path; none where it has no such place."""
    if not steps:
        return []
    for branch in kind.branches or (kind,):
        inner, called = _member(branch, steps[0])
        rest = None if inner is None else _place(inner, steps[1:])
        if rest is not None:
            return [called, *rest]
    return None


def _member(kind: AvroType, step: str) -> tuple[AvroType | None, str]:
    if kind.kind == "array" and step.isdecimal():
        return kind.items, str(int(step))
    for each in kind.fields:
        if each.name == step:
            return each.type, step
    for each in kind.fields:
        if step in each.aliases:
            return each.type, each.name
    return None, ""


def _paths(kind: AvroType, prefix: str = "", depth: int = 3) -> Iterator[str]:
    """The places of values, for a message."""
    for each in kind.fields:
        records = [branch for branch in each.type.branches or (each.type,) if branch.fields and depth]
        if not records:
            yield f"{prefix}{each.name}"
        for record in records:
            yield from _paths(record, f"{prefix}{each.name}.", depth - 1)


def _default(given: AvroField) -> pl.Series:
    """A default as a column of one row: a union's is of its first type."""
    kind, value = given.type, given.default
    kind = kind.branches[0] if kind.branches else kind
    if value is None:
        return pl.Series([None], dtype=pl.Null)
    if kind.logical == "decimal":
        whole = int.from_bytes(str(value).encode("latin-1"), "big", signed=True)
        return pl.Series([f"{whole}E{-kind.scale}"])
    if isinstance(value, bool | float | int | str):
        return pl.Series([value])
    message = f"the default of {label_of(given.name)!r} is a {kind}, which is no value"
    raise SourceError(message)
