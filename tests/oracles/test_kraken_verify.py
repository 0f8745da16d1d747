"""Bars of Kraken's trades, some late, some refused, some left out, against the candles it published: each says why."""

from __future__ import annotations

import json
from collections import Counter
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

import barloom as bl

if TYPE_CHECKING:
    from pathlib import Path

MINUTE: Final = 60
DEFINITION: Final = """
[event]
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp(s)"
price = "decimal(18, 5)"
size = "decimal(18, 8)"
[bars]
name = "kraken"
base = "1m"
gap = "carry"
rollup = ["1h"]
[bars.select]
open = "first(price)"
high = "max(price)"
low = "min(price)"
close = "last(price)"
vwap = "vwap(price, size, scale=1, rounding=down, empty=0)"
volume = "sum(size)"
count = "count()"
"""

LATE, INVALID, GONE = range(3)
CAUSE: Final = {LATE: "late", INVALID: "invalid", GONE: "unknown"}


@pytest.fixture(scope="module")
def trades(oracles: Path) -> list[tuple[str, str, str]]:
    """Time, price and size of each, as they are written."""
    rows = json.loads((oracles / "kraken_http_trades.json").read_text(), parse_float=str)["result"]["XBTUSDT"]
    return [(time, price, size) for price, size, time, *_ in rows]


@pytest.fixture(scope="module")
def published(oracles: Path) -> dict[int, tuple[Any, ...]]:
    """Open, high, low, close, vwap, volume and count by the start of the minute, in seconds."""
    rows = json.loads((oracles / "kraken_http_ohlc.json").read_text(), parse_float=str)["result"]["XBTUSDT"]
    return {start: (*map(Decimal, numbers), count) for start, *numbers, count in rows}


def minute_of(trade: tuple[str, str, str]) -> int:
    """The start of a trade's minute."""
    return int(Decimal(trade[0])) // MINUTE * MINUTE


def fate(place: int) -> int | None:
    """What becomes of a trade by its place."""
    return LATE if place % 41 == 7 else INVALID if place % 67 == 5 else GONE if place % 97 == 3 else None


def file_of(trades: list[tuple[str, str, str]]) -> str:
    """The trades as a file: a late one stands behind the first trade of a later minute that counts."""
    lines = ["id,symbol,at,price,size"]
    held: list[tuple[int, str]] = []
    for place, trade in enumerate(trades):
        what = fate(place)
        line = f"{place},XBTUSDT,{trade[0]},{trade[1]}{'1' if what == INVALID else ''},{trade[2]}"
        if what == LATE:
            held.append((minute_of(trade), line))
        elif what != GONE:
            lines.append(line)
        if what is None:
            lines += [late for minute, late in held if minute_of(trade) > minute]
            held = [one for one in held if minute_of(trade) <= one[0]]
    return "\n".join(lines) + "\n"


def candle(rows: list[tuple[str, str, str]], before: Decimal | None) -> tuple[Any, ...]:
    """A minute's candle by a plain loop; without trades at the close before."""
    if not rows:
        return (before, before, before, before, Decimal(0), Decimal(0), 0)
    prices = [Decimal(price) for _, price, _ in rows]
    volume = sum((Decimal(size) for *_, size in rows), Decimal(0))
    turnover = sum((Decimal(price) * Decimal(size) for _, price, size in rows), Decimal(0))
    vwap = (turnover / volume).quantize(Decimal("0.1"), ROUND_DOWN)
    return (prices[0], max(prices), min(prices), prices[-1], vwap, volume, len(rows))


def expected(trades: list[tuple[str, str, str]], published: dict[int, tuple[Any, ...]]) -> Counter[str]:
    """How many minutes have which cause, minute by minute: its own, or that of the last one it is carried from."""
    first, last = minute_of(trades[0]) + MINUTE, minute_of(trades[-1])
    kept: dict[int, list[tuple[str, str, str]]] = {}
    touched: dict[int, set[int]] = {}
    for place, trade in enumerate(trades):
        what = fate(place)
        if what is None:
            kept.setdefault(minute_of(trade), []).append(trade)
        else:
            touched.setdefault(minute_of(trade), set()).add(what)
    found: Counter[str] = Counter()
    close, since = Decimal(kept[minute_of(trades[0])][-1][1]), set[str]()
    for minute in range(first, last, MINUTE):
        rows = kept.get(minute, [])
        own = {CAUSE[what] for what in touched.get(minute, set()) if what != GONE}
        ours = candle(rows, close)
        if rows:
            since = set()
        causes = own or (since if not rows else set())
        if ours != published[minute]:
            found.update(causes or {"unknown"})
            since = own or since
        close = ours[3]
    return found


