"""Declarations are found in a TOML file or at module:attribute."""

from __future__ import annotations

import pickle
import sys
from typing import TYPE_CHECKING

import pytest

import barloom as bl
from plan.plan_cases import QUOTE_TOML, only_problem, problems_of, quotes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE = """
from datetime import datetime
from decimal import Decimal
import barloom as bl

class Trade(bl.Event):
    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(18, 6)

query = bl.from_(Trade).tumbling("1s").ohlcv(price="price")
bars = query.named("bars")
plan = bars.plan

class Held:
    bars = bars
"""
BARS_TOML = '[bars]\nname="bars"\nbase="1s"\ndelay="2s"\nohlcv.price="bid"\n'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current directory; what is imported from it is forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - before:
        if not name.startswith("barloom"):
            del sys.modules[name]


def test_toml_file(here: Path) -> None:
    """A TOML file is read as UTF-8."""
    (here / "bars.toml").write_text(QUOTE_TOML + BARS_TOML)

    assert quotes().ohlcv(price="bid").named("bars") == bl.load("bars.toml") == bl.load(here / "bars.toml")


@pytest.mark.parametrize("target", ["pickled_desk:bars", "pickled.toml"])
def test_bars_go_to_another_process(here: Path, target: str) -> None:
    """As a pool of workers sends them, wherever they come from."""
    (here / "pickled_desk.py").write_text(MODULE)
    (here / "pickled.toml").write_text(QUOTE_TOML + BARS_TOML)
    bars = bl.load(target)

    assert bars.plan == pickle.loads(pickle.dumps(bars)).plan  # noqa: S301 - written here


def test_module_attribute(here: Path) -> None:
    """A module of the current directory; its attribute may be bars or a plan."""
    (here / "declared_trades.py").write_text(MODULE)

    made = bl.load("declared_trades:bars")
    assert "bars" == made.plan.name
    assert made == bl.load("declared_trades:plan") == bl.load("declared_trades:Held.bars")


@pytest.mark.parametrize(
    ("target", "what", "fix"),
    [
        ("trades.toml", "there is no such definition", "did you mean 'trade.toml'?"),
        ("missing_module:bars", "there is no module 'missing_module'", "missing_module.py"),
        ("declared:barz", "'declared' has no attribute 'barz'", "did you mean 'bars'?"),
        ("declared:query", "is a declaration without a name", '.named("bars")'),
        ("declared:Trade", "is a type, not bars", '.named("…")'),
        ("broken:bars", "importing 'broken' raised ZeroDivisionError: division by zero", "mend the module"),
        ("folder", "is a directory", "the .toml file in it"),
        ("binary.toml", "is not UTF-8 text", "save it as UTF-8"),
    ],
)
def test_what_cannot_be_loaded(here: Path, target: str, what: str, fix: str) -> None:
    """Each gives one clear message."""
    (here / "trade.toml").write_text("")
    (here / "declared.py").write_text(MODULE)
    (here / "broken.py").write_text("1 / 0")
    (here / "folder").mkdir()
    (here / "binary.toml").write_bytes(b"\xff\xfe\x00")
    found = only_problem(lambda: bl.load(target))

    assert (what, target) == found[:2]
    assert fix in found[2]


def test_definition_errors_come_through(here: Path) -> None:
    """A wrong declaration in a module keeps its own problems."""
    (here / "wrong.py").write_text(MODULE.replace('price="price"', 'price="prize"'))

    assert "unknown column 'prize'" == problems_of(lambda: bl.load("wrong:bars"))[0].what
