"""What goes wrong before or beside a command's own work is told as clearly as the rest."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from barloom.cli import main
from barloom.read.exports.files import write_frames
from barloom.store.opening import open_store

SOURCES = str(Path(__file__).resolve().parents[2] / "src")
INTERRUPTED = """
import sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            sys.meta_path.remove(self)
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from barloom.cli import main
sys.exit(main(["status", "--store", "state"]))
"""
SINGLE = """
[event]
name = "Trade"
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
price = "decimal(12, 2)"
size = "decimal(38, 6)"
[bars]
name = "trades"
base = "1m"
gap = "null"
[bars.select]
close = "last(price)"
volume = "sum(size)"
"""


@pytest.mark.parametrize("module", ["barloom.cli.guard", "barloom.errors", "cyclopts", "polars"])
def test_an_interrupt_during_imports_is_one_line(module: str) -> None:
    """Control-C just after the start ends with 130, as it does later."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, module],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": SOURCES},
    )

    expected = "barloom: interrupted; what was committed is kept, and the same command continues there\n"
    assert (130, expected) == (done.returncode, done.stderr)


@pytest.mark.parametrize("command", ["get", "explain"])
@pytest.mark.parametrize("start", ["1600-01-01T00:00:00Z", "2262-04-12T00:00:00Z", "9999-01-01"])
def test_a_start_beyond_the_representable_years_is_refused(
    store: Path, command: str, start: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command line is wrong, not the store."""
    words = [command, "--store", str(store), "--timeframe", "1m", "--key", "venue=A", "--key", "symbol=ACME", start]

    assert main(words) == 2
    assert "is outside 1678–2261, the years whose nanoseconds fit" in capsys.readouterr().err  # noqa: RUF001


@pytest.mark.parametrize(
    ("option", "message"),
    [(("--keys", "0"), "--keys 0: a market has"), (("--ticks", "-5"), "--ticks -5: give how many")],
)
def test_simulate_names_the_wrong_number(
    tmp_path: Path, option: tuple[str, str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the words of the command line."""
    assert main(["simulate", "--out", str(tmp_path / "market"), *option]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Market(" not in said


def test_a_full_disk_names_the_parquet_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Polars says it as text only; no half file stays."""

    def full(_frame: pl.LazyFrame, path: Path, **_: object) -> None:
        path.write_bytes(b"PAR1")
        message = "No space left on device (os error 28)"
        raise pl.exceptions.ComputeError(message)

    monkeypatch.setattr(pl.LazyFrame, "sink_parquet", full)
    out = tmp_path / "bars.parquet"

    with pytest.raises(OSError, match="No space left") as raised:
        write_frames(iter(()), pl.Schema({"a": pl.Int64()}), str(out), "parquet")
    assert (errno.ENOSPC, str(out)) == (raised.value.errno, raised.value.filename)
    assert [] == list(tmp_path.iterdir())


def test_simulate_on_a_full_disk_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message of a write without a name gets it."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("barloom.simulate.Market.write", full)

    assert main(["simulate", "--out", str(tmp_path), "--ticks", "10"]) == 3
    assert capsys.readouterr().err == f"barloom: {tmp_path / 'ticks.csv'}: No space left on device\n"


def single(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: str) -> int:
    """Bars of one symbol column; the exit code of the run."""
    monkeypatch.chdir(tmp_path)
    Path("bars.toml").write_text(SINGLE)
    Path("ticks.csv").write_text(f"symbol,at,price,size\n{rows}")
    return main(["run", "bars.toml", "--source", "ticks.csv", "--store", "state"])


def test_a_wrong_name_of_a_single_key_field_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unless the store has just such a key."""
    assert single(tmp_path, monkeypatch, "A,2025-11-10T09:00:01Z,1,1\nx=B,2025-11-10T09:00:01Z,1,1\n") == 0
    asked = ["get", "--store", "state", "--timeframe", "1m", "2025-11-10T09:00:00Z", "--key"]

    assert [2, 0, 0, 0, 6] == [main([*asked, key]) for key in ("sym=A", "A", "symbol=A", "x=B", "symbol=x=C")]
    assert "the key is symbol, not sym; did you mean --key symbol=A?" in capsys.readouterr().err


def test_a_sum_beyond_its_type_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Column, bar, key and how to mend it."""
    row = "A,2025-11-10T09:00:01Z,1,90000000000000000000000000000000\n"

    assert single(tmp_path, monkeypatch, row * 2) == 3
    said = capsys.readouterr().err
    assert "sum(size) in the 1m bar of A at 2025-11-10T09:00:00Z leaves the range" in said
    assert "`where`" in said


def test_a_store_that_is_being_made_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that was stopped at its very beginning left it empty; the next one continues."""
    monkeypatch.setattr("barloom.store.opening._describe", lambda _backend, _plan: None)
    from store import bars  # noqa: PLC0415

    open_store(tmp_path / "state", bars.plan()).close()
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "LOCK").touch()

    for name in ("state", "begun"):
        assert main(["status", "--store", str(tmp_path / name)]) == 4
        said = capsys.readouterr().err
        assert f"{name} holds nothing yet" in said
        assert "the next `barloom run` continues there" in said
        assert "damaged" not in said
