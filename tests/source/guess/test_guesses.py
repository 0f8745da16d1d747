"""What `barloom init` takes files for, seen by the bars that its definition makes of them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import barloom as bl
from barloom.plan.toml import read_toml

if TYPE_CHECKING:
    from pathlib import Path

MINUTES = [("10:00", "100.25", "101.50", 5), ("10:01", "100.75", "100.75", 1)]
"""By hand: 2 at 100.25 and 3 at 101.50 in the first minute, 1 at 100.75 in the second."""


def bars(file: Path, timeframe: str = "1m") -> list[tuple[object, ...]]:
    """Start, open, close and volume of the bars that a guessed definition makes; no row may be refused."""
    definition = bl.Bars(read_toml(bl.init(file)))
    store = file.parent / "state"
    report = definition.run(str(file), store, at_end="close")
    assert {} == report.rejected
    bucket = bl.TimeBucket.open(store, timeframe)
    found = [bar for key in sorted(bucket.keys()) for bar in bucket.latest(key, 100)]
    bucket.close()
    return [
        (f"{bar.start:%H:%M}", str(bar.as_dict()["open"]), str(bar.as_dict()["close"]), bar.as_dict()["volume"])
        for bar in found
    ]


def written(tmp_path: Path, name: str, *lines: str) -> Path:
    """A file of lines."""
    file = tmp_path / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("date", "clocks"),
    [
        ("20251110", ("10:00:01", "10:00:30", "10:01:05")),
        ("20251110", ("100001", "100030", "100105")),
        ("20251110", ("1000", "1000", "1001")),
        ("2025-11-10", ("101112", "101130", "101205")),
    ],
)
def test_a_date_is_not_its_own_time_of_day(tmp_path: Path, date: str, clocks: tuple[str, str, str]) -> None:
    """Eight digits could be a time of day, as six could be a date; side by side it is clear."""
    rows = zip(clocks, ("100.25,2", "101.50,3", "100.75,1"), strict=True)
    file = written(tmp_path, "ACME.csv", "Date,Time,Price,Size", *(f"{date},{clock},{rest}" for clock, rest in rows))
    minutes = [clock.replace(":", "")[:4] for clock in clocks]

    expected = [(f"{minute[:2]}:{minute[2:]}", *row[1:]) for minute, row in zip(minutes[::2], MINUTES, strict=True)]
    assert expected == bars(file)


def test_times_of_day_that_cannot_be_read_are_not_left_out(tmp_path: Path) -> None:
    """Hours without their zero: all ticks of a day would else be of midnight."""
    file = written(tmp_path, "ACME.csv", "Date,Time,Price", "20251110,93000,100.25", "20251110,93001,101.50")

    with pytest.raises(bl.SourceError, match="Time no times of day that can be read, such as 93000"):
        bl.init(file)


def test_a_symbol_that_is_missing_once_is_still_the_key(tmp_path: Path) -> None:
    """The row without one is refused; all others have their own bars."""
    lines = ["time,symbol,price,size", "2025-11-10T10:00:01Z,ACME,1.5,1", "2025-11-10T10:00:02Z,BETA,900,1"]
    file = written(tmp_path, "t.csv", *lines, "2025-11-10T10:00:03Z,,1.5,1", "2025-11-10T10:00:04Z,ACME,1.6,1")
    text = bl.init(file)

    report = bl.Bars(read_toml(text)).run(str(file), tmp_path / "state", at_end="close")

    assert "missing in 1, which are refused" in text
    assert (2, {"invalid": 1}) == (report.bars["1m"], dict(report.rejected))


def test_zeros_of_a_symbol_tell_something(tmp_path: Path) -> None:
    """000001 and 1 are two of them."""
    rows = ("2025-11-10T10:00:01Z,000001,1.50,1", "2025-11-10T10:00:02Z,1,900.00,2")
    file = written(tmp_path, "t.csv", "time,symbol,price,size", *rows)

    assert {("10:00", "1.50", "1.50", 1), ("10:00", "900.00", "900.00", 2)} == set(bars(file))


@pytest.mark.parametrize(
    ("price", "type"),
    [
        ("0.000000001234", "decimal(18, 12)"),
        ("0.000000123456789012", "decimal(38, 18)"),
        ("1.000000000000000000", "decimal(38, 18)"),
        ("0.30000000000000004", "decimal(18, 8, round=half-even)"),
        ("100.30000000000001", "decimal(18, 8, round=half-even)"),
        ("1.2345678901234567e-07", "decimal(18, 14, round=half-even)"),
    ],
)
def test_the_noise_of_a_float_has_16_or_17_digits(tmp_path: Path, price: str, type: str) -> None:  # noqa: A002 - as it is called
    """Other numbers keep all their places; of small ones more are kept than of large ones."""
    file = written(tmp_path, "ACME.csv", "time,price", f"2025-11-10T10:00:01Z,{price}")

    assert f'price = "{type}"' in bl.init(file)


def test_klines_as_binance_answers_them(tmp_path: Path) -> None:
    """Lists without names: open, high, low, close and volume stand where they always do."""
    start = 1762768800000
    rows = [
        [start, "100.25", "101.50", "100.25", "101.50", "5", start + 59999, "504.5", 2, "2", "200.5", "0"],
        [start + 60000, "100.75", "100.75", "100.75", "100.75", "1", start + 119999, "100.75", 1, "1", "100.75", "0"],
    ]
    file = tmp_path / "ACME.json"
    file.write_text(json.dumps(rows))

    assert [("10:00", "100.25", "100.75", 6)] == [
        (start, str(Decimal(open_)), close, volume) for start, open_, close, volume in bars(file, "5m")
    ]


def test_candles_as_coinbase_answers_them(tmp_path: Path) -> None:
    """Time, low, high, open, close, volume."""
    file = tmp_path / "ACME.json"
    file.write_text("[[1762768860, 99, 101, 100.5, 99.5, 1], [1762768800, 99, 101, 100, 100.5, 5]]")

    assert [("10:00", "100.0", "99.5", 6)] == bars(file, "5m")


@pytest.mark.parametrize("header", [",time,price,size", "time,price,size,", "time,price,size,note,note"])
def test_columns_without_a_name_of_their_own_are_left_out(tmp_path: Path, header: str) -> None:
    """An index, an end of each line, a name that is there twice: the others are read."""
    cells = {"time": "2025-11-10T10:00:01Z", "price": "100.25", "size": "2", "": "0", "note": "x"}
    file = written(tmp_path, "ACME.csv", header, ",".join(cells[name] for name in header.split(",")))

    assert [("10:00", "100.25", "100.25", 2)] == bars(file)


@pytest.mark.parametrize(
    ("name", "dates"),
    [
        ("weekly.csv", ("2025-11-03", "2025-11-10", "2025-11-17")),
        ("BTCUSDT-3d-2025.csv", ("2025-11-03", "2025-11-06", "2025-11-09")),
        ("BTCUSDT-1mo-2025.csv", ("2025-01-01", "2025-02-01", "2025-03-01")),
    ],
)
def test_bars_of_which_nothing_can_be_made_are_refused(tmp_path: Path, name: str, dates: tuple[str, ...]) -> None:
    """At once, and not by `check` afterwards."""
    file = written(tmp_path, name, "Date,Open,High,Low,Close", *(f"{date},1,1,1,1" for date in dates))

    with pytest.raises(bl.SourceError, match="no usual timeframe is made of those"):
        bl.init(file)


def test_daily_bars_with_days_between_are_daily(tmp_path: Path) -> None:
    """A Friday and a Monday."""
    file = written(tmp_path, "a.csv", "Date,Open,High,Low,Close", "2025-11-07,1,1,1,1", "2025-11-10,1,1,1,1")

    assert 'base = "1d"' in bl.init(file)


def test_what_is_given_has_to_make_sense(tmp_path: Path) -> None:
    """A zone that there is, and one name for each column."""
    file = written(tmp_path, "ACME.csv", "1762768801,100.25", "1762768802,100.25")

    with pytest.raises(bl.SourceError, match="'Europe/Berlim' is no time zone"):
        bl.init(file, zone="Europe/Berlim")
    for names in (["", "price"], ["price", "price"]):
        with pytest.raises(bl.SourceError, match="each its own"):
            bl.init(file, names=names)


def test_files_that_are_written_in_two_ways_are_not_one_definition(tmp_path: Path) -> None:
    """A run would stop at the second."""
    one = written(tmp_path, "a.csv", "time,price", "2025-11-10T10:00:01Z,1.5")
    other = written(tmp_path, "b.csv", "time;price", "2025-11-10T10:00:01Z;1.5")

    with pytest.raises(bl.SourceError, match=r"are not written alike: the one has ','.*the other ';'"):
        bl.init([one, other])
