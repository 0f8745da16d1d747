"""Reading topics message by message, with ``for`` or ``async for``."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Final, Generic, Literal, Self, TypeVar

from barloom.errors import DefinitionError, MissingExtra, Problem
from barloom.kafka.cluster.clients import consumer_config
from barloom.kafka.cluster.failures import client_error, is_of_group
from barloom.kafka.events.received import Commits, Received

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confluent_kafka import Consumer, Message, TopicPartition

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.kafka.events.received import Place

__all__ = ["MessageReader", "Poison", "Whence"]

M = TypeVar("M", bound=Received)  # type: ignore[type-arg]  # of any value

Whence = Literal["beginning", "end"]
Poison = Literal["give", "raise"]

_MOST: Final = 500
_POLL: Final = 0.2
_CALL: Final = 15.0


class MessageReader(ABC, Generic[M]):
    """Committed messages of a topic, as one member of a group or of all partitions; see `BarReader`, `EventReader`.

    With a `group` its members share the partitions, and a new reader goes on behind what was committed; `from_` says
    where a group without positions begins. Without one every reader gets all messages from there on. `at_end`
    ``"stop"`` ends the loop once everything that was there has been given. `poison` says what becomes of a message
    that cannot be read: it is given with a `Problem` as its value, or `BadRow` is raised.

    It cannot be used by two threads at once; `Received.commit` can be called from any.
    """

    def __init__(  # noqa: PLR0913 - what a loop over messages may want
        self,
        settings: KafkaSettings,
        topics: Sequence[str],
        *,
        group: str | None,
        from_: Whence,
        at_end: Literal["wait", "stop"],
        poison: Poison,
    ) -> None:
        _check("from_", from_, ("beginning", "end"))
        _check("at_end", at_end, ("wait", "stop"))
        _check("poison", poison, ("give", "raise"))
        self._poison = poison
        self._stops = at_end == "stop"
        self._group = group
        self._consumer = _consumer(settings, group, from_)
        self._commits = Commits(self._consumer, group)
        self._raw: list[Message] = []
        self._ready: deque[M] = deque()
        self._assigned: set[Place] = set()
        self._ended: set[Place] = set()
        self._closed = False
        try:
            if group is None:
                self._take_all(topics, from_)
            else:
                self._consumer.subscribe(list(topics), on_assign=self._gain, on_revoke=self._lose, on_lost=self._lose)
        except BaseException:
            self._consumer.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __aiter__(self) -> Self:
        return self

    def __next__(self) -> M:
        while not self._closed:
            message = self.poll(_POLL)
            if message is not None:
                return message
            if self._stops and self._assigned and self._assigned <= self._ended:
                break
        raise StopIteration

    async def __anext__(self) -> M:
        message = next(self) if self._ready else await asyncio.to_thread(next, self, None)
        if message is None:
            raise StopAsyncIteration
        return message

    def poll(self, timeout: float = 0.0) -> M | None:
        """The next message, waiting at most `timeout` seconds for it.

        Raises `BadRow` for one that cannot be read where `poison` says so (the next call goes on behind it), and
        `BrokerError` where the topic cannot be read; a retriable one, such as `RegistryUnavailable`, loses nothing:
        call again.
        """
        if self._closed:
            return None
        if not self._ready:
            self._fetch(timeout)
        message = self._next_ready()
        if message is not None and self._poison == "raise":
            message.sound()
        return message

    def close(self) -> None:
        """Leave the group; what was not committed is given again."""
        if not self._closed:
            self._closed = True
            self._consumer.close()

    @abstractmethod
    def _decoded(self, messages: Sequence[Message]) -> list[M]:
        """The messages with what they say."""

    def _next_ready(self) -> M | None:
        if not self._ready:
            return None
        message = self._ready.popleft()
        self._commits.given((message.topic, message.partition), message.offset)
        return message

    def _fetch(self, timeout: float) -> None:
        """Read on, then decode all that was read at once; what could not be decoded now is kept for the next call."""
        if not self._raw:
            first = self._consumer.poll(timeout)
            found = [] if first is None else [first, *self._consumer.consume(_MOST, 0)]
            self._raw = [message for message in found if self._is_content(message)]
        if self._raw:
            self._ready.extend(self._decoded(self._raw))
            self._raw = []

    def _is_content(self, message: Message) -> bool:
        error, place = message.error(), (message.topic() or "", message.partition() or 0)
        if error is None:
            self._ended.discard(place)
            return True
        if error.name() == "_PARTITION_EOF":
            self._ended.add(place)
            return False
        right = f"READ of group {self._group!r}" if is_of_group(error) else f"READ of topic {place[0]!r}"
        failure = client_error(error, "reading messages", right)
        if not (failure.retriable or (self._group is None and is_of_group(error))):
            raise failure
        return False

    def _take_all(self, topics: Sequence[str], from_: Whence) -> None:
        from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, KafkaException, TopicPartition  # noqa: PLC0415

        offset = OFFSET_BEGINNING if from_ == "beginning" else OFFSET_END
        for topic in topics:
            try:
                found = self._consumer.list_topics(topic, timeout=_CALL).topics[topic]
            except KafkaException as error:
                raise client_error(error, f"looking at topic {topic!r}", f"READ of topic {topic!r}") from error
            if found.error is not None:
                raise client_error(found.error, f"looking at topic {topic!r}", f"READ of topic {topic!r}")
            self._assigned |= {(topic, partition) for partition in found.partitions}
        self._consumer.assign([TopicPartition(*place, offset) for place in sorted(self._assigned)])

    def _gain(self, _consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        self._assigned |= {(item.topic, item.partition) for item in partitions}

    def _lose(self, _consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        """What was fetched of them and not given is somebody else's now."""
        gone = {(item.topic, item.partition) for item in partitions}
        self._assigned -= gone
        self._ended -= gone
        self._commits.drop(gone)
        self._ready = deque(item for item in self._ready if (item.topic, item.partition) not in gone)
        self._raw = [item for item in self._raw if (item.topic(), item.partition()) not in gone]


def _consumer(settings: KafkaSettings, group: str | None, from_: Whence) -> Consumer:
    try:
        from confluent_kafka import Consumer  # noqa: PLC0415 - an extra
    except ImportError:
        extra, purpose = "kafka", "reading topics"
        raise MissingExtra(extra, purpose) from None
    reset = "earliest" if from_ == "beginning" else "latest"
    # A consumer has to name a group; one that takes partitions by itself neither joins it nor commits.
    return Consumer(consumer_config(settings, group or f"{settings.app}-messages", auto_offset_reset=reset))


def _check(name: str, given: str, choices: Sequence[str]) -> None:
    if given not in choices:
        message = f"{name} is {given!r}"
        raise DefinitionError([Problem(message, name, f"write one of {', '.join(map(repr, choices))}")])
