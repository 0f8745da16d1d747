"""What a dead letter keeps of the message that could not be read."""

from __future__ import annotations

from dataclasses import dataclass, field

from barloom.kafka.letters.dead_letters import Headers, dead_letter, original_headers

NOW = 1_763_000_000_500_000_000  # 2025-11-13T02:13:20.5Z
LATER = NOW + 60_000_000_000


@dataclass
class Sent:
    """A consumed message as the client library gives it."""

    key_: bytes | None = b"\x00EURUSD"
    value_: bytes | None = b"\xffnot avro\x00"
    headers_: Headers = field(default_factory=list)
    stamp: tuple[int, int] = (1, 1_763_000_000_123)

    def topic(self) -> str:
        """Where it came from."""
        return "ticks"

    def partition(self) -> int:
        """Its partition."""
        return 2

    def offset(self) -> int:
        """Its offset."""
        return 17

    def timestamp(self) -> tuple[int, int]:
        """Its time stamp."""
        return self.stamp

    def key(self) -> bytes | None:
        """Its key."""
        return self.key_

    def value(self) -> bytes | None:
        """Its value."""
        return self.value_

    def headers(self) -> Headers | None:
        """Its headers; none at all where it has none."""
        return self.headers_ or None


def test_key_value_and_headers_stay_as_they_were() -> None:
    """Raw bytes, header order, a header twice and one without a value: nothing is changed, and ours come behind."""
    sent = Sent(headers_=[("trace", b"\x01"), ("trace", b"\x02"), ("empty", None)])

    letter = dead_letter(sent, "not Avro: the first byte is 255", NOW)

    assert (b"\x00EURUSD", b"\xffnot avro\x00") == (letter.key, letter.value)
    assert [("trace", b"\x01"), ("trace", b"\x02"), ("empty", None)] == letter.headers[:3]
    assert {
        "barloom.topic": b"ticks",
        "barloom.partition": b"2",
        "barloom.offset": b"17",
        "barloom.timestamp": b"2025-11-13T02:13:20.123000000Z",
        "barloom.error": b"not Avro: the first byte is 255",
        "barloom.first-seen": b"2025-11-13T02:13:20.500000000Z",
        "barloom.last-seen": b"2025-11-13T02:13:20.500000000Z",
        "barloom.tries": b"1",
    } == dict(letter.headers[3:])


def test_no_key_no_value_and_no_time_stay_none() -> None:
    """A null is not an empty text, and a message without a time stamp gets none."""
    letter = dead_letter(Sent(key_=None, value_=None, stamp=(0, -1)), "null value", NOW)

    assert (None, None) == (letter.key, letter.value)
    assert "barloom.timestamp" not in dict(letter.headers)


def test_a_replayed_message_that_fails_again_keeps_its_history() -> None:
    """First seen stays, the tries count on, the error and last seen are the new ones, and no header stands twice."""
    first = dead_letter(Sent(headers_=[("trace", b"1")]), "old", NOW)
    again = Sent(headers_=[*first.headers, ("barloom.replayed-from", b"bars_dlq/2/5")])

    letter = dead_letter(again, "new", LATER)

    names = [name for name, _ in letter.headers]
    told = dict(letter.headers)
    assert len(names) == len(set(names))
    assert b"2025-11-13T02:13:20.500000000Z" == told["barloom.first-seen"]
    assert b"2025-11-13T02:14:20.500000000Z" == told["barloom.last-seen"]
    assert (b"2", b"new", b"bars_dlq/2/5") == (
        told["barloom.tries"],
        told["barloom.error"],
        told["barloom.replayed-from"],
    )
    assert [("trace", b"1")] == original_headers(again)


def test_a_strangers_headers_are_no_history() -> None:
    """Marks on a message that was never replayed, or that are no number, count for nothing."""
    forged = dead_letter(Sent(headers_=[("barloom.tries", b"7"), ("barloom.first-seen", b"1999")]), "x", NOW)
    broken = dead_letter(Sent(headers_=[("barloom.tries", b"\xff"), ("barloom.replayed-from", b"a/0/1")]), "x", NOW)

    assert (b"1", b"1") == (dict(forged.headers)["barloom.tries"], dict(broken.headers)["barloom.tries"])
    assert b"2025-11-13T02:13:20.500000000Z" == dict(forged.headers)["barloom.first-seen"]


def test_a_long_error_is_cut() -> None:
    """An error that quotes the whole message does not make the dead letter too large to be written."""
    letter = dead_letter(Sent(), "x" * 2_000_000, NOW)

    assert 1000 == len(dict(letter.headers)["barloom.error"] or b"")
