"""Typed events to and from a topic: `EventWriter` and `EventReader`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, Self, TypeVar, cast

from barloom.errors import BadRow, BrokerError, DefinitionError, MissingExtra, Problem, SchemaMismatch
from barloom.kafka.cluster.clients import producer_config
from barloom.kafka.cluster.failures import client_error
from barloom.kafka.config.settings import KSQLDB
from barloom.kafka.events.marks import mark_in
from barloom.kafka.events.reading import MessageReader, Poison, Whence
from barloom.kafka.events.received import Received, came
from barloom.plan.aggregates import count
from barloom.plan.barplan import BarPlan, Field, FieldKind
from barloom.plan.build import build
from barloom.plan.draft import BarsDraft, ColumnDraft, LevelDraft, SourceDraft, Value
from barloom.plan.events import EventDraft
from barloom.plan.suggest import did_you_mean, listed
from barloom.serde.avro.ksqldb_ticks import KsqlTickEncoder, is_of_ksqldb, tick_columns
from barloom.serde.formats import Format
from barloom.serde.open import open_serde
from barloom.time.calendars import resolve
from barloom.time.instants import to_datetime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import polars as pl
    from confluent_kafka import KafkaError, Message, Producer

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.events import Event
    from barloom.serde.open import Serde
    from barloom.serde.protocol import EventEncoder
    from barloom.serde.registry import Registry

__all__ = ["EventMessage", "EventReader", "EventWriter", "check_event", "serde_of_ticks", "writable"]

E = TypeVar("E", bound="Event | Mapping[str, object]")

_CALL: Final = 30.0
_NANOS: Final = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMessage(Received[E]):
    """An event as it came; see `Received`."""

    @property
    def event(self) -> E:
        """The event; raises `BadRow` where the message is none."""
        return self.sound()


class EventWriter(Generic[E]):
    """Writes events of a class, or mappings of a definition's fields, to a topic, in the format of the settings.

    With ``written_by="ksqldb"`` in them the topic is that of a ksqlDB pipeline's ticks, and events are written as the
    server reads them, under the schemas that it registered: deploy first. Times have whole milliseconds there.

    Partitions are chosen by the key fields as Java's clients choose them, so that a key has one partition whoever
    writes it. With a `transactional_id` events are written inside of ``with writer.transaction():``, all or none.

    Example::

        with app.writer(Quote) as writer:
            writer.write(Quote(symbol="EURUSD", at=now, bid=Decimal("1.17"), ask=None), headers={"feed": b"7"})
    """

    def __init__(
        self,
        event: type[E] | BarPlan,
        settings: KafkaSettings,
        *,
        topic: str | None = None,
        transactional_id: str | None = None,
    ) -> None:
        from barloom.source.decode import Decoder  # noqa: PLC0415 - polars is loaded only when something is written

        self.topic = topic or settings.input[0]
        plan = writable(event) if isinstance(event, BarPlan) else _plan_of(event)
        self._settings = settings
        self._decoder = Decoder(plan)
        self._serde = serde_of_ticks(plan, settings, self.topic)
        self._transactional = transactional_id is not None
        self._inside = False
        self._failed: KafkaError | None = None
        self._producer = _producer(settings, transactional_id)
        if self._transactional:
            self._asked(lambda: self._producer.init_transactions(_CALL))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(flush=kind is None)

    def write(self, event: E, *, headers: Mapping[str, bytes] | None = None) -> None:
        """Send one event; it is there for certain after `flush`, or the end of the transaction.

        Raises `BadRow` for one whose values do not fit their fields, and `BrokerError` where an earlier one was lost.
        """
        import polars as pl  # noqa: PLC0415

        values = event if isinstance(event, Mapping) else _values_of(event, self._fields)
        if strange := values.keys() - {field.name for field in self._fields}:
            known = [field.name for field in self._fields]
            message = f"there is no field {min(strange)!r}; {did_you_mean(min(strange), known)}"
            raise BadRow(message)
        self._send({field.name: pl.Series([values.get(field.name)]) for field in self._fields}, 1, headers)

    def write_frame(self, frame: pl.DataFrame, *, headers: Mapping[str, bytes] | None = None) -> None:
        """Send one event for each row of a frame whose columns have the names of the fields; all or none are sent.

        Raises `BadRow` where a row does not fit the fields.
        """
        missing = [field.name for field in self._fields if field.name not in frame.columns]
        if missing:
            message = (
                f"the frame has no column {missing[0]!r}; it needs {', '.join(field.name for field in self._fields)}"
            )
            raise BadRow(message)
        self._send({field.name: frame[field.name] for field in self._fields}, frame.height, headers)

    @property
    def _fields(self) -> tuple[Field, ...]:
        return self._decoder.plan.event.fields

    @cached_property
    def _encoder(self) -> EventEncoder:
        """What makes messages. `SchemaMismatch` where ksqlDB declared the topic and the settings do not say so."""
        registry = self._serde.registry
        if self._settings.written_by == KSQLDB:
            return KsqlTickEncoder(self._decoder.plan, _needed(registry), self.topic)
        if self._settings.format is Format.AVRO and registry is not None and is_of_ksqldb(registry, self.topic):
            message = (
                f"topic {self.topic!r} is declared by ksqlDB, which would pass over events in barloom's own form\n"
                '    fix: say written_by = "ksqldb" in the settings, and they are written in its form'
            )
            raise SchemaMismatch(message)
        return self._serde.event_encoder

    def _send(self, columns: Mapping[str, pl.Series], number: int, headers: Mapping[str, bytes] | None) -> None:
        self._check_sent()
        if self._transactional and not self._inside:
            message = "a writer with a transactional_id writes inside of `with writer.transaction():`"
            raise BrokerError(message)
        rows = self._decoder.decode(columns, number, {}, "the events")
        if rows.problems:
            row, problem = next(iter(rows.problems.items()))
            message = f"{len(rows.problems)} of {number} events cannot be written; row {row}: {problem}"
            raise BadRow(message)
        records = self._encoder.encode(rows.frame)
        given = None if headers is None else list(headers.items())
        for key, value in zip(records.keys, records.values, strict=True):
            self._produce(key, value, given)

    def _produce(self, key: bytes, value: bytes, headers: list[tuple[str, bytes]] | None) -> None:
        while True:
            try:
                self._producer.produce(self.topic, value, key, headers=headers, on_delivery=self._told)  # type: ignore[arg-type]
            except BufferError:  # its queue is full: wait for the broker
                self._producer.poll(0.1)
                self._check_sent()
            else:
                self._producer.poll(0)
                return

    def _told(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None and self._failed is None:
            self._failed = error

    def _check_sent(self) -> None:
        failed, self._failed = self._failed, None
        if failed is not None:
            raise client_error(failed, f"an event for {self.topic!r} was lost")

    def flush(self, timeout: float = _CALL) -> None:
        """Wait until all events are in the log. Raises `BrokerError` where one was lost or is not there in time."""
        left = self._producer.flush(timeout)
        self._check_sent()
        if left:
            message = f"{left} events for {self.topic!r} are not in the log after {timeout} s"
            raise BrokerError(message, retriable=True)

    @contextmanager
    def transaction(self) -> Iterator[Self]:
        """All events written inside are there for readers at its end; none where an error leaves it."""
        if not self._transactional:
            message = "give transactional_id= to a writer that writes in transactions"
            raise BrokerError(message)
        self._asked(self._producer.begin_transaction)
        self._inside = True
        try:
            yield self
            self._asked(lambda: self._producer.commit_transaction(_CALL))
        except BaseException:
            self._asked(lambda: self._producer.abort_transaction(_CALL))
            self._failed = None
            raise
        finally:
            self._inside = False

    def _asked(self, call: Callable[[], object]) -> None:
        from confluent_kafka import KafkaException  # noqa: PLC0415 - an extra

        try:
            call()
        except KafkaException as error:
            raise client_error(error, f"writing events to {self.topic!r}") from error

    def close(self, *, flush: bool = True) -> None:
        """Send what is left, and stop."""
        try:
            if flush:
                self.flush()
        finally:
            self._serde.close()


class EventReader(MessageReader[EventMessage[E]], Generic[E]):
    """Events of a class from a topic, as typed objects with their headers and origin; see `MessageReader`.

    Marks that say up to when the topic is complete are no events, and are passed over.

    `columns` says where fields stand, as ``[source] columns`` does: ``{"symbol": "@key"}``. With
    ``written_by="ksqldb"`` in the settings they stand where a ksqlDB pipeline has those of its ticks.

    Example::

        with app.events(Quote, group="archive") as reader:
            for message in reader:
                store(message.event)
                message.commit()
    """

    def __init__(  # noqa: PLR0913 - as `MessageReader`
        self,
        event: type[E],
        settings: KafkaSettings,
        *,
        topics: Sequence[str] | None = None,
        group: str | None = None,
        from_: Whence = "beginning",
        at_end: Literal["wait", "stop"] = "wait",
        poison: Poison = "give",
        columns: Mapping[str, str] | None = None,
    ) -> None:
        names = tuple(topics or settings.input)
        if columns is None and settings.written_by == KSQLDB:
            columns = tick_columns(_plan_of(event))
        plan = _plan_of(event, columns)
        self._event = event
        self._makers = {field.name: _maker(field) for field in plan.event.fields}
        self._serde = serde_of_ticks(plan, settings, names[0])
        super().__init__(settings, names, group=group, from_=from_, at_end=at_end, poison=poison)

    def _decoded(self, messages: Sequence[Message]) -> list[EventMessage[E]]:
        messages = [message for message in messages if mark_in(message) is None]
        if not messages:
            return []
        decoder = self._serde.events
        keys = [message.key() for message in messages] if decoder.wants_keys else ()
        rows = decoder.decode([message.value() for message in messages], keys)
        values: dict[int, E | Problem] = {
            row: Problem(text, _where(messages[row]), "see that its writer and this reader agree on the fields")
            for row, text in rows.problems.items()
        }
        for row, fields in zip(rows.index.tolist(), rows.frame.iter_rows(named=True), strict=True):
            values[row] = self._event(**{name: make(fields[name]) for name, make in self._makers.items()})
        return [self._message(message, values[row]) for row, message in enumerate(messages)]

    def _message(self, message: Message, value: E | Problem) -> EventMessage[E]:
        return EventMessage(
            value=value,
            **came(message),
            commits=self._commits,
        )

    def close(self) -> None:
        """Leave the group; what was not committed is given again."""
        super().close()
        self._serde.close()


def _where(message: Message) -> str:
    return f"{message.topic()}[{message.partition()}] offset {message.offset()}"


def _maker(field: Field) -> Callable[[object], object]:
    """From a decoded value to what the event's annotation says."""
    if field.kind is not FieldKind.TIMESTAMP:
        return lambda value: value
    if field.time_unit in (None, "iso"):
        return lambda value: None if value is None else to_datetime(value)  # type: ignore[arg-type]  # nanoseconds
    length = _NANOS.get(field.time_unit or "ns", 1)
    return lambda value: None if value is None else value // length  # type: ignore[operator]


