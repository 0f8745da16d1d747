"""Where the logs begin and end now, asked for without waiting."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from barloom.kafka.cluster.asking import asked
from barloom.kafka.cluster.failures import client_error
from barloom.kafka.reader.feeds import Lane
from barloom.time.timeframe import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from concurrent.futures import Future

    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient, ListOffsetsResultInfo, OffsetSpec

__all__ = ["Asked", "Ends"]

_PATIENCE: Final = 2.0
_GLANCE: Final = 0.2
_AT_FIRST: Final = 10.0
_DOING: Final = "asking for the ends of topics"


class Asked:
    """Offsets that the brokers are being asked for."""

    def __init__(self, futures: Mapping[TopicPartition, Future[ListOffsetsResultInfo]]) -> None:
        self._futures = futures

    @property
    def answered(self) -> bool:
        """Whether `result` answers at once."""
        return all(future.done() for future in self._futures.values())

    def result(self) -> dict[Lane, int]:
        """The offsets; raises `BrokerError` where a broker did not say."""
        from confluent_kafka import KafkaException  # noqa: PLC0415 - an extra

        try:
            return self.offsets()
        except KafkaException as error:
            raise client_error(error, _DOING) from error

    def offsets(self) -> dict[Lane, int]:
        """The offsets; raises what confluent_kafka does."""
        return {Lane(item.topic, item.partition): future.result().offset for item, future in self._futures.items()}


class Ends:
    """Asks for the first offset, the last stable offset, or the high watermark of lanes."""

    def __init__(self, admin: AdminClient) -> None:
        self._admin = admin

    def first(self, lanes: Iterable[Lane]) -> dict[Lane, int]:
        """Where each log begins."""
        return asked(lambda: self._ask(lanes, _AT_FIRST, latest=False, committed=False).offsets(), _DOING)

    def stable(self, lanes: Iterable[Lane]) -> dict[Lane, int]:
        """Up to where each log can be read by those who read committed messages only."""
        return asked(lambda: self._ask(lanes, _AT_FIRST, latest=True, committed=True).offsets(), _DOING)

    def since(self, lanes: Sequence[Lane], time: int) -> dict[Lane, int]:
        """The first message at or after a time (nanoseconds UTC) in each log, by the messages' timestamps.

        Where there is none, the last stable offset.
        """
        from confluent_kafka.admin import OffsetSpec  # noqa: PLC0415 - an extra

        stable = self.stable(lanes)
        spec = OffsetSpec.for_timestamp(-(-time // MILLISECOND))
        found = asked(lambda: self._list(lanes, _AT_FIRST, spec, committed=True).offsets(), _DOING)
        return {lane: stable[lane] if offset < 0 else min(offset, stable[lane]) for lane, offset in found.items()}

    def ask(self, lanes: Iterable[Lane]) -> Asked:
        """The high watermarks, what is in open transactions included."""
        return self._ask(lanes, _PATIENCE, latest=True, committed=False)

    def look_around(self) -> None:
        """Learn who leads what now: after a restart librdkafka asks with a leader's old epoch, for up to a minute."""
        from confluent_kafka import KafkaException  # noqa: PLC0415 - an extra

        with suppress(KafkaException):
            self._admin.list_topics(timeout=_GLANCE)

    def _ask(self, lanes: Iterable[Lane], patience: float, *, latest: bool, committed: bool) -> Asked:
        from confluent_kafka.admin import OffsetSpec  # noqa: PLC0415 - an extra

        spec: OffsetSpec = (OffsetSpec.latest if latest else OffsetSpec.earliest)()  # type: ignore[no-untyped-call]
        return self._list(lanes, patience, spec, committed=committed)

    def _list(self, lanes: Iterable[Lane], patience: float, spec: OffsetSpec, *, committed: bool) -> Asked:
        from confluent_kafka import IsolationLevel, TopicPartition  # noqa: PLC0415 - an extra

        isolation = IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED
        wanted = {TopicPartition(lane.topic, lane.partition): spec for lane in lanes}
        return Asked(self._admin.list_offsets(wanted, isolation_level=isolation, request_timeout=patience))
