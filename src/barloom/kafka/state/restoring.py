"""How a partition gets its state back: from its changelog, which must stand where the group's position stands."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from threading import Event, Lock
from typing import TYPE_CHECKING, Final

from barloom.errors import BrokerError, StoreMismatch
from barloom.kafka.cluster.clients import producer_config
from barloom.kafka.runtime.partition import Partition
from barloom.kafka.runtime.passing import PassedHeaders
from barloom.kafka.runtime.patience import Patience
from barloom.kafka.runtime.transaction import Transactions
from barloom.kafka.state.changelog_reader import MEMORY, ChangelogReader, ChangelogReaders
from barloom.kafka.state.replica import Replica
from barloom.kafka.state.standby import Warm
from barloom.telemetry.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.clock import Clock
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.kafka.state.standby import Standby
    from barloom.plan.barplan import BarPlan
    from barloom.telemetry.metrics import Metrics
    from barloom.time.calendar import Calendar

__all__ = ["Restorer", "refuse_another"]

_log = get_logger(__name__)
_PATIENCE: Final = 60.0
_AGAIN: Final = 0.05
_ABORTED_WITHIN: Final = 0.15


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
        standby: Standby | None = None,
        inputs: Mapping[str, str] | None = None,
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._changelog = changelog
        self._clock = clock
        self._metrics = metrics
        self._calendar = calendar
        self._standby = standby
        self._inputs = inputs or {}
        self._own_id = transactional_id
        self._fenced: set[str] = set()
        self._fencing = Lock()
        self._closed = Event()
        self._patience = Patience(clock, self._closed, grace=0.0)
        self._readers = ChangelogReaders(lambda: ChangelogReader(settings, changelog, self._patience))

    def give_up(self) -> None:
        """Let every restore that is under way end soon, with a retriable `BrokerError`: nobody waits for it."""
        self._closed.set()

    def close(self) -> None:
        """Give up, and end the connections."""
        self.give_up()
        self._readers.close()

    def restore(self, number: int) -> Partition:
        """Read the state of a partition, after making sure that its last owner can write no more.

        Raises `StoreMismatch` or `StoreFormat` for a changelog that is not this definition's, a retriable
        `BrokerError` where the cluster does not let us finish.
        """
        began = self._clock.monotonic()
        warm = None if self._standby is None else self._standby.take(number)
        warm = warm or self._cold()
        known = warm.replica.records
        with self._readers.one() as reader:
            offsets = self._read(number, warm, reader)
            while self._clock.monotonic() - warm.since > MEMORY:
                _log.warning("a restore took longer than deletions are remembered, and starts over", partition=number)
                warm, known = self._cold(), 0
                offsets = self._read(number, warm, reader)
        replica = warm.replica
        engine, changelog = replica.take_over()
        self._metrics.restore_remaining(number, 0)
        if replica.records:
            seconds = round(self._clock.monotonic() - began, 3)
            _log.info("partition restored", partition=number, records=replica.records - known, seconds=seconds)
        return Partition(
            number,
            engine,
            changelog,
            offsets,
            PassedHeaders(self._plan, replica.headers) if self._plan.pass_headers else None,
            since=self._clock.now(),
            fresh=replica.position is None,
            inputs=self._inputs,
            marks={} if replica.position is None else replica.position.marks,
        )

    def _cold(self) -> Warm:
        """Nothing, before the first record."""
        return Warm(Replica(self._plan, self._calendar), 0, self._clock.monotonic())

    def _read(self, number: int, warm: Warm, reader: ChangelogReader) -> Mapping[str, int]:
        """Read on to the end; gives the input's positions there."""
        reader.follow({number: warm.replica}, {number: warm.offset})
        return self._agreed(number, warm.replica, reader)

    def _agreed(self, number: int, replica: Replica, reader: ChangelogReader) -> Mapping[str, int]:
        """Read until changelog and group agree on the input's positions.

        What the last owner has left open is aborted first: it would hide the end of the changelog.
        """
        is_over = self._patience.at_most(_PATIENCE)
        gone = {"", self._own_id}
        left = partial(self._metrics.restore_remaining, number)
        while True:
            reader.read_to_end(number, replica, left)
            replica.check(f"{self._changelog}[{number}]")
            position = replica.position
            if position is not None:
                refuse_another(position.inputs, self._inputs)
            if position is not None and position.owner not in gone:
                self._fence(position.owner)
                gone.add(position.owner)
                continue
            committed = reader.committed(self._settings.input, number)
            if position is None and not committed:
                return {}
            if position is not None and (position.offsets == committed or not committed):
                return position.offsets
            if self._patience.lost:
                message = f"the restore of partition {number} was given up"
                raise BrokerError(message, retriable=True)
            if is_over():
                raise StoreMismatch(
                    _disagree(self._changelog, number, None if position is None else position.offsets, committed)
                )
            self._clock.sleep(_AGAIN)

    def _fence(self, transactional_id: str) -> None:
        """Abort at once what a former owner has left open, instead of waiting for its time-out.

        While the coordinator aborts, it answers that it is busy; a client asks again after half a second only, and a
        new one at once.
        """
        with self._fencing:
            if transactional_id in self._fenced:
                return
            with closing(self._successor(transactional_id)) as first:
                done = first.takes_over(_ABORTED_WITHIN)
            if not done:
                with closing(self._successor(transactional_id)) as second:
                    second.take_over()
            self._fenced.add(transactional_id)

    def _successor(self, transactional_id: str) -> Transactions:
        return Transactions(producer_config(self._settings, transactional_id), self._clock, self._patience)


def refuse_another(known: Mapping[str, str], found: Mapping[str, str]) -> None:
    """`StoreMismatch` where an input topic is not the one whose offsets are known; both are ids by name."""
    for topic, number in known.items():
        if found.get(topic, number) != number:
            message = (
                f"the input topic {topic!r} was deleted and made again since it was last read: the known positions "
                "mean other records\n"
                "    fix: begin anew with barloom reset, or under another application id and name (--app, --name)"
            )
            raise StoreMismatch(message)


def _disagree(topic: str, number: int, held: Mapping[str, int] | None, committed: Mapping[str, int]) -> str:
    return (
        f"partition {number}: the changelog {topic} stands at {dict(held or {}) or 'nothing'}, the consumer group at "
        f"{dict(committed) or 'nothing'}. Both are written in one transaction, so one of them was changed by hand or "
        "deleted; barloom reset begins anew, barloom rebuild makes the bars once more from the input"
    )
