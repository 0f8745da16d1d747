"""A feed of one's own: whatever JSON a websocket sends, read by the definition's mapping, to the digit."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import barloom as bl
from barloom.errors import DefinitionError
from barloom.feed.own import own_feed
from barloom.feed.protocol import Channel, Row
from barloom.plan.toml import read_toml
from barloom.source.feeds.feed import FeedSource

if TYPE_CHECKING:
    from barloom.feed.own import OwnFeed
    from barloom.plan.barplan import BarPlan

DEFINITION = """
[event]
key = ["desk", "symbol"]
timestamp = "at"

[event.fields]
desk = "string"
symbol = "string"
at = "timestamp(us)"
number = "int"
price = "decimal(18, 9)"
size = "decimal(18, 2)"

[bars]
name = "own"
base = "1s"
ohlcv = { price = "price", size = "size" }

[source]
rows = "data[*].prints[*]"
columns = { desk = "=fx", symbol = "^.pair", at = "t", number = "n", price = "p", size = "q" }
"""

MESSAGE = (
    '{"type":"prints","data":[{"pair":"EURUSD","prints":[{"n":7,"t":1700000000000001,"p":1.07000,"q":2},'
    '{"n":8,"t":1700000000000002,"p":1e-9,"q":"1.50"}]},{"pair":"USDJPY","prints":[{"n":3,"t":1700000000000003,"p":-151.2,"q":1}]}]}'
)


def plan_of(text: str = DEFINITION) -> BarPlan:
    """The plan of a definition."""
    return read_toml(text)


def declared(plan: BarPlan | None = None, **settings: object) -> OwnFeed:
    """A feed at an address, with the number as its sequence."""
    return own_feed({"url": "wss://desk.example:8443/prints?v=2", **settings}, plan or plan_of(), ("number", "number"))


def test_rows_are_taken_out_of_messages() -> None:
    """One row each, with its key, its number, and the fields as they are written."""
    rows = declared().read(MESSAGE)

    assert [("EURUSD", 7, 7), ("EURUSD", 8, 8), ("USDJPY", 3, 3)] == [row[:3] for row in rows if isinstance(row, Row)]
    assert isinstance(rows[0], Row)
    assert {"symbol": "EURUSD", "at": 1700000000000001, "number": 7, "price": "1.07000", "size": 2} == rows[0].values


def test_rows_become_ticks_to_the_digit() -> None:
    """The feed's own plan reads its rows: constants are there, and an exponent is exact."""
    feed = declared()
    values = [row.values for row in feed.read(MESSAGE) if isinstance(row, Row)]

    source = FeedSource(feed.plan, values)
    batches = list(source.open({}, 100))

    columns = batches[0].ticks.frame
    assert ["fx", "fx", "fx"] == columns["desk"].to_list()
    assert [Decimal("1.07"), Decimal("0.000000001"), Decimal("-151.2")] == columns["price"].to_list()
    assert [Decimal(2), Decimal("1.5"), Decimal(1)] == columns["size"].to_list()
    assert [0] == [len(batch.invalid) for batch in batches]


def test_other_messages_hold_no_rows() -> None:
    """Answers to a subscription, heartbeats, and rows without a key; what is no JSON is an error."""
    feed = declared()

    for text in ('{"type":"subscribed"}', "[]", '"pong"', "1", '{"data":null}', '{"data":[{"prints":[3]}]}'):
        assert [] == list(feed.read(text))
    with pytest.raises(ValueError, match="no JSON"):
        feed.read("pong")


def test_numbers_that_cannot_be_read_are_none() -> None:
    """A number may be written as text; what is none leaves the row without one, and the row stays."""
    plan = plan_of(DEFINITION.replace('"data[*].prints[*]"', '"[*]"').replace("^.pair", "pair"))
    written = [12, "13", "x", None, 1.5, True]
    text = json.dumps([{"pair": "EURUSD", "n": number} for number in written])

    rows = declared(plan).read(text)

    assert [12, 13, None, None, None, None] == [row.last for row in rows if isinstance(row, Row)]


def test_rows_may_be_named_beside_the_address() -> None:
    """``[feed] rows`` counts before that of ``[source]``."""
    feed = declared(plan_of(DEFINITION.replace("^.pair", "pair")), rows="[1]")

    rows = feed.read('[0, {"n": 4, "pair": "GBPUSD"}, 2]')

    assert [("GBPUSD", 4, 4)] == [row[:3] for row in rows if isinstance(row, Row)]


