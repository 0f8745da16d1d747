"""Being the one that publishes: the feed from the positions on, and the transactions that it goes into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.errors import BrokerError, TopicMismatch
from barloom.kafka.cluster.clients import producer_config
from barloom.kafka.events.marks import header_of
from barloom.kafka.publish.outbox import MarkMessage, Outbox, Outgoing
from barloom.kafka.publish.positions import positions_topic, read_positions, records_of
from barloom.kafka.runtime.patience import Patience
from barloom.kafka.runtime.transaction import Transactions
from barloom.telemetry.logs import get_logger
from barloom.time.timeframe import SECOND

if TYPE_CHECKING:
    from barloom.kafka.publish.job import PublishJob
    from barloom.kafka.publish.positions import Positions
    from barloom.kafka.publish.reading import FeedReading

__all__ = ["Leading"]

_log = get_logger(__name__)
_LOOK: Final = 0.1
"""Seconds between two looks at what the feed gives."""

_ANY: Final = -1
"""The partition that a message's key chooses."""


class Leading:
    """The feed, from the positions on, and the transactions that it goes into.

    The transactional id is taken over before the positions are read, so that nobody moves them afterwards.
    """

    def __init__(self, job: PublishJob) -> None:
        self._job = job
        self._clock = job.clock
        self._positions = positions_topic(job.topic)
        self.sent = Outgoing()
        """What was sent since the last commit, without its messages."""
        self._committed_at = self._clock.monotonic()
        config = producer_config(job.settings, job.id, partitioner="murmur2_random")
        self._transactions = Transactions(config, job.clock, Patience(job.clock, job.stop))
        self._feed: FeedReading | None = None
        try:
            self._transactions.take_over()
            found = self._found()
            self._feed = job.open_feed(found)
            self._outbox = Outbox(
                job.plan, job.wire, found, replayable=self._feed.replayable, marked=self._feed.gives_marks
            )
            self._feed.begin(job.settings.commit_records, min(_LOOK, job.settings.commit_interval / SECOND))
        except BaseException:
            self.close()
            raise
        job.report.positions.update(found)
        job.leads()

    def _found(self) -> Positions:
        """The positions; a broker that has only just started may not know their topic yet."""
        try:
            return read_positions(self._job.settings, self._job.topic, self._job.plan.event.key)
        except TopicMismatch as error:
            raise BrokerError(str(error), retriable=True) from error

    @property
    def waits_for(self) -> str | None:
        """What the feed waits for."""
        return None if self._feed is None else self._feed.waits_for

    def turn(self) -> bool:
        """Send what has come, and commit when it is time; whether the feed has come to its end."""
        assert self._feed is not None  # noqa: S101 - opened before
        try:
            batch = self._feed.take()
        except StopIteration:
            self.commit()
            return True
        except Exception:
            self.commit()  # what came before it
            raise
        if batch is not None:
            self._send(self._outbox.take(batch, self._clock.now()))
        full = self.sent.rows >= self._job.settings.commit_records
        if self._begun and (full or self._clock.monotonic() >= self._due):
            self.commit()
        return False

    def commit(self) -> None:
        """What was sent is there for readers, and the positions with it."""
        sent, self.sent = self.sent, Outgoing()
        if not (self._transactions.begun or sent.positions):
            self._job.committed(sent, None)
            return
        began = self._clock.monotonic()
        for key, value in records_of(sent.positions, self._job.plan.event.key, self._job.id):
            self._transactions.send_one(self._positions, 0, key, value)
        self._transactions.commit()
        self._committed_at = self._clock.monotonic()
        self._job.committed(sent, self._committed_at - began)

    def close(self) -> None:
        """Take no more, and give up what was not committed."""
        if self._feed is not None:
            self._job.report.feed = self._feed.standing
            self._feed.close()
        try:
            self._transactions.abort()
        except BrokerError as error:
            _log.debug("a transaction could not be aborted", error=str(error))  # the next of this id aborts it
        self._transactions.close()

    @property
    def _begun(self) -> bool:
        """Whether there is anything to commit."""
        return self._transactions.begun or bool(self.sent.positions)

    @property
    def _due(self) -> float:
        return self._committed_at + self._job.settings.commit_interval / SECOND

    def _send(self, out: Outgoing) -> None:
        topic = self._job.topic
        for message in out.messages:
            if not isinstance(message, MarkMessage):
                self._transactions.send(topic, _ANY, message.keys, message.values)
            elif message.key is not None:
                self._transactions.send_one(topic, _ANY, message.key, None, header_of(message.time))
            else:
                for partition in range(self._job.partitions):
                    self._transactions.send_one(topic, partition, None, None, header_of(message.time))
        self.sent.count(out)
