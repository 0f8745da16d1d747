"""Real servers as fixtures. Those of the session are shared by all workers: never stop, kill or pause them.

A test that fails shows what the servers that it used said last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from servers.basic_auth import guarded
from servers.broker import Broker
from servers.process import Server, shared
from servers.registry import Registry
from servers.secure_broker import ADMIN, SecureBroker
from servers.topics import Topics

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def servers_directory(need: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Where the shared servers of this run live: one place for all workers."""
    need("java")
    need("maven")
    base = tmp_path_factory.getbasetemp()
    return (base if worker_id == "master" else base.parent) / "servers"


@pytest.fixture(scope="session")
def broker(servers_directory: Path) -> Iterator[Broker]:
    """The shared broker: `.bootstrap`. For one that may be stopped or killed take `own_broker`."""
    with shared(Broker, servers_directory / "broker") as server:
        yield server


@pytest.fixture(scope="session")
def secure_broker(servers_directory: Path) -> Iterator[SecureBroker]:
    """The shared broker with TLS, passwords and ACLs: `.bootstrap`, `.ca`, `.client(user, mechanism)`."""
    with shared(SecureBroker, servers_directory / "secure-broker") as server:
        yield server


@pytest.fixture(scope="session")
def registry(servers_directory: Path) -> Iterator[Registry]:
    """The shared schema registry: `.url`. For one that may be stopped take `own_registry`."""
    with shared(Registry, servers_directory / "registry") as server:
        yield server


@pytest.fixture
def secure_registry(registry: Registry) -> Iterator[str]:
    """The address of the shared registry behind a door that wants what `servers.basic_auth` says."""
    with guarded(registry.url) as url:
        yield url


@pytest.fixture
def own_broker(servers_directory: Path, tmp_path: Path) -> Iterator[Broker]:
    """A broker of this test alone, to stop, kill or pause."""
    del servers_directory  # asked for what it needs
    with Broker.start(tmp_path / "own-broker") as server:
        yield server


@pytest.fixture
def own_registry(servers_directory: Path, tmp_path: Path) -> Iterator[Registry]:
    """A registry of this test alone, to stop, kill or pause."""
    del servers_directory
    with Registry.start(tmp_path / "own-registry") as server:
        yield server


@pytest.fixture
def topics(broker: Broker) -> Iterator[Topics]:
    """Topics of this test alone on the shared broker: `.prefix`, `.create(name, partitions)`; deleted after it."""
    made = Topics({"bootstrap.servers": broker.bootstrap})
    yield made
    made.delete()


@pytest.fixture
def secure_topics(secure_broker: SecureBroker) -> Iterator[Topics]:
    """Topics of this test alone on the secure broker, made by its admin; `.admin` may set ACLs."""
    made = Topics(secure_broker.client(ADMIN, "PLAIN"))
    yield made
    made.delete()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the logs of the servers that a failed test used."""
    report = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, Server):
                report.sections.append((f"what {name} said last ({value.log})", value.said()))
    return report
