"""Several ticks in one record: records taken apart into the items that are ticks, with what stands around them."""

from __future__ import annotations

from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Final, NoReturn

import msgspec
import numpy as np

from barloom.errors import SourceError
from barloom.plan.rows import place_of, rows_steps
from barloom.source.columns import did_you_mean
from barloom.source.text.records import (
    ABSENT,
    NO_TEXTS,
    TextFields,
    Written,
    column_at,
    paths_in,
    refuse_lists,
    value_at,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import polars as pl

    from barloom.plan.rows import RowsStep
    from barloom.source.decoded import Problems
    from barloom.source.text.records import Json
    from barloom.time.calendar import Integers

__all__ = ["Items", "Taken", "as_written", "refuse_items"]

_NOTHING: Final[dict[str, Json]] = {}
_A: Final[dict[type, str]] = {dict: "an object", list: "a list"}


class Taken:
    """The items of records, one a row; a record that is refused as a whole is one row of its own.

    `levels` has for each row the values that it stands in, from the record to the item, `record` the number of its
    record, `whole` which rows are none of an item.
    """

    def __init__(self, levels: list[list[Json]], record: Integers, refused: Problems) -> None:
        self.levels = levels
        self.record = record
        self.refused = refused
        self.whole = frozenset(refused)
        self._odd: dict[int, Json] = {}

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.record)

    @cached_property
    def item(self) -> Integers:
        """The number of each row's item in its record, from 1 on."""
        return np.arange(self.count) - np.searchsorted(self.record, self.record) + 1

    def text(self, row: int) -> str:
        """An item as JSON."""
        return as_written(self._odd.get(row, self.levels[-1][row]))

    def refuse_plain(self) -> None:
        """Refuse the items that have no values of their own."""
        items = self.levels[-1]
        for row, item in enumerate(items):
            if not isinstance(item, dict | list):
                self.refused.setdefault(row, f"the item is a JSON {_kind(item)}, neither an object nor an array")
                self._odd[row], items[row] = item, _NOTHING


class Items:
    """Takes records apart as ``rows`` says, and the columns from their items.

    `paths` says where each field stands; `texts` are the fields that other values cannot be.
    """

    def __init__(self, rows: str, paths: Mapping[str, str], texts: TextFields = NO_TEXTS) -> None:
        self._rows = rows
        self._steps = rows_steps(rows)
        self._texts = texts
        self._places = {name: place_of(path, self._steps) for name, path in paths.items()}

    def take(self, records: list[Json], refused: Problems) -> Taken:
        """The items of all records; those that are `refused` are looked into no further."""
        taken = Taken([records], np.arange(len(records)), dict(refused))
        for step in self._steps:
            taken = self._inwards(taken, step)
        taken.refuse_plain()
        return taken

    def columns(self, taken: Taken) -> dict[str, pl.Series]:
        """The column of each field; what is wrong with a row is added to those refused."""
        for level, values in enumerate(taken.levels):
            refuse_lists(values, self._inside(level), taken.refused)
        texts = self._texts
        return {
            name: column_at(taken.levels[level], path, taken.refused, texts.wanted(name))
            for name, (level, path) in self._places.items()
        }

    def missing(self, taken: Taken, name: str) -> Iterable[str] | None:
        """The paths of the first item, where no item has what this field is read from."""
        level, path = self._places[name]
        good = [value for row, value in enumerate(taken.levels[level]) if row not in taken.refused]
        absent = good and all(value_at(value, path) is ABSENT for value in good)
        return paths_in(good[0]) if absent else None

    def _inside(self, level: int) -> list[str]:
        return [path for place, path in self._places.values() if place == level]

    def _inwards(self, taken: Taken, step: RowsStep) -> Taken:
        found = [value_at(value, step.path) if step.path else value for value in taken.levels[-1]]
        inner: list[list[Json]] = []
        wrong: dict[int, str] = {}
        for row, value in enumerate(found):
            if row in taken.refused:
                wrong[row] = taken.refused[row]
            elif value is None:
                inner.append([])
                continue
            elif step.each and type(value) is list:
                inner.append(value)
                continue
            elif step.each or value is ABSENT:
                wrong[row] = self._nothing(step, taken.levels[-1][row], value)
            inner.append([_NOTHING] if row in wrong else [value])
        counts = list(map(len, inner))
        return _widened(taken, counts, list(chain.from_iterable(inner)), wrong)

    def _nothing(self, step: RowsStep, value: Json, found: Json) -> str:
        """What is wrong where a record has no such items."""
        name = step.path or "the record"
        if found is not ABSENT:
            return f"{name} is {_A.get(type(found), f'a JSON {_kind(found)}')}, not a list of rows"
        near = did_you_mean(step.path, value) if isinstance(value, dict) else ""
        it = "it is a list without" if isinstance(value, list) else "it has no"
        return f"{it} {step.path!r}{near}, where [source] rows = {self._rows!r} looks for its rows"


def refuse_items(what: str) -> NoReturn:
    """Raise the error for an input whose records are no JSON."""
    message = f"[source] rows takes several ticks of a record of JSON, and {what} has one in each row; leave rows out"
    raise SourceError(message)


def as_written(value: Json) -> str:
    """A value of parsed JSON as JSON again, its numbers as they were written."""
    return msgspec.json.encode(value, enc_hook=_raw).decode()


def _raw(value: object) -> msgspec.Raw:
    return (
        msgspec.Raw(str(value).encode()) if isinstance(value, Written) else msgspec.Raw(msgspec.json.encode(str(value)))
    )


def _widened(taken: Taken, counts: Sequence[int], inner: list[Json], wrong: Mapping[int, str]) -> Taken:
    """The rows as often as each has items."""
    outer = np.repeat(np.arange(taken.count), counts)
    levels = [list(map(level.__getitem__, outer.tolist())) for level in taken.levels]
    first = np.cumsum(counts) - counts
    return Taken([*levels, inner], taken.record[outer], {int(first[row]): text for row, text in wrong.items()})


def _kind(value: Json) -> str:
    return "null" if value is None else "number" if isinstance(value, Written) else type(value).__name__
