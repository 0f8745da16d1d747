"""Stopping while the brokers are away: soon, and without saying that all was well."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from barloom.clock import SystemClock
from barloom.errors import BrokerError, BrokerUnreachable
from barloom.kafka.cluster.admin import Cluster
from barloom.kafka.config.settings import kafka_settings
from barloom.kafka.runtime import transaction
from barloom.kafka.runtime.patience import GRACE, Patience
from barloom.kafka.runtime.running import UNCOMMITTED, run
from barloom.kafka.state import restoring
from barloom.kafka.state.restoring import Restorer
from barloom.plan.identity import topics as topics_of
from barloom.plan.toml import read_toml
from barloom.telemetry.metrics import NoMetrics
from barloom.testing import FakeClock
from kafka.desk import DEFINITION, Desk
from servers.topics import Topics
from waiting import PATIENCE

if TYPE_CHECKING:
    from barloom.kafka.runtime.job import Status
    from servers.broker import Broker

ROWS = [("ACME", f"2025-11-10T09:00:{second:02}Z", "1.00") for second in range(60)]
SOON = 120.0
"""Seconds after which it has not ended soon, on a busy machine either; what would hold it up takes much longer."""


def test_what_is_tried_again_ends_in_its_own_time_or_soon_after_the_stop() -> None:
    """10 s are 10 s; but `GRACE` seconds from when the stop is seen, also for what begins later."""
    clock, stop = FakeClock(0), Event()
    patience = Patience(clock, stop)
    one, long = patience.at_most(10), patience.at_most(1000)
    clock.move("11s")
    before = one(), long(), patience.lost
    stop.set()
    seen = long(), patience.lost
    clock.move(round(GRACE * 10**9) + 1)
    after = long(), patience.at_most(10)(), patience.lost

    assert ((True, False, False), (False, False), (True, True, True)) == (before, seen, after)


@pytest.mark.needs("java", "maven")
def test_a_run_ends_soon_while_the_brokers_are_away(own_broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last commit cannot succeed: the report says so, and what it held is made by the next run."""
    monkeypatch.setattr(transaction, "_PATIENCE", 1e6)
    desk = Desk(own_broker, Topics({"bootstrap.servers": own_broker.bootstrap}), partitions=1)
    plan = desk.plan()
    settings = desk.settings(plan)
    stop, running = Event(), Event()
    reports = []

    def tell(status: Status) -> None:
        if "RUNNING" in status.states.values():
            running.set()

    thread = Thread(target=lambda: reports.append(run(plan, settings, stop=stop, on_status=tell)), daemon=True)
    thread.start()
    assert running.wait(PATIENCE)
    desk.send(ROWS)
    desk.settle(plan, settings)
    own_broker.kill()
    stop.set()
    thread.join(SOON)
    (report,) = reports

    assert [UNCOMMITTED] == [note[: len(UNCOMMITTED)] for note in report.notes]


@pytest.mark.needs("java", "maven")
def test_a_long_commit_interval_keeps_nobody_waiting(broker: Broker, topics: Topics) -> None:
    """With a commit every seven minutes, an instance still takes its partition over, and ends, long before that.

    Its transactions may last as long as is said: no client would be made otherwise, since its messages may too.
    """
    desk = Desk(broker, topics, partitions=1)
    plan = desk.plan()
    settings = desk.settings(plan, commit_interval="400s", transaction_timeout="850s")
    stop, running = Event(), Event()

    def tell(status: Status) -> None:
        if "RUNNING" in status.states.values():
            running.set()

    thread = Thread(target=lambda: run(plan, settings, stop=stop, on_status=tell), daemon=True)
    thread.start()
    ran = running.wait(SOON)
    stop.set()
    thread.join(SOON)

    assert (True, False) == (ran, thread.is_alive())


@pytest.mark.needs("java", "maven")
def test_a_restore_ends_when_nobody_waits_for_it(own_broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for brokers that are away; closed, it ends."""
    monkeypatch.setattr(restoring, "_PATIENCE", 1e6)
    desk = Desk(own_broker, Topics({"bootstrap.servers": own_broker.bootstrap}), partitions=1)
    plan = desk.plan()
    settings = desk.settings(plan)
    clock = SystemClock()
    Cluster.reach(settings, clock).ensure(plan)
    restorer = Restorer(plan, settings, topics_of(plan, settings.app).changelog, "other", clock, NoMetrics())
    own_broker.kill()
    failures: list[BrokerError] = []
    thread = Thread(target=lambda: failures.append(failure_of(restorer)), daemon=True)
    thread.start()
    thread.join(1)
    waited = thread.is_alive()
    restorer.close()
    thread.join(SOON)

    assert waited
    assert ["was given up"] == [str(failure)[-len("was given up") :] for failure in failures]
    assert failures[0].retriable


class Quick(FakeClock):
    """Each look at it takes a second."""

    def monotonic(self) -> float:
        """Seconds."""
        self.move("1s")
        return super().monotonic()


def test_a_start_without_brokers_ends_with_the_stop() -> None:
    """It asks once, and waits no longer."""
    plan = read_toml(DEFINITION)
    settings = kafka_settings({"kafka": {"brokers": "127.0.0.1:1", "input": "ticks", "format": "json"}}, plan)
    clock, stop = Quick(0), Event()
    stop.set()
    with pytest.raises(BrokerUnreachable):
        run(plan, settings, stop=stop, clock=clock)

    assert 2 * 10**9 == clock.now()


def failure_of(restorer: Restorer) -> BrokerError:
    """What ends a restore."""
    with pytest.raises(BrokerError) as raised:
        restorer.restore(0)
    return raised.value
