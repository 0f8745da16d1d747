"""Each trouble does what it says, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from barloom.clock import SystemClock
from barloom.testing import (
    ClockSkew,
    Delisted,
    Disconnect,
    Duplicates,
    Forgotten,
    Hole,
    Life,
    LostTail,
    Maintenance,
    OutOfOrder,
    Restarted,
    Script,
    Silence,
    VenueDouble,
    VenueMarket,
    WrongJson,
)
from testing.venues.clients import SYMBOLS, ask, listen, trades_of

if TYPE_CHECKING:
    from testing.venues.clients import Seen

VENUES = sorted(SYMBOLS)


def numbers(seen: list[Seen]) -> list[tuple[str, int]]:
    """Which trades, in the order in which they were heard."""
    return [(trade.symbol, trade.number) for trade in seen]


def heard(
    venue: str, *troubles: object, trades: int = 300, before: int = 0
) -> tuple[list[tuple[str, int]], VenueDouble]:
    """What a client hears, and the double."""
    market = VenueMarket.simulate(SYMBOLS[venue], trades=trades, before=before)
    with VenueDouble(venue, market, Script(troubles), beat=0.05) as double:  # type: ignore[arg-type]
        seen = listen(double, SYMBOLS[venue], silence=0.4)
    return numbers(seen), double


def truth(double: VenueDouble) -> list[tuple[str, int]]:
    """All trades since the opening, in order."""
    market = double.market
    return [(trade.symbol, trade.number) for trade in market.trades[market.before :]]


@pytest.mark.parametrize("venue", VENUES)
def test_without_trouble_all_is_heard_in_order(venue: str) -> None:
    """Once each."""
    seen, double = heard(venue)

    assert truth(double) == seen
    assert 1 == double.connections


@pytest.mark.parametrize("mid_message", [True, False])
def test_a_disconnect_loses_what_is_missed(mid_message: bool) -> None:  # noqa: FBT001 - two ways
    """The trades in between, and no other; the client has to come back."""
    seen, double = heard("binance", Disconnect(at=100, misses=7, mid_message=mid_message))

    assert truth(double)[:100] + truth(double)[107:] == seen
    assert 2 == double.connections


def test_silence_is_noticed_by_nothing_but_time() -> None:
    """The connection stays, and neither a trade nor a heartbeat comes over it; a new one is served."""
    texts: list[str] = []
    market = VenueMarket.simulate(SYMBOLS["kraken"], trades=300)
    with VenueDouble("kraken", market, Script((Silence(at=100, misses=5),)), beat=0.05) as double:
        seen = numbers(listen(double, SYMBOLS["kraken"], silence=0.4, on_text=texts.append))

    assert truth(double)[:100] + truth(double)[105:] == seen
    assert 2 == double.connections
    began = [place for place, text in enumerate(texts) if "api_version" in text]
    over_the_first = [trade for text in texts[: began[1]] for trade in trades_of("kraken", text)]
    assert 100 == len(over_the_first)
    assert '"channel":"trade"' in texts[began[1] - 1]


def test_duplicates_come_again() -> None:
    """The trades before, in their order."""
    seen, double = heard("okx", Duplicates(at=50, count=3))

    assert truth(double)[:50] + truth(double)[47:] == seen


def test_out_of_order_loses_nothing() -> None:
    """The trades come together, in another order."""
    seen, double = heard("coinbase", OutOfOrder(at=50, count=6))

    assert sorted(truth(double)) == sorted(seen)
    assert truth(double)[:50] == seen[:50]
    assert truth(double)[56:] == seen[56:]
    assert truth(double)[50:56] != seen[50:56]


def test_a_hole_is_never_sent_and_history_has_it() -> None:
    """Of one symbol where one is named."""
    market = VenueMarket.simulate(SYMBOLS["binance"], trades=300)
    with VenueDouble("binance", market, Script((Hole(at=40, count=4, symbol="ETHUSDT"),))) as double:
        seen = numbers(listen(double, SYMBOLS["binance"]))
        lost = sorted(set(truth(double)) - set(seen))
        rows = ask(double, "/api/v3/aggTrades", symbol="ETHUSDT", fromId=lost[0][1], limit=4).json()

    assert 4 == len(lost)
    assert [number for _, number in lost] == [row["a"] for row in rows]
    assert {"ETHUSDT"} == {symbol for symbol, _ in lost}


def test_a_lost_tail_is_the_end_of_the_market() -> None:
    """Nothing that is sent shows that it is missing; history has it."""
    market = VenueMarket.simulate(["BTC-USD"], trades=100)
    with VenueDouble("coinbase", market, Script((LostTail(count=4),)), beat=0.05) as double:
        seen = numbers(listen(double, ["BTC-USD"]))
        rows = ask(double, "/products/BTC-USD/trades", limit=4).json()

    assert truth(double)[:-4] == seen
    assert [number for _, number in truth(double)[-4:]] == [row["trade_id"] for row in rows][::-1]


def test_what_is_forgotten_is_nowhere() -> None:
    """Neither sent nor in history: `unseen` names it. With `live` it is sent."""
    market = VenueMarket.simulate(["BTCUSDT"], trades=100)
    script = Script((Forgotten(at=10, count=2), Forgotten(at=20, count=3, live=True)))
    with VenueDouble("binance", market, script) as double:
        seen = numbers(listen(double, ["BTCUSDT"]))
        rows = ask(double, "/api/v3/aggTrades", symbol="BTCUSDT", fromId=1, limit=1000).json()

    every = [number for _, number in truth(double)]
    assert every[:10] + every[12:] == [number for _, number in seen]
    assert every[:10] + every[12:20] + every[23:] == [row["a"] for row in rows]
    assert every[10:12] == [trade.number for trade in double.unseen]
    assert not script.answers


def test_numbers_that_begin_anew_are_the_truth() -> None:
    """The symbol's trades are counted from the number on, after a pause; the other's go on."""
    seen, double = heard("kraken", Restarted(at=100, symbol="BTC/USD", number=3, pause="6s"))
    before = [trade for trade in double.trades[:100] if trade.symbol == "BTC/USD"]
    since = [trade for trade in double.trades[100:] if trade.symbol == "BTC/USD"]

    assert truth(double) == seen
    assert list(range(3, 3 + len(since))) == [trade.number for trade in since]
    assert since[0].time - before[-1].time >= 6_000_000_000
    assert {(0,), (1,)} == {tuple({trade.restart for trade in part}) for part in (before, since)}


def test_history_by_number_knows_the_new_numbers_alone() -> None:
    """Those before the restart cannot be asked for any more; by time they can, at Kraken."""
    trouble = Restarted(at=10, symbol="BTCUSDT", number=3)
    with VenueDouble("binance", VenueMarket.simulate(["BTCUSDT"], trades=30), Script((trouble,))) as double:
        listen(double, ["BTCUSDT"])
        rows = ask(double, "/api/v3/aggTrades", symbol="BTCUSDT", fromId=1).json()
    assert list(range(3, 23)) == [row["a"] for row in rows]

    trouble = Restarted(at=10, symbol="BTC/USD", number=3)
    with VenueDouble("kraken", VenueMarket.simulate(["BTC/USD"], trades=30), Script((trouble,))) as double:
        listen(double, ["BTC/USD"])
        rows = ask(double, "/0/public/Trades", pair="XBTUSD").json()["result"]["XXBTZUSD"]
    assert [trade.number for trade in double.trades] == [row[6] for row in rows]


def test_a_delisted_symbol_trades_no_more() -> None:
    """It is unknown from then on; the other symbol goes on."""
    market = VenueMarket.simulate(SYMBOLS["binance"], trades=300)
    with VenueDouble("binance", market, Script((Delisted(at=100, symbol="ETHUSDT"),))) as double:
        seen = numbers(listen(double, SYMBOLS["binance"]))
        gone = ask(double, "/api/v3/aggTrades", symbol="ETHUSDT")

    assert truth(double) == seen
    assert "ETHUSDT" not in {symbol for symbol, _ in seen[100:]}
    assert (400, -1121) == (gone.status_code, gone.json()["code"])


def test_wrong_json_comes_between_two_trades() -> None:
    """As text, to be thrown away."""
    texts: list[str] = []
    market = VenueMarket.simulate(["BTCUSDT"], trades=100)
    with VenueDouble("binance", market, Script((WrongJson(at=50, text="{half", count=2),))) as double:
        seen = listen(double, ["BTCUSDT"], on_text=texts.append)

    assert truth(double) == numbers(seen)
    assert 2 == Counter(texts)["{half"]


@pytest.mark.parametrize(
    ("venue", "said"),
    [
        ("kraken", lambda text: text.get("channel") == "status" and text["data"][0]["system"] == "maintenance"),
        ("binance", lambda text: text.get("e") == "serverShutdown"),
        ("okx", lambda text: text.get("event") == "notice" and text["code"] == "64008"),
    ],
)
def test_maintenance_is_told_and_refuses(venue: str, said: object) -> None:
    """Where the venue has a message for it; then it refuses connections as often as scripted."""
    texts: list[str] = []
    market = VenueMarket.simulate(SYMBOLS[venue], trades=200)
    with VenueDouble(venue, market, Script((Maintenance(at=100, refusals=2, misses=3),))) as double:
        seen = numbers(listen(double, SYMBOLS[venue], on_text=texts.append))

    assert truth(double)[:100] + truth(double)[103:] == seen
    assert any(said(json.loads(text)) for text in texts if text != "pong")  # type: ignore[operator]
    assert 2 == double.connections


def test_rest_is_in_maintenance_as_long() -> None:
    """Answers are a server's error until connections are taken again."""
    market = VenueMarket.simulate(["BTC-USDT"], trades=20, before=10)
    script = Script((Maintenance(at=0, refusals=1),))
    with VenueDouble("okx", market, script, opens="at once", waits=True) as double:
        while not double.happened:
            double.opened.wait()
        during = ask(double, "/api/v5/market/history-trades", instId="BTC-USDT")
        listen(double, ["BTC-USDT"])
        after = ask(double, "/api/v5/market/history-trades", instId="BTC-USDT")

    assert (503, "50001") == (during.status_code, during.json()["code"])
    assert (200, "0") == (after.status_code, after.json()["code"])


