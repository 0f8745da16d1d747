"""Messages that hold several ticks: each item is a tick at its message's offset, and a message is read as a whole."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from barloom.errors import SourceError
from barloom.kafka.letters.dead_letters import dead_letter
from barloom.kafka.letters.envelope import letter
from barloom.kafka.letters.items import items_read, items_text
from barloom.kafka.runtime.blocked import Blocked
from barloom.kafka.runtime.fetched import Fetched, Log
from barloom.kafka.runtime.items import Refused, by_message
from barloom.kafka.runtime.polling import decode
from barloom.plan.toml import read_toml
from barloom.serde.formats import Format
from barloom.serde.open import check_items, open_serde
from barloom.time.always import AlwaysOpen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.kafka.runtime.polling import Polled

PLAN = read_toml(
    """
    [event]
    key = "symbol"
    timestamp = "at"
    [event.fields]
    symbol = "string"
    at = "timestamp(s)"
    price = "decimal(9, 2)"
    [source]
    rows = "data[*]"
    columns = { symbol = "$.arg.id", at = "[1]", price = "[0]" }
    [bars]
    name = "bars"
    base = "1m"
    ohlcv = { price = "price" }
    """
)
NOW = 1_700_000_000_000_000_000
APPENDED = 2


@dataclass(frozen=True)
class Sent:
    """A message as the client gives it."""

    at: int
    content: bytes | None
    given: Sequence[tuple[str, bytes | None]] = ()
    mapped: bytes | None = None
    stamp: tuple[int, int] = field(default=(APPENDED, 1_600_000_000_000))

    def error(self) -> None:
        """None."""
        return

    def topic(self) -> str:
        """Its topic."""
        return "ticks"

    def partition(self) -> int:
        """Its partition."""
        return 0

    def offset(self) -> int:
        """Its offset."""
        return self.at

    def timestamp(self) -> tuple[int, int]:
        """When it was appended."""
        return self.stamp

    def key(self) -> bytes | None:
        """Its key."""
        return self.mapped

    def value(self) -> bytes | None:
        """Its content."""
        return self.content

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        """Its headers, as the client has them."""
        return list(self.given) or None


def message(offset: int, symbol: str, *items: object, given: Sequence[tuple[str, bytes | None]] = ()) -> Sent:
    """A message of these items."""
    return Sent(offset, json.dumps({"arg": {"id": symbol}, "data": list(items)}).encode(), given)


def polled(*messages: Sent, plan: Any = PLAN) -> Polled:  # noqa: ANN401 - a plan
    """What the messages are sorted out to."""
    found = Fetched()
    for first in range(0, len(messages), 2):
        found.add(messages[first : first + 2])
    return decode(found, ("ticks",), open_serde(plan, AlwaysOpen(), format=Format.JSON).events, NOW)[Log("ticks", 0)]


def test_each_item_is_a_tick_at_the_offset_of_its_message() -> None:
    """In order; where to go on is behind the whole message, also behind one without items or a value."""
    found = polled(
        message(3, "A", ["1.5", 10], ["1.6", 11]),
        message(4, "B"),
        message(7, "B", ["2.5", 12]),
        Sent(9, None),
    )

    assert [("A", "1.50"), ("A", "1.60"), ("B", "2.50")] == [
        (symbol, str(price)) for symbol, price in found.ticks.frame.select("symbol", "price").rows()
    ]
    assert [3, 3, 7] == found.ticks.offsets.tolist()
    assert (3, 10, 1) == (found.first_offset, found.next_offset, found.tombstones)
    assert [0, 0, 2] == found.index.tolist()
    assert [1_600_000_000_000_000_000] * 3 == list(found.ticks.arrivals)  # type: ignore[arg-type]
    assert [] == found.refused


def test_origins_name_offset_and_item() -> None:
    """The side output has the message's offset, the item's number, and the item as it was written."""
    found = polled(message(3, "A", ["1.5", 10], [1.60, 11]))
    (origin,) = found.origins([1])  # type: ignore[arg-type]

    assert ("ticks[0]", 2, "[1.6,11]") == origin
    assert 3 == found.ticks.offsets[1]


def test_a_message_is_refused_once_for_its_bad_items() -> None:
    """The good ones count; the letter names the others, or none where the message is no record of items."""
    found = polled(
        message(3, "A", ["x", 10], ["1.6", 11], ["1.755", 12], 7),
        Sent(4, b"no JSON"),
        Sent(5, b'{"arg":{"id":"A"}}'),
        message(6, "A", ["1.7", 13]),
    )

    assert [3, 6] == found.ticks.offsets.tolist()
    several, broken, other = found.refused
    assert (3, (1, 3, 4)) == (several.message.offset(), several.items)
    assert several.problem.startswith("item 1: price: 'x' is not a number; item 3: price: '1.755' does not fit")
    assert (4, ()) == (broken.message.offset(), broken.items)
    assert (5, ()) == (other.message.offset(), other.items)
    assert "it has no 'data'" in other.problem


def test_a_message_put_back_counts_only_where_it_had_failed() -> None:
    """Through the letter and its replay: the items that counted before are not taken twice."""
    sent = message(3, "A", ["x", 10], ["1.6", 11], ["1.755", 12])
    (refused,) = polled(sent).refused
    found = dead_letter(refused.message, refused.problem, NOW, items_text(refused.items))
    read = letter(replace(sent, content=found.value, given=found.headers))  # type: ignore[arg-type]
    assert "1,3" == read.items

    plan = replace(PLAN, event=replace(PLAN.event, fields=(*PLAN.event.fields[:2], _wider())))
    back = replace(sent, at=8, given=read.put_back().headers)
    again = polled(back, message(9, "A", ["9", 19]), plan=plan)
    assert [(8, "1.755"), (9, "9.000")] == [
        (offset, str(price))
        for offset, price in zip(again.ticks.offsets.tolist(), again.ticks.frame["price"], strict=True)
    ]
    assert [(1,)] == [one.items for one in again.refused]
    strangers = replace(sent, given=[("barloom.items", b"1")])
    assert 1 == len(polled(strangers).ticks)


def _wider() -> Any:  # noqa: ANN401 - a field
    price = PLAN.event.by_name["price"]
    return replace(price, number=replace(price.number, scale=3))  # type: ignore[type-var]


def test_a_message_that_was_replayed_and_is_broken_now_keeps_its_items() -> None:
    """So that its next replay does not take what counted before."""
    back = Sent(8, b"no JSON", [("barloom.replayed-from", b"dlq/0/1"), ("barloom.items", b"2")])
    (refused,) = polled(back).refused
    headers = dict(dead_letter(back, refused.problem, NOW, items_text(refused.items)).headers)

    assert b"2" == headers["barloom.items"]


def test_too_many_items_to_tell_refuse_the_whole_message() -> None:
    """Their list would not fit beside the message: none of it counts, and the letter is about all."""
    items = [["x" if number % 2 else "1", 10] for number in range(6000)]
    found = polled(message(3, "A", *items), message(4, "A", ["1", 10]))

    assert [4] == found.ticks.offsets.tolist()
    (refused,) = found.refused
    assert () == refused.items
    assert refused.problem.startswith("3000 items, of which item 2: price")


def test_many_refused_items_take_no_longer_each() -> None:
    """A message of 40,000 of them is told in a moment: what is known of it is not copied for each."""
    refused = by_message(Refused(None, f"item {at}: price", (at,)) for at in [*range(40_000, 0, -1)])  # type: ignore[arg-type]

    assert [tuple(range(1, 40_001))] == [one.items for one in refused]
    assert len(refused[0].problem) < 2_000


def test_too_many_items_of_blocked_keys_refuse_the_whole_message() -> None:
    """As items that cannot be read do: the message's other ticks do not count, those of others do."""
    rows = replace(PLAN.source, columns={"symbol": "[2]", "at": "[1]", "price": "[0]"})
    plan = replace(PLAN, source=rows)
    items = [["1", 10, "A" if number % 2 else "B"] for number in range(6000)]
    left = Blocked(plan, [("A",)]).without(polled(message(3, "", *items), message(4, "", ["1", 10, "B"]), plan=plan))

    assert [4] == left.ticks.offsets.tolist()
    assert [(3, ())] == [(one.message.offset(), one.items) for one in left.refused]
    assert left.refused[0].problem.startswith("3000 items, of which item 2: its key is on the block list")