def test_every_minute_that_differs_says_why(
    trades: list[tuple[str, str, str]], published: dict[int, tuple[Any, ...]], oracles: Path, tmp_path: Path
) -> None:
    """Late and refused trades are named where they lack, also in the flat minutes behind; what nobody read is not."""
    (tmp_path / "kraken.toml").write_text(DEFINITION)
    (tmp_path / "trades.csv").write_text(file_of(trades))
    report = bl.load(tmp_path / "kraken.toml").run(tmp_path / "trades.csv", tmp_path / "state", max_rejected="100%")
    first, last = minute_of(trades[0]) + MINUTE, minute_of(trades[-1])
    span = {"from_": first * 10**9, "to": last * 10**9}

    found = bl.Store(tmp_path / "state").verify("1m", oracles / "kraken_http_ohlc.json", key="XBTUSDT", **span)

    places = range(len(trades))
    assert {LATE: report.rejected["late"], INVALID: report.rejected["invalid"]} == {
        what: sum(fate(place) == what for place in places) for what in (LATE, INVALID)
    }
    assert expected(trades, published) == found.reasons
    assert (409, 0, 0) == (found.compared, found.missing, found.extra)
    assert min(found.reasons[name] for name in ("late", "invalid", "unknown")) > 3
    assert any("not yet committed" in note for note in found.notes)


def test_all_minutes_are_equal_where_nothing_is_lacking(
    trades: list[tuple[str, str, str]], oracles: Path, tmp_path: Path
) -> None:
    """Kraken's answer is read as it came."""
    (tmp_path / "kraken.toml").write_text(DEFINITION)
    rows = "".join(f"XBTUSDT,{time},{price},{size}\n" for time, price, size in trades)
    (tmp_path / "trades.csv").write_text("symbol,at,price,size\n" + rows)
    bl.load(tmp_path / "kraken.toml").run(tmp_path / "trades.csv", tmp_path / "state", at_end="close")
    first, last = minute_of(trades[0]) + MINUTE, minute_of(trades[-1]) + MINUTE
    span = {"from_": first * 10**9, "to": last * 10**9}

    found = bl.Store(tmp_path / "state").verify("1m", oracles / "kraken_http_ohlc.json", **span)

    assert found.agrees
    assert (410, {}) == (found.equal, found.reasons)


NUMBERED: Final = DEFINITION.replace('timestamp = "at"', 'timestamp = "at"\nsequence = "id"').replace(
    'symbol = "string"', 'symbol = "string"\nid = "int"'
)


def holes(trades: list[tuple[str, str, str]]) -> list[tuple[Decimal, Decimal, int]]:
    """Runs of trades that had not come in time: the times of their neighbours, and how many never came."""
    found, run = [], 0
    for place in range(1, len(trades)):
        if fate(place) not in (LATE, GONE):
            gone = sum(fate(one) == GONE for one in range(place - run, place))
            found.append((Decimal(trades[place - run - 1][0]), Decimal(trades[place][0]), gone))
            run = 0
        else:
            run += 1
    return [hole for hole in found if hole[2]]


def test_numbers_that_never_came_are_named_with_the_minutes_they_may_lie_in(
    trades: list[tuple[str, str, str]], oracles: Path, tmp_path: Path
) -> None:
    """With Kraken's trade ids declared what nobody read is known as well: no minute that lacks one is unknown."""
    (tmp_path / "kraken.toml").write_text(NUMBERED)
    (tmp_path / "trades.csv").write_text(file_of(trades))
    bl.load(tmp_path / "kraken.toml").run(tmp_path / "trades.csv", tmp_path / "state", max_rejected="100%")
    first, last = minute_of(trades[0]) + MINUTE, minute_of(trades[-1])
    span = {"from_": first * 10**9, "to": last * 10**9}

    found = bl.Store(tmp_path / "state").verify("1m", oracles / "kraken_http_ohlc.json", show=500, **span)

    absent = holes(trades)
    for bar, causes in found.causes.items():
        minute = bar.start // 10**9
        met = sum(gone for low, high, gone in absent if low < minute + MINUTE and high >= minute)
        told = {cause.cause: cause.rows for cause in causes if cause.carried_from is None}
        assert met == told.get("missing", 0), (minute, causes)
        assert all(fate(each.first_number) == GONE for each in causes if each.first_number is not None)
    lacking = {
        minute_of(trade) for place, trade in enumerate(trades) if fate(place) == GONE and minute_of(trade) < last
    }
    named = {bar.start // 10**9 for bar, causes in found.causes.items() for each in causes if each.cause == "missing"}
    assert lacking - {first - MINUTE} <= named
    assert {"late", "invalid", "missing"} == set(found.reasons)
