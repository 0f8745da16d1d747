"""Ticks that are older than what a pipeline keeps: said before there is a query, and by the doctor."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from barloom.errors import KsqlTooOld
from barloom.ksqldb.server.deploy import Deployer
from barloom.ksqldb.server.doctor import Finding, Health, examine
from barloom.ksqldb.server.history import Oldest, kept, oldest_ticks
from barloom.testing.clock import EPOCH
from ksqldb.double import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.ksqldb.compile.script import Script
    from barloom.ksqldb.server.client import KsqlClient
    from barloom.ksqldb.server.wait import Waiter
    from barloom.testing.clock import FakeClock
    from ksqldb.double import KsqlDouble

DAY = 86_400_000_000_000
SILENT = "2019-12-24T22:50:00.000"
"""Seven days and 70 minutes before the clock of the tests: the retention is seven days."""
YOUNG = "2019-12-25T00:00:01.000"


@pytest.fixture
def deployer(client: KsqlClient, waiter_of: Callable[..., Waiter], clock: FakeClock) -> Deployer:
    """A deployer that looks for ticks for a moment."""
    return Deployer(client, waiter_of(history=0.2), clock=clock, random=Random(1))


@pytest.fixture
def said() -> list[str]:
    """What a deployer told."""
    return []


def test_the_first_tick_of_each_partition_counts(double: KsqlDouble, client: KsqlClient, script: Script) -> None:
    """The earliest event time of the first ticks, and where they stand; a partition may be empty."""
    double.deploy()
    double.ticks = [(0, 5, YOUNG), (0, 6, "2001-01-01T00:00:00.000"), (2, 1, SILENT)]

    found = oldest_ticks(client, script, clock=_clock(), seconds=0.2)

    assert Oldest(EPOCH - 7 * DAY - 70 * 60 * 10**9, {0: 5, 2: 1}) == found
    assert 6 == found.deleted


def _clock() -> FakeClock:
    from barloom.testing.clock import FakeClock  # noqa: PLC0415

    return FakeClock()


def test_no_ticks_have_no_age(double: KsqlDouble, client: KsqlClient, script: Script) -> None:
    """An empty topic is none that is too old."""
    double.deploy()
    double.ticks = []

    assert Oldest() == oldest_ticks(client, script, clock=_clock(), seconds=0.2)
    assert 7 * DAY == kept(script)


def test_old_ticks_end_a_deployment_before_there_is_a_query(
    double: KsqlDouble, deployer: Deployer, script: Script
) -> None:
    """Their stream is declared, to look at them; nothing reads them, and what to do is said."""
    double.topics.add("ticks")
    double.ticks = [(0, 0, YOUNG), (1, 0, SILENT), (2, 0, YOUNG)]

    with pytest.raises(KsqlTooOld) as caught:
        deployer.deploy(script)

    told = str(caught.value)
    assert "the oldest tick of topic 'ticks' is of 2019-12-24T22:50:00Z, 7 days 1 hours ago" in told
    assert "kept for 7 days" in told
    assert "fix: drop ticks (`barloom ksql drop`) and give --retention 9d (also to the topic), or --lose-" in told
    assert not double.queries
    assert ["TICKS"] == list(double.statements)


@pytest.mark.parametrize("lose", [False, True])
def test_what_is_young_enough_or_may_be_lost_is_deployed(
    double: KsqlDouble, deployer: Deployer, script: Script, *, lose: bool
) -> None:
    """With --lose-history nobody looks."""
    double.topics.add("ticks")
    double.ticks = [(part, 0, SILENT if lose else YOUNG) for part in range(3)]

    deployer.deploy(script, lose_history=lose)

    assert 3 == len(double.queries)
    assert (not lose) == bool(double.asked("ROWPARTITION"))


def test_a_new_topic_is_not_looked_at(double: KsqlDouble, deployer: Deployer, script: Script) -> None:
    """What the deployment itself makes is empty; and neither is one looked at whose queries run already."""
    deployer.deploy(script)
    double.ticks = [(0, 0, SILENT)]
    deployer.deploy(script)

    assert not double.asked("ROWPARTITION")


def test_ticks_that_cannot_be_looked_at_are_told(  # noqa: PLR0913, PLR0917 - a case and its surroundings
    double: KsqlDouble, client: KsqlClient, waiter: Waiter, clock: FakeClock, script: Script, said: list[str]
) -> None:
    """A server that refuses the look refuses no deployment."""
    double.topics.add("ticks")
    double.rule("ROWPARTITION", refusal("Line: 1, Col: 8: no such column"))

    Deployer(client, waiter, clock=clock, random=Random(1), on_step=said.append).deploy(script)

    assert "not known: how old the ticks are (Line: 1, Col: 8: no such column)" in said
    assert 3 == len(double.queries)


@pytest.mark.parametrize(
    ("ticks", "position", "health", "seen"),
    [
        ([], 60, Health.OK, "there are none so far"),
        ([(0, 0, YOUNG)], 60, Health.OK, "the oldest is of 2019-12-25T00:00:01Z"),
        ([(0, 7, YOUNG)], 60, Health.OK, "before them 7 offsets are gone from the topic"),
        ([(0, 0, SILENT)], 0, Health.WRONG, "is of 2019-12-24T22:50:00Z"),
        ([(0, 0, SILENT)], 20, Health.UNKNOWN, "39 offsets are still to be read"),
        ([(0, 0, SILENT)], 60, Health.OK, "the oldest is of 2019-12-24T22:50:00Z, and all of them were read"),
    ],
)
def test_the_doctor_tells_how_old_they_are(  # noqa: PLR0913, PLR0917 - a case and its surroundings
    double: KsqlDouble,
    client: KsqlClient,
    script: Script,
    clock: FakeClock,
    ticks: list[tuple[int, int, str]],
    position: int,
    health: Health,
    seen: str,
) -> None:
    """By their own time, whatever the time of their records; and what Kafka has deleted before them.

    A pipeline that has run for long has read ticks that are old by now, which is no fault.
    """
    double.deploy()
    double.queries["BARS_FINAL_1S"].position = position
    double.ticks = ticks

    found: dict[str, Finding] = {item.check: item for item in examine(client, script, clock=clock, seconds=2.5)}

    line = found["no tick is older than what is kept"]
    assert health is line.health
    assert seen in line.seen
