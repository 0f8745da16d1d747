"""The wheel works where nothing else is installed, on every Python that the project supports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from project.tree import ROOT

VERSIONS = ("3.11", "3.12", "3.13")
RUN = """
import barloom as bl

bars = bl.load("market/bars.toml")
report = bars.run("market/ticks.csv", "state")
assert report.bars["1m"] > 0, report
with bl.TimeBucket.open("state", "1m") as bucket:
    assert bucket.keys()
"""
USER = """
from datetime import datetime
from decimal import Decimal

import barloom as bl


class Trade(bl.Event):
    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(18, 6)


bars = bl.from_(Trade).tumbling("1s").ohlcv(price="price").rollup("1m").named("bars")
report: bl.RunReport = bars.run("ticks.csv", "state", at_end="close")
app: bl.kafka.KafkaApp = bars.kafka(brokers="localhost:9092", input="ticks")
wrong: int = bars.compute([])["1m"]
"""


def pythons() -> dict[str, str]:
    """The interpreters that this machine has, by version."""
    found = {f"{sys.version_info.major}.{sys.version_info.minor}": sys.executable}
    for version in VERSIONS:
        pyenv = sorted(Path(sys.base_prefix).parent.glob(f"{version}.*/bin/python"))
        named = shutil.which(f"python{version}")
        if version not in found and (pyenv or named):
            found[version] = str(pyenv[-1]) if pyenv else str(named)
    return {version: found[version] for version in VERSIONS if version in found}


def ran(command: list[str], place: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a command printed, with none of this project's paths in its environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "BARLOOM"))}
    return subprocess.run(
        command, cwd=place, env={**environment, **variables}, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the project as it is."""
    place = tmp_path_factory.mktemp("wheel")
    made = ran(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(place), str(ROOT)], place
    )
    assert made.returncode == 0, made.stderr
    return next(place.glob("barloom-*.whl"))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_wheel_is_all_that_is_needed(version: str, wheel: Path, tmp_path: Path) -> None:
    """In a fresh environment: import, `demo`, one run, and the types of a user's file."""
    if version not in pythons():
        pytest.skip(f"no Python {version} on this machine")
    assert ran([pythons()[version], "-m", "venv", "fresh"], tmp_path).returncode == 0
    python = str(tmp_path / "fresh" / "bin" / "python")
    pip = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-c",
        str(ROOT / "constraints.txt"),
    ]
    installed = ran([*pip, str(wheel)], tmp_path)
    assert installed.returncode == 0, installed.stderr

    barloom = str(tmp_path / "fresh" / "bin" / "barloom")
    shown = ran([barloom, "demo"], tmp_path, HOME=str(tmp_path))
    assert shown.returncode == 0, shown.stderr
    made = ran([barloom, "simulate", "--out", "market", "--ticks", "20000"], tmp_path)
    assert made.returncode == 0, made.stderr
    read = ran([python, "-c", RUN], tmp_path)
    assert read.returncode == 0, read.stderr

    (tmp_path / "user.py").write_text(USER)
    checked = ran([sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "user.py"], tmp_path)
    errors = [line for line in checked.stdout.splitlines() if ": error:" in line]
    assert len(errors) == 1, checked.stdout
    assert 'variable has type "int"' in errors[0]
