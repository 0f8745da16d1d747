"""What is said of refused rows, made for whole columns."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime

import numpy as np
import polars as pl

from barloom.runtime.side import seconds_told
from barloom.source.problems import RowProblems
from barloom.source.text.rowtext import row_texts


def test_seconds_are_rounded_as_floats_are() -> None:
    """By how much a row was late reads as Python writes the number, also next to a half and below zero."""
    dice = random.Random(7)
    near = [(dice.randrange(10**9) * 10**6 + 500_000) + dice.randrange(-3_000, 3_000) for _ in range(2_000)]
    nanos = [0, -1, -1_500_000, 499_999, 500_000, 2**63 - 1, *near, *(dice.randrange(2**62) for _ in range(2_000))]

    assert [f"{each / 1_000_000_000:.3f}" for each in nanos] == seconds_told(np.array(nanos)).to_list()


def test_rows_as_json_are_their_values() -> None:
    """The text of a typed row is JSON that says each value; texts with quotes or control characters are escaped."""
    texts = ["a", 'q"\\', "\n\x01", "é\x7f", None, ""]
    numbers = [1.5, float("nan"), 1e300, -0.0, None, 2.0]
    times = [*[datetime(2025, 1, 1, tzinfo=UTC)] * 5, None]
    frame = pl.DataFrame({"t": texts, "n": numbers, "i": [1, None, -3, 4, 5, 6], "at": times, "b": [True, None] * 3})

    found = [json.loads(text) for text in row_texts(frame, {"t": "data.t"}, range(6))]

    assert texts == [row["data.t"] for row in found]
    assert [1.5, "nan", 1e300, 0.0, None, 2.0] == [row["n"] for row in found]
    assert [1, None, -3, 4, 5, 6] == [row["i"] for row in found]
    assert [*["2025-01-01T00:00:00Z"] * 5, None] == [row["at"] for row in found]
    assert [True, None] * 3 == [row["b"] for row in found]


def test_a_row_with_several_problems_has_them_all() -> None:
    """Problems of one row stand one behind the other, in the order of what they are about; rows stay in theirs."""
    joined = RowProblems.joined(
        [RowProblems.of({5: "a", 1: "b"}), RowProblems.of({}), RowProblems.of({5: "c", 2: "d"})]
    )

    assert [(1, "b"), (2, "d"), (5, "a; c")] == list(joined.items())
    assert joined.slice(2, 6) == {0: "d", 3: "a; c"}
    assert joined.without(RowProblems.of({5: "x"})) == {1: "b", 2: "d"}
    assert 3 not in joined
