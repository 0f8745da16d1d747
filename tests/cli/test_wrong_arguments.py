"""Arguments that make no sense are told as such, and never end as a bug."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from barloom.cli import main
from barloom.cli.exits import Exit

if TYPE_CHECKING:
    from pathlib import Path

ACME = ("--store", "state", "--timeframe", "1m", "--key", "venue=A", "--key", "symbol=ACME")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("chart", *ACME, "--last", "0"), "--last 0: give a whole number, at least 1"),
        (("chart", *ACME, "--last", "-3"), "--last -3: give a whole number, at least 1"),
        (("chart", *ACME, "--height", "0"), "--height 0: give a whole number, at least 1"),
        (
            ("export", *ACME, "--out", "x.csv", "--from", "2025-11-12", "--to", "2025-11-11"),
            "--from 2025-11-12 is later than --to 2025-11-11",
        ),
        (("rn", "bars.toml"), "See: barloom --help"),
    ],
)
def test_arguments_that_make_no_sense(
    store: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    """The exit code is that of a wrong command line."""
    del store
    assert main(list(words)) == Exit.USAGE
    assert told in capsys.readouterr().err


def test_a_chart_fits_any_terminal(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One candle at least, however narrow."""
    del store
    monkeypatch.setenv("COLUMNS", "5")

    assert main(["chart", *ACME]) == Exit.OK
    assert "A ACME 1m" in capsys.readouterr().out
