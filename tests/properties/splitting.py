"""Cutting an input into batches."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reference import Row


def split(rows: Sequence[Row], cuts: Sequence[int]) -> list[Sequence[Row]]:
    """The rows in batches that end at the cuts."""
    edges = [0, *sorted({min(cut, len(rows)) for cut in cuts}), len(rows)]
    return [rows[start:end] for start, end in pairwise(edges)]
