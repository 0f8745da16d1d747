"""What a poll brings is sorted out by partition, each record with its place; blocked keys and bad records apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from barloom.kafka.runtime.blocked import Blocked
from barloom.kafka.runtime.fetched import Fetched, Log
from barloom.kafka.runtime.polling import Polled, decode
from barloom.plan.toml import read_toml
from barloom.serde.formats import Format
from barloom.serde.open import open_serde
from barloom.time.always import AlwaysOpen

PLAN = read_toml(
    """
    [event]
    key = ["venue", "symbol"]
    timestamp = "at"
    [event.fields]
    venue = "string"
    symbol = "int"
    at = "timestamp(s)"
    price = "decimal(9, 2)"
    [bars]
    name = "bars"
    base = "1m"
    ohlcv = { price = "price" }
    """
)
NOW = 1_700_000_000_000_000_000
CREATED, APPENDED = 1, 2


@dataclass(frozen=True)
class Sent:
    """A message as the client gives it."""

    place: tuple[str, int, int]
    content: bytes | None = b""
    stamp: tuple[int, int] = (CREATED, 5)
    failure: Any = None

    def error(self) -> Any:  # noqa: ANN401
        """What is in the place of a record."""
        return self.failure

    def topic(self) -> str:
        """Its topic."""
        return self.place[0]

    def partition(self) -> int:
        """Its partition."""
        return self.place[1]

    def offset(self) -> int:
        """Its offset."""
        return self.place[2]

    def timestamp(self) -> tuple[int, int]:
        """Who stamped it, and milliseconds."""
        return self.stamp

    def key(self) -> bytes | None:
        """No key."""
        return None

    def value(self) -> bytes | None:
        """Its content."""
        return self.content

    def headers(self) -> None:
        """None."""
        return


@dataclass(frozen=True)
class End:
    """The client's word that a log ends, or another of its words."""

    number: int = -191

    def code(self) -> int:
        """What it is about."""
        return self.number


def tick(symbol: int, at: int) -> bytes:
    """One tick as JSON."""
    return b'{"venue":"X","symbol":%d,"at":%d,"price":"1.5"}' % (symbol, at)


def polled(*messages: Sent, topics: tuple[str, ...] = ("ticks",)) -> dict[Log, Polled]:
    """What the messages are sorted out to."""
    serde = open_serde(PLAN, AlwaysOpen(), format=Format.JSON)
    return decode(fetched(*messages), topics, serde.events, NOW)


def fetched(*messages: Sent) -> Fetched:
    """The messages as they come, two at a time."""
    found = Fetched()
    for first in range(0, len(messages), 2):
        found.add(messages[first : first + 2])
    return found


def test_records_are_sorted_out_by_partition_in_the_order_of_their_offsets() -> None:
    """Three partitions mixed in one poll: each keeps its rows, offsets and where to go on."""
    found = polled(
        Sent(("ticks", 1, 7), tick(1, 10)),
        Sent(("ticks", 0, 3), tick(2, 11)),
        Sent(("ticks", 1, 9), tick(3, 12)),
        Sent(("ticks", 2, 0), tick(4, 13)),
    )

    assert {Log("ticks", 0), Log("ticks", 1), Log("ticks", 2)} == found.keys()
    one = found[Log("ticks", 1)]
    assert [7, 9] == one.ticks.offsets.tolist()
    assert [1, 3] == one.ticks.frame["symbol"].to_list()
    assert (7, 10) == (one.first_offset, one.next_offset)


def test_topics_with_the_same_partitions_are_kept_apart() -> None:
    """Two input topics: partition 0 of one is not partition 0 of the other."""
    found = polled(Sent(("a", 0, 5), tick(1, 10)), Sent(("b", 0, 6), tick(2, 11)), topics=("a", "b"))

    assert [5] == found[Log("a", 0)].ticks.offsets.tolist()
    assert [6] == found[Log("b", 0)].ticks.offsets.tolist()


def test_a_bad_record_is_refused_and_passed_over() -> None:
    """Its neighbours are read, and reading goes on behind it; one without a value is no tick and no mistake."""
    bad = Sent(("ticks", 0, 2), b"no JSON")
    found = polled(Sent(("ticks", 0, 1), tick(1, 10)), bad, Sent(("ticks", 0, 3), None))

    only = found[Log("ticks", 0)]
    assert [1] == only.ticks.offsets.tolist()
    assert [2] == [refused.message.offset() for refused in only.refused]
    assert 1 == only.tombstones
    assert 4 == only.next_offset


def test_ends_are_told_apart_from_records() -> None:
    """The end of a log says how far it was read, marks of transactions included."""
    messages = Sent(("ticks", 0, 1), tick(1, 10)), Sent(("ticks", 0, 4), failure=End())

    assert {Log("ticks", 0): 4} == fetched(*messages).ends
    assert 2 == polled(*messages)[Log("ticks", 0)].next_offset


def test_trouble_is_told_apart_from_records_and_ends() -> None:
    """What the client says of a broker is no record, and its neighbours are read."""
    trouble = End(-195)
    found = fetched(Sent(("ticks", 0, 1), tick(1, 10)), Sent(("ticks", 0, 0), failure=trouble))

    assert [trouble] == found.errors
    assert {} == found.ends
    assert [1] == [record.offset() for record in found.records]


def test_arrival_is_the_brokers_stamp_or_now() -> None:
    """A stamp that the broker has set is the arrival; one of the producer says nothing of it."""
    found = polled(
        Sent(("ticks", 0, 1), tick(1, 10), (APPENDED, 1_600_000_000_123)), Sent(("ticks", 0, 2), tick(1, 11))
    )[Log("ticks", 0)]

    assert found.ticks.arrivals is not None
    assert [1_600_000_000_123_000_000, NOW] == found.ticks.arrivals.tolist()


def test_ticks_of_blocked_keys_become_dead_letters() -> None:
    """A blocked key's ticks are refused with the reason, all others stay, and the position goes on."""
    found = polled(
        Sent(("ticks", 0, 1), tick(1, 10)),
        Sent(("ticks", 0, 2), tick(2, 11)),
        Sent(("ticks", 0, 3), tick(1, 12)),
    )[Log("ticks", 0)]

    left = Blocked(PLAN, [("X", 1), ("Y", 2)]).without(found)

    assert [2] == left.ticks.offsets.tolist()
    assert [2] == left.ticks.frame["symbol"].to_list()
    assert [1, 3] == [refused.message.offset() for refused in left.refused]
    assert all("block list" in refused.problem for refused in left.refused)
    assert 4 == left.next_offset
    assert "X" == left.ticks.frame["venue"][0]


def test_without_a_block_list_nothing_is_looked_for() -> None:
    """The very same records come back."""
    found = polled(Sent(("ticks", 0, 1), tick(1, 10)))[Log("ticks", 0)]

    assert Blocked(PLAN, []).without(found) is found
