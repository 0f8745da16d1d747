"""Fields that stand in the names of files, of members of archives, and of directories."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from barloom.errors import SourceError
from barloom.plan.patterns import TimeForm
from barloom.source.open import open_source
from source.reading import AT, DAY, PRICE, SECOND, SYMBOL, collect, plan, put, read, tick

if TYPE_CHECKING:
    from pathlib import Path

    from barloom.plan.barplan import BarPlan

TRADES = ["at", "price", "size"]


def _bars(path: str, *, names: list[str] | None = None) -> BarPlan:
    return plan(names=tuple(names or TRADES), columns={"symbol": path})


def _trades(second: int, price: int) -> str:
    return "".join(f"2025-01-01T00:00:{second + 10 * row:02}Z,{price + row},1\n" for row in (0, 1))


def _symbols(bars: BarPlan, spec: object) -> list[tuple[str, int]]:
    """Symbol and whole price of each row."""
    return [(row[0], int(row[2])) for row in read(bars, spec).rows]


def test_the_name_of_the_file(tmp_path: Path) -> None:
    """The group of the expression is the value; files of several symbols are merged by time in one run."""
    put(tmp_path / "BTCUSDT-trades-2025-01.csv", _trades(0, 10))
    put(tmp_path / "ETHUSDT-trades-2025-01.csv", _trades(5, 20))

    expected = [("BTCUSDT", 10), ("ETHUSDT", 20), ("BTCUSDT", 11), ("ETHUSDT", 21)]
    assert expected == _symbols(_bars("@file:^([A-Z]+)-trades"), str(tmp_path / "*.csv"))


def test_the_name_of_a_member(tmp_path: Path) -> None:
    """Of a zip archive, in which each symbol has one; `@file` is then the archive's name."""
    with zipfile.ZipFile(tmp_path / "NYSE_all.zip", "w") as archive:
        archive.writestr("day/ACME.csv", _trades(0, 10))
        archive.writestr("day/BOLT.csv", _trades(5, 20))

    expected = [("ACME", 10), ("BOLT", 20), ("ACME", 11), ("BOLT", 21)]
    assert expected == _symbols(_bars("@member:([A-Z]+)[.]csv"), tmp_path / "NYSE_all.zip")
    assert {"NYSE"} == {symbol for symbol, _ in _symbols(_bars("@file:^([A-Z]+)_"), tmp_path / "NYSE_all.zip")}


@pytest.mark.parametrize("kind", ["csv", "parquet", "ipc"])
def test_the_directories_of_hive(tmp_path: Path, kind: str) -> None:
    """`symbol=ACME/` gives the symbol; special letters are written as Hive writes them."""
    for number, symbol in enumerate(("ACME", "BTC%2FUSDT")):
        folder = tmp_path / f"symbol={symbol}" / "year=2025"
        folder.mkdir(parents=True)
        header = "at,price,size\n"
        frame = pl.read_csv((header + _trades(5 * number, 10 * number + 10)).encode(), infer_schema=False)
        frame.write_csv(folder / "a.csv") if kind == "csv" else getattr(frame, f"write_{kind}")(folder / f"a.{kind}")

    expected = [("ACME", 10), ("BTC/USDT", 20), ("ACME", 11), ("BTC/USDT", 21)]
    asked = plan(columns={"symbol": "@hive.symbol"})
    assert expected == _symbols(asked, str(tmp_path / "**" / f"*.{kind}"))
    assert expected == _symbols(asked, tmp_path)
    assert expected == _symbols(plan(), tmp_path), "below a directory a field of that name needs no mapping"


def test_directories_above_the_named_one_say_nothing(tmp_path: Path) -> None:
    """Nor does a file's own name: what is in the file counts."""
    folder = tmp_path / "symbol=TEST" / "data"
    folder.mkdir(parents=True)
    rows = "symbol,at,price,size\nA,2025-01-01T00:00:00Z,1,1\nB,2025-01-01T00:00:01Z,2,1\n"
    put(folder / "t.csv", rows)
    with zipfile.ZipFile(folder / "symbol=X.zip", "w") as archive:
        archive.writestr("t.csv", rows.replace("A,", "C,").replace("B,", "D,"))

    assert {"A", "B", "C", "D"} == {symbol for symbol, _ in _symbols(plan(), folder)}
    assert {"TEST"} == {symbol for symbol, _ in _symbols(plan(columns={"symbol": "@hive.symbol"}), folder)}


