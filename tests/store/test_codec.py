"""Bars and keys as bytes: nothing is lost, and keys sort as their values do."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barloom.engine.blocks import Values
from barloom.errors import ExactnessError
from barloom.plan.barplan import FieldKind
from barloom.store.codec import RecordCodec
from barloom.store.keys import KeyCodec, decode_start, encode_start, encode_starts
from store import bars
from store.conformance import same

INT64 = st.integers(-(2**63), 2**63 - 1)
WIDE = st.integers(-(10**38) + 1, 10**38 - 1)


@given(st.lists(st.tuples(st.none() | INT64, WIDE, st.integers(0, 2**62)), min_size=1, max_size=5))
def test_records_come_back(rows: list[tuple[int | None, int, int]]) -> None:
    """Every value of every type, nulls too, comes back from columns and one by one."""
    codec = RecordCodec(bars.plan())
    block = bars.block([(0, number, *row) for number, row in enumerate(rows)])

    records = codec.encode(block)

    assert {codec.width} == {len(record) for record in records}
    assert same(block, codec.decode(0, block.key, block.start, records, final=True))
    assert rows == [codec.decode_one(record).partials for record in records]


def test_records_come_in_the_order_asked_for() -> None:
    """Of some of the rows, in another order than theirs."""
    codec = RecordCodec(bars.plan())
    block = bars.block([(0, number, number, -number, 1) for number in range(5)])
    inside = codec.encode(block)

    assert [inside[3], inside[0], inside[4]] == codec.encode(block, np.array([3, 0, 4]))


def test_a_record_is_laid_out_as_documented() -> None:
    """Seven int64, flags, nulls, then partials; 128 bits for a sum, low half first."""
    codec = RecordCodec(bars.plan())
    block = bars.block([(0, 1, None, -(2**64) - 3, 4)], synthetic=True)

    (record,) = codec.encode(block)

    second = bars.SECOND
    book_keeping = struct.pack("<7q", 2 * second, second + 1, second + 2, 4, 0, 1, 1)
    assert book_keeping + struct.pack("<BQ", 1, 0b001) + struct.pack("<qQqq", 0, 2**64 - 3, -2, 4) == record


def test_a_value_beyond_its_type_is_an_error() -> None:
    """A price that leaves 64 bits is refused, never cut."""
    codec = RecordCodec(bars.plan())
    block = bars.block([(0, 1, 2**63, 1, 1)])

    with pytest.raises(ExactnessError, match="leaves the range"):
        codec.encode(block)


def test_more_than_64_partials_have_their_nulls() -> None:
    """Nulls of many columns are told apart."""
    from dataclasses import replace  # noqa: PLC0415

    plan = bars.plan()
    many = replace(plan, partials=plan.partials[:1] * 70)
    codec = RecordCodec(many)
    values = tuple(Values(np.array([number]), np.array([number % 3 > 0])) for number in range(70))
    block = replace(bars.block([(0, 1, 1, 1, 1)]), partials=values)

    (record,) = codec.encode(block)

    assert tuple(number if number % 3 else None for number in range(70)) == codec.decode_one(record).partials


@given(st.lists(INT64, min_size=1))
def test_starts_sort_in_time_order(starts: list[int]) -> None:
    """Bytes of times sort as the times do, before 1970 first."""
    encoded = encode_starts(np.array(starts, dtype=np.int64))

    assert [encode_start(start) for start in starts] == encoded
    assert sorted(starts) == [decode_start(data) for data in sorted(encoded)]


KEY = st.tuples(st.text(), st.integers(-(2**63), 2**63 - 1), st.booleans())


@given(st.lists(KEY, min_size=1, max_size=6))
def test_keys_sort_as_their_values_do(keys: list[tuple[str, int, bool]]) -> None:
    """Bytes of keys sort by field, text by its characters; no key's bytes are the beginning of another's."""
    codec = KeyCodec(bars.event(("a", FieldKind.STRING), ("b", FieldKind.INTEGER), ("c", FieldKind.BOOLEAN)))
    encoded = [codec.encode(key) for key in keys]

    assert sorted(keys) == [codec.decode(data) for data in sorted(encoded)]
    assert all(one == other or not one.startswith(other) for one in encoded for other in encoded)


@pytest.mark.parametrize("value", [7, None, b"A"])
def test_a_key_of_another_type_is_named(value: object) -> None:
    """A key field that is not of its declared type is an error that names it."""
    codec = KeyCodec(bars.event())

    with pytest.raises(TypeError, match="key field 'symbol' is"):
        codec.encode((value,))
