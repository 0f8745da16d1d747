"""What every venue's module keeps. A new one adds its `Shapes`, and passes."""

from __future__ import annotations

import json
import random
from itertools import chain

import pytest

from barloom.feed.protocol import Answer, Channel, Notice, Quote, Refusal, Tail, Trade, Venue
from barloom.feed.venues import VENUES, venue
from feed.venues.shapes import ALL, Shapes

DATE = {"Date": "Tue, 14 Nov 2023 22:13:25 GMT"}
DATED = 1_700_000_005_000_000_000


@pytest.fixture(params=ALL, ids=[shapes.name for shapes in ALL])
def shapes(request: pytest.FixtureRequest) -> Shapes:
    """What one venue writes."""
    found: Shapes = request.param
    return found


@pytest.fixture
def tried(shapes: Shapes) -> Venue:
    """Its module, at an address of a double."""
    return venue(shapes.name, websocket="ws://127.0.0.1:1/", rest="http://127.0.0.1:2/")


def test_every_venue_is_tried() -> None:
    """A venue that is known has its shapes here."""

    assert sorted(VENUES) == sorted(shapes.name for shapes in ALL)


def test_addresses_may_be_others(shapes: Shapes, tried: Venue) -> None:
    """Those that are given count, and otherwise those of the venue, encrypted."""
    own = venue(shapes.name).addresses

    assert ("ws://127.0.0.1:1", "http://127.0.0.1:2") == (tried.addresses.websocket, tried.addresses.rest)
    assert own.websocket.startswith("wss://")
    assert own.rest.startswith("https://")
    assert tried.name == shapes.name


def test_symbols_are_written_as_the_venue_does(shapes: Shapes, tried: Venue) -> None:
    """A symbol that can be meant in one way only is taken; another is refused, with how to write it."""

    assert shapes.symbol == tried.symbol(shapes.symbol) == tried.symbol(shapes.careless)
    with pytest.raises(ValueError, match=r"such as"):
        tried.symbol(shapes.wrong)


@pytest.mark.parametrize("channel", list(Channel))
def test_every_symbol_is_asked_for(shapes: Shapes, tried: Venue, channel: Channel) -> None:
    """The texts are JSON and name each symbol, also of very many, and are no more than the venue takes."""
    symbols = [
        shapes.symbol.replace("BT", f"B{chr(65 + number // 26)}{chr(65 + number % 26)}") for number in range(300)
    ]

    for texts in (tried.subscribe(symbols, [channel]), tried.unsubscribe(symbols, [channel])):
        whole = " ".join(json.dumps(json.loads(text)) for text in texts).upper()
        assert [] == [symbol for symbol in symbols if symbol not in whole]
        assert all(len(text) < 4_000 for text in texts)
    assert tried.connect(symbols, [channel]).startswith("/")


def test_channels_apart_have_paths_apart(tried: Venue) -> None:
    """Where one connection does not carry all channels, each has an address of its own."""
    paths = {tried.connect([], [channel]) for channel in Channel}

    assert (1 if tried.together else len(Channel)) == len(paths)


def test_messages_say_what_they_say(shapes: Shapes, tried: Venue) -> None:
    """To the digit, and as text as well as bytes."""

    for text, expected in shapes.live:
        assert expected == list(tried.read(text))
        assert expected == list(tried.read(text.encode()))


def test_messages_of_every_kind_are_shown(shapes: Shapes) -> None:
    """The examples have trades, quotes and refusals."""
    kinds = {type(message) for _, expected in shapes.live for message in expected}

    assert {Trade, Quote, Refusal} <= kinds


def test_what_says_nothing_gives_nothing(shapes: Shapes, tried: Venue) -> None:
    """Answers to subscriptions, heartbeats and pongs."""

    assert [[]] * len(shapes.quiet) == [list(tried.read(text)) for text in shapes.quiet]


def test_the_venue_says_that_it_closes(shapes: Shapes, tried: Venue) -> None:
    """Then another connection is made before this one breaks."""
    notices = list(chain.from_iterable(tried.read(text) for text in shapes.shut))

    assert len(shapes.shut) == len(notices)
    assert all(isinstance(notice, Notice) and notice.reconnect for notice in notices)


def test_history_is_oldest_first(shapes: Shapes, tried: Venue) -> None:
    """In whichever order the answer is."""
    asked = tried.history(shapes.symbol, shapes.trades[0].last, shapes.trades[0].time)

    answer = tried.read_history(shapes.symbol, asked, Answer(200, {}, shapes.past.encode()))

    assert shapes.trades == list(answer.trades)
    assert not answer.beyond


def test_a_trade_is_the_same_on_both_roads(shapes: Shapes, tried: Venue) -> None:
    """Its time has the precision that both have, so that a trade at a boundary does not move; digits and side agree."""
    live = next(message for message in tried.read(shapes.live[0][0]) if isinstance(message, Trade))
    asked = tried.history(shapes.symbol, 0, 0)

    answer = tried.read_history(shapes.symbol, asked, Answer(200, {}, shapes.past.encode()))

    assert live in answer.trades