def test_blocked_keys_join_the_letter_of_their_message() -> None:
    """One message, one letter; positions of those left stay right."""
    rows = replace(PLAN.source, columns={"symbol": "[2]", "at": "[1]", "price": "[0]"})
    plan = replace(PLAN, source=rows)
    found = polled(message(3, "", ["1", 10, "A"], ["x", 10, "B"], ["3", 10, "C"]), plan=plan)
    left = Blocked(plan, [("A",)]).without(found)

    (refused,) = left.refused
    assert (1, 2) == refused.items
    assert ("ticks[0]", 3, '["3",10,"C"]') == left.origins([0])[0]  # type: ignore[arg-type]
    assert [refused] == by_message([refused])


@pytest.mark.parametrize(("items", "text"), [([1], "1"), ([1, 2, 3], "1-3"), ([2, 5, 6, 9], "2,5-6,9")])
def test_lists_of_items(items: list[int], text: str) -> None:
    """Runs are written short, and read again."""
    assert text == items_text(items)
    assert items == [number for run in items_read(text) for number in run]


def test_other_formats_are_refused() -> None:
    """Avro has a type for several rows, which is not taken apart: an error at the start, not a dead letter each."""
    with pytest.raises(SourceError, match=r"\[source\] rows takes several ticks of a message of JSON"):
        check_items(PLAN, Format.AVRO)
    check_items(PLAN, Format.JSON)


def test_fields_of_the_key_stand_beside_each_item() -> None:
    """One key for all items of its message; one that cannot be read refuses the message's items."""
    plan = replace(PLAN, source=replace(PLAN.source, columns={"symbol": "@key.s", "at": "[1]", "price": "[0]"}))
    items = json.dumps({"data": [["1", 10], ["2", 11]]}).encode()
    found = polled(Sent(3, items, mapped=b'{"s":"A"}'), Sent(4, items, mapped=None), plan=plan)

    assert ["A", "A"] == found.ticks.frame["symbol"].to_list()
    assert [(4, (1, 2))] == [(one.message.offset(), one.items) for one in found.refused]
