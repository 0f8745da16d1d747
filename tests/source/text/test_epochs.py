"""Numbers since 1970: a unit that is plainly another one is refused by row, and ``auto`` takes each row's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barloom.source.text.epochs import epochs_from_numbers, epochs_from_text
from source.reading import AT, PRICE, SIZE, SYMBOL, csv_of, plan, put, read, with_time

if TYPE_CHECKING:
    from pathlib import Path

    from barloom.plan.barplan import BarPlan

SECONDS = {"s": Fraction(1), "ms": Fraction(1, 10**3), "us": Fraction(1, 10**6), "ns": Fraction(1, 10**9)}
FIRST = int(datetime(1980, 1, 1, tzinfo=UTC).timestamp())
LAST = int(datetime(2101, 1, 1, tzinfo=UTC).timestamp())
NOW = 1_735_689_600
"""2025-01-01T00:00:00Z in seconds."""


def _fitting(number: Fraction) -> list[str]:
    """The units in which it is a time of the years 1980 to 2100."""
    return [unit for unit, length in SECONDS.items() if FIRST <= number * length < LAST]


_EDGES = [
    edge * 10**power + more
    for edge in (FIRST, LAST, NOW)
    for power in (0, 3, 6, 9)
    for more in (-1, 0, 1)
    if edge * 10**power + more < 2**63
]
_NUMBERS = st.one_of(
    st.sampled_from(_EDGES),
    st.integers(-(10**10), 10**10),
    st.integers(0, 2**63 - 1),
    st.integers(-1_293_840_000, -1),
)


@given(st.lists(_NUMBERS, min_size=1, max_size=5), st.sampled_from(list(SECONDS)), st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_number_of_another_unit_is_refused(numbers: list[int], unit: str, typed: bool) -> None:  # noqa: FBT001
    """Against a plain loop: outside of the years in the declared unit and inside in another one, and then only."""
    if typed:
        found = epochs_from_numbers(pl.Series(numbers), unit, checked=True)
    else:
        found = epochs_from_text(pl.Series([str(number) for number in numbers]), unit, ("",), checked=True)

    for row, number in enumerate(numbers):
        others = _fitting(Fraction(number))
        nanos = number * SECONDS[unit] * 10**9
        if others and unit not in others:
            assert f'declare "timestamp({others[0]})"' in found.problems[row]
        elif abs(nanos) >= 2**63:
            assert "64-bit nanoseconds" in found.problems[row]
        else:
            assert nanos == found.values[row]
            assert row not in found.problems
    assert found.values.null_count() == len(found.problems)


@given(st.lists(st.tuples(_NUMBERS, st.integers(0, 9)), min_size=1, max_size=5))
@settings(max_examples=300, deadline=None)
def test_auto_takes_each_number_in_its_unit(numbers: list[tuple[int, int]]) -> None:
    """Also with a fraction; what is no time of those years in any unit is refused, as are digits below a nanosecond."""
    texts = [f"{number}" if not places else f"{number}.{10 ** (places - 1)}" for number, places in numbers]
    found = epochs_from_text(pl.Series(texts), "auto", ("",), checked=True)

    for row, text in enumerate(texts):
        fitting = _fitting(Fraction(text))
        nanos = Fraction(text) * SECONDS[fitting[0]] * 10**9 if fitting else Fraction(1, 2)
        if nanos.denominator == 1:
            assert (nanos, None) == (found.values[row], found.problems.get(row))
        else:
            assert found.values[row] is None
            assert ("below a nanosecond" if fitting else "is no time of the years") in found.problems[row]


def test_no_number_is_of_two_units() -> None:
    """The numbers of those years end, in each unit, before they begin in the next finer one."""
    assert FIRST < LAST < FIRST * 1000 < LAST * 1000 < FIRST * 10**6 < LAST * 10**6 < FIRST * 10**9


def _times(bars: BarPlan, spec: object) -> list[object]:
    found = read(bars, spec)
    return [row[1] for row in found.rows] + [text for _, text in found.invalid]


ROWS = [NOW * 1000, NOW * 1000 + 1, NOW * 10**6, NOW * 10**9 + 7, NOW]
EXACT = [NOW * 10**9, NOW * 10**9 + 10**6, NOW * 10**9, NOW * 10**9 + 7, NOW * 10**9]


def _inputs(folder: Path, numbers: list[object]) -> list[object]:
    rows = [("A", number, "1.5", 3) for number in numbers]
    names = ("symbol", "at", "price", "size")
    lines = "".join(f'{{"symbol":"A","at":{number},"price":"1.5","size":3}}\n' for number in numbers)
    frame = pl.DataFrame(rows, schema=names, orient="row")
    frame.write_parquet(folder / "a.parquet")
    return [
        put(folder / "a.csv", csv_of(rows)),
        put(folder / "a.jsonl", lines),
        folder / "a.parquet",
        frame,
        [dict(zip(names, row, strict=True)) for row in rows],
        iter([frame]),
    ]


def test_the_unit_may_change_on_every_road(tmp_path: Path) -> None:
    """CSV, JSON lines, Parquet, a frame, mappings and frames of a feed: the same times with ``auto``."""
    for spec in _inputs(tmp_path, list(ROWS)):
        assert EXACT == _times(with_time("auto"), spec)


def test_another_unit_is_refused_on_every_road(tmp_path: Path) -> None:
    """Declared in milliseconds: the two rows so written are read, the others are refused with the unit that fits."""
    for spec in _inputs(tmp_path, list(ROWS)):
        found = _times(with_time("ms"), spec)
        assert EXACT[:2] == found[:2]
        for text, unit in zip(found[2:], ("us", "ns", "s"), strict=True):
            assert f'in {unit} it is: declare "timestamp({unit})", or "timestamp(auto)"' in str(text)


def test_the_time_of_receipt_is_checked_too(tmp_path: Path) -> None:
    """It has a unit of its own."""
    path = put(tmp_path / "a.csv", csv_of([("A", NOW, "1.5", 3, NOW)], "symbol,at,price,size,got"))
    bars = plan(SYMBOL, replace(AT, time_unit="s"), PRICE, SIZE, arrival="got", arrival_unit="ms")

    assert ["arrival"] == [text.partition(":")[0] for _, text in read(bars, path).invalid]
    auto = replace(bars, source=replace(bars.source, arrival_unit="auto"))
    assert [NOW * 10**9] == list(read(auto, path).batches[0].ticks.arrivals)


def test_the_check_can_be_left_out(tmp_path: Path) -> None:
    """For a history of the first days of 1970."""
    bars = with_time("ms")
    unchecked = replace(bars, source=replace(bars.source, check_units=False))
    path = put(tmp_path / "a.csv", csv_of([("A", NOW, "1.5", 3)]))

    assert [NOW * 10**6] == _times(unchecked, path)


@pytest.mark.parametrize("number", ["-1293840000", "0", "-1", "1", "300000000", "9000000000"])
def test_old_history_stays_right(tmp_path: Path, number: str) -> None:
    """1929, 1970, 1979 and 2255 in seconds are no time of those years in any other unit."""
    path = put(tmp_path / "a.csv", csv_of([("A", number, "1.5", 3)]))

    assert [int(number) * 10**9] == _times(with_time("s"), path)


def test_texts_and_typed_times_are_not_concerned(tmp_path: Path) -> None:
    """They say their year themselves."""
    path = put(tmp_path / "a.csv", csv_of([("A", "1970-01-21T02:06:00Z", "1.5", 3)]))
    frame = pl.DataFrame({"symbol": ["A"], "at": [datetime(1970, 1, 21, tzinfo=UTC)], "price": ["1"], "size": [3]})

    assert [(20 * 86_400 + 7_560) * 10**9] == _times(plan(), path)
    assert [20 * 86_400 * 10**9] == _times(with_time("ms"), frame)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_a_fraction_does_not_hide_the_unit(unit: str) -> None:
    """Seconds with a fraction that are declared as a finer unit, which has no such digits, are told to be seconds."""
    texts = ["1262304000.5", "1262304000.1234567891", "1e30"]
    found = epochs_from_text(pl.Series(texts), unit, ("",), checked=True)
    unchecked = epochs_from_text(pl.Series(texts[1:2]), unit, ("",), checked=False)

    assert [None] * 3 == found.values.to_list()
    for row in (0, 1):
        assert f"{texts[row]} {unit} is no time of the years 1980 to 2100, and in s it is" in found.problems[row]
    assert "outside of the years 1678 to 2261" in found.problems[2]
    assert "nanosecond" in unchecked.problems[0]
