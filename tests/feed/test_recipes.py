"""The recipes of docs/feeds/recipes.md do what they say, against modules that stand in for the libraries."""

from __future__ import annotations

import ast
import asyncio
import sys
from datetime import UTC, datetime
from decimal import Decimal
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import barloom as bl
from docs.test_examples import ROOT, blocks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

RECIPES = {block.info: block.body for block in blocks(ROOT / "docs" / "feeds" / "recipes.md") if block.info}
START = 1_700_000_040_000  # 2023-11-14T22:14:00Z


def recipe(name: str) -> dict[str, Any]:
    """What a recipe defines, with the stand-ins that are in place."""
    names: dict[str, Any] = {}
    exec(compile(RECIPES[name], name, "exec"), names)  # noqa: S102 - the point of the test
    return names


class CcxtTrade(bl.Event):
    """What the recipe for ccxt gives."""

    symbol: str = bl.key()
    time: int = bl.timestamp(unit="ms")
    trade_id: int = bl.event_id()
    price: Decimal = bl.decimal(18, 9)
    size: Decimal = bl.decimal(18, 8)


class DatabentoTrade(bl.Event):
    """What the recipe for databento gives."""

    symbol: str = bl.key()
    time: int = bl.timestamp(unit="ns")
    price: Decimal = bl.decimal(18, 9)
    size: Decimal = bl.decimal(18, 8)
    side: str | None = bl.field()


def bars_of(event: type[bl.Event]) -> bl.Bars:
    """Bars of a second, of what a recipe gives."""
    columns = {"open": bl.first("price"), "close": bl.last("price"), "volume": bl.sum("size"), "count": bl.count()}
    return bl.from_(event).tumbling("1s", delay="1s").select(**columns).named("recipe")


def bar_of(store: Path, symbol: str) -> tuple[object, ...]:
    """Open, close, volume and count of the first second."""
    with bl.Store(store).bucket("1s") as bucket:
        found = bucket.get(symbol, second(0))
        assert isinstance(found, bl.Found), found
        return tuple(getattr(found.bar, name) for name in ("open", "close", "volume", "count"))


