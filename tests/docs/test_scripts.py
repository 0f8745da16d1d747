"""The files in ``examples`` run as they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from barloom.front.load import load

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_runs(script: Path, tmp_path: Path) -> None:
    """In a directory of its own; what it asserts holds."""
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_an_example_definition_is_in_order(path: Path) -> None:
    """Every TOML file in the folder becomes a plan."""
    assert load(path).plan.outputs


def test_every_example_is_listed() -> None:
    """In the folder's README."""
    listed = (EXAMPLES / "README.md").read_text()

    assert [] == [
        path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".toml") and path.name not in listed
    ]
