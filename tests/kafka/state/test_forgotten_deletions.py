"""A changelog forgets deletions after a while: who reads for longer than that may have missed one, and reads anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from barloom.kafka.state.changelog_reader import ChangelogReader
from barloom.kafka.state.replica import Replica
from barloom.kafka.state.restoring import Restorer
from barloom.kafka.state.standby import Standby, Warm
from barloom.plan.identity import topics as topics_of
from barloom.telemetry.metrics import NoMetrics
from barloom.testing import FakeClock
from barloom.time.calendars import resolve
from kafka.desk import Desk
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from confluent_kafka import Message

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan
    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")
GONE = "2025-11-10T08:00:00Z"


class Made:
    """An application whose second, minute and hour of 9:00 are open in partition 0."""

    def __init__(self, broker: Broker, topics: Topics) -> None:
        desk = Desk(broker, topics)
        self.plan: BarPlan = desk.plan()
        self.settings: KafkaSettings = desk.settings(self.plan)
        self.changelog = topics_of(self.plan).changelog
        self.clock = FakeClock()
        for at in (GONE, "2025-11-10T09:00:00Z"):
            desk.send([("ACME", at, "1")])
            desk.make(self.plan, self.settings)
        records = [record for record in desk.reader.records(self.changelog) if record.partition() == 0]
        self.end = desk.reader.ends(self.changelog)[0]
        self.whole = [record.key() or b"" for record in records], [record.value() for record in records]
        self.deleted = _deleted(records)

    def restorer(self, standby: Standby | None = None) -> Restorer:
        """What restores its partitions."""
        calendar = resolve(self.plan.calendar)
        return Restorer(self.plan, self.settings, self.changelog, "other", self.clock, NoMetrics(), calendar, standby)


def _deleted(records: list[Message]) -> tuple[list[bytes], list[bytes | None]]:
    """Open bars of 8:00 as they stood in the changelog, until 9:00 deleted them."""
    last = {record.key() or b"": record.value() for record in records}
    first = {record.key() or b"": record.value() for record in reversed(records)}
    gone = [key for key, value in last.items() if value is None]
    assert gone
    return gone, [first[key] for key in gone]


@pytest.fixture
def made(broker: Broker, topics: Topics) -> Made:
    """One for each test."""
    return Made(broker, topics)


@pytest.fixture
def standby(made: Made) -> Iterator[Standby]:
    """Follows the application."""
    follower = Standby(made.plan, made.settings, made.changelog, 2, made.clock, resolve(made.plan.calendar))
    yield follower
    follower.close()


@pytest.mark.parametrize(("minutes", "reads"), [(9, 1), (11, 2)])
def test_a_restore_that_takes_too_long_starts_over(
    made: Made, monkeypatch: pytest.MonkeyPatch, minutes: int, reads: int
) -> None:
    """Deletions are kept for ten minutes: after eleven what was read is thrown away, a bar that is gone and all."""
    real: Callable[..., None] = ChangelogReader.read_to_end
    replicas: list[Replica] = []

    def slow(reader: ChangelogReader, number: int, replica: Replica, on_progress: Callable[[int], None]) -> None:
        real(reader, number, replica, on_progress)
        if not replicas:
            replica.apply(*made.deleted)
            made.clock.move(f"{minutes}m")
        if replica not in replicas:
            replicas.append(replica)

    monkeypatch.setattr(ChangelogReader, "read_to_end", slow)
    restored = made.restorer().restore(0)

    assert reads == len(replicas)
    assert (3 if reads == 2 else 3 + len(made.deleted[0])) == restored.engine.open_slots


@pytest.mark.parametrize(("minutes", "kept"), [(9, True), (11, False)])
def test_a_standby_that_was_cut_off_for_too_long_is_read_anew(
    made: Made, standby: Standby, minutes: int, *, kept: bool
) -> None:
    """Nine minutes without having met the end are nothing, eleven too many."""
    until(lambda: 0 in standby._warm and standby._warm[0].records > 0)  # noqa: SLF001 - nobody else sees it
    until(lambda: standby._warm[0].records >= len(made.whole[0]))  # noqa: SLF001
    first = standby._warm[0]  # noqa: SLF001
    made.clock.move(f"{minutes}m")
    until(lambda: standby._complete.get(0) == made.clock.monotonic())  # noqa: SLF001
    until(lambda: standby._warm[0].records > 0)  # noqa: SLF001

    assert kept == (standby._warm[0] is first)  # noqa: SLF001


@pytest.mark.parametrize(("minutes", "kept"), [(9, True), (11, False)])
def test_a_replica_that_was_complete_too_long_ago_is_not_taken_over(made: Made, minutes: int, *, kept: bool) -> None:
    """What it may have missed, here the bars of 8:00, is not believed."""
    replica = Replica(made.plan)
    replica.apply(*made.whole)
    replica.apply(*made.deleted)
    made.clock.move(f"{minutes}m")
    restored = made.restorer(cast("Standby", Holding(Warm(replica, made.end, 0.0)))).restore(0)

    assert (3 + len(made.deleted[0]) if kept else 3) == restored.engine.open_slots


class Holding:
    """Has one replica to give."""

    def __init__(self, warm: Warm) -> None:
        self._warm = warm

    def take(self, number: int) -> Warm:
        """Whatever is asked for."""
        del number
        return self._warm
