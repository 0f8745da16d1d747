"""How a partition gets its state back: from its changelog, which must stand where the group's position stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.engine.engine import Engine
from barloom.errors import StoreMismatch
from barloom.kafka.clients import client_error, consumer_config, producer_config
from barloom.runtime.kafka.changelog import ChangelogWriter, Image
from barloom.runtime.kafka.partition import Partition
from barloom.runtime.kafka.transaction import Transactions
from barloom.store.layout import Layout
from barloom.telemetry.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confluent_kafka import Consumer, Message

    from barloom.clock import Clock
    from barloom.kafka.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan
    from barloom.telemetry.metrics import Metrics
    from barloom.time.calendar import Calendar

__all__ = ["Restorer"]

_log = get_logger(__name__)
_BATCH: Final = 20_000
_WAIT: Final = 0.05
_CALL: Final = 10.0
_PATIENCE: Final = 60.0
_AGAIN: Final = 0.05
_UNKNOWN: Final = -1001
"""The offset of a position that was never committed."""


class Restorer:
    """Makes `Partition`s that stand where the last commit left them; each call from any thread."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a partition is made with
        self,
        plan: BarPlan,
        settings: KafkaSettings,
        changelog: str,
        transactional_id: str,
        clock: Clock,
        metrics: Metrics,
        calendar: Calendar | None = None,
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._changelog = changelog
        self._own_id = transactional_id
        self._clock = clock
        self._metrics = metrics
        self._calendar = calendar

    def restore(self, number: int) -> Partition:
        """Read the state of a partition, after making sure that its last owner can write no more.

        Raises `StoreMismatch` or `StoreFormat` for a changelog that is not this definition's, a retriable
        `BrokerError` where the cluster does not let us finish.
        """
        began = self._clock.monotonic()
        layout = Layout(self._plan)
        image = Image(layout)
        reader = _ChangelogReader(self._settings, self._changelog, number)
        try:
            offsets = self._agreed(number, image, reader)
        finally:
            reader.close()
        engine = Engine(self._plan, self._calendar)
        snapshot = image.snapshot(engine.calendar)
        engine.restore(snapshot)
        self._metrics.restore_remaining(number, 0)
        if image.records:
            seconds = round(self._clock.monotonic() - began, 3)
            _log.info("partition restored", partition=number, records=image.records, seconds=seconds)
        fresh = image.position is None
        changelog = ChangelogWriter(layout, snapshot.open)
        return Partition(number, engine, changelog, offsets, since=self._clock.now(), fresh=fresh)

    def _agreed(self, number: int, image: Image, reader: _ChangelogReader) -> Mapping[str, int]:
        """Read until changelog and group agree on the input's positions.

        What the last owner has left open is aborted first: it would hide the end of the changelog.
        """
        until = self._clock.monotonic() + _PATIENCE
        fenced = {"", self._own_id}
        while True:
            reader.read_to_end(image, self._metrics)
            image.check(f"{self._changelog}[{number}]")
            position = image.position
            if position is not None and position.owner not in fenced:
                self._fence(position.owner)
                fenced.add(position.owner)
                continue
            committed = reader.committed(self._settings.input)
            if position is None and not committed:
                return {}
            if position is not None and (position.offsets == committed or not committed):
                return position.offsets
            if self._clock.monotonic() > until:
                raise StoreMismatch(
                    _disagree(self._changelog, number, None if position is None else position.offsets, committed)
                )
            self._clock.sleep(_AGAIN)

    def _fence(self, transactional_id: str) -> None:
        """Abort at once what a former owner has left open, instead of waiting for its time-out."""
        config = producer_config(self._settings)
        producer = Transactions(config, transactional_id, self._clock)
        try:
            producer.take_over()
        finally:
            producer.close()


def _disagree(topic: str, number: int, held: Mapping[str, int] | None, committed: Mapping[str, int]) -> str:
    return (
        f"partition {number}: the changelog {topic} stands at {dict(held or {}) or 'nothing'}, the consumer group at "
        f"{dict(committed) or 'nothing'}. Both are written in one transaction, so one of them was changed by hand or "
        "deleted; barloom reset begins anew, barloom rebuild makes the bars once more from the input"
    )


class _ChangelogReader:
    """A consumer outside of the group that reads one partition of the changelog."""

    def __init__(self, settings: KafkaSettings, topic: str, number: int) -> None:
        from confluent_kafka import Consumer, TopicPartition  # noqa: PLC0415 - an extra

        self._number = number
        self._consumer: Consumer = Consumer(consumer_config(settings, settings.app))
        self._where = TopicPartition(topic, number, 0)
        self._consumer.assign([self._where])

    def read_to_end(self, image: Image, metrics: Metrics) -> None:
        """Apply everything up to the last stable offset."""
        from confluent_kafka import KafkaError, TopicPartition  # noqa: PLC0415 - an extra

        again = self._consumer.position([self._where])[0].offset
        if again >= 0:  # the end is told once only, unless we ask anew
            self._consumer.assign([TopicPartition(self._where.topic, self._number, again)])
        while True:
            messages: list[Message] = self._consumer.consume(_BATCH, _WAIT)
            ended = False
            records = []
            for message in messages:
                error = message.error()
                if error is None:
                    records.append((message.key(), message.value()))
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                    ended = True
                else:
                    raise client_error(error)
            image.apply(records)
            if ended:
                return
            if records:
                end = self._consumer.get_watermark_offsets(self._where, cached=True)[1]
                metrics.restore_remaining(self._number, max(0, end - (messages[-1].offset() or 0)))

    def committed(self, topics: tuple[str, ...]) -> dict[str, int]:
        """The group's positions, once no transaction on them is open."""
        from confluent_kafka import KafkaException, TopicPartition  # noqa: PLC0415 - an extra

        wanted = [TopicPartition(topic, self._number) for topic in topics]
        try:
            found = self._consumer.committed(wanted, _CALL)
        except KafkaException as error:
            raise client_error(error.args[0]) from error
        for item in found:
            if item.error is not None:
                raise client_error(item.error)
        return {item.topic: item.offset for item in found if item.offset != _UNKNOWN}

    def close(self) -> None:
        """End the connection."""
        self._consumer.close()
