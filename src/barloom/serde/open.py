"""All that a definition's topics are written and read with, made in one place."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from barloom.errors import SourceError
from barloom.plan.identity import topics as topics_of
from barloom.serde import schemas
from barloom.serde.avro.bars import AvroBarEncoder
from barloom.serde.avro.events import AvroEventDecoder
from barloom.serde.avro.keys import KeyMatrix
from barloom.serde.avro.late import AvroLateDecoder, AvroLateEncoder
from barloom.serde.avro.message_keys import AvroKeyColumns
from barloom.serde.avro.one import write_key
from barloom.serde.avro.reading import AvroBarDecoder
from barloom.serde.avro.schema import parse_schema
from barloom.serde.avro.writing import AvroEventEncoder
from barloom.serde.by_keys import ByKeys
from barloom.serde.formats import Format
from barloom.serde.json.bars import JsonBarEncoder
from barloom.serde.json.events import JsonEventDecoder
from barloom.serde.json.items import JsonItemsDecoder
from barloom.serde.json.late import JsonLateDecoder, JsonLateEncoder
from barloom.serde.json.message_keys import JsonKeyColumns
from barloom.serde.json.reading import JsonBarDecoder
from barloom.serde.json.writing import JsonEventEncoder
from barloom.serde.mark_keys import MarkKeys
from barloom.serde.message_keys import key_reader
from barloom.serde.registry import Registry
from barloom.serde.schema_source import OneSchema
from barloom.serde.written import arrival_field, as_written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from barloom.plan.barplan import BarPlan, Field, LevelPlan, SourcePlan
    from barloom.plan.identity import Topics
    from barloom.serde.avro.bars import Headers
    from barloom.serde.avro.schema import AvroType
    from barloom.serde.json.text import JsonTimes
    from barloom.serde.message_keys import KeyColumns
    from barloom.serde.protocol import BarDecoder, BarEncoder, EventDecoder, EventEncoder, LateDecoder, LateEncoder
    from barloom.serde.registry import RegistrySettings
    from barloom.serde.schema_source import SchemaSource
    from barloom.time.calendar import Calendar

__all__ = ["Serde", "check_items", "open_serde"]

_NO_FRAME: Final = b""
_UNNUMBERED: Final = bytes(5)


class Serde:
    """The decoders and encoders of one definition, each made (and its schemas registered) when it is first asked for.

    `open_serde` makes it and says what is what.
    """

    def __init__(  # noqa: PLR0913 - one argument a setting
        self,
        plan: BarPlan,
        calendar: Calendar,
        *,
        formats: tuple[Format, Format, Format],
        registry: Registry | None,
        schema: AvroType | None,
        namespace: str,
        json_times: JsonTimes,
        topics: Topics,
        input_topics: Sequence[str],
    ) -> None:
        self.registry = registry
        self._plan = plan
        self._calendar = calendar
        self._format, self._key_format, self._output = formats
        self._schema = schema
        self._namespace = namespace
        self._json_times: JsonTimes = json_times
        self._topics = topics
        self._input_topics = input_topics

    @cached_property
    def events(self) -> EventDecoder:
        """Reads the input topics."""
        keys, items = key_reader(self._plan, self._event_keys), self._plan.source.rows
        if items is not None:
            check_items(self._plan, self._format)
            return JsonItemsDecoder(self._plan, items, keys)
        if self._format is Format.JSON:
            return JsonEventDecoder(self._plan, keys)
        framed = self._format is Format.AVRO
        if framed and self.registry is not None:
            return AvroEventDecoder(self._plan, self.registry, framed=True, reader=self._schema, keys=keys)
        derived = "" if self._schema is not None else self._event_schema
        schema = self._schema or parse_schema(derived, _DERIVED)
        return AvroEventDecoder(self._plan, OneSchema(schema, "the schema"), framed=framed, keys=keys)

    @property
    def _event_schema(self) -> str:
        """The schema of messages of which nothing but the definition says how they are."""
        return schemas.event_schema(as_written(self._plan, arrival_field(self._plan)), self._namespace)

    @cached_property
    def mark_keys(self) -> MarkKeys:
        """Reads the keys of marks in the input topics."""
        return MarkKeys(self._plan, self._event_keys)

    def _event_keys(self, fields: Mapping[str, Field], paths: Mapping[str, str], source: SourcePlan) -> KeyColumns:
        """What reads fields of the keys of the input topics."""
        if self._key_format is Format.JSON:
            return JsonKeyColumns(fields, paths)
        framed = self._key_format is Format.AVRO
        schemas_of: SchemaSource
        if framed and self.registry is not None:
            schemas_of = self.registry
        else:
            schemas_of = self._derived(schemas.event_key_schema(self._plan, self._namespace))
        return AvroKeyColumns(fields, paths, source, schemas_of, framed=framed)

    @cached_property
    def event_encoder(self) -> EventEncoder:
        """Writes events as the first of the input topics has them."""
        if self._format is Format.JSON:
            return JsonEventEncoder(self._plan)
        topic = self._input_topics[0] if self._input_topics else ""
        texts = (schemas.event_key_schema, schemas.event_schema)
        key, value = (make(self._plan, self._namespace) for make in texts)
        return AvroEventEncoder(self._plan, self._headers(self._format, topic, key, value))

    @cached_property
    def bars(self) -> BarEncoder:
        """Writes bars."""
        if self._output is Format.JSON:
            return JsonBarEncoder(self._plan, self._calendar, self._json_times)
        fields = tuple(self._plan.event.by_name[name] for name in self._plan.event.key)
        known = ByKeys(lambda: KeyMatrix(partial(write_key, fields)))
        headers = [[self._bar_headers(kind, level) for kind in ("live", "final")] for level in self._plan.levels]
        live, final = zip(*headers, strict=True)
        return AvroBarEncoder(self._plan, self._calendar, live, final, known)

    @cached_property
    def bar_decoder(self) -> BarDecoder:
        """Reads bars of all levels."""
        if self._output is Format.JSON:
            return JsonBarDecoder(self._plan, self._json_times)
        framed = self._output is Format.AVRO
        if framed and self.registry is not None:
            return AvroBarDecoder(self._plan, self.registry, self.registry, framed=True)
        keys, values = (self._derived(text) for text in self._bar_schemas)
        return AvroBarDecoder(self._plan, keys, values, framed=framed)

    @cached_property
    def late(self) -> LateEncoder:
        """Writes refused rows."""
        if self._output is Format.JSON:
            return JsonLateEncoder(self._plan, self._json_times)
        texts = (schemas.late_key_schema, schemas.late_schema)
        key, value = (make(self._plan, self._namespace) for make in texts)
        return AvroLateEncoder(self._plan, self._headers(self._output, self._topics.late, key, value))

    @cached_property
    def late_decoder(self) -> LateDecoder:
        """Reads refused rows."""
        if self._output is Format.JSON:
            return JsonLateDecoder(self._plan, self._json_times)
        framed = self._output is Format.AVRO
        derived = self._derived(schemas.late_schema(self._plan, self._namespace))
        schemas_of = self.registry if framed and self.registry is not None else derived
        return AvroLateDecoder(self._plan, schemas_of, framed=framed)

    def close(self) -> None:
        """Let go of the registry."""
        if self.registry is not None:
            self.registry.close()

    @cached_property
    def _bar_schemas(self) -> tuple[str, str]:
        make = (schemas.bar_key_schema, schemas.bar_value_schema)
        key, value = (each(self._plan, self._namespace) for each in make)
        return key, value

    def _bar_headers(self, kind: str, level: LevelPlan) -> Headers:
        names = self._topics.live if kind == "live" else self._topics.final
        topic = names.get(str(level.timeframe))
        if topic is None:
            return _UNNUMBERED, _UNNUMBERED  # of a level that is not published
        return self._headers(self._output, topic, *self._bar_schemas)

    def _headers(self, form: Format, topic: str, key: str, value: str) -> Headers:
        """What stands before keys and values of a topic."""
        if form is Format.AVRO_RAW:
            return _NO_FRAME, _NO_FRAME
        if self.registry is None:
            return _UNNUMBERED, _UNNUMBERED
        numbers = (self.registry.number(f"{topic}-{part}", text) for part, text in (("key", key), ("value", value)))
        of_key, of_value = (b"\0" + number.to_bytes(4, "big") for number in numbers)
        return of_key, of_value

    def _derived(self, text: str) -> SchemaSource:
        return OneSchema(parse_schema(text, _DERIVED), _DERIVED)


_DERIVED: Final = "the schema of this definition"


def check_items(plan: BarPlan, given: Format) -> None:
    """`SourceError` where several ticks are to be taken of messages that are no JSON."""
    if plan.source.rows is not None and given is not Format.JSON:
        message = (
            f"[source] rows takes several ticks of a message of JSON, and the input's format is {given.value}; "
            "write one tick a message there and leave rows out, or write JSON and state format = 'json'"
        )
        raise SourceError(message)


def open_serde(  # noqa: PLR0913 - one argument a setting
    plan: BarPlan,
    calendar: Calendar,
    *,
    format: Format,  # noqa: A002 - the setting's name
    key_format: Format | None = None,
    output_format: Format | None = None,
    registry: RegistrySettings | None = None,
    schema: Path | None = None,
    namespace: str = "barloom",
    json_times: JsonTimes = "iso",
    topics: Topics | None = None,
    input_topics: Sequence[str] = (),
) -> Serde:
    """Make what reads the input, written as `format`, and what writes and reads the output topics.

    `key_format` is that of the input's keys, which are read where a field is mapped from them (default: as `format`).
    `schema` is a file with the writers' Avro schema where there is no registry (default: derived from the event);
    beside a registry it is the readers', which adds aliases and defaults. Framed Avro without a registry is read
    whatever its numbers say, and written with the number 0. `namespace` begins the names of Avro schemas.
    Raises `SourceError` for a schema file or mapping that cannot be read.
    """
    return Serde(
        plan,
        calendar,
        formats=(format, key_format or format, output_format or format),
        registry=None if registry is None else Registry(registry),
        schema=None if schema is None else _schema_in(schema),
        namespace=namespace,
        json_times=json_times,
        topics=topics or topics_of(plan),
        input_topics=input_topics,
    )


def _schema_in(path: Path) -> AvroType:
    try:
        text = path.read_bytes()
    except OSError as error:
        message = f"the schema file {path} cannot be read: {error.strerror}"
        raise SourceError(message) from None
    return parse_schema(text, str(path))
