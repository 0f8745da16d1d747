"""What a feed says of itself between its rows: whether it is caught up with the market, or behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from barloom.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BEHIND", "CAUGHT_UP", "CompleteTo", "FeedState", "word_of"]


class FeedState(Enum):
    """`BEHIND`: rows that have happened are still to come. `CAUGHT_UP`: all that have happened were given."""

    CAUGHT_UP = "caught up"
    BEHIND = "behind"


CAUGHT_UP: Final = FeedState.CAUGHT_UP
"""A feed gives this when it has given every row that has happened so far: the clock may close what is quiet."""

BEHIND: Final = FeedState.BEHIND
"""A feed gives this when it has lost its line, or begins to fill a gap: the clock closes nothing until `CAUGHT_UP`."""


@dataclass(frozen=True, slots=True)
class CompleteTo:
    """A mark between rows: every row whose event time lies before `time` (nanoseconds UTC) was given.

    It is said of one key, by its fields, or of all keys together (`key` empty). Stream time moves to `time`, and what
    is known to be complete reaches as far. Once a feed or topic has marks the machine's clock closes nothing beyond
    them.
    """

    time: int
    key: Mapping[str, object] = field(default_factory=dict)


def word_of(source: object) -> bool | None:
    """What a source or iterable says by its `caught_up`, if it has one: none where it does not know.

    Raises `SourceError` where that is anything else.
    """
    said = getattr(source, "caught_up", None)
    if said is None or isinstance(said, bool):
        return said
    message = f"caught_up of {type(source).__name__} is {said!r}; let it be True, False or None (a property, no method)"
    raise SourceError(message)