def test_no_connection_lives_longer_than_its_life() -> None:
    """It is closed after so many trades; what comes then waits for the next one."""
    seen, double = heard("coinbase", Life(trades=100))

    assert truth(double) == seen
    assert 4 == double.connections


def test_a_life_may_end_by_the_clock() -> None:
    """By the machine's, as the 24 hours are; it is looked at with each heartbeat."""
    market = VenueMarket.simulate(["BTC-USD"], trades=20, per_second=50)
    with VenueDouble("coinbase", market, Script((Life(seconds=0.1),)), beat=0.02, speed=1, waits=True) as double:
        seen = numbers(listen(double, ["BTC-USD"]))
        assert double.connections > 1

    assert truth(double)[-1] == seen[-1]


@pytest.mark.parametrize("by", ["3s", "-2500ms"])
def test_a_clock_that_is_wrong_shows_in_all_that_the_venue_says(by: str) -> None:
    """The venue's stamps and its Date are what its own clock says; the clock that the double lends is the right one."""
    skew = {"3s": 3_000_000_000, "-2500ms": -2_500_000_000}[by]
    market = VenueMarket.simulate(["BTC-USD"], trades=20, before=20, start=1_762_776_000_000_000_000)
    with VenueDouble("coinbase", market, Script((ClockSkew(by),)), opens="called") as double:
        date = ask(double, "/products/BTC-USD/trades").headers["Date"]

        assert "Mon, 10 Nov 2025 12:00:00 GMT" == date
        assert double.clock.venue() == double.clock.now() + skew == market.start
    assert market.cut(1_000).trades == double.market.trades


def test_a_market_of_now_has_the_stamps_of_a_wrong_clock() -> None:
    """They are off against the machine's clock, which a client has."""
    machine = SystemClock()
    market = VenueMarket.simulate(["BTC-USD"], trades=20)
    with VenueDouble("coinbase", market, Script((ClockSkew("10m"),)), rate=1_000) as double:
        listen(double, ["BTC-USD"])
        ahead = double.trades[-1].time - machine.now()

    assert 300_000_000_000 < ahead < 600_000_000_000


def test_troubles_go_together() -> None:
    """A script has several, and a hole within a disorder stays a hole."""
    seen, double = heard("binance", Hole(at=52, count=2), OutOfOrder(at=50, count=6), Duplicates(at=60, count=2))

    expected = Counter(truth(double))
    expected.subtract(truth(double)[52:54])
    expected.update(truth(double)[58:60])
    assert +expected == Counter(seen)
