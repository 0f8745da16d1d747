"""What the cluster knows of partitions whose owners have not told anything yet."""

from __future__ import annotations

from threading import Event
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest

from barloom.kafka.state.restoring import Restorer
from barloom.kafka.state.standing import standing
from barloom.plan.identity import topics as topics_of
from kafka.desk import Desk
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.kafka.runtime.partition import Partition
    from barloom.kafka.state.standing import Standing
    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")


def until(look: Callable[[], list[Standing]], state: str) -> Standing:
    """Wait until the only partition is in a state."""
    end = monotonic() + PATIENCE
    while (found := look()[0]).state != state:
        assert monotonic() < end, found
        sleep(0.1)
    return found


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_partition_that_is_being_restored_is_seen_from_outside(
    broker: Broker, topics: Topics, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    """Its new owner is named, since an unknown time; the stream time is the old owner's word until the new one's."""
    desk = Desk(broker, topics, partitions=1)
    plan = desk.plan()
    settings = desk.settings(plan, protocol=protocol)
    names = topics_of(plan, settings.app)
    desk.send([("ACME", "2025-11-10T09:00:00Z", "1.00")])
    desk.make(plan, settings)
    gone = until(lambda: standing(settings, names), "NO_OWNER")
    real, go_on = Restorer.restore, Event()

    def slowly(restorer: Restorer, number: int) -> Partition:
        assert go_on.wait(PATIENCE)
        return real(restorer, number)

    monkeypatch.setattr(Restorer, "restore", slowly)
    with desk.running(plan, settings):
        restoring = until(lambda: standing(settings, names), "RESTORING")
        go_on.set()
        running = until(lambda: standing(settings, names), "RUNNING")

    assert restoring.owner == running.owner != gone.owner
    assert (gone.stream_time, None) == (restoring.stream_time, restoring.since)
    assert running.since is not None


def test_a_static_member_that_comes_back_is_not_taken_for_another(broker: Broker, topics: Topics) -> None:
    """The group goes on calling it as before; its own word holds."""
    desk = Desk(broker, topics, partitions=1)
    plan = desk.plan()
    settings = desk.settings(plan, instance_id="one", session_timeout="30s")
    names = topics_of(plan, settings.app)
    owners: list[str | None] = []
    for _ in range(2):
        with desk.running(plan, settings):
            before = owners[-1] if owners else None
            until(lambda: standing(settings, names), "RUNNING")
            end = monotonic() + PATIENCE
            while (owner := standing(settings, names)[0].owner) == before:
                assert monotonic() < end
                sleep(0.1)
            owners.append(owner)
            assert "RUNNING" == standing(settings, names)[0].state

    assert owners[0] != owners[1]
