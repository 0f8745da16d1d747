"""A server double with its clock, and clients that speak to it."""

from __future__ import annotations

import os
from random import Random
from typing import TYPE_CHECKING

import pytest

from barloom.ksqldb.server.address import KsqlServer
from barloom.ksqldb.server.client import KsqlClient
from barloom.ksqldb.server.wait import Progress, Waiter, WaitPolicy
from barloom.testing.clock import FakeClock
from ksqldb.double import KsqlDouble
from ksqldb.pipeline import script as small_script
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from barloom.ksqldb.compile.script import Script


@pytest.fixture(autouse=True)
def no_server_of_the_environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that the environment names is there for the integration suite, and no other test may reach it."""
    if request.node.path.name != "test_integration.py":
        for name in [name for name in os.environ if name.startswith("BARLOOM_KSQLDB_")]:
            monkeypatch.delenv(name)


@pytest.fixture
def clock() -> FakeClock:
    """The clock of the double and of those who wait for it."""
    return FakeClock()


@pytest.fixture
def script() -> Script:
    """The small pipeline."""
    return small_script()


@pytest.fixture
def double(script: Script, clock: FakeClock) -> Iterator[KsqlDouble]:
    """A server that has nothing yet."""
    with KsqlDouble(script, clock) as server:
        yield server


@pytest.fixture
def client(double: KsqlDouble) -> Iterator[KsqlClient]:
    """A client of it, as patient as a busy machine needs it."""
    with KsqlClient(KsqlServer(url=double.url, connect_timeout=PATIENCE, timeout=PATIENCE)) as made:
        yield made


@pytest.fixture
def seen() -> list[Progress]:
    """The progress that a waiter told."""
    return []


@pytest.fixture
def waiter_of(client: KsqlClient, clock: FakeClock, seen: list[Progress]) -> Callable[..., Waiter]:
    """A waiter with a policy of one's own."""

    def make(**policy: float) -> Waiter:
        return Waiter(
            client,
            clock=clock,
            random=Random(1),
            policy=WaitPolicy(**{"history": 0.2, **policy}),
            on_progress=seen.append,
        )

    return make


@pytest.fixture
def waiter(waiter_of: Callable[..., Waiter]) -> Waiter:
    """A waiter with the usual policy."""
    return waiter_of()
