"""Refused rows as bytes."""

from __future__ import annotations

import msgspec

from barloom.store.protocol import SideRecord
from barloom.store.side import decode_side, encode_side

LATE = SideRecord(9, "ticks.csv", 4, "late", "came late", "A,1.00", 5, {"1m": 0}, ("A",), 7, by_clock=True)


def _encode_key(key: tuple[object, ...]) -> bytes:
    return str(key[0]).encode()


def _decode_key(key: bytes) -> tuple[object, ...]:
    return (key.decode(),)


def test_they_come_back() -> None:
    """All that is known of one."""
    bare = SideRecord(1, "ticks.csv", 2, "invalid", "no price", "A,")

    assert [LATE, bare] == [decode_side(encode_side(one, _encode_key), _decode_key) for one in (LATE, bare)]


def test_what_an_older_version_wrote_is_read() -> None:
    """It did not say whether the clock had closed the slot."""
    written = msgspec.msgpack.encode([9, "ticks.csv", 4, "late", "came late", "A,1.00", 5, {"1m": 0}, b"A", 7])

    assert LATE._replace(by_clock=False) == decode_side(written, _decode_key)


def test_an_older_version_reads_what_this_one_writes() -> None:
    """What it does not know stands behind what it knows."""
    parts = msgspec.msgpack.decode(encode_side(LATE, _encode_key))

    assert [9, "ticks.csv", 4, "late", "came late", "A,1.00", 5, {"1m": 0}, b"A", 7] == parts[:10]