def second(place: int) -> datetime:
    """A second of the made-up session."""
    return datetime.fromtimestamp(START // 1000 + place, UTC)


@pytest.mark.parametrize("name", ["ccxt_feed.py", "databento_feed.py"])
def test_recipes_are_short(name: str) -> None:
    """Under forty lines of code, without empty ones and docstrings."""
    text = ast.unparse(ast.parse(RECIPES[name]))

    assert len([line for line in text.splitlines() if line.strip()]) < 40
    assert len([line for line in RECIPES[name].splitlines() if line.strip()]) < 45


class Exchange:
    """Stands in for an exchange of ccxt.pro: trades, a line that breaks, and one trade that only REST has."""

    made: list[Exchange]

    def __init__(self, settings: dict[str, object]) -> None:
        self.settings = settings
        self.number: type = float
        self.asked: list[tuple[str, int, int]] = []
        self.closed = False
        self._turns = self._script()
        Exchange.made.append(self)

    def trade(self, number: int, place: int, price: str, size: str) -> dict[str, object]:
        """A trade as ccxt gives it."""
        values = {"price": self.number(price), "amount": self.number(size)}
        return {"id": str(number), "timestamp": START + place, "symbol": "BTC/USD", "side": "buy", "info": {}, **values}

    def _script(self) -> Iterator[list[dict[str, object]]]:
        yield [self.trade(1, 100, "10.10", "1"), self.trade(2, 900, "10.30", "0.5")]
        raise NetworkError
        yield []

    async def watch_trades_for_symbols(self, symbols: list[str]) -> list[dict[str, object]]:
        """What has come since."""
        assert ["BTC/USD"] == symbols
        if self.asked:
            if self.settings.pop("ended", False):
                message = "the end of the test"
                raise RuntimeError(message)
            self.settings["ended"] = True
            return [self.trade(4, 1_200, "10.20", "0.25")]
        return next(self._turns)

    async def fetch_trades(self, symbol: str, since: int, limit: int) -> list[dict[str, object]]:
        """What REST has."""
        self.asked.append((symbol, since, limit))
        return [self.trade(2, 900, "10.30", "0.5"), self.trade(3, 950, "10.00", "0.125")]

    async def close(self) -> None:
        """Close the connections."""
        self.closed = True


class NetworkError(Exception):
    """As of ccxt."""


@pytest.fixture
def ccxt(monkeypatch: pytest.MonkeyPatch) -> type[Exchange]:
    """Modules in the place of ccxt."""
    whole, pro = ModuleType("ccxt"), ModuleType("ccxt.pro")
    vars(whole).update(pro=pro, NetworkError=NetworkError)
    vars(pro).update(kraken=Exchange)
    monkeypatch.setitem(sys.modules, "ccxt", whole)
    monkeypatch.setitem(sys.modules, "ccxt.pro", pro)
    Exchange.made = []
    return Exchange


def test_ccxt_gives_rows_and_fetches_what_was_lost(ccxt: type[Exchange], tmp_path: Path) -> None:
    """Digits stay digits, the trade that came while the line was broken is there, and the exchange is closed."""
    rows = recipe("ccxt_feed.py")["trades"]("kraken", ["BTC/USD"], pause=0)
    bars = bars_of(CcxtTrade)

    with pytest.raises(RuntimeError, match="the end of the test"):
        bars.run(rows, tmp_path / "state")

    expected = (Decimal("10.10"), Decimal("10.00"), Decimal("1.625"), 3)  # trade 2 came twice and counts once
    assert expected == bar_of(tmp_path / "state", "BTC/USD")
    (exchange,) = ccxt.made
    assert ("BTC/USD", START + 900, 1000) == exchange.asked[0]
    assert exchange.closed
    assert str is exchange.number


async def _collected(rows: AsyncIterator[object]) -> list[object]:
    found: list[object] = []
    try:
        async for row in rows:
            found.append(row)  # noqa: PERF401 - what came before the end is wanted
    except RuntimeError:
        found.append("end")
    return found


def test_ccxt_says_when_it_is_behind(ccxt: type[Exchange]) -> None:
    """From the break on, until the rows that were missed are given."""
    found = asyncio.run(_collected(recipe("ccxt_feed.py")["trades"]("kraken", ["BTC/USD"], pause=0)))

    kinds = [item["trade_id"] if isinstance(item, dict) else item for item in found]
    assert [1, 2, bl.CAUGHT_UP, bl.BEHIND, 2, 3, 4, bl.CAUGHT_UP, "end"] == kinds
    assert {"symbol", "trade_id", "time", "price", "size", "side"} == set(found[0])  # type: ignore[call-overload]
    assert ["10.10", "10.30"] == [item["price"] for item in found[:2] if isinstance(item, dict)]
    assert 1 == len(ccxt.made)


class Record(SimpleNamespace):
    """A record as databento's."""


@pytest.fixture
def databento(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module in the place of databento, whose live client has a short session."""
    kinds = {name: type(name, (Record,), {}) for name in ("TradeMsg", "SystemMsg", "ErrorMsg", "SymbolMappingMsg")}
    module = ModuleType("databento")
    vars(module).update(kinds, UNDEF_PRICE=2**63 - 1)
    trade, system = kinds["TradeMsg"], kinds["SystemMsg"]

    class Live:
        def __init__(self, key: str) -> None:
            self.key = key
            self.symbology_map: dict[int, str] = {}

        def subscribe(self, dataset: str, schema: str, symbols: list[str]) -> None:
            assert ("GLBX.MDP3", "trades", ["ESZ3"]) == (dataset, schema, symbols)

        def __iter__(self) -> Iterator[Record]:
            self.symbology_map[7] = "ESZ3"
            at = START * 1_000_000
            yield kinds["SymbolMappingMsg"]()
            yield trade(instrument_id=7, ts_event=at + 1, price=4_500_250_000_000, size=3, side="A")
            yield trade(instrument_id=7, ts_event=at + 2, price=4_500_500_000_001, size=1, side="B")
            yield trade(instrument_id=7, ts_event=at + 3, price=2**63 - 1, size=1, side="N")
            yield system(is_heartbeat=lambda: True)
            yield system(is_heartbeat=lambda: False)
            yield trade(instrument_id=7, ts_event=at + 5_000_000_000, price=4_499_000_000_000, size=2, side="N")

    vars(module).update(Live=Live)
    monkeypatch.setitem(sys.modules, "databento", module)
    return module


def test_databento_records_become_bars(databento: ModuleType, tmp_path: Path) -> None:
    """Billionths are exact, nanoseconds order, and a record without a price is none."""
    assert databento.Live
    rows = recipe("databento_feed.py")["live"]("key", "GLBX.MDP3", ["ESZ3"])
    bars = bars_of(DatabentoTrade)

    bars.run(rows, tmp_path / "state")

    assert (Decimal("4500.25"), Decimal("4500.500000001"), 4, 2) == bar_of(tmp_path / "state", "ESZ3")


def test_databento_says_what_kind_of_record_came(databento: ModuleType) -> None:
    """A heartbeat says that all is here, sides are those that took, and an error ends it."""
    module = recipe("databento_feed.py")
    rows = list(module["live"]("key", "GLBX.MDP3", ["ESZ3"]))

    assert ["sell", "buy", bl.CAUGHT_UP, None] == [row["side"] if isinstance(row, dict) else row for row in rows]
    with pytest.raises(ConnectionError, match="not entitled"):
        list(module["trades"]([databento.ErrorMsg(err="not entitled")], {}.get))
