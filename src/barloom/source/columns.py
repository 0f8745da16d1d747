"""Which column of the input each field comes from."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.errors import SourceError
from barloom.plan.paths import CONSTANT, field_of, is_from_name, paths_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from barloom.plan.barplan import BarPlan

__all__ = [
    "ARRIVAL",
    "WINDOW_START",
    "column_paths",
    "constants",
    "did_you_mean",
    "frame_expressions",
    "is_known",
    "label_of",
    "missing_column",
    "names_asked",
    "of_key",
    "of_value",
]

ARRIVAL: Final = ""
"""Stands for the time of receipt among the names of fields."""

WINDOW_START: Final = "@window_start"
"""Stands for the start of the slot that ends the key of a windowed message, as ksqlDB writes them."""

_KEY: Final = "@key"
_SHOWN: Final = 30


def column_paths(plan: BarPlan) -> dict[str, str]:
    """The path in the input of every field that stands in a column, and of `ARRIVAL` where one is declared.

    A time that is read from several columns has one for each, under the names of `paths_of`.

    Raises `SourceError` where the mapping names a field that the event does not have.
    """
    mapping = plan.source.columns
    for name in mapping:
        if name not in plan.event.by_name:
            known = [field.name for field in plan.event.fields]
            hint = did_you_mean(name, known)
            message = f"[source] columns maps {name!r}, but the event has no such field{hint}; it has {_listed(known)}"
            raise SourceError(message)
    paths = {name: path for name, path in _all_paths(plan).items() if not is_known(path)}
    return paths if plan.source.arrival is None else {**paths, ARRIVAL: plan.source.arrival}


def _all_paths(plan: BarPlan) -> dict[str, str]:
    return {name: path for field in plan.event.fields for name, path in paths_of(plan.source, field.name).items()}


def is_known(path: str) -> bool:
    """Whether a path is the same for all rows of a file."""
    return path.startswith(CONSTANT) or is_from_name(path)


def of_key(paths: Mapping[str, str]) -> dict[str, str]:
    """The fields that stand in the key of a message, by their paths in it; the whole key has the path ``""``."""
    return {
        name: path.removeprefix(_KEY).removeprefix(".")
        for name, path in paths.items()
        if path == _KEY or path.startswith(f"{_KEY}.")
    }


def of_value(paths: Mapping[str, str]) -> dict[str, str]:
    """The fields that stand in the value of a message, with their paths."""
    keyed = of_key(paths)
    return {name: path for name, path in paths.items() if name not in keyed and path != WINDOW_START}


def constants(plan: BarPlan) -> dict[str, str]:
    """The text of every field, or part of a time, that is a constant."""
    found = _all_paths(plan).items()
    return {name: path.removeprefix(CONSTANT) for name, path in found if path.startswith(CONSTANT)}


def names_asked(plan: BarPlan) -> dict[str, str]:
    """The mapping of every field, or part of a time, that stands in the name of the file."""
    return {name: path for name, path in _all_paths(plan).items() if is_from_name(path)}


def label_of(name: str) -> str:
    """How messages call a field."""
    return "arrival" if name == ARRIVAL else field_of(name)


def missing_column(name: str, path: str, columns: Iterable[str], where: str) -> SourceError:
    """The error for a column that the input does not have."""
    known = list(columns)
    if path not in of_value({name: path}).values():
        message = f"{where}: {path!r} for the field {label_of(name)!r} is of messages on Kafka, which have keys"
        return SourceError(message)
    message = (
        f"{where} has no column {path!r} for the field {label_of(name)!r}{did_you_mean(path, known)}; "
        f"its columns are {_listed(known)}. Name the right one under [source] columns"
    )
    return SourceError(message)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint for a misspelt name, or nothing."""
    named = {each.lower(): each for each in known}
    close = get_close_matches(name.lower(), named, n=1)
    return f" (did you mean {named[close[0]]!r}?)" if close else ""


def frame_expressions(paths: Mapping[str, str], schema: pl.Schema, where: str) -> list[pl.Expr]:
    """What selects each field's column, under the field's name, from a frame of this schema.

    A path that is not itself a column's name goes into structs by field name and into lists by position.
    """
    return [_expression(name, path, schema, where).alias(name) for name, path in paths.items()]


def _expression(name: str, path: str, schema: pl.Schema, where: str) -> pl.Expr:
    if path in schema:
        return pl.col(path)
    first, *rest = path.split(".")
    if first not in schema:
        raise missing_column(name, path, schema.names(), where)
    selected = pl.col(first)
    dtype: object = schema[first]
    for place, step in enumerate(rest, 1):
        if isinstance(dtype, pl.Struct):
            inner = {each.name: each.dtype for each in dtype.fields}
            if step not in inner:
                raise missing_column(name, path, [f"{first}.{each}" for each in inner], where)
            selected, dtype = selected.struct.field(step), inner[step]
        elif isinstance(dtype, pl.List | pl.Array) and _loses_rows(dtype, step, last=place == len(rest)):
            raise _no_rows(name, path, first, where)
        elif isinstance(dtype, pl.List) and step.isdecimal():
            selected, dtype = selected.list.get(int(step), null_on_oob=True), dtype.inner
        elif isinstance(dtype, pl.Array) and step.isdecimal():
            selected, dtype = selected.arr.get(int(step), null_on_oob=True), dtype.inner
        else:
            raise missing_column(name, path, schema.names(), where)
    return selected


def _loses_rows(dtype: pl.List | pl.Array, step: str, *, last: bool) -> bool:
    """Whether a step is no position in a list, or enters one element and leaves others that may be rows like it."""
    single = isinstance(dtype, pl.Array) and dtype.size == 1
    return not step.isdecimal() or (not last and not single)


def _no_rows(name: str, path: str, first: str, where: str) -> SourceError:
    message = (
        f"{where}, {path!r} for the field {label_of(name)!r}: {first} is a list: one row each cannot be taken from it; "
        f"explode it first, as frame.explode({first!r}) does"
    )
    return SourceError(message)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(repr, names[:_SHOWN])) + more
