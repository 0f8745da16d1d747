"""What becomes known of absent numbers: holes that touch bars that were decided, and holes that are given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FOUND", "GIVEN_UP", "HoleEvent"]

FOUND = "open"
GIVEN_UP = "given up"


class HoleEvent(NamedTuple):
    """Numbers `first` to `last` of a key, which lie between two times, are absent (`FOUND`) or `GIVEN_UP`.

    `missed` says for each level where the first slot begins that they may lie in.
    """

    key: tuple[object, ...]
    first: int
    last: int
    start: int
    end: int
    kind: str
    missed: Mapping[int, int]
