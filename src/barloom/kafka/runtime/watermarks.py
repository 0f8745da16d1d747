"""Where the input's logs end: their high watermarks, asked for in the background.

Not the last stable offset: behind an upstream whose transactions are long it would make us look caught up.
"""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from barloom.telemetry.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.clock import Clock

__all__ = ["HighWatermarks", "Seen"]

_TIMEOUT: Final = 5.0
_SOON: Final = 0.5
"""Seconds for which closing waits for a question under way."""
_IDENTIFY: Final = 5.0
_log = get_logger(__name__)


class Seen(NamedTuple):
    """The end of each log as it was at some moment not before `at` (nanoseconds UTC)."""

    at: int
    ends: Mapping[tuple[str, int], int]


class HighWatermarks:
    """Asks for the ends of the logs that are `watched`, every `interval` seconds, and for what topics they are of."""

    def __init__(self, config: Mapping[str, Any], clock: Clock, interval: float, topics: Sequence[str] = ()) -> None:
        from confluent_kafka.admin import AdminClient  # noqa: PLC0415 - an extra

        self._admin = AdminClient(dict(config))
        self._clock = clock
        self._interval = interval
        self._topics = list(topics)
        self._ids: Mapping[str, str] = {}
        self._identified_at = clock.monotonic()
        self._watched: frozenset[tuple[str, int]] = frozenset()
        self._seen: Seen | None = None
        self._stop = Event()
        self._thread = Thread(target=self._watch, name="barloom-watermarks", daemon=True)
        self._thread.start()

    @property
    def latest(self) -> Seen | None:
        """The last answer."""
        return self._seen

    @property
    def ids(self) -> Mapping[str, str]:
        """The id of each topic when last looked at, which is seldom; a topic that is made again has another one."""
        return self._ids

    def watch(self, logs: frozenset[tuple[str, int]]) -> None:
        """Which logs (topic, partition) to ask about."""
        self._watched = logs

    def close(self) -> None:
        """Ask no more. A question that is not answered soon is left to end by itself."""
        self._stop.set()
        self._thread.join(_SOON)

    def _watch(self) -> None:
        while not self._stop.wait(self._interval):
            if self._watched:
                try:
                    self._seen = self._ask(self._watched)
                    self._identify()
                except Exception as error:  # noqa: BLE001 - whatever it was, the clock then closes nothing
                    _log.debug("the ends of the input are not known", error=str(error))

    def _identify(self) -> None:
        from confluent_kafka import TopicCollection  # noqa: PLC0415 - an extra

        now = self._clock.monotonic()
        if self._topics and now - self._identified_at > _IDENTIFY:
            self._identified_at = now
            found = self._admin.describe_topics(TopicCollection(self._topics), request_timeout=_TIMEOUT)
            self._ids = {name: str(described.result().topic_id) for name, described in found.items()}

    def _ask(self, logs: frozenset[tuple[str, int]]) -> Seen:
        from confluent_kafka import IsolationLevel, TopicPartition  # noqa: PLC0415 - an extra
        from confluent_kafka.admin import OffsetSpec  # noqa: PLC0415

        at = self._clock.now()
        end = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        wanted = {TopicPartition(topic, partition): end for topic, partition in logs}
        answers = self._admin.list_offsets(
            wanted, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=_TIMEOUT
        )
        return Seen(at, {(where.topic, where.partition): found.result().offset for where, found in answers.items()})
