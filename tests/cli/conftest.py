"""A small market on disk, its definition and its store, shared by the tests of the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from barloom.cli import main

if TYPE_CHECKING:
    from pathlib import Path

DEFINITION = """
[event]
name = "Trade"
key = ["venue", "symbol"]
timestamp = "at"
[event.fields]
venue = "string"
symbol = "string"
at = "timestamp"
price = "decimal(12, 2)"
size = "decimal(12, 3)"
[bars]
name = "trades"
base = "1m"
delay = "5s"
gap = "carry"
rollup = ["5m", "1d"]
ohlcv = { price = "price", size = "size" }
"""

TICKS = """venue,symbol,at,price,size
A,ACME,2025-11-10T09:00:01.25Z,100.00,2
A,ACME,2025-11-10T09:00:09Z,100.50,1.5
B,ZINC,2025-11-10T09:00:12Z,7.25,100
A,ACME,2025-11-10T09:03:10Z,101.00,0.125
A,ACME,2025-11-10T09:01:30Z,100.10,4
A,ACME,2025-11-10T09:05:02Z,101.333,1
A,ACME,2025-11-10T09:05:06Z,101.25,1
"""


@pytest.fixture
def market(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory, and the current one, with ``bars.toml`` and ``ticks.csv``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bars.toml").write_text(DEFINITION)
    (tmp_path / "ticks.csv").write_text(TICKS)
    return tmp_path


@pytest.fixture
def store(market: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The same with a store ``state`` of it."""
    assert main(["run", "bars.toml", "--source", "ticks.csv", "--store", "state"]) == 0
    capsys.readouterr()
    return market / "state"
