"""Every command from end to end, as a user or a script calls it."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from barloom.cli import main
from barloom.cli.app import app
from barloom.cli.exits import Exit
from barloom.testing import FakeClock

SOURCES = str(Path(__file__).resolve().parents[2] / "src")
ACME = ("--key", "venue=A", "--key", "symbol=ACME")


def environment() -> dict[str, str]:
    """That of a process that finds barloom wherever it is started."""
    return {**os.environ, "PYTHONPATH": SOURCES}


def called(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    """What a command prints; it must end with `code`."""
    assert main(list(words)) == code
    return capsys.readouterr().out


def answered(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, object]:
    """What a command answers to a script."""
    answer: dict[str, object] = json.loads(called(capsys, *words, "--json", code=code))
    assert answer["barloom"] == {"schema": 1, "command": words[0]}
    return answer


def test_run_reports_ticks_bars_open_slots_and_refused_rows(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Seven rows: one is late, one does not fit; three minutes of ACME and one of ZINC are over, two are carried."""
    answer = answered(capsys, "run", "bars.toml", "--source", "ticks.csv", "--store", "state")

    assert answer["ticks"] == 7
    assert answer["rejected"] == {"late": 1, "invalid": 1}
    assert answer["open"] == {"1m": 1, "5m": 1, "1d": 2}
    assert answer["stream_time"] == "2025-11-10T09:05:06Z"
    assert (market / "state").is_dir()


