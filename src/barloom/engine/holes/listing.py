"""The open holes in the state of an engine, for those who read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["OpenHole", "holes_in"]


class OpenHole(NamedTuple):
    """Numbers `first` to `last` of a key that have not come, and lie between two times (both included)."""

    key: tuple[object, ...]
    first: int
    last: int
    start: int
    end: int


def holes_in(entries: Mapping[bytes, bytes]) -> Iterator[OpenHole]:
    """The holes of the state's entries, by key and number."""
    raise NotImplementedError
