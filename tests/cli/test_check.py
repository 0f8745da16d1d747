"""``barloom check`` shows the plan, or every mistake at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from barloom.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

DEFINITION = """
[event]
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
price = "decimal(18, 6)"
size = "decimal(18, 2)"
[bars]
name = "trades"
base = "1m"
delay = "2s"
rollup = ["1h", "1d", "1mo"]
ohlcv = { price = "price", size = "size" }
[bars.timeframes."1h"]
gap = "carry"
retention = "1w"
"""


def written(tmp_path: Path, text: str) -> str:
    """A definition file."""
    path = tmp_path / "bars.toml"
    path.write_text(text)
    return str(path)


def test_the_ladder_shows_children_slots_delay_gap_and_retention(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line a timeframe."""
    assert main(["check", written(tmp_path, DEFINITION)]) == 0

    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "1m ticks - 2s omit no for ever" in lines
    assert "1h 1m 60 2s carry up to 1d no 1w" in lines
    assert "1mo 1d 28-31 2s omit no for ever" in lines
    assert "1h trades_live_1h trades_final_1h" in lines


def test_a_script_reads_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same as JSON."""
    assert main(["check", written(tmp_path, DEFINITION), "--json"]) == 0

    answer = json.loads(capsys.readouterr().out)
    hour = answer["timeframes"][1]
    assert {"schema": 1, "command": "check"} == answer["barloom"]
    assert ("1h", "1m", [60], 2_000_000_000, "carry") == tuple(
        hour[name] for name in ("timeframe", "child", "expected_slots", "delay_ns", "gap")
    )
    assert ["open", "high", "low", "close", "volume", "count"] == [column["name"] for column in answer["columns"]]


def test_all_mistakes_are_reported_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with what, where and how to mend it."""
    wrong = DEFINITION.replace('size = "size" }', 'size = "sise" }').replace('"1d"', '"24h"').replace("2s", "2 sec")

    assert main(["check", written(tmp_path, wrong)]) == 2

    said = capsys.readouterr().err
    assert said.startswith("barloom: 3 problems in the definition")
    assert "did you mean 'size'?" in said
    assert "write '1d'" in said
    assert "'2 sec' is not a duration" in said


def test_what_may_surprise_is_said_before_the_first_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No arrival column, no delay."""
    main(["check", written(tmp_path, DEFINITION.replace('delay = "2s"', ""))])

    said = capsys.readouterr().out
    assert "note: no arrival column" in said
    assert "note: the base has no delay" in said


def test_an_unknown_calendar_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before the first run, even where no timeframe is rolled up."""
    text = DEFINITION.replace('delay = "2s"', 'delay = "2s"\ncalendar = "XNIS"').replace('"1h", "1d", "1mo"', "")
    text = text.partition("[bars.timeframes")[0]

    assert main(["check", written(tmp_path, text)]) == 2
    assert "'XNIS'" in capsys.readouterr().err