def test_a_date_in_the_name_and_the_time_of_day_in_the_file(tmp_path: Path) -> None:
    """As LEAN has it: milliseconds since midnight in the exchange's zone."""
    at = replace(AT, form=TimeForm(("%Y%m%d {ms}",), "America/New_York"))
    columns = {"symbol": "@member:_([a-z]+)_", "at": ("@file:^([0-9]{8})_", "ms")}
    bars = plan(SYMBOL, at, PRICE, names=("ms", "price"), columns=columns)
    with zipfile.ZipFile(tmp_path / "20250101_trade.zip", "w") as archive:
        archive.writestr("20250101_spy_tick.csv", "34200000,1.5\n34200250,1.75\n")

    nine_thirty = DAY + (14 * 3600 + 1800) * SECOND
    found = read(bars, tmp_path / "20250101_trade.zip").rows
    assert [("spy", nine_thirty), ("spy", nine_thirty + SECOND // 4)] == [row[:2] for row in found]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_date_and_a_time_of_day_in_two_columns(tmp_path: Path, kind: str) -> None:
    """In text by a pattern, or as ISO 8601; in columns with types as they are."""
    bars = plan(SYMBOL, AT, zone="UTC", columns={"at": ("date", "time")})
    frame = pl.DataFrame({"symbol": ["A", "A"], "date": ["2025-01-01"] * 2, "time": ["00:00:01.5", "00:00:02.0"]})
    path = tmp_path / f"a.{kind}"
    if kind == "csv":
        frame.write_csv(path)
    elif kind == "jsonl":
        frame.write_ndjson(path)
    else:
        frame.with_columns(pl.col("date").str.to_date(), pl.col("time").str.to_time("%H:%M:%S%.f")).write_parquet(path)

    assert [DAY + 3 * SECOND // 2, DAY + 2 * SECOND] == [row[1] for row in read(bars, path).rows]


def test_the_time_of_receipt_by_a_pattern(tmp_path: Path) -> None:
    """It is written as the event time may be, in the zone of the source."""
    bars = plan(SYMBOL, AT, zone="UTC", arrival="got", arrival_unit="%d.%m.%Y %H:%M:%S")
    put(tmp_path / "a.csv", "symbol,at,got\nA,2025-01-01T00:00:00Z,01.01.2025 00:00:02\n")

    [batch] = read(bars, tmp_path / "a.csv").batches[:1]
    assert batch.ticks.arrivals is not None
    assert [DAY + 2 * SECOND] == batch.ticks.arrivals.tolist()


def test_the_record_of_a_refused_row_names_its_columns(tmp_path: Path) -> None:
    """What is wrong with a time in two columns is told of the field, with both as they were read."""
    at = replace(AT, form=TimeForm(("%d.%m.%Y %H:%M:%S",), "UTC"))
    bars = plan(SYMBOL, at, columns={"at": ("date", "time")})
    put(tmp_path / "a.csv", "symbol,date,time\nA,31.02.2025,10:00:00\nB,,10:00:00\nC,01.02.2025,10:00:00\n")

    reading = read(bars, tmp_path / "a.csv")
    assert ["C"] == [row[0] for row in reading.rows]
    expected = "at: '31.02.2025 10:00:00' is no time of the years 1678 to 2261 that is written as %d.%m.%Y %H:%M:%S"
    assert [(0, expected)] == reading.invalid[:1]
    assert "A,31.02.2025,10:00:00" == reading.origins[0].raw


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("@file:^([A-Z]+)_", r"'acme-1\.csv' has nothing that fits .*'symbol' is read"),
        ("@member:([A-Z]+)", "no member of a zip archive.*write @file"),
        ("@hive.symbl", r"no directory .* is called symbl=….*did you mean 'symbol'"),
    ],
)
def test_a_name_without_what_is_asked_for(tmp_path: Path, path: str, message: str) -> None:
    """The message names the file, what was looked for, and what to do."""
    folder = tmp_path / "symbol=ACME"
    folder.mkdir()
    put(folder / "acme-1.csv", _trades(0, 10))

    with pytest.raises(SourceError, match=message):
        read(_bars(path), folder / "acme-1.csv")


def test_a_value_that_does_not_fit_the_field(tmp_path: Path) -> None:
    """What a name gives is read as a column's value is, and refused for the file."""
    put(tmp_path / "a-x.csv", _trades(0, 10))
    bars = plan(names=("at", "price"), columns={"symbol": "=A", "size": "@file:-([a-z])"})

    with pytest.raises(SourceError, match=r"a-x\.csv: its name gives 'size' the value 'x': 'x' is not a number"):
        read(bars, tmp_path / "a-x.csv")


def test_what_has_no_name() -> None:
    """A frame or a feed has no file whose name could give something."""
    bars = _bars("@file:([A-Z]+)")
    row = {"at": "2025-01-01T00:00:00Z", "price": "1", "size": 1}

    for spec in (pl.DataFrame([row]), [row]):
        with pytest.raises(SourceError, match=r"has no name from which '@file:\(\[A-Z\]\+\)', for 'symbol'"):
            read(bars, spec)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_files_of_equal_content_and_other_names(tmp_path: Path, kind: str) -> None:
    """They are two inputs, since their names give other rows; a run that is repeated reads neither again."""
    for symbol in ("ACME", "BOLT"):
        frame = pl.read_csv(("at,price,size\n" + _trades(0, 10)).encode(), infer_schema=False)
        getattr(frame, f"write_{kind}")(tmp_path / f"{symbol}-1.{kind}")
    bars = plan(columns={"symbol": "@file:([A-Z]+)-"})

    first = read(bars, str(tmp_path / f"*.{kind}"))
    assert [("ACME", 10), ("BOLT", 10), ("ACME", 11), ("BOLT", 11)] == [(row[0], int(row[2])) for row in first.rows]
    assert [] == read(bars, str(tmp_path / f"*.{kind}"), first.positions).rows

    (tmp_path / f"ACME-1.{kind}").rename(tmp_path / f"ACME-moved.{kind}")
    moved = read(bars, str(tmp_path / f"*.{kind}"), first.positions)
    assert [] == moved.rows
    assert any("goes on behind row 2" in note for note in moved.notes)


def test_a_file_that_grows_keeps_what_its_name_gives(tmp_path: Path) -> None:
    """From whatever position reading goes on."""
    put(tmp_path / "ACME-1.csv", _trades(0, 10))
    bars = _bars("@file:([A-Z]+)-")
    whole = collect(open_source(bars, tmp_path / "ACME-1.csv").open({}, 1))
    put(tmp_path / "ACME-1.csv", _trades(0, 10) + _trades(20, 12))

    assert [("ACME", 12), ("ACME", 13)] == [
        (row[0], int(row[2])) for row in read(bars, tmp_path / "ACME-1.csv", whole.positions).rows
    ]
    assert [tick("ACME", 10, "11", 1)] == read(bars, tmp_path / "ACME-1.csv", whole.batches[0].positions).rows[:1]


@pytest.mark.parametrize(
    ("names", "key", "noted"),
    [
        (("BTCUSDT-1.csv", "ETHUSDT-1.csv"), "=BTCUSDT", True),
        (("BTCUSDT-2025-01.csv", "BTCUSDT-2025-02.csv"), "=BTCUSDT", False),
        (("BTCUSDT-1.csv", "ETHUSDT-1.csv"), "@file:([A-Z]+)", False),
        (("BTCUSDT-1.csv",), "=BTCUSDT", False),
    ],
)
def test_one_constant_key_for_files_of_several(
    tmp_path: Path, names: tuple[str, ...], key: str, *, noted: bool
) -> None:
    """A run says so where the names of the files differ in more than their numbers."""
    for number, name in enumerate(names):
        put(tmp_path / name, _trades(number, 10 + number))

    notes = read(_bars(key), str(tmp_path / "*.csv")).notes
    assert noted == any("count as one key, symbol = 'BTCUSDT', though the names differ" in note for note in notes)
