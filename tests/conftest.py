"""What tests share: the things that some need beside the project.

A test that needs such a thing says so, with ``@pytest.mark.needs("java")``, the ``need`` fixture or ``oracles``. Where
it is missing the test is skipped and says why; with ``BARLOOM_REQUIRE_ALL=1`` in the environment it fails instead.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from servers.artifacts import JAVA_VERSION, fetchable, java_version

if TYPE_CHECKING:
    from collections.abc import Callable

_SLOW = [HealthCheck.too_slow]  # says something of the machine, where others work on it too
settings.register_profile("barloom", deadline=None, suppress_health_check=_SLOW)  # no test asserts on speed
settings.load_profile("barloom")

pytest_plugins = ["servers.fixtures", "kafka.fixtures"]

_SHARED = Path(__file__).resolve().parents[2] / "shared"
_ORACLES = _SHARED / "oracles"
_KSQLDB = _SHARED / "ksqldb"
_CASES = _SHARED / "cases"

_NEEDS: dict[str, tuple[Callable[[], bool], str]] = {
    "ksqldb": (_KSQLDB.is_dir, f"what a real ksqlDB server answered, in {_KSQLDB}"),
    "cases": (_CASES.is_dir, f"small inputs that go wrong elsewhere, in {_CASES}"),
    "oracles": (_ORACLES.is_dir, f"real market data in {_ORACLES}"),
    "exchange_calendars": (
        lambda: find_spec("exchange_calendars") is not None,
        "the package exchange_calendars: pip install 'barloom[calendars]'",
    ),
    "pandas_market_calendars": (
        lambda: find_spec("pandas_market_calendars") is not None,
        "the package pandas_market_calendars: pip install 'barloom[dev]'",
    ),
    "java": (lambda: java_version() >= JAVA_VERSION, f"a Java runtime ({JAVA_VERSION} or newer) on the PATH"),
    "maven": (fetchable, "Maven (mvn) on the PATH, to fetch Apache Kafka and a schema registry once"),
}


def require(name: str) -> None:
    """Go on only where the thing is there: otherwise skip, or fail where everything is required."""
    present, what = _NEEDS[name]
    if present():
        return
    if os.environ.get("BARLOOM_REQUIRE_ALL") == "1":
        pytest.fail(f"needs {what}, and BARLOOM_REQUIRE_ALL=1 asks for everything", pytrace=False)
    pytest.skip(f"needs {what}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Check the ``needs`` marks of a test."""
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            require(name)


@pytest.fixture(scope="session")
def need() -> Callable[[str], None]:
    """Call with a name to go on only where that thing is there."""
    return require


@pytest.fixture(scope="session")
def oracles() -> Path:
    """The directory of real market data with known bars."""
    require("oracles")
    return _ORACLES
