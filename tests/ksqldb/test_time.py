"""Which records move a pipeline's time, and which are in time: compared with plain loops."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barloom.ksqldb.compile.phases import compile_script
from barloom.plan.toml import read_toml
from ksqldb.reading_sql import statements
from ksqldb.running_sql import Record, Stamp, aggregate, run
from properties.quick import quick

if TYPE_CHECKING:
    from ksqldb.reading_sql import Statement

DEFINITION = """
[event]
key = ["symbol"]
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp(ms)"
price = "decimal(10, 2)"
[bars]
name = "bars"
base = "1s"
delay = "2s"
where = "price != 7"
rollup = ["5s", "1m"]
[bars.select]
open = "first(price)"
close = "last(price)"
n = "count()"
"""
SCRIPT = compile_script(read_toml(DEFINITION), allow_degraded=["all"])
STATEMENTS: dict[str, Statement] = {item.name: item for item in statements(SCRIPT.text())}
KEYS = ("A", "B", "C")
SECOND = 1000


def child(key: str, second: int, offset: int) -> Record:
    """The final of a key in a second, as the stream over the finals has it: its time is its start."""
    start = second * SECOND
    values = {"OPEN": Decimal(second), "CLOSE": Decimal(second) + 1, "N": second % 7 + 1}
    times = {"BUCKET_START": Stamp(start), "BUCKET_END": Stamp(start + SECOND), "OPEN_TIME": Stamp(start)}
    row = {"SYMBOL": key, **times, "CLOSE_TIME": Stamp(start), **values}
    return Record(0, offset, row, start)


def loop(children: list[Record], length: int) -> dict[tuple[str, int], tuple[Any, ...]]:
    """Parents by a plain loop over all children."""
    found: dict[tuple[str, int], list[Record]] = {}
    for record in sorted(children, key=lambda item: item.time):
        found.setdefault((record.row["SYMBOL"], record.time // length * length), []).append(record)
    return {
        place: (parts[0].row["OPEN"], parts[-1].row["CLOSE"], sum(part.row["N"] for part in parts))
        for place, parts in found.items()
    }


@pytest.mark.parametrize(("table", "length"), [("BARS_FINAL_5S", 5 * SECOND), ("BARS_FINAL_1M", 60 * SECOND)])
@quick(30)
@given(
    orders=st.lists(st.permutations(KEYS), min_size=140, max_size=140),
    quiet=st.sets(st.tuples(st.integers(0, 139), st.sampled_from(KEYS))),
)
def test_children_that_end_together_are_in_time_for_every_key(
    table: str, length: int, orders: list[list[str]], quiet: set[tuple[int, str]]
) -> None:
    """A parent closes when a child begins at its end, and never for one that ends there: no grace is needed.

    A table writes its windows one after the other, and those of one time in any order of their keys.
    """
    places = [(second, key) for second, order in enumerate(orders) for key in order if (second, key) not in quiet]
    flush = [(places[-1][0] + 200, key) for key in ("A",)]
    children = [child(key, second, offset) for offset, (second, key) in enumerate([*places, *flush])]

    written, _ = aggregate(_over(STATEMENTS[table]), children)

    found = {
        (record.row["SYMBOL"], int(record.row["BUCKET_START"])): tuple(
            record.row[name] for name in ("OPEN", "CLOSE", "N")
        )
        for record in written
    }
    assert len(written) == len(found)
    assert loop(children[: len(places)], length) == found


def _over(statement: Statement) -> Statement:
    """The statement itself: it has no grace, which would hold each parent back by one more child."""
    assert 0 == statement.window["grace"]
    return statement


def test_a_parent_is_not_held_back_by_a_child() -> None:
    """The first child that begins at a parent's end closes it: with a grace the one after that would."""
    children = [child("A", second, second) for second in range(6)]
    statement = STATEMENTS["BARS_FINAL_5S"]
    waiting = replace(statement, window={**statement.window, "grace": 1})

    assert [0] == [int(record.row["BUCKET_START"]) for record in aggregate(statement, children)[0]]
    assert [] == aggregate(waiting, children)[0]


def tick(offset: int, after: timedelta, price: str | None, key: str | None = "A") -> Record:
    """A tick some time after the beginning."""
    at = int(after / timedelta(milliseconds=1))
    return Record(0, offset, {"SYMBOL": key, "AT": Stamp(at), "PRICE": None if price is None else Decimal(price)}, at)


@pytest.mark.parametrize("odd", [{"price": None}, {"price": "7.00"}, {"price": "1", "key": None}])
def test_rows_that_do_not_count_move_no_time(odd: dict[str, Any]) -> None:
    """What lacks a field or its key, and what the filter leaves out, closes nothing, however late its stamp is."""
    seconds = timedelta(seconds=1)
    ticks = [
        tick(0, 0 * seconds, "1"),
        tick(1, 3600 * seconds, **odd),
        tick(2, 0.5 * seconds, "2"),
        tick(3, 10 * seconds, "3"),
    ]

    found = run(SCRIPT.text(), ticks).written["BARS_FINAL_1S"]

    assert [(0, Decimal(1), Decimal(2), 2)] == [
        (int(record.row["BUCKET_START"]), record.row["OPEN"], record.row["CLOSE"], record.row["N"]) for record in found
    ]


def test_a_tick_that_counts_moves_time() -> None:
    """The same tick with a price closes the second before it, and what comes then is dropped."""
    seconds = timedelta(seconds=1)
    ticks = [tick(0, 0 * seconds, "1"), tick(1, 3600 * seconds, "1"), tick(2, 0.5 * seconds, "2")]

    found = run(SCRIPT.text(), ticks).written["BARS_FINAL_1S"]

    assert [(0, 1)] == [(int(record.row["BUCKET_START"]), record.row["N"]) for record in found]