def _values_of(event: object, fields: Sequence[Field]) -> Mapping[str, object]:
    try:
        return {field.name: getattr(event, field.name) for field in fields}
    except AttributeError:
        message = (
            f"{event!r} is neither an event with the fields {listed(field.name for field in fields)} nor a mapping"
        )
        raise BadRow(message) from None


def writable(plan: BarPlan) -> BarPlan:
    """A definition for writing its ticks, with the time of arrival as a field where messages hold one.

    `DefinitionError` where fields do not stand by their names in messages.
    """
    source = plan.source
    told = [f"{name} = {path!r}" for name, path in source.columns.items() if path != name]
    told += [f"{field.name} in {field.encoding}" for field in plan.event.fields if field.encoding]
    told += [f"the time of arrival as {source.arrival_unit!r}"] if "%" in source.arrival_unit else []
    told += [f"the time of arrival at {source.arrival!r}"] if "." in (source.arrival or "") else []
    told += [f"ticks at {source.rows!r}"] if source.rows is not None else []
    if told:
        fix = "write such messages with the producer that they come from; a writer's hold each field by its name"
        what = f"messages of this definition hold {', '.join(told)}"
        raise DefinitionError([Problem(what, "source", fix)])
    if source.arrival is None or source.arrival in plan.event.by_name:
        return _as_is(replace(plan, source=replace(source, arrival=None)))
    arrival = Field(source.arrival, FieldKind.TIMESTAMP, time_unit=source.arrival_unit)
    event = replace(plan.event, fields=(*plan.event.fields, arrival))
    return _as_is(replace(plan, event=event, source=replace(source, arrival=None)))


