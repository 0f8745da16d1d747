"""The doubles' messages have every field that recorded messages of the real venues have, with the same JSON types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from barloom.testing import VenueDouble, VenueMarket
from testing.venues.clients import ask, messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs("oracles")


def recorded(path: Path) -> Iterator[dict[str, Any]]:
    """The messages of a recording; its lines are a time, a colon, and the text."""
    for line in path.read_text().splitlines():
        _, colon, text = line.partition(": ")
        if colon and text.startswith("{"):
            yield json.loads(text)


def shape(value: Any) -> Any:  # noqa: ANN401 - JSON
    """The names of all fields with the JSON types of their values; lists by their first item."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return (
            [shape(item) for item in value]
            if value and not isinstance(value[0], dict | list)
            else [*map(shape, value[:1])]
        )
    if isinstance(value, bool) or value is None:
        return "truth"
    return "number" if isinstance(value, int | float) else "text"


def missing(real: Any, double: Any, where: str = "") -> list[str]:  # noqa: ANN401 - JSON
    """What a real message has and the double's has not, or in another type."""
    if isinstance(real, dict) and isinstance(double, dict):
        return [
            found
            for name, item in real.items()
            for found in (missing(item, double[name], f"{where}.{name}") if name in double else [f"{where}.{name}"])
        ]
    if isinstance(real, list) and isinstance(double, list) and real and double:
        return [
            found for left, right in zip(real, double, strict=False) for found in missing(left, right, f"{where}[]")
        ]
    return [] if real == double else [f"{where}: {real} is {double}"]


def kinds(said: list[dict[str, Any]]) -> dict[str, Any]:
    """One shape of each kind of message."""
    found: dict[str, Any] = {}
    for each in said:
        stream = each.get("stream", "").partition("@")[2]
        channel = (each.get("arg") or {}).get("channel", "")
        kind = stream or each.get("type") or f"{each.get('event', '')} {channel}"
        found.setdefault(kind, shape(each))
    return found


BINANCE = '{"method":"SUBSCRIBE","params":["btcusdt@%s"],"id":1}'


@pytest.mark.parametrize(
    ("venue", "file", "symbol", "path", "text", "wanted"),
    [
        ("binance", "feeds/binance_spot_2021-10-12.ws", "BTCUSDT", "/stream", BINANCE % "aggTrade", "aggTrade"),
        ("binance", "feeds/binance_spot_2021-10-12.ws", "BTCUSDT", "/stream", BINANCE % "bookTicker", "bookTicker"),
        (
            "binance-futures",
            "binance_futures_2021-07-22.ws",
            "BTCUSDT",
            "/market/stream",
            BINANCE % "aggTrade",
            "aggTrade",
        ),
        (
            "binance-futures",
            "binance_futures_2021-07-22.ws",
            "BTCUSDT",
            "/public/stream",
            BINANCE % "bookTicker",
            "bookTicker",
        ),
        *(
            (
                "coinbase",
                "feeds/coinbase_2021-04-17.ws",
                "BTC-USD",
                "/",
                '{"type":"subscribe","product_ids":["BTC-USD"],"channels":["ticker","matches"]}',
                wanted,
            )
            for wanted in ("match", "last_match", "ticker")
        ),
        *(
            (
                "okx",
                "feeds/okx_2022-05-13.ws",
                "BTC-USDT",
                "/ws/v5/public",
                '{"op":"subscribe","args":[{"channel":"trades","instId":"BTC-USDT"}]}',
                wanted,
            )
            for wanted in (" trades", "subscribe trades")
        ),
    ],
)
def test_a_double_has_every_field_of_the_real_one(  # noqa: PLR0913, PLR0917 - one case
    oracles: Path, venue: str, file: str, symbol: str, path: str, text: str, wanted: str
) -> None:
    """Each kind of message that was recorded."""
    market = VenueMarket.simulate([symbol], trades=30, before=10)
    with VenueDouble(venue, market, opens="called", waits=False) as double:
        real = kinds(list(recorded(oracles / file)))
        said = heard(double, path, text, wanted)

    assert [] == missing(real[wanted], kinds(said)[wanted])


def heard(double: VenueDouble, path: str, text: str, wanted: str) -> list[dict[str, Any]]:
    """What is said up to a message of the wanted kind; the market begins once the subscription was answered."""

    def until(said: dict[str, Any]) -> bool:
        double.open()
        return wanted in kinds([said])

    return messages(double, path, text, until=until)


def test_history_of_kraken_has_every_field_of_the_real_one(oracles: Path) -> None:
    """The recorded answer has a thousand trades, each a list."""
    real = json.loads((oracles / "kraken_http_trades.json").read_text())
    market = VenueMarket.simulate(["BTC/USDT"], trades=5, before=5)
    with VenueDouble("kraken", market) as double:
        said = ask(double, "/0/public/Trades", pair="XBTUSDT").json()

    assert [] == missing(shape(real), shape(said))


def test_a_field_that_is_missing_is_seen() -> None:
    """The comparison itself: a field less, a field of another type, deep inside."""
    real = shape({"a": 1, "b": {"c": "x"}, "d": [{"e": True}], "f": ["x", 1]})

    assert [] == missing(real, shape({"a": 2, "b": {"c": "y", "more": 1}, "d": [{"e": False}], "f": ["z", 2]}))
    assert [".b.c", ".d[].e: truth is text", ".f[]: number is text"] == missing(
        real, shape({"a": 2, "b": {}, "d": [{"e": "x"}], "f": ["x", "y"]})
    )
