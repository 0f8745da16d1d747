"""Candles are taken as venues publish them: recognised by their shape, with a note of what they were taken for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from barloom.errors import SourceError
from barloom.read.verify.published import read_published
from barloom.read.verify.tables import Written

if TYPE_CHECKING:
    from pathlib import Path

    from barloom.read.verify.published import Published

NOON = 1_762_776_000
SECOND = 1_000_000_000
FULL = ("start", "open", "high", "low", "close", "volume")
BARS = [
    (NOON * SECOND, "10.5", "12", "9", "11", "3.25"),
    ((NOON + 60) * SECOND, "11", "11.5", "10", "10.25", "1"),
]
"""What every one of these answers says."""


def bars(found: Published, *names: str) -> list[tuple[object, ...]]:
    """The bars of a file, sorted by start."""
    return found.frame.sort("start").select(names or FULL).rows()


def read(path: Path, text: str, **how: object) -> Published:
    """A file with this text, read."""
    path.write_text(text, encoding="utf-8")
    return read_published(path, ["symbol"], {}, Written(**how), FULL)  # type: ignore[arg-type]


def kline(at: int, prices: list[str], volume: str, count: int) -> list[object]:
    """One row of Binance's: start and end in milliseconds, twelve values."""
    return [at * 1000, *prices, volume, at * 1000 + 59_999, "99.1", count, "1.5", "40", "0"]


KLINES = json.dumps(
    [
        kline(NOON, ["10.50", "12.00", "9.00", "11.00"], "3.25", 7),
        kline(NOON + 60, ["11", "11.5", "10", "10.25"], "1", 2),
    ]
)
COINBASE = f"[[{NOON + 60},10,11.5,11,10.25,1],[{NOON},9,12,10.5,11,3.25]]"
OKX = json.dumps(
    {
        "code": "0",
        "msg": "",
        "data": [
            [f"{(NOON + 120) * 1000}", "10", "10", "10", "10", "1", "1", "10", "0"],
            [f"{(NOON + 60) * 1000}", "11", "11.5", "10", "10.25", "1", "1", "10.7", "1"],
            [f"{NOON * 1000}", "10.5", "12", "9", "11", "3.25", "3.25", "33", "1"],
        ],
    }
)
KRAKEN = json.dumps(
    {
        "error": [],
        "result": {
            "XXBTZUSD": [
                [NOON, "10.5", "12", "9", "11", "10.8", "3.25", 7],
                [NOON + 60, "11", "11.5", "10", "10.25", "10.9", "1", 2],
                [NOON + 120, "10", "10", "10", "10", "10", "0.1", 1],
            ],
            "last": NOON + 60,
        },
    }
)
ADVANCED = json.dumps(
    {
        "candles": [
            {"start": f"{NOON + 60}", "low": "10", "high": "11.5", "open": "11", "close": "10.25", "volume": "1"},
            {"start": f"{NOON}", "low": "9", "high": "12", "open": "10.5", "close": "11", "volume": "3.25"},
        ]
    }
)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (KLINES, "was taken for Binance klines"),
        (COINBASE, "was taken for Coinbase candles"),
        (OKX, "1 not confirmed by the venue is left out"),
        (KRAKEN, "1 not yet committed by the venue is left out"),
        (ADVANCED, ""),
    ],
    ids=["binance", "coinbase", "okx", "kraken", "coinbase-advanced"],
)
@pytest.mark.parametrize("indent", [None, 2], ids=["one-line", "printed"])
def test_answers_of_venues_say_the_same_bars(tmp_path: Path, answer: str, told: str, indent: int | None) -> None:
    """On one line or printed for people, the oldest or the newest first; what is not finished is left out, and said."""
    text = answer if indent is None else json.dumps(json.loads(answer, parse_float=str), indent=indent)

    found = read(tmp_path / "answer.json", text)

    assert BARS == bars(found)
    assert any(told in note for note in found.notes) or not told


def test_counts_and_averages_of_venues_have_our_names(tmp_path: Path) -> None:
    """Binance and Kraken tell the number of trades, Kraken the average price, too."""
    assert [("7",), ("2",)] == bars(read(tmp_path / "a.json", KLINES), "count")
    assert [("10.8", "7"), ("10.9", "2")] == bars(read(tmp_path / "b.json", KRAKEN), "vwap", "count")


def test_files_of_a_directory_are_one_reference(tmp_path: Path) -> None:
    """What pages that overlap say alike counts once, what not is an error; one may count ms, another us."""
    pages = tmp_path / "pages"
    pages.mkdir()
    first = f"{NOON * 1000},10.5,12,9,11,3.25,{NOON * 1000 + 59999},1,7,1,1,0\n"
    second = f"{(NOON + 60) * 10**6},11,11.5,10,10.25,1,{(NOON + 120) * 10**6 - 1},1,2,1,1,0\n"
    (pages / "BTCUSDT-1m-2024-12.csv").write_text(first)
    (pages / "BTCUSDT-1m-2025-01.csv").write_text(second)
    (pages / "BTCUSDT-1m-2025-02.csv").write_text(second)

    found = read_published(pages, ["symbol"], {})

    assert BARS == bars(found)
    assert any("1 row is in several files alike" in note for note in found.notes)
    (pages / "BTCUSDT-1m-2025-02.csv").write_text(second.replace("10.25", "10.5"))
    with pytest.raises(SourceError, match="more than once"):
        read_published(pages, ["symbol"], {})


