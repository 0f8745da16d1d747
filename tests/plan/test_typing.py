"""mypy and pyright know events and declarations: missing and float arguments are errors, right ones are not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = Path(__file__).parents[2] / "src"

HEAD = """\
from datetime import datetime
from decimal import Decimal
from typing import assert_type

import barloom as bl


class Quote(bl.Event):
    broker: str = bl.key()
    venue: int = bl.key()
    at: datetime = bl.timestamp()
    bid: Decimal = bl.decimal(18, 6)
    ask: Decimal | None = bl.decimal(18, 6)
    side: str
    note: str | None = bl.field()
    seen: int = bl.field(unit="ns")
    id: int = bl.event_id()


class Tick(bl.Event):
    symbol: str = bl.key()
    at: int = bl.timestamp(unit="ns")
    price: Decimal = bl.decimal(18, 6)


"""

RIGHT = """\
quote = Quote(
    broker="a", venue=1, at=datetime(2024, 1, 1), bid=Decimal(1), ask=None, side="buy", note=None, seen=1, id=1
)
assert_type(quote.bid, Decimal)
assert_type(quote.ask, Decimal | None)
assert_type(Tick("a", 1, Decimal(1)).at, int)
bars = (
    bl.from_(Quote)
    .where((bl.col("bid") > "0.1") & (bl.col("side") == "buy"))
    .tumbling("1s", delay="2s")
    .select(open=bl.first("bid"), mid=bl.last((bl.col("bid") + bl.col("ask")) * "0.5"), n=bl.count(when="bid > 1"))
    .rollup("1m", bl.timeframe("1h", gap="carry"))
    .named("bars")
)
assert_type(bars, bl.Bars)
assert_type(bars.plan, bl.BarPlan)
"""

WRONG = """\
Tick(symbol="a", at=1, price=1.5)
Tick(symbol="a", at=1)
Tick(symbol="a", at=1, price=Decimal(1), size=Decimal(1))
Tick(symbol="a", at=datetime(2024, 1, 1), price=Decimal(1))
Tick(symbol="a", at=1, price=Decimal(1)).price = Decimal(2)
_ = bl.col("bid") * 0.5
_ = bl.col("bid") > 0.1
bl.from_(Quote).tumbling("1s", delay=2)
bl.vwap("bid", "size", rounding="downish")
bl.timeframe("1h", gap="carri")
bl.avg(0.5)


class Mistyped(bl.Event):
    symbol: Decimal = bl.key()
    name: str = bl.timestamp()
    at: datetime = bl.timestamp(unit="ns")
    count: int = bl.timestamp()
    bid: float = bl.decimal(18, 6)
    ask: Decimal = bl.decimal(18)
"""


def mypy_errors(path: Path) -> set[int]:
    """The lines in which mypy finds errors."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--follow-imports=silent"]
    cache = f"--cache-dir={path.parent / 'cache'}"
    run = subprocess.run(
        [*command, cache, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={"MYPYPATH": str(SOURCE)},
        cwd=path.parent,
    )
    assert not run.stderr, run.stderr
    return {
        int(line.split(":")[1]) for line in run.stdout.splitlines() if line.startswith(path.name) and "error" in line
    }


def pyright_errors(path: Path) -> set[int]:
    """The lines in which pyright finds errors."""
    settings = {"extraPaths": [str(SOURCE)], "include": [path.name]}
    (path.parent / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [str(Path(sys.executable).with_name("pyright")), "--pythonpath", sys.executable, "--outputjson"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=path.parent)
    found = json.loads(run.stdout)["generalDiagnostics"]
    return {item["range"]["start"]["line"] + 1 for item in found if item["severity"] == "error"}


CHECKERS = [pytest.param(mypy_errors, id="mypy"), pytest.param(pyright_errors, id="pyright")]


@pytest.mark.parametrize("errors", CHECKERS)
def test_checkers_know_the_declaration(tmp_path: Path, errors: Callable[[Path], set[int]]) -> None:
    """What is right passes; every line that is wrong is an error, and no other line is."""
    path = tmp_path / "declared.py"
    path.write_text(HEAD + RIGHT + WRONG)
    lines = (HEAD + RIGHT + WRONG).splitlines()
    first = len((HEAD + RIGHT).splitlines()) + 1
    passed = {"", "class Mistyped(bl.Event):"}

    expected = {number for number, line in enumerate(lines, 1) if number >= first and line not in passed}
    assert expected == errors(path)
