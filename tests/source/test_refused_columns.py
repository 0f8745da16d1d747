"""What is said of refused rows, made for whole columns."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import polars as pl

from barloom.plan.barplan import NumberType
from barloom.runtime.side import seconds_told
from barloom.source.problems import RowProblems
from barloom.source.text.numbers import numbers_from_text
from barloom.source.text.rawtext import texts_of_lines
from barloom.source.text.rowtext import row_texts
from barloom.source.text.times import times_from_text


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


def test_each_number_that_cannot_be_is_told_why() -> None:
    """In one column. Long texts are cut, and what cannot be seen is written so that it can."""
    number = NumberType(7, 2)
    texts = ["n/a", "1,5", "1.005", "123456.0", "1e99", "it's", "a\\b", "é\x00", "1" * 70, "1.50", "12345", "x" * 70]
    found = numbers_from_text(pl.Series(texts), number, ())

    assert {
        0: "'n/a' is not a number",
        1: "'1,5' is not a number; write the decimal point as '.'",
        2: "'1.005' does not fit decimal(7, 2): it has more than 2 digits behind the point",
        3: "'123456.0' does not fit decimal(7, 2): it has more digits before the point",
        4: "'1e99' does not fit decimal(7, 2): it has more digits before the point",
        5: '"it\'s" is not a number',
        6: "'a\\\\b' is not a number",
        7: "'é\\x00' is not a number",
        8: f"'{'1' * 60}…' does not fit decimal(7, 2): it has more digits before the point",
        11: f"'{'x' * 60}…' is not a number",
    } == dict(found.problems)
    assert [Decimal("1.50"), Decimal(12345)] == found.values.drop_nulls().to_list()


def test_each_text_that_is_no_time_is_told_why() -> None:
    """In one column: no time, without dashes, too fine, without a zone. What cannot be seen is written out."""
    texts = ["x", "20251110T123456Z", "2025-11-10T12:00:00.1234567891z", "2025-11-10T12:00:00", "it's\t\n", ""]
    found = times_from_text(pl.Series(texts), "iso", None, ("",))

    iso = "is no ISO 8601 time"
    pattern = '; declare another form by its pattern, such as timestamp("%d.%m.%Y %H:%M:%S")'
    assert {
        0: f"'x' {iso} of the years 1678 to 2261, such as 2025-11-10T12:34:56.789Z{pattern}",
        1: f"'20251110T123456Z' {iso} with dashes and colons, such as 2025-11-10T12:34:56Z{pattern}",
        2: f"'{texts[2]}' {iso} of whole nanoseconds: its fraction has digits below a nanosecond",
        3: "'2025-11-10T12:00:00' has no time zone; write Z or an offset such as +01:00, or state the zone under "
        '[source], such as zone = "UTC"',
        4: f'"it\'s\\t\\n" {iso} of the years 1678 to 2261, such as 2025-11-10T12:34:56.789Z{pattern}',
    } == dict(found.problems)


def test_texts_of_lines_are_those_of_the_records() -> None:
    """Few or all, in any order: line ends and blank lines are no part of them, bytes that are no text are shown."""
    lines = [b"a,1\r", b"", b"b,\xff", b" \t\r", b"c\xc3\xa9", b" d "] * 40
    data = b"".join(line + b"\n" for line in lines)
    expected = ["a,1", "b,\\xff", "cé", " d "] * 40

    for rows in ([], [3], [159, 0, 158], [*range(160)], [*range(159, 40, -1)]):
        assert [expected[row] for row in rows] == texts_of_lines(data, np.array(rows, np.int64)).to_list()


def test_typed_rows_keep_every_digit() -> None:
    """Decimals keep their zeros and times their nanoseconds and zone; one column read for two fields is named once."""
    at = pl.Series([1, 0]).cast(pl.Datetime("ns", "UTC"))
    price = pl.Series(["1.50", None]).cast(pl.Decimal(9, 2))
    frame = pl.DataFrame(
        {"at": at, "day": [date(2025, 1, 2), None], "price": price, "again": price, "tags": [[1], None]}
    )

    assert [
        '{"at":"1970-01-01T00:00:00.000000001Z","day":"2025-01-02","p":"1.50","tags":[1]}',
        '{"at":"1970-01-01T00:00:00Z","day":null,"p":null,"tags":null}',
    ] == row_texts(frame, {"price": "p", "again": "p"}, range(2)).to_list()