def test_a_header_of_binance_names_the_start(tmp_path: Path) -> None:
    """``open_time`` can be nothing else; a lone ``time`` might be the end, and has to be named."""
    text = f"open_time,open,high,low,close,volume,close_time\n{NOON * 1000},10.5,12,9,11,3.25,{NOON * 1000 + 59999}\n"

    found = read(tmp_path / "a.csv", text)

    assert BARS[:1] == bars(found)
    assert any("'open_time' was taken for the start" in note for note in found.notes)
    with pytest.raises(ValueError, match="no column 'start'"):
        read(tmp_path / "b.csv", text.replace("open_time", "time").replace("close_time", "x"))


@pytest.mark.parametrize(
    "text",
    [
        "date,time,open,high,low,close,volume\n2025-11-10,12:00,10.5,12,9,11,3.25\n2025-11-10,12:01,11,11.5,10,10.25,1\n",
        (
            "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<VOLUME>\n"
            "2025.11.10\t12:00:00\t10.5\t12\t9\t11\t3.25\n2025.11.10\t12:01:00\t11\t11.5\t10\t10.25\t1\n"
        ),
        "2025.11.10,12:00,10.5,12,9,11,3.25\n2025.11.10,12:01,11,11.5,10,10.25,1\n",
        "20251110,12:00,10.5,12,9,11,3.25\n20251110,12:01,11,11.5,10,10.25,1\n",
        (
            "Date;Time;Open;High;Low;Close;Volume\n2025-11-10;12:00;10,5;12,0;9,0;11,0;3,25\n"
            "2025-11-10;12:01;11,0;11,5;10,0;10,25;1,0\n"
        ),
        "start;open;high;low;close;volume\n202511101200;10.5;12;9;11;3.25\n202511101201;11;11.5;10;10.25;1\n",
        f"{NOON},10.5,12,9,11,3.25,7\n{NOON + 60},11,11.5,10,10.25,1,2\n",
    ],
    ids=["two-columns", "metatrader", "no-header", "basic-date", "decimal-comma", "basic-start", "kraken-download"],
)
def test_texts_of_other_tools_are_read(tmp_path: Path, text: str) -> None:
    """Date and time apart, with dots, without dashes; a decimal comma; columns in capitals; no header."""
    found = read(tmp_path / "bars.csv", text)

    assert BARS == bars(found)
    assert found.notes


@pytest.mark.parametrize(
    ("written", "nanos"),
    [("20251110", NOON - 43200), ("20251110120000", NOON), ("20251110 12:00", NOON), ("2025/11/10 12:00", NOON)],
)
def test_dates_without_dashes_are_no_seconds(tmp_path: Path, written: str, nanos: int) -> None:
    """``20251110`` is a day of November, and not one of August 1970."""
    assert [(nanos * SECOND,)] == bars(read(tmp_path / "a.csv", f"start,close\n{written},1\n"), "start")


def test_names_that_are_given_win(tmp_path: Path) -> None:
    """Over the shape, in text and in JSON; too few of them are refused."""
    names = ("start", "low", "high", "open", "close", "volume")

    found = read(tmp_path / "a.json", COINBASE.replace("9,12,10.5", "12,9,10.5"), names=names)

    assert ("12", "9") == bars(found, "low", "high")[0]
    with pytest.raises(SourceError, match="6 values, but 2 names are given"):
        read(tmp_path / "b.json", COINBASE, names=("start", "low"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"error":["EQuery:Unknown asset pair"]}', "EQuery:Unknown asset pair"),
        ('{"code":-1121,"msg":"Invalid symbol."}', "Invalid symbol. \\(code -1121\\)"),
        ('{"code":"51001","msg":"Instrument ID does not exist","data":[]}', "Instrument ID does not exist"),
        ('{"message":"NotFound"}', "NotFound"),
        ('{"code":"0","msg":"","data":[]}', "no candles"),
        ("[]", "no candles"),
        ("[[1,2,3],[1,2]]", "2 to 3 values"),
        ("[[1,2,3]]", "Name them: --names start,open,high"),
        ('{"a":[[1]],"b":[[2]]}', "several lists of rows \\(a, b\\)"),
        ("[1762776000", "cannot be read as json"),
        ("", "no candles"),
    ],
)
def test_what_holds_no_candles_says_so(tmp_path: Path, text: str, says: str) -> None:
    """An error that a venue answered, nothing at all, or lists that nobody can name."""
    with pytest.raises(SourceError, match=says):
        read(tmp_path / "a.json", text)


def test_several_pairs_of_one_answer_are_several_keys(tmp_path: Path) -> None:
    """The names that their lists stand under are the only key field."""
    row = [NOON, "10.5", "12", "9", "11", "10.8", "3.25", 7]
    text = json.dumps({"error": [], "result": {"A": [row], "B": [row], "last": NOON}})

    assert ["A", "B"] == read(tmp_path / "a.json", text).frame["symbol"].to_list()