def test_a_key_of_several_fields_is_one_symbol() -> None:
    """Its fields stand in the order of the key, and without one of them there is no symbol."""
    text = DEFINITION.replace('"data[*].prints[*]"', '"[*]"').replace("^.pair", "pair").replace('"=fx"', '"d"')

    rows = declared(plan_of(text)).read('[{"d":"fx","pair":"EURUSD","n":1},{"pair":"EURUSD","n":2}]')

    assert ["fx/EURUSD", ""] == [row.symbol for row in rows if isinstance(row, Row)]


def test_without_a_sequence_rows_have_no_numbers() -> None:
    """Then nothing is known to be missing."""
    feed = own_feed({"url": "ws://localhost:1"}, plan_of())

    assert [(None, None)] * 3 == [(row.first, row.last) for row in feed.read(MESSAGE) if isinstance(row, Row)]


def test_symbols_are_asked_for() -> None:
    """Each in a text of its own, all in one, or as the text stands; the address may name them, too."""
    each = declared(subscribe='{"op":"sub","symbol":"{symbol}"}', unsubscribe=['{"op":"un","all":{symbols}}'])
    fixed = declared(subscribe=["hello", '{"on":"{symbol}"}'])
    symbols = ["EURUSD", "USDJPY"]

    assert ['{"op":"sub","symbol":"EURUSD"}', '{"op":"sub","symbol":"USDJPY"}'] == list(
        each.subscribe(symbols, [Channel.TRADES])
    )
    assert ['{"op":"un","all":["EURUSD","USDJPY"]}'] == list(each.unsubscribe(symbols, [Channel.TRADES]))
    assert ["hello", '{"on":"EURUSD"}', '{"on":"USDJPY"}'] == list(fixed.subscribe(symbols, [Channel.TRADES]))
    assert ["hello"] == list(fixed.subscribe([], [Channel.TRADES]))[:1]
    assert [] == list(declared().subscribe(symbols, [Channel.TRADES]))
    named = declared(url="wss://desk.example/p?s={symbols}")
    assert "/p?s=EURUSD,USDJPY" == named.connect(symbols, [Channel.TRADES])


def test_it_looks_like_a_venue_without_history() -> None:
    """Its address is parted, its settings are those of a connection, and what it does not have it says."""
    feed = declared(ping='{"op":"ping"}', ping_every=5, silence=12.5, life=3600, symbols_per_connection=7, name="desk")

    assert ("wss://desk.example:8443", "/prints?v=2") == (feed.addresses.websocket, feed.connect([], []))
    assert (5.0, '{"op":"ping"}', 12.5) == (feed.ping.every, feed.ping.text, feed.ping.silence)
    assert (3600.0, 7, "desk") == (feed.limits.life, feed.limits.symbols, feed.name)
    assert not feed.has_history
    with pytest.raises(NotImplementedError, match="no history"):
        feed.history("EURUSD", 1, 2)
    with pytest.raises(NotImplementedError, match="no history"):
        feed.latest("EURUSD")


def test_all_that_is_wrong_is_told() -> None:
    """With where it stands and how it is written."""
    with pytest.raises(DefinitionError) as caught:
        declared(url="https://desk.example", subscribe=3, ping_every="often", silence=0, symbols_per_connection=True)

    assert ["feed.ping_every", "feed.silence", "feed.subscribe", "feed.symbols_per_connection", "feed.url"] == sorted(
        problem.where for problem in caught.value.problems
    )
    with pytest.raises(DefinitionError, match="needs its address"):
        own_feed({}, plan_of())
    with pytest.raises(DefinitionError, match="no path to ticks"):
        declared(rows=".[")


def test_definitions_in_python_declare_it_too() -> None:
    """The plan is what counts, wherever it comes from."""

    class Tick(bl.Event):
        symbol: str = bl.key()
        at: int = bl.timestamp(unit="ms")
        price: Decimal = bl.decimal(18, 4)

    bars = bl.from_(Tick).tumbling("1s").select(close=bl.last("price")).named("own")
    feed = own_feed({"url": "ws://localhost:1"}, bars.plan)

    assert [Row("A", None, None, {"symbol": "A", "at": 5, "price": "1.0"})] == list(
        feed.read('{"symbol":"A","at":5,"price":1.0,"more":[1]}')
    )
