"""When an instance is alive, and when it is ready."""

from __future__ import annotations

from barloom.telemetry.health import Health
from barloom.testing import FakeClock


def test_it_is_alive_while_the_loop_moves() -> None:
    """After the allowed silence it is not, and says for how long; the next progress brings it back."""
    clock = FakeClock()
    health = Health(clock, stalled=30)
    fresh = health.healthz()
    clock.sleep(30)
    patient = health.healthz()
    clock.sleep(1)
    stuck = health.healthz()
    health.progressed()

    assert (None, None, "no progress for 31 s", None) == (fresh, patient, stuck, health.healthz())


def test_it_is_ready_when_all_its_partitions_run() -> None:
    """Before the first assignment it is not; then as long as one is restored it is not, and the answer names it."""
    health = Health(FakeClock())
    joined = health.readyz()
    health.owned([2, 0])
    health.state(0, "RUNNING")
    health.state(2, "RESTORING")
    restoring = health.readyz()
    health.state(2, "RUNNING")

    assert "no partitions were assigned yet" == joined
    assert "partition 2 is RESTORING" == restoring
    assert health.readyz() is None


def test_a_partition_taken_over_is_waited_for_and_one_given_away_is_not() -> None:
    """Those that stay keep their state, and what is said of one that is not owned does not count."""
    health = Health(FakeClock())
    health.owned([0, 1])
    health.state(0, "RUNNING")
    health.state(1, "RESTORING")

    health.owned([0])
    health.state(1, "ERROR")
    without = health.readyz()
    health.owned([0, 3])

    assert (None, "partition 3 is CREATED") == (without, health.readyz())


def test_an_instance_without_partitions_is_ready() -> None:
    """It stands by, and a rolling restart may go on."""
    health = Health(FakeClock())
    health.owned([])

    assert health.readyz() is None
