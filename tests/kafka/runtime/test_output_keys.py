"""Keys of several partitions under common numbers."""

from __future__ import annotations

import numpy as np

from barloom.kafka.runtime.output_keys import OutputKeys
from serde.material import KeyTable


class Index(KeyTable):
    """An engine's keys; one is not another because it has the same."""

    __hash__ = object.__hash__


def test_each_engine_numbers_its_own_keys() -> None:
    """The common number stands for the same key, also once an engine has more of them."""
    left, right = Index([("A", 1), ("B", 2)]), Index([("C", 3)])
    common = OutputKeys()

    first = common.numbers(np.array([1, 0, 1]), left)
    second = common.numbers(np.array([0, 0]), right)
    left.table.append(("D", 4))
    right.table.append(("A", 1))
    third = common.numbers(np.array([2, 0]), left)
    fourth = common.numbers(np.array([1, 0]), right)

    assert [("B", 2), ("A", 1), ("B", 2)] == common.rows(first)
    assert [("C", 3), ("C", 3)] == common.rows(second)
    assert [("D", 4), ("A", 1)] == common.rows(third)
    assert [("A", 1), ("C", 3)] == common.rows(fourth)
    assert third[1] == fourth[0]
    assert 4 == len(common)
