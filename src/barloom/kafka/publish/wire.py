"""A feed's rows as messages of the input topic, under the names by which the definition reads them there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.errors import DefinitionError, Problem
from barloom.kafka.events.typed import serde_of_ticks
from barloom.plan.barplan import Field, FieldKind, InputKind, SourcePlan
from barloom.plan.paths import CONSTANT
from barloom.serde.protocol import Records
from barloom.source.fields import column_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Integers

__all__ = ["RECEIVED_AT", "Wire"]

RECEIVED_AT: Final = "received_at"
"""The time of receipt of a feed's row: it is written also where the definition does not ask for it."""


class Wire:
    """Writes ticks as the definition reads them: each field under its name in the input, beside the time of receipt.

    Raises `DefinitionError` where the definition reads its fields in a way in which none can be written.
    """

    def __init__(self, plan: BarPlan, settings: KafkaSettings, topic: str) -> None:
        _refuse(plan)
        self._plan = plan
        self._arrival = _arrival(plan)
        self._names = _names(plan)
        self.written = _written_plan(plan, self._names, self._arrival)
        forms = (settings.format, settings.key_format or settings.format)
        self._serdes = [
            serde_of_ticks(self.written, replace(settings, format=form), topic) for form in dict.fromkeys(forms)
        ]

    def encode(self, frame: pl.DataFrame, arrivals: Integers) -> Records:
        """Messages of ticks, which have the event's fields, and when each was received (nanoseconds UTC)."""
        columns = [pl.col(field).alias(name) for field, name in self._names.items()]
        if self._arrival.name not in self._plan.event.by_name:
            columns.append(pl.lit(pl.Series(arrivals, dtype=pl.Int64)).alias(self._arrival.name))
        written = frame.select(columns)
        records = self._serdes[0].event_encoder.encode(written)
        if len(self._serdes) == 1:
            return records
        return Records(self._serdes[1].event_encoder.encode(written).keys, records.values)

    def keys(self, rows: Sequence[tuple[object, ...]]) -> list[bytes]:
        """The message keys of keys, given by their fields."""
        places = {self._names[name]: place for place, name in enumerate(self._plan.event.key)}
        columns = {
            field.name: pl.Series(
                [row[places[field.name]] if field.name in places else _filling(field) for row in rows],
                dtype=column_type(field),
            )
            for field in self.written.event.fields
        }
        return self._serdes[-1].event_encoder.encode(pl.DataFrame(columns)).keys

    def close(self) -> None:
        """Let go of the registry."""
        for serde in self._serdes:
            serde.close()


def _names(plan: BarPlan) -> dict[str, str]:
    """The name of each field in messages; of several that are read from one place only the first is written."""
    found: dict[str, str] = {}
    for field in plan.event.fields:
        path = plan.source.columns.get(field.name, field.name)
        name = field.name if not isinstance(path, str) or path.startswith(CONSTANT) else path
        if name not in found.values() or field.name in plan.event.key:
            found[field.name] = name
    return found


def _arrival(plan: BarPlan) -> Field:
    """The field in which the time of receipt is written."""
    source = plan.source
    name = source.arrival or RECEIVED_AT
    if name in plan.event.by_name:
        return plan.event.by_name[name]
    if source.arrival is None:
        return Field(name, FieldKind.TIMESTAMP, nullable=True, time_unit="ns")
    return Field(name, FieldKind.TIMESTAMP, time_unit=source.arrival_unit)


def _written_plan(plan: BarPlan, names: Mapping[str, str], arrival: Field) -> BarPlan:
    """The definition of what is written: fields under the names that they have in messages."""
    by_name = plan.event.by_name
    fields = [replace(by_name[field], name=name) for field, name in names.items()]
    event = replace(
        plan.event,
        fields=(*fields, *([] if arrival.name in by_name else [arrival])),
        key=tuple(names[name] for name in plan.event.key),
        timestamp=names[plan.event.timestamp],
        event_id=None,
        tiebreak=None,
        sequence=None,
    )
    return replace(plan, event=event, source=SourcePlan(null_values=(), check_units=False))


def _refuse(plan: BarPlan) -> None:
    """`DefinitionError` for a definition whose fields cannot be written where it reads them."""
    source, event = plan.source, plan.event
    told = [
        f"{name} = {path!r}"
        for name, path in source.columns.items()
        if not isinstance(path, str) or (not path.startswith(CONSTANT) and ("." in path or path.startswith("@")))
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


def _filling(field: Field) -> object:
    """Any value for a field that is not in a key."""
    if field.nullable:
        return None
    return {FieldKind.STRING: "", FieldKind.BOOLEAN: False}.get(field.kind, 0)