def test_run_points_to_the_rejected_rows(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the command that writes them."""
    del market
    said = called(capsys, "run", "bars.toml", "--source", "ticks.csv", "--store", "state")

    assert "barloom export --store state --rejected --out rejected.csv" in said
    assert "note: rows have no time of arrival" in said


def test_run_again_reads_only_what_is_new(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also when the file has grown."""
    assert answered(capsys, "run", "bars.toml", "--source", "ticks.csv", "--store", "state")["ticks"] == 0
    with (store.parent / "ticks.csv").open("a") as file:
        file.write("A,ACME,2025-11-10T09:07:00Z,102,1\n")

    assert answered(capsys, "run", "bars.toml", "--source", "ticks.csv", "--store", "state")["ticks"] == 1


def test_strict_stops_at_the_first_bad_row(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With its file, row and text, and nothing stored."""
    del market
    assert main(["run", "bars.toml", "--source", "ticks.csv", "--store", "state", "--strict"]) == Exit.REFUSED

    said = capsys.readouterr().err
    assert "ticks.csv, row 6: price: '101.333' does not fit decimal(12, 2)" in said
    assert "A,ACME,2025-11-10T09:05:02Z,101.333,1" in said


def test_at_end_close_leaves_nothing_open(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The bars closed by the end of the file are partial."""
    del market
    words = ("run", "bars.toml", "--source", "ticks.csv", "--store", "state", "--at-end", "close")
    assert not any(answered(capsys, *words)["open"].values())  # type: ignore[attr-defined]

    day = answered(capsys, "get", "--store", "state", "--timeframe", "1d", *ACME, "2025-11-10")["bar"]
    assert (True, True) == (day["final"], day["partial"])  # type: ignore[index]


def test_standard_input_needs_to_be_told_what_a_second_run_means(market: Path) -> None:
    """``--resume skip`` passes over the rows read before."""
    script = [sys.executable, "-m", "barloom", "run", "bars.toml", "--source", "-", "--store", "state"]

    def piped(*more: str) -> subprocess.CompletedProcess[str]:
        ticks = (market / "ticks.csv").read_text()
        return subprocess.run(
            [*script, *more], input=ticks, capture_output=True, text=True, check=False, cwd=market, env=environment()
        )

    first, second, third = piped("--json"), piped(), piped("--resume", "skip", "--json")

    assert (0, Exit.INPUT, 0) == (first.returncode, second.returncode, third.returncode)
    assert "--resume skip" in second.stderr
    assert (7, 0) == (json.loads(first.stdout)["ticks"], json.loads(third.stdout)["ticks"])


def test_get_shows_a_bar_or_says_why_there_is_none(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Composite keys by field; a missing bar has an exit code of its own."""
    del store
    words = ("get", "--store", "state", "--timeframe", "1m")

    bar = answered(capsys, *words, *ACME, "2025-11-10T09:00:00Z")["bar"]
    missing = answered(capsys, *words, "--key", "symbol=NONE", "--key", "venue=A", "2025-11-10T09:00:00Z", code=6)

    assert ("100.00", "100.50", "3.500", 2) == tuple(bar[name] for name in ("open", "close", "volume", "count"))  # type: ignore[index]
    assert ("empty", True) == (missing["why"], missing["decided"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--timeframe", "2m", *ACME, "2025-11-10T09:00:00Z"), "has no timeframe '2m'; it has 1m, 5m, 1d"),
        (("--timeframe", "1m", *ACME, "2025-11-10T09:00:30Z"), "no slot of 1m begins at 2025-11-10T09:00:30Z"),
        (("--timeframe", "1m", "--key", "ACME", "2025-11-10"), "write --key venue=… --key symbol=…"),
        (("--timeframe", "1m", "--key", "venue=A", "2025-11-10"), "give --key symbol=…"),
        (("--timeframe", "1m", *ACME, "2025-11-10T09:00:00"), "has no time zone"),
    ],
)
def test_a_question_that_makes_no_sense_is_a_usage_error(
    store: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    """With how to ask."""
    del store
    assert main(["get", "--store", "state", *words]) == Exit.USAGE
    assert says in capsys.readouterr().err


def test_export_writes_key_slot_and_columns_in_order(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sorted by key and start; decimals with their full scale."""
    del store
    said = called(capsys, "export", "--store", "state", "--timeframe", "5m", "--out", "-")

    rows = list(csv.reader(io.StringIO(said)))
    assert [
        "venue,symbol,start,end,open,high,low,close,volume,count",
        "A,ACME,2025-11-10T09:00:00Z,2025-11-10T09:05:00Z,100.00,101.00,100.00,101.00,3.625,3",
        "B,ZINC,2025-11-10T09:00:00Z,2025-11-10T09:05:00Z,7.25,7.25,7.25,7.25,100.000,1",
    ] == [",".join(row[:10]) for row in rows]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_export_limits_by_time_and_key(store: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    """``--from`` is included, ``--to`` is not; part of a composite key is enough."""
    out = store.parent / f"bars.{form}"
    words = ("--from", "2025-11-10T09:01:00Z", "--to", "2025-11-10T09:04:00Z", "--key", "symbol=ACME")

    assert answered(capsys, "export", "--store", "state", "--timeframe", "1m", "--out", str(out), *words)["rows"] == 3

    read = {"csv": pl.read_csv, "jsonl": pl.read_ndjson, "parquet": pl.read_parquet}[form]
    frame = read(out)  # type: ignore[operator]
    assert [True, True, False] == frame["synthetic"].to_list()


def test_export_of_live_bars_and_of_rejected_rows(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Live bars are those of open slots; rejected rows have reason, place and text."""
    del store
    live = called(capsys, "export", "--store", "state", "--timeframe", "1m", "--live", "--out", "-")
    rejected = list(
        csv.DictReader(io.StringIO(called(capsys, "export", "--store", "state", "--rejected", "--out", "-")))
    )

    assert [["A", "ACME", "2025-11-10T09:05:00Z"]] == [row[:3] for row in list(csv.reader(io.StringIO(live)))[1:]]
    assert ["late", "invalid"] == [row["reason"] for row in rejected]
    assert ["ACME", "2025-11-10T09:01:30.000000000Z", "65000000000"] == [
        rejected[0][name] for name in ("symbol", "event_time", "by_ns")
    ]
    assert ("ticks.csv", "6", "A,ACME,2025-11-10T09:05:02Z,101.333,1") == tuple(
        rejected[1][name] for name in ("source", "row", "raw")
    )


def test_verify_tells_equal_from_different(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By value, with both values shown; exit code 1."""
    published = store.parent / "published.csv"
    rows = "A,ACME,2025-11-10T09:00:00Z,100,100.5\nA,ACME,2025-11-10T09:03:00Z,101,7\n"
    published.write_text(f"venue,symbol,time,o,close\n{rows}")
    words = ("--store", "state", "--timeframe", "1m", "--reference", str(published), "--rename", "start=time")
    limits = ("--rename", "open=o", "--key", "symbol=ACME", "--synthetic", "skip", "--to", "2025-11-10T09:05:00Z")

    answer = answered(capsys, "verify", *words, *limits, code=1)

    assert (1, 1, 0, 0, 3) == tuple(answer[name] for name in ("equal", "different", "missing", "extra", "skipped"))
    bar = {"key": {"venue": "A", "symbol": "ACME"}, "start": "2025-11-10T09:03:00Z"}
    assert [{**bar, "column": "close", "ours": "101", "published": "7"}] == answer["differences"]
    assert called(capsys, "verify", *words, *limits, "--columns", "open").endswith("All bars are equal.\n")


def test_explain_status_chart_and_compact_answer(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The open day waits for its children; the store says where it stands."""
    del store
    told = answered(capsys, "explain", "--store", "state", "--timeframe", "1d", *ACME, "2025-11-10")
    status = answered(capsys, "status", "--store", "state")
    drawn = called(capsys, "chart", "--store", "state", "--timeframe", "1m", *ACME)
    size = answered(capsys, "compact", "--store", "state")

    assert ("live", 288, "2025-11-10T09:05:06Z") == tuple(told[name] for name in ("state", "expected", "stream_time"))
    assert "trades" == status["definition"]
    assert drawn.startswith("A ACME 1m\n")
    assert size["bytes_after"] > 0  # type: ignore[operator]
    assert "final" in called(capsys, "status", "--store", "state")


def test_a_backup_is_a_store_that_a_run_continues(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It holds the same; a place that is taken is refused."""
    told = answered(capsys, "backup", "--store", "state", "--out", "copy")
    status = [answered(capsys, "status", "--store", name)["finals"] for name in ("state", "copy")]
    again = main(["backup", "--store", "state", "--out", "copy"])
    said = capsys.readouterr().err
    run = answered(capsys, "run", "bars.toml", "--source", "ticks.csv", "--store", "copy")

    assert ("state", "copy") == (told["store"], told["out"])
    assert store.exists()
    assert status[0] == status[1] != {}
    assert (4, True) == (again, "copy is there already" in said)
    assert 0 == run["ticks"]


def test_status_lists_overrides_and_stopped_levels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What changes the calendar and since when, and the week that cannot be told yet, since its first day (09:30)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("barloom.cli.make.run.SystemClock", lambda: FakeClock(1_802_000_000_000_000_000))
    Path("bars.toml").write_text(
        '[event]\nname = "Trade"\nkey = "symbol"\ntimestamp = "at"\n'
        '[event.fields]\nsymbol = "string"\nat = "timestamp"\nprice = "decimal(12, 2)"\n'
        '[bars]\nname = "trades"\nbase = "1m"\ncalendar = "XSHG"\nrollup = ["1d", "1w"]\nohlcv = { price = "price" }\n'
    )
    Path("ticks.csv").write_text("symbol,at,price\nACME,2026-12-28T02:00:00Z,1\n")
    Path("holiday.toml").write_text("[[remove]]\ndate = 2026-12-30\n")
    Path("more.toml").write_text('valid_until = 2027-01-10\n[[add]]\ndate = 2027-01-04\nhours = "0930-1500"\n')
    run = ("run", "bars.toml", "--source", "ticks.csv", "--store", "state", "--overrides")
    holiday = {"since": None, "changes": ["remove 2026-12-30"]}
    more = {"since": "2026-12-28T02:00:00Z", "changes": ["add 2027-01-04 0930-1500", "valid until 2027-01-10"]}

    called(capsys, *run, "holiday.toml")
    before = answered(capsys, "status", "--store", "state")
    assert ([holiday], {"1w": "2026-12-28T01:30:00Z"}) == (before["overrides"], before["stopped"])
    shown = called(capsys, "status", "--store", "state")
    assert ["the beginning", "remove 2026-12-30"] in [line.strip().split("   ") for line in shown.splitlines()]
    assert "note: 1w has stopped: from 2026-12-28T01:30:00Z on its slots reach beyond the calendar" in shown

    called(capsys, *run, "more.toml")
    after = answered(capsys, "status", "--store", "state")
    assert ([holiday, more], {}) == (after["overrides"], after["stopped"])


def test_rebuild_puts_the_new_store_in_place(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another definition is refused by run, and brought in by rebuild."""
    changed = store.parent / "more.toml"
    changed.write_text((store.parent / "bars.toml").read_text().replace('["5m", "1d"]', '["5m", "1h", "1d"]'))
    assert main(["run", str(changed), "--source", "ticks.csv", "--store", "state"]) == Exit.STORE
    assert "barloom rebuild" in capsys.readouterr().err

    answer = answered(capsys, "rebuild", str(changed), "--source", "ticks.csv", "--store", "state")

    assert ["1m", "5m", "1h", "1d"] == list(answer["bars"])  # type: ignore[call-overload]
    assert ["1m", "5m", "1h", "1d"] == list(answered(capsys, "status", "--store", "state")["finals"])  # type: ignore[call-overload]


def test_simulate_writes_a_market_that_its_definition_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same seed is the same market; no row of it is invalid."""
    for name in ("one", "two"):
        answered(capsys, "simulate", "--out", str(tmp_path / name), "--ticks", "3000", "--keys", "3")
    ticks = tmp_path / "one" / "ticks.csv"

    answer = answered(
        capsys, "run", str(tmp_path / "one" / "bars.toml"), "--source", str(ticks), "--store", str(tmp_path / "state")
    )

    assert ticks.read_bytes() == (tmp_path / "two" / "ticks.csv").read_bytes()
    assert answer["ticks"] == 3000
    assert "invalid" not in answer["rejected"]  # type: ignore[operator]


def test_simulate_keeps_an_exchange_s_hours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Four sessions around Thanksgiving: four days for each symbol, the half day among them, and some ticks outside."""
    made = str(tmp_path)
    words = ("--calendar", "XNYS", "--start", "2025-11-25", "--days", "4", "--ticks", "4000", "--keys", "2")
    answered(capsys, "simulate", "--out", made, *words, "--outside", "0.01")
    ticks, state = str(tmp_path / "ticks.csv"), str(tmp_path / "state")

    answer = answered(capsys, "run", f"{made}/bars.toml", "--source", ticks, "--store", state, "--at-end", "close")

    assert answer["bars"]["1d"] in (8, 10)  # type: ignore[index]
    assert answer["rejected"]["out_of_session"] >= 20  # type: ignore[index]
    assert 'calendar = "XNYS"' in (tmp_path / "bars.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("simulate", "--out", "made", "--calendar", "XNYC"), 2, "did you mean 'XNYS'"),
        (("simulate", "--out", "made", "--rate", "5", "--days", "5"), 2, "--rate and --days"),
        (("simulate", "--out", "made", "--start", "soon"), 2, "--start"),
        (("run", "bars.toml", "--source", "nowhere.csv", "--store", "state"), 3, "nowhere.csv"),
        (("run", "bars.toml", "--source", "empty.csv", "--store", "state"), 3, "empty"),
        (("run", "bars.toml", "--source", "other.csv", "--store", "state"), 3, "has no column 'venue'"),
        (("run", "bars.toml", "--source", "broken.csv.gz", "--store", "state"), 3, "broken.csv.gz"),
        (("run", "bars.toml", "--source", "ticks.csv", "--store", "ticks.csv"), 4, "ticks.csv is a file"),
        (("run", "bars.toml", "--source", "ticks.csv", "--store", "."), 4, "is not a store"),
        (("run", "bars.toml", "--source", "ticks.csv", "--store", "state", "--batch-rows", "0"), 2, "--batch-rows"),
        (("export", "--store", "nowhere", "--timeframe", "1m", "--out", "bars.csv"), 4, "is not a store"),
        (("status", "--store", "nowhere"), 4, "is not a store"),
        (("verify", "--store", "x", "--timeframe", "1m", "--reference", "y", "--synthetic", "maybe"), 2, "--synthetic"),
    ],
)
def test_bad_input_is_one_clear_message(
    market: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, says: str
) -> None:
    """Which input, and a meaningful exit code; never a traceback."""
    (market / "empty.csv").write_text("")
    (market / "other.csv").write_text("a,b\n1,2\n")
    (market / "broken.csv.gz").write_bytes(b"\x1f\x8b\x08\x00 this is not gzip")

    assert main(list(words)) == code

    said = capsys.readouterr().err
    assert says in said
    assert "Traceback" not in said


def test_a_second_writer_is_refused(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While the first process has the store open."""
    script = (
        "import sys, barloom.store.opening as o; from barloom.plan.load import load; "
        "s = o.open_store('state', load('bars.toml').plan); print('open', flush=True); sys.stdin.read()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=store.parent, stdin=pipe, stdout=pipe, env=environment()
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"open\n"
        assert main(["run", "bars.toml", "--source", "ticks.csv", "--store", "state"]) == Exit.STORE
        writer.communicate()

    assert "state" in capsys.readouterr().err


def test_ctrl_c_ends_between_two_commits_and_the_next_run_continues(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 130, and together the runs have read every row once."""
    called(capsys, "simulate", "--out", str(tmp_path), "--ticks", "150000", "--keys", "3")
    run = ["run", str(tmp_path / "bars.toml"), "--source", str(tmp_path / "ticks.csv")]
    words = [*run, "--store", str(tmp_path / "state"), "--json"]
    script = [sys.executable, "-m", "barloom", *words, "--batch-rows", "50"]
    with subprocess.Popen(
        script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        while not (tmp_path / "state" / "CURRENT").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=240)

    assert process.returncode == Exit.INTERRUPTED, err
    before = json.loads(out)["ticks"] if out else 0
    assert before + answered(capsys, *words[:-1])["ticks"] == 150_000  # type: ignore[operator]


@pytest.mark.parametrize("command", [name for name in app if not name.startswith("-")])
def test_every_command_teaches_by_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """``--help`` says what it does and shows at least one whole command line."""
    said = called(capsys, command, "--help")

    assert f"barloom {command}" in said.partition("Examples:")[2]


def test_help_is_grouped_and_quick() -> None:
    """Without loading polars, numpy or the store."""
    seen = "print('polars' in sys.modules, 'numpy' in sys.modules)"
    script = f"import sys; from barloom.cli import main; main(['--help']); {seen}"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment()
    )

    assert done.stdout.endswith("False False\n")
    assert "Begin here" in done.stdout
    assert "Exit codes" in done.stdout


def test_the_demonstration_keeps_what_it_promises(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any data beside it; what it made can be kept and looked at."""
    monkeypatch.chdir(tmp_path)
    said = called(capsys, "demo", "--keep", "kept")

    assert said.endswith("Everything was as promised.\n")
    assert "byte for byte those of the undisturbed run" in said
    assert answered(capsys, "status", "--store", "kept/state")["definition"] == "bars"


def test_a_run_that_refuses_every_row_has_its_own_exit_code(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It shows the first row of each reason with the record, and what to do; as JSON too. 100 % allow it."""
    (market / "ticks.csv").write_text("venue,symbol,at,price,size\nA,ACME,1762765201,100,1\nA,ACME,1762765202,101,1\n")
    words = ["run", "bars.toml", "--source", "ticks.csv", "--store"]

    assert main([*words, "one"]) == Exit.REJECTED == 13
    said = capsys.readouterr().err
    assert "every row was refused, 2 of 2" in said
    assert "ticks.csv, row 1: at:" in said
    assert "the record: A,ACME,1762765201,100,1" in said
    assert "rebuild the store, or delete it" in said

    answer = answered(capsys, *words, "two", code=13)
    assert answer["first_rejected"]["invalid"]["record"] == "A,ACME,1762765201,100,1"  # type: ignore[index]
    assert main([*words, "three", "--max-rejected", "100%"]) == 0


def test_max_rejected_takes_a_share_or_a_number(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two of seven rows are refused: 28.6 %."""
    words = ["run", "bars.toml", "--source", "ticks.csv", "--store"]

    codes = [main([*words, f"s{limit}", "--max-rejected", limit]) for limit in ("2", "1", "30%", "28.5%")]
    assert [0, 13, 0, 13] == codes
    assert "2 of 7 rows were refused, 28.57 %, and at most 28.5 % may be" in capsys.readouterr().err
    assert main([*words, "none", "--max-rejected", "0.3"]) == Exit.USAGE
    assert 'did you mean "30%"' in capsys.readouterr().err
    assert not (market / "none").exists()


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (("--max-rejected", "5%"), "watch barloom_rejected_total"),
        (("--complete-from", "1d"), "[source] complete_from"),
        (("--complete-until", "1d"), "a stream has no end"),
    ],
)
def test_what_is_for_files_is_refused_on_kafka_with_the_reason(
    market: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, str], says: str
) -> None:
    """Whether an option or the definition says that it is Kafka."""
    with (market / "bars.toml").open("a") as file:
        file.write('[kafka]\nbrokers = "localhost:1"\ninput = "ticks"\nformat = "json"\n')
    for command in ("run", "rebuild"):
        for kafka in ((), ("--kafka", "localhost:1")):
            assert main([command, "bars.toml", *kafka, *option]) == Exit.USAGE
            assert says in capsys.readouterr().err


def test_a_rebuild_of_nothing_but_refused_rows_keeps_the_store(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends with the same code."""
    (store.parent / "ticks.csv").write_text("venue,symbol,at,price,size\nA,ACME,never,100,1\n")

    assert main(["rebuild", "bars.toml", "--source", "ticks.csv", "--store", "state"]) == Exit.REJECTED
    assert "The store stays as it was" in capsys.readouterr().err
    assert answered(capsys, "get", "--store", "state", "--timeframe", "1m", *ACME, "2025-11-10T09:00:00Z")["found"]


def test_run_is_told_of_which_span_its_input_has_every_row(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The day is then final and whole, and the store can be continued with the next one; rebuild takes it too."""
    span = ("--complete-from", "2025-11-10", "--complete-until", "1d")
    for words in (("run",), ("rebuild",)):
        answer = answered(capsys, *words, "bars.toml", "--source", "ticks.csv", "--store", "state", *span)
        day = answered(capsys, "get", "--store", "state", "--timeframe", "1d", *ACME, "2025-11-10")["bar"]
        assert not any(answer["open"].values())  # type: ignore[attr-defined]
        assert (True, False, 288, 2) == tuple(day[name] for name in ("final", "partial", "slots", "filled"))  # type: ignore[index]

    (market / "next.csv").write_text("venue,symbol,at,price,size\nA,ACME,2025-11-11T00:00:00Z,101.00,1\n")
    words = ("run", "bars.toml", "--source", "ticks.csv", "--source", "next.csv", "--store", "state")
    assert {} == answered(capsys, *words)["rejected"]


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (("--complete-from", "soon"), "--complete-from: 'soon' is neither a time nor a timeframe"),
        (("--complete-until", "2025-11-10T00:00:00"), "--complete-until: 2025-11-10T00:00:00 has no time zone"),
        (("--complete-from", "2025-11-11", "--complete-until", "2025-11-10"), "does not lie after complete_from"),
    ],
)
def test_a_span_that_is_none_is_a_mistake_on_the_command_line(
    market: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, ...], says: str
) -> None:
    """Before a store is made."""
    words = ["run", "bars.toml", "--source", "ticks.csv", "--store", "state", *option]

    assert main(words) == Exit.USAGE
    assert says in capsys.readouterr().err
    assert not (market / "state").exists()


def test_check_shows_the_declared_span(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For people and for scripts; with Kafka it says that a stream has no end."""
    text = (market / "bars.toml").read_text()
    source = '[source]\ncomplete_from = "1d"\ncomplete_until = 2025-11-11\n'
    (market / "bars.toml").write_text(
        text + source + '[kafka]\nbrokers = "localhost:1"\ninput = "ticks"\nformat = "json"\n'
    )

    said = called(capsys, "check", "bars.toml")
    answer = answered(capsys, "check", "bars.toml")

    assert "complete from" in said
    assert "the start of the 1d of the first row" in said
    assert "on Kafka, where the input goes on, it does nothing" in said
    assert "2025-11-11T00:00:00Z" == answer["complete_until"]


@pytest.mark.usefixtures("store")
def test_a_store_knows_its_own_definition(capsys: pytest.CaptureFixture[str]) -> None:
    """Its stream time is shown without one; on Kafka the definition says which application is meant."""
    shown = called(capsys, "stream-time", "show", "--store", "state")

    assert "2025-11-10T09:05:06Z" in shown
    assert 2 == main(["stream-time", "show"])
    assert "a definition with its application on Kafka, or --store DIR" in capsys.readouterr().err
