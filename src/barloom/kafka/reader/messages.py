"""`BarReader`: the bars of a topic, message by message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from barloom.errors import BadRow, Problem, SourceError
from barloom.kafka.events.reading import MessageReader, Poison, Whence
from barloom.kafka.events.received import Received, came
from barloom.kafka.reader.feeds import Feeds
from barloom.kafka.reader.values import message_values
from barloom.kafka.reader.written import own_bars
from barloom.plan.load import plan_of
from barloom.read.bar import Bar
from barloom.read.shape import check_shape
from barloom.time.calendars import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confluent_kafka import Message

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.kafka.reader.written import WrittenBars
    from barloom.plan.load import Declared
    from barloom.store.scanning import BarKind

__all__ = ["BarMessage", "BarReader"]

B = TypeVar("B", bound=Bar)


@dataclass(frozen=True, slots=True, kw_only=True)
class BarMessage(Received["B | None"], Generic[B]):
    """A bar as it came; see `Received`. A value of none takes the live bar of that key and start back."""

    fields: tuple[object, ...]
    start: int

    @property
    def bar(self) -> B:
        """The bar; raises `BadRow` where the message is none, or takes one back."""
        value = self.sound()
        if value is None:
            message = f"{self.topic}[{self.partition}] offset {self.offset} takes a live bar back; look at `value`"
            raise BadRow(message)
        return value


class BarReader(MessageReader[BarMessage[B]], Generic[B]):
    """The final or live bars of one timeframe from their topic, as objects; see `MessageReader`.

    Live bars come again whenever they change, the last time with ``final`` true. Each message says in `fields` and
    `start` (nanoseconds UTC) whose bar it is.

    Example::

        with app.bars("1m", group="signals") as reader:
            for message in reader:
                act(message.bar)
                message.commit()
    """

    @overload
    def __init__(
        self: BarReader[Bar],
        bars: Declared,
        settings: KafkaSettings,
        timeframe: str,
        kind: BarKind = ...,
        *,
        group: str | None = ...,
        from_: Whence = ...,
        at_end: Literal["wait", "stop"] = ...,
        poison: Poison = ...,
        written: WrittenBars = ...,
    ) -> None: ...
    @overload
    def __init__(
        self,
        bars: Declared,
        settings: KafkaSettings,
        timeframe: str,
        kind: BarKind = ...,
        *,
        typed: type[B],
        group: str | None = ...,
        from_: Whence = ...,
        at_end: Literal["wait", "stop"] = ...,
        poison: Poison = ...,
        written: WrittenBars = ...,
    ) -> None: ...
    def __init__(  # noqa: PLR0913 - as `MessageReader`
        self,
        bars: Declared,
        settings: KafkaSettings,
        timeframe: str,
        kind: BarKind = "final",
        *,
        typed: type[Any] = Bar,
        group: str | None = None,
        from_: Whence = "beginning",
        at_end: Literal["wait", "stop"] = "wait",
        poison: Poison = "give",
        written: WrittenBars = own_bars,
    ) -> None:
        plan = plan_of(bars)
        plan, self._decoder, self._release = written(plan, settings, resolve(plan.calendar))
        check_shape(plan, typed, self._decoder.lacks)
        level = plan.level_of(timeframe)
        feeds = Feeds(plan, settings.app, live=True, written_by=settings.written_by)
        topic = feeds.topic(kind, level)
        self._final = kind == "final"
        self._writer = settings.written_by
        self._typed: type[B] = typed
        self._values = message_values(plan, self._decoder, level)
        super().__init__(settings, [topic], group=group, from_=from_, at_end=at_end, poison=poison)

    def _decoded(self, messages: Sequence[Message]) -> list[BarMessage[B]]:
        return [self._message(message) for message in messages]

    def _message(self, message: Message) -> BarMessage[B]:
        fields: tuple[object, ...] = ()
        start = 0
        value: B | Problem | None
        try:
            fields, start = self._decoder.place(message.key() or b"")
            value = self._bar(start, message.key() or b"", message.value())
        except SourceError as error:
            where = f"{message.topic()}[{message.partition()}] offset {message.offset()}"
            value = Problem(str(error), where, f"see that only {self._writer} writes this topic, with this definition")
        return BarMessage(
            value=value,
            **came(message),
            commits=self._commits,
            fields=fields,
            start=start,
        )

    def _bar(self, start: int, key: bytes, value: bytes | None) -> B | None:
        if value is None:
            return None
        (kept,) = self._decoder.kept([key], [value], final=self._final)
        bar = self._values(b"", start, kept, False)  # noqa: FBT003 - its own message says so
        bar.final = bool(bar.content["final"])
        return self._typed.stored(bar)

    def close(self) -> None:
        """Leave the group; what was not committed is given again."""
        super().close()
        self._release()
