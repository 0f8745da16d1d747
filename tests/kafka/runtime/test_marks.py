"""Marks in an input topic: each keeps its place among the ticks of its partition, and what is none is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from barloom.kafka.events.marks import COMPLETE_TO
from barloom.kafka.runtime.blocked import LONGEST_KEY, Blocked
from barloom.kafka.runtime.fetched import Fetched, Log
from barloom.kafka.runtime.marking import MarkReader, TopicMarks
from barloom.kafka.runtime.polling import Polled, decode
from barloom.plan.toml import read_toml
from barloom.serde.formats import Format
from barloom.serde.open import open_serde
from barloom.time.always import AlwaysOpen

if TYPE_CHECKING:
    from barloom.engine.blocks import Marks

TOML = """
[event]
key = KEY
timestamp = "at"
[event.fields]
venue = "string"
symbol = "string"
at = "timestamp(ns)"
price = "decimal(9, 2)"
[bars]
name = "bars"
base = "1m"
max_ahead = "10m"
ohlcv = { price = "price" }
"""
TWO = read_toml(TOML.replace("KEY", '["venue", "symbol"]'))
ONE = read_toml(TOML.replace("KEY", '"symbol"'))
ITEMS = read_toml(TOML.replace("KEY", '"symbol"') + '\n[source]\nrows = "data[*]"\n')
SECOND = 1_000_000_000
NOW = 1_700_000_000 * SECOND


@dataclass(frozen=True)
class Sent:
    """A message as the client gives it."""

    offset_: int
    content: bytes | None = None
    name: bytes | None = None
    marked: bytes | str | None = "not"
    log: tuple[str, int] = ("ticks", 0)
    stamp: tuple[int, int] = (1, 5)

    def error(self) -> Any:  # noqa: ANN401
        """A record."""
        return None

    def topic(self) -> str:
        """Its topic."""
        return self.log[0]

    def partition(self) -> int:
        """Its partition."""
        return self.log[1]

    def offset(self) -> int:
        """Its offset."""
        return self.offset_

    def timestamp(self) -> tuple[int, int]:
        """Who stamped it, and milliseconds."""
        return self.stamp

    def key(self) -> bytes | None:
        """Its key."""
        return self.name

    def value(self) -> bytes | None:
        """Its content."""
        return self.content

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        """The mark, among others."""
        if isinstance(self.marked, str):
            return [("other", b"1")]
        return [("other", b"1"), (COMPLETE_TO, self.marked)]


def tick(offset: int, symbol: str = "A", **more: Any) -> Sent:  # noqa: ANN401
    """One tick as JSON."""
    content = b'{"venue":"X","symbol":"%s","at":%d,"price":"1.5"}' % (symbol.encode(), NOW)
    return Sent(offset, content, b'{"symbol":"A"}', **more)


def mark(offset: int, time: bytes | int, key: bytes | None = None, **more: Any) -> Sent:  # noqa: ANN401
    """One mark."""
    return Sent(offset, None, key, time if isinstance(time, bytes) else str(time).encode(), **more)


def polled(*messages: Sent, plan: Any = ONE, form: Format = Format.JSON) -> dict[Log, Polled]:  # noqa: ANN401
    """What the messages are sorted out to."""
    serde = open_serde(plan, AlwaysOpen(), format=form)
    fetched = Fetched()
    for first in range(0, len(messages), 2):
        fetched.add(messages[first : first + 2])
    return decode(fetched, ("ticks",), serde.events, NOW, MarkReader(plan, serde))


def told(marks: Marks | None) -> list[tuple[int, int, Any]]:
    """Rows ahead, time and key of each mark."""
    return [] if marks is None else list(zip(marks.after.tolist(), marks.time.tolist(), marks.keys, strict=True))


ZERO = Log("ticks", 0)


def test_marks_keep_their_places_among_the_ticks_of_their_partition() -> None:
    """Two partitions mixed in one poll: a mark counts the ticks ahead of it in its own alone."""
    one: dict[str, Any] = {"log": ("ticks", 1)}
    found = polled(
        mark(0, 10),
        tick(1),
        tick(0, **one),
        tick(2),
        mark(3, 20),
        mark(4, 30),
        mark(1, 15, **one),
        tick(5),
        mark(6, 40),
    )

    assert [(0, 10, None), (2, 20, None), (2, 30, None), (3, 40, None)] == told(found[ZERO].ticks.marks)
    assert [(1, 15, None)] == told(found[Log("ticks", 1)].ticks.marks)
    assert ([1, 2, 5], 7) == (found[ZERO].ticks.offsets.tolist(), found[ZERO].next_offset)
    assert (0, []) == (found[ZERO].tombstones, list(found[ZERO].refused))


def test_marks_alone_move_the_position() -> None:
    """A poll of nothing but marks has no rows, and says where to go on."""
    found = polled(mark(7, 10), mark(8, 20, b"B"))[ZERO]

    assert (0, 7, 9) == (len(found.ticks), found.first_offset, found.next_offset)
    assert [(0, 10, None), (0, 20, ("B",))] == told(found.ticks.marks)


def test_where_there_are_none_nothing_is_said() -> None:
    """Ticks alone have no marks, not even an empty list of them; and a message without a value stays a tombstone."""
    found = polled(tick(0), Sent(1, None, b"A"), tick(2))[ZERO]

    assert found.ticks.marks is None
    assert 1 == found.tombstones


@pytest.mark.parametrize(("key", "fields"), [(b'{"symbol":"B"}', ("B",)), (b"B", ("B",)), (b'"B"', ("B",))])
def test_a_simple_key_is_read_however_it_is_written(key: bytes, fields: tuple[str, ...]) -> None:
    """As barloom writes keys, as bare text, and as text of JSON."""
    assert [(0, 5, fields)] == told(polled(mark(0, 5, key))[ZERO].ticks.marks)


@pytest.mark.parametrize("form", [Format.JSON, Format.AVRO_RAW, Format.AVRO])
def test_a_key_is_read_as_the_encoder_of_ticks_writes_it(form: Format) -> None:
    """Of two fields, in each format."""
    frame = polled(tick(0), plan=TWO)[ZERO].ticks.frame
    serde = open_serde(TWO, AlwaysOpen(), format=form)
    (key,), (value,) = serde.event_encoder.encode(frame)

    found = polled(Sent(0, value, key), mark(1, 5, key), plan=TWO, form=form)[ZERO]

    assert [(1, 5, ("X", "A"))] == told(found.ticks.marks)


def test_marks_stand_between_messages_of_several_ticks() -> None:
    """Rows are counted, not messages; a refused item is no row."""
    item = '{"venue":"X","symbol":"A","at":%d,"price":"%s"}'
    three = f'{{"data":[{item % (NOW, 1)},{item % (NOW, "no")},{item % (NOW, 2)}]}}'.encode()
    one = f'{{"data":[{item % (NOW, 3)}]}}'.encode()
    found = polled(Sent(0, three), mark(1, 10), Sent(2, one), mark(3, 20, b"A"), plan=ITEMS)[ZERO]

    assert [(2, 10, None), (3, 20, ("A",))] == told(found.ticks.marks)
    assert [(2,)] == [one.items for one in found.refused]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (mark(1, b"soon"), "let it be nanoseconds since 1970 as digits"),
        (mark(1, b"-5"), "let it be nanoseconds since 1970 as digits"),
        (mark(1, b""), "let it be nanoseconds since 1970 as digits"),
        (mark(1, b"9" * 19), "let it be nanoseconds since 1970 as digits"),
        (mark(1, b"9" * 5000), "let it be nanoseconds since 1970 as digits"),
        (Sent(1, None, None, None), "let it be nanoseconds since 1970 as digits"),
        (mark(1, 5, b"\xff\xfe"), "its key cannot be read"),
        (mark(1, 5, b"B"), ""),
        (mark(1, NOW + 601 * SECOND), "its time is 601s after its arrival, and max_ahead is 10m"),
    ],
)
def test_a_mark_that_cannot_be_read_becomes_a_dead_letter(bad: Sent, reason: str) -> None:
    """With its reason; its neighbours count, and reading goes on behind it."""
    plan = ONE if reason else TWO
    found = polled(tick(0), bad, mark(2, 7), plan=plan)[ZERO]

    assert [1] == [refused.message.offset() for refused in found.refused]
    assert found.refused[0].problem.startswith("a mark that is none: ")
    assert reason in found.refused[0].problem
    assert [(1, 7, None)] == told(found.ticks.marks)
    assert (0, 3) == (found.tombstones, found.next_offset)


def test_how_far_ahead_a_mark_may_be_is_judged_by_when_it_was_appended() -> None:
    """The broker's stamp says when it arrived, as it does for ticks."""
    early = mark(0, NOW + SECOND, stamp=(2, (NOW - 600 * SECOND) // 1_000_000))
    late = mark(1, NOW + 601 * SECOND, stamp=(2, (NOW + SECOND) // 1_000_000))
    found = polled(early, late)[ZERO]

    assert [0] == [refused.message.offset() for refused in found.refused]
    assert [(0, NOW + 601 * SECOND, None)] == told(found.ticks.marks)


def test_blocked_keys_have_no_marks_and_move_those_of_others() -> None:
    """Their ticks are taken out, and so are their marks; a mark of another key counts what is left ahead of it."""
    found = polled(tick(0, "A"), tick(1, "B"), mark(2, 10, b"A"), mark(3, 20, b"B"), tick(4, "A"), mark(5, 30))[ZERO]
    left = Blocked(ONE, [("A",)]).without(found)

    assert ["B"] == left.ticks.frame["symbol"].to_list()
    assert [(1, 20, ("B",)), (1, 30, None)] == told(left.ticks.marks)


def test_a_mark_of_a_key_that_no_message_has_room_for_is_dropped() -> None:
    """No tick of such a key is taken either."""
    found = polled(tick(0), mark(1, 10, b"A" * (LONGEST_KEY + 1)))[ZERO]

    assert [] == told(Blocked(ONE, []).without(found).ticks.marks)


def test_without_marks_of_blocked_keys_the_very_same_comes_back() -> None:
    """Nothing is copied."""
    found = polled(tick(0, "B"), mark(1, 10, b"B"), mark(2, 20))[ZERO]

    assert Blocked(ONE, [("A",)]).without(found) is found


def test_of_several_topics_each_has_to_say_so() -> None:
    """A mark of a whole partition holds as far as the topic that is least far; until all have spoken, nowhere."""
    begin = -(2**63)
    marks = TopicMarks(["a", "b"], {})
    given = polled(mark(0, 10), tick(1), mark(2, 20, b"A"), mark(3, 30))[ZERO].ticks

    assert [(0, begin, None), (1, 20, ("A",)), (1, begin, None)] == told(marks.joined("a", given).marks)
    assert [(0, 10, None), (1, 20, ("A",)), (1, 30, None)] == told(marks.joined("b", given).marks)
    assert {"a": 30, "b": 30} == marks.latest
    later = polled(mark(4, 50))[ZERO].ticks
    assert [(0, 30, None)] == told(TopicMarks(["a", "b"], marks.latest).joined("a", later).marks)


def test_of_one_topic_marks_are_what_they_are() -> None:
    """Nothing is kept."""
    marks = TopicMarks(["ticks"], {})
    given = polled(mark(0, 10))[ZERO].ticks

    assert marks.joined("ticks", given) is given
    assert {} == marks.latest


def test_numbers_of_rows_that_cannot_be_read_stay_in_place_too() -> None:
    """A row of A and one of B cannot be read but for their numbers: with A blocked B's is left, in its place."""
    text = TOML.replace("KEY", '"symbol"\nsequence = "number"')
    plan = read_toml(text.replace('price = "decimal', 'number = "int"\nprice = "decimal'))
    row = '{"venue":"X","symbol":"%s","at":%d,"number":%d,"price":"%s"}'

    def sent(offset: int, symbol: str, number: int, price: str = "1") -> Sent:
        return Sent(offset, (row % (symbol, NOW, number, price)).encode())

    found = polled(sent(0, "A", 1), sent(1, "B", 1), sent(2, "A", 2, "no"), sent(3, "B", 2, "no"), plan=plan)[ZERO]
    left = Blocked(plan, [("A",)]).without(found).ticks.unread

    assert found.ticks.unread is not None
    assert [2, 2] == found.ticks.unread.after.tolist()
    assert left is not None
    assert [1] == left.after.tolist()
    assert (["B"], [2]) == (left.frame["symbol"].to_list(), left.frame["number"].to_list())
