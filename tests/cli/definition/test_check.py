"""``barloom check`` shows the plan, or every mistake at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from barloom.cli import main

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ([], False),
        (["--kafka", "127.0.0.1:1", "--input", "ticks", "--format", "json"], True),
        (["--ksqldb"], True),
    ],
)
def test_topics_are_shown_to_those_who_have_some(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], *, shown: bool
) -> None:
    """A definition that runs over files has none."""
    assert main(["check", written(tmp_path, DEFINITION), *options]) == 0

    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert ("1h trades_live_1h trades_final_1h" in lines) is shown
    assert ("Topics" in lines) is shown


LATER = "30s later than time passes (after)"
LONGER = 'cost nothing; what comes in the end after a longer one is late: clock = { after = "…" }'


@pytest.mark.parametrize(
    ("clock", "told", "stall"),
    [
        (
            "",
            [
                "clock closes quiet slots of a live feed (rows at most 1m old when they come: live_within)",
                f"stalls up to 2s (delay) {LONGER}",
                'delayed feeds one that is 15m late needs live_within = "17m"',
            ],
            2,
        ),
        (
            'clock = { after = "30s" }\nlive_within = "1h"',
            [
                f"clock closes quiet slots of a live feed (rows at most 1h old when they come: live_within), {LATER}",
                f"stalls up to 32s (delay + after) {LONGER}",
            ],
            32,
        ),
        ('clock = "off"', ["clock off: only later rows close slots"], None),
    ],
)
def test_what_the_clock_does_and_what_a_stall_costs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], clock: str, told: list[str], stall: int | None
) -> None:
    """For how long a live feed may stall and then go on in order; and what a delayed one needs."""
    path = written(tmp_path, DEFINITION.replace("[bars.timeframes", f"{clock}\n[bars.timeframes"))
    assert main(["check", path]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert main(["check", path, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)

    assert told == [line for line in lines if line.split(maxsplit=1)[:1] in (["clock"], ["stalls"], ["delayed"])]
    assert (stall and stall * 10**9) == answer["harmless_stall_ns"]


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


def test_the_calendar_is_shown_with_its_hours_its_year_and_where_it_comes_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Zone, usual hours, sessions and early closes of a year, range; half days show in the number of slots."""
    text = DEFINITION.replace('delay = "2s"', 'delay = "2s"\ncalendar = "XNYS"\nclose_grace = "5m"')

    assert main(["check", written(tmp_path, text)]) == 0
    said = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "time zone America/New_York" in lines
    assert "usual hours Mon-Fri 09:30-16:00" in lines
    assert "sessions 250 in 2025, 3 of them with an early close" in lines
    assert "made (XNYS) by exchange_calendars" in " ".join(said.split())
    assert "1d 1h 4-7, mostly 7 2s omit no for ever" in lines

    assert main(["check", written(tmp_path, text), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert ("America/New_York", 250, 3) == tuple(
        answer["sessions"][name] for name in ("zone", "sessions", "early_closes")
    )
    assert ([4, 7], 7) == (answer["timeframes"][2]["expected_slots"], answer["timeframes"][2]["usual_slots"])


@pytest.mark.parametrize(
    ("calendar", "said"),
    [
        ("XNIS", "did you mean 'XNYS'?"),
        ("XNYS?extend=true", "did you mean 'extended'?"),
        ("24x7", "never closes"),
    ],
)
def test_what_a_calendar_cannot_do_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], calendar: str, said: str
) -> None:
    """Unknown names and options, and a grace after the close where there is no close."""
    text = DEFINITION.replace('delay = "2s"', f'delay = "2s"\ncalendar = "{calendar}"\nclose_grace = "5m"')

    assert main(["check", written(tmp_path, text)]) == 2
    assert said in capsys.readouterr().err


def test_prints_of_longer_hours_that_count_for_the_closing_bar_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the session goes on after the close, unless a condition names the auction's; the condition is shown."""
    hours = '{ zone = "UTC", hours = "0930-1600", post = "1600-2000", extended = true }'
    grace = f'delay = "2s"\ncalendar = {hours}\nclose_grace = "5m"'
    told = "in the 5m after the close every tick counts for the closing bar"

    assert main(["check", written(tmp_path, DEFINITION.replace('delay = "2s"', grace))]) == 0
    assert told in " ".join(capsys.readouterr().out.split())

    named = grace + "\nclose_grace_when = 'price > 1'"
    assert main(["check", written(tmp_path, DEFINITION.replace('delay = "2s"', named))]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert told not in said
    assert "where price > 1" in said


def test_a_calendar_near_its_end_is_told_before_the_first_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """So is one whose extended hours are none."""
    ended = '{ zone = "UTC", hours = "0900-1700", from = "2025-01-01", until = "2025-06-30" }'
    main(["check", written(tmp_path, DEFINITION.replace('delay = "2s"', f"calendar = {ended}"))])
    assert "ended on 2025-06-30" in capsys.readouterr().out

    main(["check", written(tmp_path, DEFINITION.replace('delay = "2s"', 'calendar = "XNYS?extended=true"'))])
    assert "has no hours before or after the regular ones" in capsys.readouterr().out


def test_how_the_input_is_written_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Patterns of times, names of files, hours that come twice, separators: each as it was declared."""
    source = """
[source]
columns = { symbol = "@file:([A-Z]+)-", at = ["date", "@hive.hour"], size = "=1" }
ambiguous = "order"
decimal_separator = ","
thousands = "."
"""
    text = DEFINITION.replace('at = "timestamp"', 'at = \'timestamp("%d.%m.%Y %H", zone="UTC")\'') + source
    assert main(["check", written(tmp_path, text)]) == 0

    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "an hour twice by the order of the rows, where the clocks are set back" in lines
    assert "numbers such as 1.234,5" in lines
    whole = " ".join(lines)
    for shown in ("the name of the file: ([A-Z]+)-", "always '1'", 'timestamp("%d.%m.%Y %H", zone="UTC")'):
        assert shown in whole
    assert "date and the directory hour=… of the file" in whole
