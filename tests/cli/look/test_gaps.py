"""``barloom gaps`` lists what is missing in the numbers of keys, and ``explain`` names it beside a bar."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import barloom as bl
from barloom.cli import main
from barloom.cli.exits import Exit

if TYPE_CHECKING:
    from pathlib import Path

DEFINITION = """
[event]
key = "symbol"
timestamp = "at"
sequence = "id"
[event.fields]
symbol = "string"
id = "int"
at = "timestamp"
price = "decimal(12, 2)"
[bars]
name = "numbered"
base = "1m"
rollup = ["5m"]
select = { close = "last(price)" }
"""
TICKS = """symbol,id,at,price
A,1,2025-11-10T09:00:10Z,1
B,1,2025-11-10T09:00:20Z,1
A,2,2025-11-10T09:00:30Z,1
A,5,2025-11-10T09:02:10Z,1
A,6,2025-11-10T09:03:10Z,1
"""


@pytest.fixture
def numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store in which the numbers 3 and 4 of A have not come, between 09:00:30 and 09:02:10."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "numbered.toml").write_text(DEFINITION)
    (tmp_path / "numbered.csv").write_text(TICKS)
    bl.load("numbered.toml").run("numbered.csv", "numbered")
    return tmp_path / "numbered"


def answered(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    """What a command answers with ``--json``."""
    assert 0 == main([*words, "--json"])
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_a_gap_says_which_numbers_when_and_the_bars(numbered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON, as a table, and from Python; of a key without any there is none."""
    found = answered(capsys, "gaps", "--store", str(numbered))
    assert 0 == main(["gaps", "--store", str(numbered), "--key", "A"])
    shown = capsys.readouterr().out
    assert 0 == main(["gaps", "--store", str(numbered), "--key", "B"])

    bars = {
        "1m": ["2025-11-10T09:00:00Z", "2025-11-10T09:02:00Z"],
        "5m": ["2025-11-10T09:00:00Z", "2025-11-10T09:00:00Z"],
    }
    times = {"start": "2025-11-10T09:00:30Z", "end": "2025-11-10T09:02:10Z"}
    assert [{"key": ["A"], "first": 3, "last": 4, "count": 2, **times, "bars": bars, "state": "open"}] == found["gaps"]
    assert {"open": 2, "filled": 0, "late": 0, "given up": 0} == found["numbers"]
    assert "3 to 4" in shown
    assert "No number is known to be missing" in capsys.readouterr().out
    (gap,) = bl.Store(numbered).gaps("A")
    with bl.TimeBucket.open(numbered, "1m") as bucket:
        assert [gap] == bucket.gaps() == bucket.gaps(symbol="A")
        assert [] == bucket.gaps("B")


def test_explain_says_why_a_bar_is_not_complete(numbered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The minute that may lack them, and the hole by its numbers."""
    where = ("--store", str(numbered), "--timeframe", "1m", "--key", "A", "2025-11-10T09:02:00Z")
    found = answered(capsys, "explain", *where)["numbers"]
    assert 0 == main(["explain", *where])

    assert isinstance(found, dict)
    assert (2, "no", "2 numbers missing") == (found["missing"], found["complete"], found["why"])
    assert [(3, 4)] == [(gap["first"], gap["last"]) for gap in found["gaps"]]
    assert "complete     no: 2 numbers missing" in capsys.readouterr().out


def test_without_a_sequence_nobody_knows(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command says so; in Python there are none."""
    assert Exit.USAGE == main(["gaps", "--store", str(store)])
    assert "declares no sequence" in capsys.readouterr().err
    assert [] == bl.Store(store).gaps()
