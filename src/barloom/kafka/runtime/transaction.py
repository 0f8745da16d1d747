"""One transaction after another: what is sent between two commits is seen with the input's position, or never."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from barloom.errors import AccessRefused, BrokerError, BrokerUnreachable, Fenced, LoginRefused
from barloom.kafka.cluster.clients import client_error
from barloom.kafka.runtime.overseen import Overseen
from barloom.kafka.runtime.patience import SLICE, Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from confluent_kafka import KafkaError, Producer, TopicPartition

    from barloom.clock import Clock

__all__ = ["Transactions"]

_Answer = TypeVar("_Answer")
_Message = dict[str, Any]

_SENT_WITHIN: Final = 0.5
"""Seconds for records to be on their way before the positions move. A rebalance may refuse these, and the client waits
half a second for a new epoch after an abort that finds records which were not sent."""
_QUEUE_WAIT: Final = 0.05
_CALL: Final = 5.0
"""Seconds that moving positions may take; a call that takes longer is overseen, and may be left behind."""
_OVERDUE: Final = 2 * _CALL
"""Seconds after which a call that has a time-out, and does not keep it, is taken to be lost."""
_PATIENCE: Final = 30.0
"""Seconds for which a transaction is tried again, before everything begins anew."""
_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 1.0


class _Batch(NamedTuple):
    """Records of one partition, as they were sent; the same to each of some topics."""

    topics: tuple[str, ...]
    partition: int
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]
    headers: Sequence[tuple[str, bytes | None]] | None = None


class Transactions:
    """A transactional producer with an id of its own.

    What was sent is kept until it is committed: a transaction that the cluster gives up, as it does when a rebalance or
    a restart of a broker comes in between, is sent once more. After an exception from any method the producer must be
    thrown away. `config` is that of `producer_config` for the id; `patience` ends its attempts early.
    """

    def __init__(self, config: Mapping[str, Any], clock: Clock, patience: Patience | None = None) -> None:
        from confluent_kafka import Producer  # noqa: PLC0415 - an extra

        self.id: str = config["transactional.id"]
        self._clock = clock
        self._patience = patience or Patience(clock)
        self._refused: BrokerError | None = None
        self._producer: Producer = Producer({**config, "error_cb": self._hear})
        self._overseen = Overseen("barloom-positions")
        self._sent: list[_Batch] = []
        self._begun = False
        self._ended = False

    @property
    def begun(self) -> bool:
        """Whether a transaction is open."""
        return self._begun

    def take_over(self) -> None:
        """Abort what another producer of this id has left open, and let it write no more."""
        self._insist(lambda: self._producer.init_transactions(SLICE))

    def takes_over(self, within: float) -> bool:
        """Begin to `take_over`; whether that was done within some seconds. If not, close this one and make another."""
        try:
            self._call(lambda: self._producer.init_transactions(within))
        except _NotYet:
            return False
        return True

    def send(
        self,
        topic: str,
        partition: int,
        keys: Sequence[bytes],
        values: Sequence[bytes | None],
        also: tuple[str, ...] = (),
    ) -> None:
        """Add records, the same to the topics `also`."""
        if keys:
            self._add(_Batch((topic, *also), partition, keys, values))

    def send_one(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]] = (),
    ) -> None:
        """Add one record with headers."""
        self._add(_Batch((topic,), partition, [key], [value], headers))

    def commit(self, offsets: Iterable[tuple[str, int, int]] = (), group: Callable[[], object] | None = None) -> None:
        """Commit everything sent, with the input's positions (topic, partition, next offset) where there are any.

        `group` gives the present membership in the consumer group that the positions belong to, and raises where there
        is none; without it only records are committed. Raises `Fenced` where another instance
        owns what this one writes, a retriable `BrokerError` where the cluster is away for too long, and another where
        it takes no record that large.
        """
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - an extra

        positions = [TopicPartition(topic, partition, offset) for topic, partition, offset in offsets]
        is_over, pause = self._patience.at_most(_PATIENCE), _PAUSE
        while True:
            try:
                self._begin()
                if group is not None:
                    self._send_off()
                    self._move(positions, group())
                self._insist(lambda: self._producer.commit_transaction(SLICE))
            except _GivenUp as error:
                if is_over():
                    raise BrokerUnreachable(str(error), retriable=True) from error
                self._clock.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                self._send_again()
            else:
                self._sent.clear()
                self._begun = False
                return

    def abort(self) -> None:
        """Give up what was sent since the last commit; of a producer that has failed for good, others do so."""
        self._sent.clear()
        if self._begun and not (self._ended or self._overseen.lost or self._patience.lost):
            self._begun = False
            self._insist(lambda: self._producer.abort_transaction(SLICE))

    def close(self) -> None:
        """Forget what is queued; the connections end with the object."""
        self._sent.clear()
        self._overseen.close()
        self._producer.purge()

    def _send_off(self) -> None:
        """Wait until the records are on their way. What fails here is told by the next call, and told better there."""
        from confluent_kafka import KafkaException  # noqa: PLC0415 - an extra

        with suppress(KafkaException, SystemError):  # a client that has failed raises in the middle of its callbacks
            self._producer.flush(_SENT_WITHIN)

    def _move(self, positions: list[TopicPartition], group: object) -> None:
        def move() -> None:
            self._producer.send_offsets_to_transaction(positions, group, _CALL)

        self._insist(lambda: self._overseen.call(move, self._patience.at_most(_OVERDUE)))

    def _send_again(self) -> None:
        """Abort, and put the same into a new transaction."""
        self._insist(lambda: self._producer.abort_transaction(SLICE))
        self._begun = False
        for batch in self._sent:
            self._begin()
            self._produce(batch)

    def _add(self, batch: _Batch) -> None:
        self._sent.append(batch)
        try:
            self._begin()
            self._produce(batch)
        except _GivenUp:
            self._send_again()

    def _begin(self) -> None:
        if not self._begun:
            self._call(self._producer.begin_transaction)
            self._begun = True

    def _produce(self, batch: _Batch) -> None:
        partition, keys, values = batch.partition, batch.keys, batch.values
        if batch.headers is not None:
            self._produce_one(batch.topics[0], partition, keys[0], values[0], batch.headers)
            return
        messages: list[_Message] = []
        for topic in batch.topics:
            if not messages:
                messages = [{"key": key, "value": value} for key, value in zip(keys, values, strict=True)]
            if not self._produce_all(topic, partition, messages):
                messages = []

    def _produce_all(self, topic: str, partition: int, messages: list[_Message]) -> bool:
        """Queue all; whether they were taken at once. If not, the client has written into them: they serve once."""
        left = messages
        while True:
            queued = self._queued(partial(self._producer.produce_batch, topic, left, partition))
            if queued == len(left):
                return left is messages
            refused = [message for message in left if message.get("_error") is not None]
            self._wait_for_room()
            _unless_full(refused)
            left = [_again(message) for message in (refused if queued else left)]

    def _produce_one(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
    ) -> None:
        def produce() -> int:
            self._producer.produce(topic, value, key, partition, headers=list(headers))
            return 1

        while not self._queued(produce):
            self._wait_for_room()

    def _wait_for_room(self) -> None:
        self._call(lambda: self._producer.poll(_QUEUE_WAIT))

    def _queued(self, produce: Callable[[], int]) -> int:
        """How many records were taken; none while the queue is full."""
        try:
            return self._call(produce)
        except BufferError:
            return 0

    def _insist(self, call: Callable[[], object]) -> None:
        """Ask again while the answer is that asking again may help."""
        is_over = self._patience.at_most(_PATIENCE)
        while True:
            try:
                self._call(call)
            except _NotYet as error:
                self._call(lambda: self._producer.poll(0))
                if self._refused is not None:
                    raise self._refused from error
                if is_over():
                    raise BrokerUnreachable(str(error), retriable=True) from error
                self._clock.sleep(_PAUSE)
            else:
                return

    def _hear(self, error: KafkaError) -> None:
        """A login that is refused is no answer to any call: these would only time out."""
        found = client_error(error, "writing")
        if isinstance(found, LoginRefused):
            self._refused = found

    def _call(self, call: Callable[[], _Answer]) -> _Answer:
        """Ask the producer; what it raises becomes what it means."""
        from confluent_kafka import KafkaException  # noqa: PLC0415 - an extra

        try:
            return call()
        except KafkaException as error:
            self._ended = self._ended or error.args[0].fatal()
            raise _meaning(error.args[0]) from error


class _NotYet(BrokerError):
    """The same call may succeed later."""


class _GivenUp(BrokerError):
    """The transaction must be aborted; the same may be sent in another."""


def _again(message: _Message) -> _Message:
    """A record that a full queue did not take."""
    return {"key": message["key"], "value": message["value"]}


def _unless_full(refused: Iterable[_Message]) -> None:
    """Raise what keeps records out, but for a queue that is full: such as that the transaction has failed already."""
    from confluent_kafka import KafkaError  # noqa: PLC0415 - an extra

    for message in refused:
        error = message["_error"]
        if error.code() == KafkaError._FATAL:  # noqa: SLF001 - its public name
            raise BrokerError("the producer has failed", retriable=True)
        if error.code() == KafkaError._STATE:  # noqa: SLF001 - its public name
            failed = f"the transaction was given up: {error.str()}"
            raise _GivenUp(failed, retriable=True)
        if error.code() != KafkaError._QUEUE_FULL:  # noqa: SLF001 - its public name
            raise _meaning(error)


def _meaning(error: KafkaError) -> BrokerError:
    """What the producer's error means for the instance."""
    from confluent_kafka import KafkaError  # noqa: PLC0415 - an extra

    if error.code() in {
        KafkaError._FENCED,  # noqa: SLF001 - its public name
        KafkaError.PRODUCER_FENCED,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.FENCED_INSTANCE_ID,
    }:
        return Fenced(f"another instance has taken over what this one writes ({error.str()})")
    found = client_error(error, "writing")
    too_large = error.code() in {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE}
    if too_large or isinstance(found, AccessRefused):
        return found
    if error.code() in {KafkaError.INVALID_TXN_STATE, KafkaError._FATAL}:  # noqa: SLF001 - it failed before; why was told
        return BrokerError(f"the transaction cannot go on: {error.str()}", retriable=True)
    if error.txn_requires_abort():
        return _GivenUp(f"the transaction was given up: {error.str()}", retriable=True)
    if error.retriable():
        return _NotYet(f"the cluster does not answer: {error.str()}", retriable=True)
    return found
