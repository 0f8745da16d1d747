"""Importing barloom is cheap: a declaration loads nothing that it does not need."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = ["numpy", "pandas", "polars", "rocksdict", "rich", "cyclopts", "msgspec", "asyncio", "confluent_kafka"]
HEAVY += ["httpx", "prometheus_client", "starlette", "structlog", "uvicorn", "websockets"]


def loaded_after(code: str) -> set[str]:
    """The heavy packages that a fresh process has loaded after running some code."""
    program = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    return set(json.loads(answer.stdout.splitlines()[-1])) & set(HEAVY)


def test_importing_barloom_loads_no_heavy_package() -> None:
    """`import barloom` costs less than the columns, the store or the command line it may later use."""

    assert set() == loaded_after("import barloom")


def test_declaring_bars_loads_no_heavy_package() -> None:
    """Declaring events and bars, which every application does at import, is as cheap."""
    code = """
import barloom as bl
from datetime import datetime
from decimal import Decimal

class Trade(bl.Event):
    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(18, 6)
    size: Decimal = bl.decimal(18, 8)

bl.from_(Trade).tumbling("1s", delay="2s").ohlcv(price="price", size="size").rollup("1m", "1d").named("bars")
"""

    assert set() == loaded_after(code)


def test_no_part_of_barloom_needs_pandas() -> None:
    """Columns are polars and numpy; a user without pandas has everything."""
    code = "import barloom, pkgutil\nfor m in pkgutil.walk_packages(barloom.__path__, 'barloom.'):\n"
    code += "    if not m.name.endswith('__main__'): __import__(m.name)"

    assert "pandas" not in loaded_after(code)
