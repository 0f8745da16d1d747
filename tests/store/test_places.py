"""The places of many bars at once are those of single bars."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from barloom.store.keys import encode_start
from barloom.store.places import Places

INT64 = st.integers(-(2**63), 2**63 - 1)
KEYS = st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=12)


@given(st.lists(KEYS, min_size=1, max_size=3), st.lists(st.tuples(st.integers(0, 99), INT64)))
def test_places_are_tag_key_and_start(added: list[list[bytes]], bars: list[tuple[int, int]]) -> None:
    """Whatever the widths of the keys, however they were added, in whatever order they are asked for."""
    keys = [key for some in added for key in some]
    wanted = [(number % len(keys), start) for number, start in bars]
    places = Places()
    for some in added:
        places.add(some)

    found = places.of_bars(
        b"\x07",
        np.array([number for number, _ in wanted], dtype=np.int64),
        np.array([start for _, start in wanted], dtype=np.int64),
    )

    assert [b"\x07" + keys[number] + encode_start(start) for number, start in wanted] == found
    assert len(keys) == len(places)
    assert [b"\x07" + key for key in keys] == places.of_keys(b"\x07", np.arange(len(keys)))
