"""Numbers of keys."""

from __future__ import annotations

import gc

import numpy as np
import polars as pl

from barloom.engine.keys import KeyIndex
from barloom.plan.barplan import EventPlan, Field, FieldKind

PAIR = EventPlan(
    "Quote",
    (Field("broker", FieldKind.STRING), Field("id", FieldKind.INTEGER), Field("at", FieldKind.TIMESTAMP)),
    ("broker", "id"),
    "at",
)
SINGLE = EventPlan("Quote", (Field("symbol", FieldKind.STRING), Field("at", FieldKind.TIMESTAMP)), ("symbol",), "at")


def pairs(*rows: tuple[str, int]) -> pl.DataFrame:
    """A frame of composite keys."""
    return pl.DataFrame(list(rows), schema={"broker": pl.String, "id": pl.Int64}, orient="row")


def test_a_number_stays_with_its_key_across_batches() -> None:
    """The same key has the same number in every batch, also when nothing else refers to the earlier ones."""
    index = KeyIndex(SINGLE)
    first = index.ids(pl.DataFrame({"symbol": ["B", "A", "B"]})).tolist()
    gc.collect()
    second = index.ids(pl.DataFrame({"symbol": ["C", "A", "B"]})).tolist()

    assert first[0] == first[2] == second[2]
    assert first[1] == second[1]
    assert [("C",), ("A",), ("B",)] == index.rows(np.array(second))
    assert len(index) == 3


def test_composite_keys_do_not_run_together() -> None:
    """Keys whose parts spell the same text when put together are still two keys."""
    index = KeyIndex(PAIR)
    ids = index.ids(pairs(("a1", 2), ("a", 12), ("a1:1", 2), ("a1", 2))).tolist()

    assert 3 == len(set(ids))
    assert ids[0] == ids[3]
    assert [("a1", 2), ("a", 12)] == index.rows(np.array(ids[:2]))


def test_keys_come_back_from_tuples() -> None:
    """Restored keys and keys in batches share their numbers."""
    index = KeyIndex(PAIR)
    restored = index.ids_of([("x", -1), ("y", 7)])

    assert restored.tolist() == index.ids(pairs(("x", -1), ("y", 7))).tolist()
