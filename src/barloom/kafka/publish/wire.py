"""A feed's rows as messages of the input topic, under the names by which the definition reads them there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.errors import DefinitionError, Problem
from barloom.kafka.events.typed import serde_of_ticks
from barloom.plan.barplan import Field, FieldKind, InputKind
from barloom.plan.paths import CONSTANT
from barloom.serde.formats import Format
from barloom.serde.protocol import Records
from barloom.serde.written import arrival_field, as_written, names_in_messages
from barloom.source.fields import column_type

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        self._key = plan.event.key
        forms = (settings.format, settings.key_format or settings.format)
        self._names = names_in_messages(plan)
        self._arrival = _arrival(plan, forms[0])
        self.written = as_written(plan, self._arrival)
        self._serdes = [
            serde_of_ticks(self.written, replace(settings, format=form), topic) for form in dict.fromkeys(forms)
        ]

    def encode(self, frame: pl.DataFrame, arrivals: Integers) -> Records:
        """Messages of ticks, which have the event's fields, and when each was received (nanoseconds UTC)."""
        columns = [pl.col(field).alias(name) for field, name in self._names.items()]
        if self._arrival is not None:
            columns.append(pl.lit(pl.Series(arrivals, dtype=pl.Int64)).alias(self._arrival.name))
        written = frame.select(columns)
        records = self._serdes[0].event_encoder.encode(written)
        if len(self._serdes) == 1:
            return records
        return Records(self._serdes[1].event_encoder.encode(written).keys, records.values)

    def keys(self, rows: Sequence[tuple[object, ...]]) -> list[bytes]:
        """The message keys of keys, given by their fields."""
        places = {self._names[name]: place for place, name in enumerate(self._key)}
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


def _arrival(plan: BarPlan, form: Format) -> Field | None:
    """The field in which the time of receipt is written; none where it is in the event, or could not be passed over."""
    declared = arrival_field(plan)
    if declared is not None or plan.source.arrival is not None or RECEIVED_AT in plan.event.by_name:
        return declared
    if form is Format.AVRO_RAW:  # its readers know nothing but what the definition says
        return None
    return Field(RECEIVED_AT, FieldKind.TIMESTAMP, nullable=True, time_unit="ns")


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
