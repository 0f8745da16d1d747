"""Troubles of the road over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from barloom.testing import (
    HistoryLag,
    OddAnswers,
    RestDown,
    Script,
    ServerErrors,
    SlowAnswers,
    TooMany,
    VenueDouble,
    VenueMarket,
)
from testing.venues.clients import SYMBOLS, ask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

ROADS = {
    "binance": ("/api/v3/aggTrades", {"symbol": "BTCUSDT"}),
    "binance-futures": ("/fapi/v1/aggTrades", {"symbol": "BTCUSDT"}),
    "kraken": ("/0/public/Trades", {"pair": "BTC/USD"}),
    "coinbase": ("/products/BTC-USD/trades", {}),
    "okx": ("/api/v5/market/history-trades", {"instId": "BTC-USDT"}),
}
VENUES = sorted(ROADS)


def quiet(venue: str, *troubles: object) -> AbstractContextManager[VenueDouble]:
    """A venue with thirty trades behind it, and none to come."""
    market = VenueMarket.simulate(SYMBOLS[venue][:1], trades=30, before=30)
    return VenueDouble(venue, market, Script(troubles))  # type: ignore[arg-type]


def asked(double: VenueDouble, **more: object) -> httpx.Response:
    """The venue's history of its first symbol."""
    path, params = ROADS[double.name]
    return ask(double, path, **params, **more)  # type: ignore[arg-type]


def rows(answer: httpx.Response) -> list[int]:
    """The numbers of the trades in an answer, as they stand there."""
    body: Any = answer.json()
    if isinstance(body, dict) and "result" in body:
        return [row[6] for row in body["result"]["XXBTZUSD"]]
    if isinstance(body, dict):
        return [int(row["tradeId"]) for row in body["data"]]
    return [row.get("a", row.get("trade_id")) for row in body]


@pytest.fixture(params=VENUES)
def venue(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each venue."""
    return request.param


@pytest.mark.parametrize("status", [429, 418])
def test_too_many_requests(venue: str, status: int) -> None:
    """The status, the seconds to wait, and the venue's own words; from a request on, and for so many."""
    with quiet(venue, TooMany(first=2, count=2, status=status, retry_after=7)) as double:  # type: ignore[arg-type]
        answers = [asked(double) for _ in range(4)]

    assert [200, status, status, 200] == [answer.status_code for answer in answers]
    assert [None, "7", "7", None] == [answer.headers.get("Retry-After") for answer in answers]
    assert "any" in answers[1].text.replace("Public rate limit exceeded", "any")


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_in_trouble(venue: str, status: int) -> None:
    """Once, and then it answers."""
    with quiet(venue, ServerErrors(first=1, count=1, status=status)) as double:
        answers = [asked(double) for _ in range(2)]

    assert [status, 200] == [answer.status_code for answer in answers]


def test_a_server_that_is_down(venue: str) -> None:
    """The connection breaks without an answer."""
    with quiet(venue, RestDown(first=1, count=2)) as double:
        for _ in range(2):
            with pytest.raises(httpx.TransportError):
                asked(double)

        assert 200 == asked(double).status_code
        assert 3 == len(double.requests)


def test_a_server_that_is_slow(venue: str) -> None:
    """It answers in the end."""
    with quiet(venue, SlowAnswers(first=1, count=1, seconds=0.05)) as double:
        assert 30 == len(rows(asked(double)))


@pytest.mark.parametrize("kind", ["short", "gappy", "empty", "shuffled", "doubled"])
def test_odd_answers(venue: str, kind: str) -> None:
    """Trades are left out, in another order or twice; the next answer is whole."""
    with quiet(venue, OddAnswers(first=1, count=1, kind=kind)) as double:  # type: ignore[arg-type]
        odd, whole = rows(asked(double)), rows(asked(double))

    assert 30 == len(whole)
    if kind in {"short", "gappy", "empty"}:
        assert {"short": 15, "gappy": 24, "empty": 0}[kind] == len(odd)
        assert odd == [number for number in whole if number in odd]
    else:
        assert {"shuffled": 30, "doubled": 40}[kind] == len(odd)
        assert set(whole) == set(odd)
        assert odd != whole


def test_broken_answers(venue: str) -> None:
    """Half a text is no JSON."""
    with quiet(venue, OddAnswers(first=1, count=1, kind="broken")) as double, pytest.raises(ValueError, match=r"."):
        asked(double).json()


def test_history_that_lags(venue: str) -> None:
    """The latest trades are not there yet."""
    with quiet(venue, HistoryLag(first=1, count=1, trades=4)) as double:
        late, whole = rows(asked(double)), rows(asked(double))

    assert sorted(whole)[:-4] == sorted(late)
