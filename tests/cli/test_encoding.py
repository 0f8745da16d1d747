"""Output that cannot show every letter gets plain ones; no command fails for a letter."""

from __future__ import annotations

import json
import sys
from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING

import pytest

from barloom.cli import main
from barloom.cli.exits import Exit
from barloom.cli.screen import spinner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Said = tuple[int, str, str]
CANDLES = """\
A\N{LATIN SMALL LETTER E WITH ACUTE},2025-11-10T09:00:00Z,10,1
A\N{LATIN SMALL LETTER E WITH ACUTE},2025-11-10T09:00:01Z,14,8
A\N{LATIN SMALL LETTER E WITH ACUTE},2025-11-10T09:00:02Z,12,8
"""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Sequence[str]], Said]:
    """Run a command whose output has an encoding: the exit code, standard output and standard error, as they were."""

    def tell(encoding: str, words: Sequence[str]) -> Said:
        out, err = (TextIOWrapper(BytesIO(), encoding=encoding, write_through=True) for _ in range(2))
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        code = main(list(words))
        written = [stream.buffer.getvalue().decode(encoding) for stream in (out, err)]
        return code, written[0], written[1]

    return tell


@pytest.fixture
def accented(market: Path) -> Path:
    """A store of one key that ASCII cannot write."""
    (market / "candles.toml").write_text(
        (market / "bars.toml").read_text().replace('["venue", "symbol"]', '["symbol"]').replace('venue = "string"', "")
    )
    (market / "candles.csv").write_text("symbol,at,price,size\n" + CANDLES, encoding="utf-8")
    assert main(["run", "candles.toml", "--source", "candles.csv", "--store", "drawn"]) == 0
    return market / "drawn"


CHART = ("chart", "--store", "drawn", "--timeframe", "1m", "--key", "A\u00e9", "--height", "2")


def test_candles_are_drawn_in_plain_letters(accented: Path, told: Callable[[str, Sequence[str]], Said]) -> None:
    """Four halves from 10 to 14: the body ends in the third, the wick fills the fourth; the volume is the largest."""
    del accented
    code, chart, _ = told("ascii", CHART)

    lines = chart.splitlines()
    assert code == Exit.OK
    assert lines[0] == r"A\xe9 1m"
    assert [line.rstrip() for line in lines[1:3]] == ["  # + 14", "  # + 10"]
    assert lines[3].startswith("  #   volume")


def test_candles_keep_their_boxes_where_they_can_be_shown(
    accented: Path, told: Callable[[str, Sequence[str]], Said]
) -> None:
    """Nothing changes on UTF-8."""
    del accented
    _, chart, _ = told("utf-8", CHART)

    assert "A\u00e9 1m" in chart
    assert "┃ ┤ 10" in chart


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "cp1252"])
@pytest.mark.parametrize(
    "words",
    [
        CHART,
        ("get", "--store", "drawn", "--timeframe", "1m", "--key", "A\u00e9", "2025-11-10T09:00:00Z"),
        ("status", "--store", "drawn"),
        ("explain", "--store", "drawn", "--timeframe", "1m", "--key", "A\u00e9", "2025-11-10T09:00:00Z"),
        ("check", "candles.toml"),
        ("get", "--help"),
        ("calendar", "show", "XTKS", "2025-11-10"),
        ("export", "--store", "drawn", "--timeframe", "1m", "--out", "-"),
    ],
    ids=lambda words: words[0],
)
def test_no_command_fails_for_a_letter(
    accented: Path, told: Callable[[str, Sequence[str]], Said], encoding: str, words: Sequence[str]
) -> None:
    """A chart, a bar, a table, help, a calendar, a file."""
    del accented
    assert told(encoding, words)[0] in (Exit.OK, Exit.NOT_FOUND)


def test_json_holds_escapes_that_say_the_letter(accented: Path, told: Callable[[str, Sequence[str]], Said]) -> None:
    """What a script reads loses nothing."""
    del accented
    words = ("get", "--store", "drawn", "--timeframe", "1m", "--key", "A\u00e9", "2025-11-10T09:00:00Z", "--json")
    code, answer, _ = told("latin-1", words)

    assert code == Exit.OK
    assert answer.isascii()
    assert json.loads(answer)["bar"]["symbol"] == "A\u00e9"


def test_an_error_is_told_in_letters_that_there_are(market: Path, told: Callable[[str, Sequence[str]], Said]) -> None:
    """The name of a file that is not there."""
    del market
    code, _, error = told("ascii", ("check", "b\u00e9.toml"))

    assert code == Exit.USAGE
    assert r"b\xe9.toml: there is no such definition" in error


def test_bytes_that_are_no_text_are_told_as_such(market: Path, told: Callable[[str, Sequence[str]], Said]) -> None:
    """A name in another encoding comes as halves of characters, which UTF-8 cannot write either."""
    (market / "caf\udce9.csv").write_text("")
    run = told("utf-8", ("run", "bars.toml", "--source", "caf\udce9.csv", "--store", "state"))
    made = told("utf-8", ("run", "bars.toml", "--source", "ticks.csv", "--store", "state"))
    key = ("--key", "venue=A\udce9", "--key", "symbol=B")
    export = told("utf-8", ("export", "--store", "state", "--timeframe", "1m", "--out", "x.csv", *key))

    assert (run[0], made[0], export[0]) == (Exit.INPUT, Exit.OK, Exit.USAGE)
    assert r"the name of caf\udce9.csv is not UTF-8 text" in run[2]
    assert r"--key venue=A\udce9: it is not UTF-8 text" in export[2]


@pytest.mark.parametrize(("encoding", "name"), [("ascii", "line"), ("utf-8", "dots")])
def test_what_turns_beside_a_progress_can_be_shown(monkeypatch: pytest.MonkeyPatch, encoding: str, name: str) -> None:
    """Dots of Braille, or a line."""
    monkeypatch.setattr(sys, "stderr", TextIOWrapper(BytesIO(), encoding=encoding))

    assert spinner() == name
