"""A feed's rows as messages of the input topic, under the names by which the definition reads them there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.errors import DefinitionError, Problem, SourceError
from barloom.kafka.events.typed import serde_of_ticks
from barloom.plan.barplan import Field, FieldKind, InputKind, SourcePlan
from barloom.plan.paths import CONSTANT
from barloom.source.decode import Decoder
from barloom.source.fields import column_type
from barloom.source.lists import packed_all
from barloom.source.values import column_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Integers

__all__ = ["RECEIVED_AT", "Encoded", "Wire"]

RECEIVED_AT: Final = "received_at"
"""The time of receipt of a feed's row: it is written also where the definition does not ask for it."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Messages of the rows that can be written, at their places `index`, and what is wrong with the others.

    `frame` has the rows as the event's fields say.
    """

    keys: list[bytes]
    values: list[bytes]
    index: Integers
    frame: pl.DataFrame
    problems: Mapping[int, str]


class Wire:
    """Writes rows as the definition reads them: each field under its name in the input, beside the time of receipt.

    `received_at` is the name of the latter, and `unit` how it is written. Raises `DefinitionError` where the definition
    reads its fields in a way in which none can be written.
    """

    def __init__(self, plan: BarPlan, settings: KafkaSettings, topic: str) -> None:
        _refuse(plan)
        arrival = _arrival(plan)
        self.received_at, self.unit = arrival.name, arrival.time_unit or "iso"
        fields = plan.event.fields if arrival.name in plan.event.by_name else (*plan.event.fields, arrival)
        self._event = replace(plan.event, fields=fields)
        self._decoder = Decoder(replace(plan, event=self._event, source=replace(plan.source, arrival=None)))
        self._paths = dict(self._decoder.paths)
        self._plan = _written_plan(plan, self._event.fields, self._paths)
        forms = (settings.format, settings.key_format or settings.format)
        self._serdes = [
            serde_of_ticks(self._plan, replace(settings, format=form), topic) for form in dict.fromkeys(forms)
        ]

    def columns_of(self, rows: Sequence[object]) -> dict[str, list[object]]:
        """Events, or mappings with the names of the input, as columns with these. `SourceError` for what is none."""
        return {path: [_value(row, name, path) for row in rows] for name, path in self._paths.items()}

    def encode(self, columns: Mapping[str, Sequence[object]], count: int) -> Encoded:
        """The messages of some rows, given as columns with the names of the input."""
        given: dict[str, pl.Series] = {}
        for name, path in self._paths.items():
            values = columns.get(path) or [None] * count
            given[name] = column_of(packed_all(values) if name in self._decoder.lists else values)
        rows = self._decoder.decode(given, count, {}, "the feed")
        written = rows.frame.select(pl.col(name).alias(path) for path, name in _by_path(self._paths).items())
        keys, values = self._serdes[0].event_encoder.encode(written)
        if len(self._serdes) > 1:
            keys = self._serdes[1].event_encoder.encode(written).keys
        return Encoded(keys, values, rows.index, rows.frame, dict(rows.problems.items()))

    def key(self, fields: Mapping[str, object]) -> bytes:
        """The message key of a key, given by its fields. Raises `SourceError` for what is no key of the definition."""
        names = self._event.key
        if fields.keys() != set(names):
            told = f"a mark is of a key with {', '.join(fields) or 'no field'}; the key is {', '.join(names)}"
            raise SourceError(told)
        given = {self._paths[name]: value for name, value in fields.items()}
        row = {field.name: given.get(field.name, _filling(field)) for field in self._plan.event.fields}
        schema = {field.name: column_type(field) for field in self._plan.event.fields}
        return self._serdes[-1].event_encoder.encode(pl.DataFrame([row], schema=schema)).keys[0]

    def close(self) -> None:
        """Let go of the registry."""
        for serde in self._serdes:
            serde.close()


def _arrival(plan: BarPlan) -> Field:
    """The field in which the time of receipt is written."""
    source = plan.source
    name = source.arrival or RECEIVED_AT
    if name in plan.event.by_name:
        return plan.event.by_name[name]
    if source.arrival is None:
        return Field(name, FieldKind.TIMESTAMP, nullable=True, time_unit="ns")
    return Field(name, FieldKind.TIMESTAMP, time_unit=source.arrival_unit)


def _written_plan(plan: BarPlan, fields: Sequence[Field], paths: Mapping[str, str]) -> BarPlan:
    """The definition of what is written: fields under the names that they have in messages."""
    by_name = {field.name: field for field in fields}
    renamed = tuple(replace(by_name[name], name=path) for path, name in _by_path(paths).items())
    event = replace(
        plan.event,
        fields=renamed,
        key=tuple(paths[name] for name in plan.event.key),
        timestamp=paths[plan.event.timestamp],
        event_id=None,
        tiebreak=None,
    )
    return replace(plan, event=event, source=SourcePlan(null_values=(), check_units=False))


def _by_path(paths: Mapping[str, str]) -> dict[str, str]:
    """The first field that is read from each place of a message."""
    found: dict[str, str] = {}
    for name, path in paths.items():
        found.setdefault(path, name)
    return found


def _refuse(plan: BarPlan) -> None:
    """`DefinitionError` for a definition whose fields cannot be written where it reads them."""
    source, event = plan.source, plan.event
    told = [
        f"{name} = {path!r}"
        for name, path in source.columns.items()
        if not isinstance(path, str) or "." in path or path.startswith("@") or (name in event.key and _is_fixed(path))
    ]
    told += [f"{field.name} in {field.encoding}" for field in event.fields if field.encoding]
    told += [f"the time of arrival as {source.arrival_unit!r}"] if "%" in source.arrival_unit else []
    told += [f"the time of arrival at {source.arrival!r}"] if "." in (source.arrival or "") else []
    told += [f"ticks at {source.rows!r}"] if source.rows is not None else []
    problems = []
    if told:
        fix = "give the topic a definition whose [source] has plain names, each field at the top of a message"
        problems.append(Problem(f"messages of this definition hold {', '.join(told)}", "source", fix))
    if plan.input is InputKind.BARS:
        fix = "publish into the input of the definition that makes these bars"
        problems.append(Problem("its input are bars, and a feed has ticks", "event", fix))
    if problems:
        raise DefinitionError(problems)


def _is_fixed(path: str) -> bool:
    return path.startswith(CONSTANT)


def _value(row: object, name: str, path: str) -> object:
    """A field of a row, by its name in the input, or as an attribute by its own."""
    if isinstance(row, Mapping):
        return row.get(path)
    try:
        return getattr(row, name)
    except AttributeError:
        if path == RECEIVED_AT:
            return None
        message = f"the feed gave {row!r}, which is neither a mapping nor an event with the field {name!r}"
        raise SourceError(message) from None


def _filling(field: Field) -> object:
    """Any value for a field that is not in a key."""
    if field.nullable:
        return None
    return {FieldKind.STRING: "", FieldKind.BOOLEAN: False}.get(field.kind, 0)