def test_the_latest_number_has_its_time(shapes: Shapes, tried: Venue) -> None:
    """It is of when the answer is, by the venue's own clock; an answer that does not say when is none."""
    last = shapes.trades[-1].last

    tail, trades = tried.read_latest(shapes.symbol, Answer(200, DATE, shapes.past.encode()))

    assert Tail(shapes.symbol, last, DATED) == tail
    assert shapes.trades == list(trades)
    with pytest.raises(ValueError, match="Date"):
        tried.read_latest(shapes.symbol, Answer(200, {}, shapes.past.encode()))


def test_requests_ask_no_more_than_a_page(shapes: Shapes, tried: Venue) -> None:
    """A request weighs something, and fits into what the venue allows."""
    for request in (tried.history(shapes.symbol, 5, 7), tried.latest(shapes.symbol)):
        assert 0 < request.weight <= tried.limits.weight
        assert request.path.startswith("/")


def test_an_unknown_symbol_is_an_error_of_that_symbol(shapes: Shapes, tried: Venue) -> None:
    """`LookupError`, so that nobody asks again."""
    status, body = shapes.unknown
    asked = tried.history(shapes.symbol, 5, 7)

    with pytest.raises(LookupError, match=shapes.symbol):
        tried.read_history(shapes.symbol, asked, Answer(status, DATE, body.encode()))
    with pytest.raises(LookupError, match=shapes.symbol):
        tried.read_latest(shapes.symbol, Answer(status, DATE, body.encode()))


def test_other_answers_are_none(shapes: Shapes, tried: Venue) -> None:
    """`ValueError`, so that somebody asks again."""
    asked = tried.history(shapes.symbol, 5, 7)

    for status, body in (*shapes.broken, (200, "<html>maintenance</html>"), (200, ""), (200, "null")):
        with pytest.raises(ValueError, match=r"."):
            tried.read_history(shapes.symbol, asked, Answer(status, DATE, body.encode()))


def test_a_page_for_people_is_told_with_its_status(shapes: Shapes, tried: Venue) -> None:
    """A firewall, or a country that may not ask: the status says more than the page."""
    asked = tried.history(shapes.symbol, 5, 7)

    with pytest.raises(ValueError, match=r"status 451: <html>"):
        tried.read_history(shapes.symbol, asked, Answer(451, DATE, b"<html>"))


@pytest.mark.parametrize("seed", range(20))
def test_damaged_messages_raise_nothing_else(shapes: Shapes, tried: Venue, seed: int) -> None:
    """A message that is cut or damaged anywhere is read as something, or is a `ValueError`, and nothing else."""
    chance = random.Random(seed)
    asked = tried.history(shapes.symbol, 5, 7)
    for text in (*(text for text, _ in shapes.live), *shapes.quiet, *shapes.shut):
        tried_out = damaged(text, chance)
        try:
            tried.read(tried_out)
        except ValueError as error:
            assert str(error)  # noqa: PT017 - it may be raised, and need not be
    for body in (shapes.past, shapes.unknown[1]):
        try:
            tried.read_history(shapes.symbol, asked, Answer(200, DATE, damaged(body, chance)))
        except (ValueError, LookupError) as error:
            assert not isinstance(error, KeyError | IndexError)  # noqa: PT017


def damaged(text: str, chance: random.Random) -> bytes:
    """A text that is cut, or has one byte changed, or a value replaced."""
    raw = bytearray(text.encode())
    place = chance.randrange(len(raw))
    match chance.randrange(3):
        case 0:
            return bytes(raw[:place])
        case 1:
            raw[place] = chance.randrange(256)
            return bytes(raw)
    return text.replace(
        chance.choice(['"1', "1", "0", "true", "2"]), chance.choice(["null", "{}", "[]", '"x"'])
    ).encode()


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("BTC/USD", {"pair": "XBTUSD"}),
        ("ETH/BTC", {"pair": "ETHXBT"}),
        ("DOGE/EUR", {"pair": "XDGEUR"}),
        ("SOL/USD", {"pair": "SOLUSD"}),
        ("AAPLx/USD", {"pair": "AAPLxUSD", "asset_class": "tokenized_asset"}),
    ],
)
def test_kraken_has_other_names_over_rest(symbol: str, expected: dict[str, str]) -> None:
    """REST keeps the old names of some currencies, and wants to be told of stocks that are tokens."""

    assert {**expected, "count": "1"} == venue("kraken").latest(symbol).params


def test_kraken_symbols_have_the_names_of_today() -> None:
    """An old name is refused with the new one; stocks that are tokens keep their small letter."""

    assert "AAPLx/USD" == venue("kraken").symbol("AAPLx/USD")
    with pytest.raises(ValueError, match="BTC for XBT"):
        venue("kraken").symbol("XBT/USD")


def test_an_unknown_venue_is_told_its_neighbour() -> None:
    """With all that there are."""
    with pytest.raises(ValueError, match=r"did you mean 'kraken'.*binance, binance-futures, coinbase, kraken, okx"):
        venue("krakn")
