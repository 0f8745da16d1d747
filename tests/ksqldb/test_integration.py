"""On a real ksqlDB server: deploy, feed, compare with a plain loop, examine, drop.

Runs where ``BARLOOM_KSQLDB_URL`` names a server (``BARLOOM_KSQLDB_USER`` and ``BARLOOM_KSQLDB_PASSWORD`` for one with a
login) and this file is named on the command line of pytest, or where ``BARLOOM_TEST_KSQLDB_URL`` names one: a server
that a shell knows for other work is none for tests. It makes streams, tables and topics of its own there, which it
drops again. No such server can be had everywhere, so that without one these tests are not configured, which is no
failure where everything is required.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

import barloom as bl
from barloom.clock import SystemClock
from barloom.environment import Secret
from barloom.ksqldb.compile.phases import compile_script
from barloom.ksqldb.compile.settings import KsqlSettings
from barloom.ksqldb.reader.bucket import KsqlTimeBucket
from barloom.ksqldb.server.address import KsqlServer
from barloom.ksqldb.server.client import KsqlClient
from barloom.ksqldb.server.compare import Verdict, compare
from barloom.ksqldb.server.deploy import Deployer
from barloom.ksqldb.server.doctor import Health, examine
from barloom.ksqldb.server.drop import Dropper
from barloom.ksqldb.server.wait import Waiter, WaitPolicy
from barloom.read.bucket import Found
from barloom.time.instants import nanos_of, to_datetime
from barloom.time.timeframe import MILLISECOND
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.ksqldb.compile.script import Script

NAMED = any("test_integration" in argument for argument in sys.argv)
URL = os.environ.get("BARLOOM_TEST_KSQLDB_URL") or (os.environ.get("BARLOOM_KSQLDB_URL") if NAMED else None)
pytestmark = [
    pytest.mark.skipif(not URL, reason="not configured: no ksqlDB server is named for tests"),
]

START = (SystemClock().now() // MILLISECOND - 600_000) // 60_000 * 60_000
"""A whole minute some ten minutes ago: bars are kept from their own time on, so that older ones would be deleted."""
TICKS = [(0, "1.10"), (0, "1.30"), (400, "-0.25"), (1000, "1.20"), (2500, "1.15"), (59_999, "1.40"), (60_000, "1.50")]
"""Milliseconds after the start, and a price: two in one millisecond, one below zero, one at the edge of a minute."""
FLUSH = (63_500, 70_000, 80_000, 130_000, 140_000, 190_000, 200_000)
"""Later ticks that close the windows before them, level by level."""


class Quote(bl.Event):
    """A quote."""

    symbol: str = bl.key()
    ts: datetime = bl.timestamp()
    bid: Decimal = bl.decimal(18, 6)


@dataclass(frozen=True)
class Deployed:
    """A script that is deployed, and who speaks to the server."""

    client: KsqlClient
    script: Script


def server() -> KsqlServer:
    """The server of the environment."""
    user = os.environ.get("BARLOOM_KSQLDB_USER")
    return KsqlServer(url=URL or "", user=user, password=Secret.env("BARLOOM_KSQLDB_PASSWORD") if user else None)


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    """Bars of 1s and 1m under names of their own; dropped afterwards with their topics."""
    name = f"barloom_it_{uuid4().hex[:8]}"
    bars = bl.from_(Quote).tumbling("1s", delay="2s").rollup("1m")
    chosen = bars.select(
        open=bl.first("bid"), high=bl.max("bid"), low=bl.min("bid"), close=bl.last("bid"), n=bl.count()
    )
    settings = KsqlSettings(source=f"{name}_ticks", partitions=1)
    script = compile_script(chosen.named(name).plan, settings, allow_degraded=["all"])
    clock, random, policy = SystemClock(), Random(1), WaitPolicy()
    with KsqlClient(server()) as client:
        try:
            Deployer(client, Waiter(client, clock=clock, random=random), clock=clock, random=random).deploy(script)
            yield Deployed(client, script)
        finally:
            names = [entity.quoted_name for entity in script.entities]
            topics = {entity.topic for entity in script.entities}
            Dropper(client, clock=clock, random=random, policy=policy).drop(script, names, topics)


@pytest.fixture(scope="module")
def fed(deployed: Deployed) -> Deployed:
    """The same after all ticks."""
    source = deployed.script.of("source")
    for after, price in [*TICKS, *((after, "9") for after in FLUSH)]:
        at = to_datetime((START + after) * MILLISECOND).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        deployed.client.execute(
            f"INSERT INTO {source.quoted_name} (symbol, ts, bid) VALUES ('EURUSD', '{at}', {price});"  # noqa: S608
        )
    return deployed


def expected(length: int) -> dict[int, tuple[Decimal, ...]]:
    """Open, high, low, close and count by window, from a plain loop over the ticks."""
    windows: dict[int, list[Decimal]] = defaultdict(list)
    for after, price in TICKS:
        windows[(START + after) // length * length].append(Decimal(price).quantize(Decimal("0.000001")))
    return {
        start: (prices[0], max(prices), min(prices), prices[-1], Decimal(len(prices)))
        for start, prices in windows.items()
    }


@pytest.mark.parametrize(("timeframe", "length", "last"), [("1s", 1000, START + 60_000), ("1m", 60_000, START)])
def test_finals_equal_a_plain_loop(fed: Deployed, timeframe: str, length: int, last: int) -> None:
    """Every final up to the last closed window comes once, with exact values."""
    wanted = {start: bar for start, bar in expected(length).items() if start <= last}
    name = fed.script.of("final", timeframe).quoted_name
    query = f"SELECT windowstart, open, high, low, close, n FROM {name} EMIT CHANGES LIMIT {len(wanted)};"  # noqa: S608

    with fed.client.push(query, {"auto.offset.reset": "earliest"}, silence=PATIENCE) as rows:
        found = [(start, tuple(Decimal(str(value)) for value in bar)) for start, *bar in rows]

    assert sorted(wanted.items()) == sorted(found)


def test_live_bars_are_read(fed: Deployed) -> None:
    """The live bar of the first minute is found, and of a minute before there is none."""
    clock = SystemClock()
    bucket = KsqlTimeBucket(fed.client, fed.script, "1m", clock=clock)
    end = clock.monotonic() + PATIENCE
    minute = START * MILLISECOND
    while not (answer := bucket.get("EURUSD", minute)) and clock.monotonic() < end:
        clock.sleep(0.5)

    assert isinstance(answer, Found)
    assert (Decimal("1.400000"), Decimal("-0.250000")) == (answer.bar.high, answer.bar.low)
    assert nanos_of(answer.bar.start) == minute
    assert not bucket.get("EURUSD", minute - 3_600_000 * MILLISECOND)


def test_what_was_deployed_is_unchanged(deployed: Deployed) -> None:
    """The server's own texts and properties say what the script says."""
    found = compare(deployed.client, deployed.script)

    assert [] == [item.differences for item in found.items if item.verdict is not Verdict.UNCHANGED]


def test_the_doctor_finds_nothing(fed: Deployed) -> None:
    """Nothing is wrong."""
    found = examine(fed.client, fed.script, clock=SystemClock())

    assert [] == [item for item in found if item.health is Health.WRONG]
