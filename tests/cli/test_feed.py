"""``barloom feed`` and ``barloom run --feed``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import barloom
from barloom.cli import main
from barloom.testing import Hole, Script, VenueDouble, VenueMarket
from feed.running import all_final, finals
from feed.test_kill import definition_of
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = str(Path(barloom.__file__).parents[1])


@pytest.fixture
def double(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VenueDouble]:
    """A venue whose market waits for a listener, with the definition of its bars in the current directory."""
    monkeypatch.chdir(tmp_path)
    market = VenueMarket.simulate(["BTC/USD"], trades=900, before=10, seed=2)
    with VenueDouble("kraken", market, Script((Hole(at=100, count=20),)), rate=300, beat=0.2) as venue:
        Path("bars.toml").write_text(definition_of(venue, ["BTC/USD"]))
        yield venue


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What a command printed as JSON."""
    return dict(json.loads(capsys.readouterr().out))


def test_list_shows_the_venues(capsys: pytest.CaptureFixture[str]) -> None:
    """By name, with their addresses."""
    assert 0 == main(["feed", "list", "--json"])
    listed = answer(capsys)["venues"]

    assert ["binance", "binance-futures", "coinbase", "kraken", "okx"] == sorted(each["venue"] for each in listed)
    assert 0 == main(["feed", "list"])
    assert "wss://ws.kraken.com" in capsys.readouterr().out


@pytest.mark.usefixtures("double")
def test_check_says_whether_a_feed_is_reached(capsys: pytest.CaptureFixture[str]) -> None:
    """Live and by its history; a symbol that the venue does not know is told, and the command ends with code 1."""
    assert 0 == main(["feed", "check", "kraken:BTC/USD", "--definition", "bars.toml", "--json"])
    (good,) = answer(capsys)["feeds"]
    code = main(["feed", "check", "kraken:BTC/USD", "kraken:NO/USD", "--definition", "bars.toml"])
    told = capsys.readouterr().out

    assert (True, []) == (good["connected"], good["problems"])
    assert 1 == code
    assert "kraken:NO/USD" in told


def test_run_follows_feeds_until_it_is_stopped(double: VenueDouble, tmp_path: Path) -> None:
    """It reports each symbol, serves metrics and readiness meanwhile, and what it recorded gives the same finals."""
    command = ["run", "bars.toml", "--store", "state", "--record", "tape.jsonl.zst", "--metrics", "127.0.0.1:0"]
    run = subprocess.Popen(
        [sys.executable, "-m", "barloom", *command],
        env={**os.environ, "PYTHONPATH": SOURCES},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: run.poll() is not None or (double.done.is_set() and all_final(tmp_path / "state", double.trades)))
        run.send_signal(signal.SIGTERM)
        out, err = run.communicate()
    finally:
        run.kill()
        run.communicate()

    assert 0 == run.returncode, err
    assert "kraken:BTC/USD" in out
    assert 0 == main(["feed", "replay", "bars.toml", "tape.jsonl.zst", "--store", "again"])
    assert finals(tmp_path / "state", "1s") == finals(tmp_path / "again", "1s") != {}


@pytest.mark.usefixtures("double")
def test_record_writes_what_replay_plays(capsys: pytest.CaptureFixture[str]) -> None:
    """For as long as it is told, into a file that is not there yet."""
    command = ["feed", "record", "--definition", "bars.toml", "--out", "tape.jsonl.zst", "--for", "2s", "--json"]
    assert 0 == main(command)
    assert answer(capsys)["lines"] > 10
    assert 0 == main(["feed", "replay", "bars.toml", "tape.jsonl.zst", "--store", "state", "--json"])
    assert answer(capsys)["ticks"] > 10

    assert 2 == main(command)
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--feed", "kraken:BTC/USD"], "--store DIR is missing"),
        (["--feed", "kraken:BTC/USD", "--store", "s", "--source", "a.csv"], "--source and --feed"),
        (["--feed", "kraken:BTC/USD", "--store", "s", "--kafka", "localhost:1"], "--kafka and --feed"),
        (["--feed", "kraken:BTCUSD", "--store", "s"], "such as BTC/USD"),
        (["--feed", "BTC/USD", "--store", "s"], "VENUE:SYMBOL"),
    ],
)
@pytest.mark.usefixtures("double")
def test_options_that_make_no_sense_are_refused(
    options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By their names."""
    assert 2 == main(["run", "bars.toml", *options])

    assert told in capsys.readouterr().err


def test_check_warns_of_feeds_whose_symbols_wait_for_each_other(
    double: VenueDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    """And of bars that cannot say whether they are complete."""
    text = definition_of(double, ["BTC/USD"]).replace('time = "key"', "").replace('sequence = "trade_id"\n', "")
    Path("shared.toml").write_text(text)

    assert 0 == main(["check", "bars.toml"])
    assert 'time = "key"' not in capsys.readouterr().err
    assert 0 == main(["check", "shared.toml"])
    told = capsys.readouterr()
    assert 'time = "key" under [bars]' in told.out + told.err
    assert "no sequence is declared" in told.out + told.err
