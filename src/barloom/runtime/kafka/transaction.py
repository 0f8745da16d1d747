"""One transaction after another: what is sent between two commits is seen with the input's position, or never."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from barloom.errors import BrokerError, BrokerUnreachable, Fenced
from barloom.kafka.clients import client_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from confluent_kafka import KafkaException, Producer

    from barloom.clock import Clock

__all__ = ["Transactions"]

_QUEUE_WAIT: Final = 0.05
_CALL: Final = 5.0
"""Seconds that one call to the coordinator may take before we look again at whether to stop."""
_PATIENCE: Final = 60.0
"""Seconds for which a commit that cannot be decided is asked about again."""


class Transactions:
    """A transactional producer with an id of its own.

    After an exception from any method the transaction is aborted or lost, and the producer must be thrown away.
    """

    def __init__(self, config: Mapping[str, Any], transactional_id: str, clock: Clock) -> None:
        from confluent_kafka import Producer  # noqa: PLC0415 - an extra

        self.id = transactional_id
        self._clock = clock
        self._producer: Producer = Producer({**config, "transactional.id": transactional_id})
        self._begun = False

    @property
    def begun(self) -> bool:
        """Whether a transaction is open."""
        return self._begun

    def take_over(self) -> None:
        """Abort what another producer of this id has left open, and let it write no more."""
        self._insist(lambda: self._producer.init_transactions(_CALL), "begin to write")

    def send(self, topic: str, partition: int, keys: Sequence[bytes], values: Sequence[bytes | None]) -> None:
        """Add many records."""
        if not keys:
            return
        self._begin()
        messages: list[dict[str, Any]] = [{"key": key, "value": value} for key, value in zip(keys, values, strict=True)]
        while messages:
            try:
                queued = self._producer.produce_batch(topic, messages, partition)
            except BufferError:
                queued = 0
            except Exception as error:
                raise _translated(error) from error
            if queued == len(messages):
                return
            messages = _left(messages)
            self._producer.poll(_QUEUE_WAIT)

    def send_one(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]] | None = None,
    ) -> None:
        """Add one record, with headers."""
        self._begin()
        while True:
            try:
                self._producer.produce(topic, value, key, partition, headers=list(headers) if headers else None)
            except BufferError:
                self._producer.poll(_QUEUE_WAIT)
            except Exception as error:
                raise _translated(error) from error
            else:
                return

    def commit(self, offsets: Iterable[tuple[str, int, int]] = (), group: object | None = None) -> None:
        """Commit everything sent with the input's positions (topic, partition, next offset) in its consumer `group`.

        Raises `Fenced` where another instance owns what this one writes, and a retriable `BrokerError` where the
        transaction was given up.
        """
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - an extra

        self._begin()
        positions = [TopicPartition(topic, partition, offset) for topic, partition, offset in offsets]
        if group is not None:
            self._insist(lambda: self._producer.send_offsets_to_transaction(positions, group, _CALL), "send positions")
        self._insist(lambda: self._producer.commit_transaction(_CALL), "commit")
        self._begun = False

    def abort(self) -> None:
        """Give up what was sent since the last commit."""
        if self._begun:
            self._begun = False
            self._producer.abort_transaction(_CALL)

    def close(self) -> None:
        """Forget what is queued and end the connection."""
        self._producer.purge()
        self._producer.close()

    def _begin(self) -> None:
        if not self._begun:
            try:
                self._producer.begin_transaction()
            except Exception as error:
                raise _translated(error) from error
            self._begun = True

    def _insist(self, call: Any, what: str) -> None:  # noqa: ANN401 - a call of the producer
        """Ask again while the answer is that asking again may help."""
        until = self._clock.monotonic() + _PATIENCE
        while True:
            try:
                call()
            except Exception as error:
                failure = _translated(error)
                if not _may_ask_again(error):
                    raise failure from error
                if self._clock.monotonic() > until:
                    message = f"the cluster did not let us {what} for {_PATIENCE:.0f} s: {failure}"
                    raise BrokerUnreachable(message, retriable=True) from error
            else:
                return


def _left(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a full queue did not take, in order."""
    return [
        {"key": message["key"], "value": message["value"]} for message in messages if message.get("_error") is not None
    ]


def _may_ask_again(error: Exception) -> bool:
    first = error.args[0] if error.args else None
    return bool(first is not None and hasattr(first, "retriable") and first.retriable())


def _translated(error: Exception) -> BrokerError:
    """What the producer's error means for the instance."""
    from confluent_kafka import KafkaError, KafkaException  # noqa: PLC0415 - an extra

    if not isinstance(error, KafkaException):
        raise error
    failure: KafkaException = error
    first = failure.args[0]
    fenced = {
        KafkaError._FENCED,  # noqa: SLF001 - its public name
        KafkaError.PRODUCER_FENCED,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.FENCED_MEMBER_EPOCH,
        KafkaError.STALE_MEMBER_EPOCH,
    }
    if first.code() in fenced:
        return Fenced(f"another instance has taken over what this one writes ({first.str()})")
    if first.txn_requires_abort():
        return BrokerError(f"the transaction was given up: {first.str()}", retriable=True)
    return client_error(first)
