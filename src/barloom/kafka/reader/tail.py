"""Following the topics of bars: what each poll brings, and how far each lane has been read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.errors import BarloomError, SourceError
from barloom.kafka.cluster.failures import client_error, is_of_group
from barloom.kafka.reader.arrivals import Arrivals
from barloom.kafka.reader.feeds import Lane
from barloom.telemetry.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confluent_kafka import Consumer, KafkaError, Message

    from barloom.kafka.reader.feeds import Feeds

__all__ = ["LogLost", "Tail"]

_MOST: Final = 20_000
_LOG: Final = get_logger("barloom.kafka.reader")


class LogLost(BarloomError):
    """Messages that were to be read next are gone from a topic."""


class Tail:
    """Reads lanes from given positions on, committed messages only, without a group."""

    def __init__(self, consumer: Consumer, feeds: Feeds) -> None:
        self._consumer = consumer
        self._feeds = feeds

    def start(self, positions: Mapping[Lane, int]) -> None:
        """Read on from here."""
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - an extra

        self._consumer.assign([TopicPartition(lane.topic, lane.partition, at) for lane, at in positions.items()])

    def poll(self, timeout: float) -> Arrivals:
        """What has come, waiting at most `timeout` seconds for the first of it.

        Raises `LogLost` where the log begins behind a position by now, and `BrokerError` for what waiting cannot mend.
        """
        arrivals = Arrivals()
        first = self._consumer.poll(timeout)
        if first is not None:
            self._take(arrivals, first)
            for message in self._consumer.consume(_MOST, 0):
                self._take(arrivals, message)
        return arrivals

    def _take(self, arrivals: Arrivals, message: Message) -> None:
        error = message.error()
        if error is not None and error.name() != "_PARTITION_EOF":
            self._refuse(error, message.topic())
            return
        lane = Lane(message.topic() or "", message.partition() or 0)
        offset = message.offset() or 0
        if error is not None:  # the end of what can be read now: control records count as read
            arrivals.positions[lane] = offset
            return
        arrivals.positions[lane] = offset + 1
        value = message.value()
        if lane.topic == self._feeds.closed:
            self._take_closed(arrivals, lane, offset, value)
        elif lane.topic != self._feeds.progress:
            arrivals.add(lane, message.key(), value)
        elif value is not None:
            arrivals.tell(lane.partition, message.key(), value)

    def _take_closed(self, arrivals: Arrivals, lane: Lane, offset: int, value: bytes | None) -> None:
        try:
            arrivals.close(lane.partition, offset, value or b"")
        except SourceError as error:
            _LOG.warning("message passed over", topic=lane.topic, partition=lane.partition, error=str(error))

    def _refuse(self, error: KafkaError, topic: str | None) -> None:
        """What passes by itself is none; `Reader` notices that nothing comes."""
        if error.name() == "_AUTO_OFFSET_RESET":
            message = f"messages to be read next are gone: {error.str()}"
            raise LogLost(message)
        found = client_error(error, "following the topics of bars", f"READ of topic {topic!r}")
        if not (found.retriable or is_of_group(error)):
            raise found

    def close(self) -> None:
        """Stop."""
        self._consumer.close()