def check_event(event: object, plan: BarPlan) -> None:
    """`DefinitionError` where objects of a class cannot be ticks of a definition; `TypeError` for what is no event."""
    draft = getattr(event, "__event__", None)
    if not isinstance(draft, EventDraft):
        message = f"{event!r} is no event; give a class derived from bl.Event, or nothing to write mappings"
        raise TypeError(message)
    has, wanted = {field.name for field in draft.fields}, set(plan.event.by_name)
    problems = [f"lacks {', '.join(sorted(wanted - has))}"] if wanted - has else []
    problems += [f"has {', '.join(sorted(has - wanted))} beside"] if has - wanted else []
    if problems:
        what = f"{draft.name} {' and '.join(problems)} what the definition's ticks are"
        raise DefinitionError([Problem(what, "writer", f"give a class with the fields {listed(plan.event.by_name)}")])


def _as_is(plan: BarPlan) -> BarPlan:
    """An empty text is a text here, and no missing value."""
    return replace(plan, source=replace(plan.source, null_values=(), check_units=False))


def _plan_of(event: type[Any], columns: Mapping[str, str] | None = None) -> BarPlan:
    """A definition over the event alone."""
    draft = BarsDraft(
        cast("type[Event]", event).__event__,
        base_where="tumbling",
        bases=(LevelDraft("1s", "tumbling"),),
        columns=(ColumnDraft("count", count(), "select"),),
        source=SourceDraft({} if columns is None else {"columns": dict(columns)}),
        name=Value("events", "named"),
    )
    return _as_is(build(draft))


def _needed(registry: Registry | None) -> Registry:
    if registry is None:
        problem = Problem("the ticks of a ksqlDB pipeline need a schema registry", "kafka.registry", 'add url = "…"')
        raise DefinitionError([problem])
    return registry


def serde_of_ticks(plan: BarPlan, settings: KafkaSettings, topic: str) -> Serde:
    """What reads and writes the ticks of one topic as the settings say."""
    return open_serde(
        plan,
        resolve(plan.calendar),
        format=settings.format,
        key_format=settings.key_format,
        registry=settings.registry,
        schema=settings.schema,
        namespace=settings.namespace,
        input_topics=[topic],
    )


def _producer(settings: KafkaSettings, transactional_id: str | None) -> Producer:
    try:
        from confluent_kafka import Producer  # noqa: PLC0415 - an extra
    except ImportError:
        extra, purpose = "kafka", "writing events"
        raise MissingExtra(extra, purpose) from None
    return Producer(producer_config(settings, transactional_id, partitioner="murmur2_random"))
