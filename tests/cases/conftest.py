"""Small inputs beside the project that other systems, or older versions, got wrong; tests run them in a copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

_SHARED = Path(__file__).resolve().parents[3] / "shared"
_SRC = Path(__file__).resolve().parents[2] / "src"


@dataclass(frozen=True)
class Case:
    """A copy of a case's folder; `barloom` is the command of this checkout."""

    path: Path

    def sh(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a line of shell in the folder, with ``barloom`` on the PATH."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = os.environ | {"PATH": path, "PYTHONPATH": str(_SRC), "NO_COLOR": "1", "COLUMNS": "120"}
        return subprocess.run(
            ["bash", "-c", command], cwd=self.path, env=env, capture_output=True, text=True, check=False, timeout=300
        )

    def barloom(self, arguments: str, *, code: int = 0) -> str:
        """What one command prints; it must end with `code`."""
        done = self.sh(f"barloom {arguments}")
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def bars(self, timeframe: str, store: str = "s") -> pl.DataFrame:
        """The finals of a store, every column as the text that `export` writes."""
        self.barloom(f"export --store {store} --timeframe {timeframe} --out bars-{store}-{timeframe}.csv")
        return pl.read_csv(self.path / f"bars-{store}-{timeframe}.csv", infer_schema=False, empty_string_is_null=False)

    def rejected(self, store: str = "s") -> pl.DataFrame:
        """The side output of a store, every column as text."""
        self.barloom(f"export --store {store} --rejected --out rejected-{store}.csv")
        return pl.read_csv(self.path / f"rejected-{store}.csv", infer_schema=False, empty_string_is_null=False)


@pytest.fixture
def case(tmp_path: Path, need: Callable[[str], None]) -> Callable[[str], Case]:
    """Call with a folder's name for a copy of it."""

    def copy(name: str) -> Case:
        need("cases")
        shutil.copytree(_SHARED / "cases" / name, tmp_path / name)
        return Case(tmp_path / name)

    return copy
