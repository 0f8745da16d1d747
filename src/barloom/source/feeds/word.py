"""What a feed says of itself between its rows: whether it is caught up with the market, or behind."""

from __future__ import annotations

from enum import Enum
from typing import Final

from barloom.errors import SourceError

__all__ = ["BEHIND", "CAUGHT_UP", "FeedState", "word_of"]


class FeedState(Enum):
    """`BEHIND`: rows that have happened are still to come. `CAUGHT_UP`: all that have happened were given."""

    CAUGHT_UP = "caught up"
    BEHIND = "behind"


CAUGHT_UP: Final = FeedState.CAUGHT_UP
"""A feed gives this when it has given every row that has happened so far: the clock may close what is quiet."""

BEHIND: Final = FeedState.BEHIND
"""A feed gives this when it has lost its line, or begins to fill a gap: the clock closes nothing until `CAUGHT_UP`."""


def word_of(source: object) -> bool | None:
    """What a source or iterable says by its `caught_up`, if it has one: none where it does not know.

    Raises `SourceError` where that is anything else.
    """
    said = getattr(source, "caught_up", None)
    if said is None or isinstance(said, bool):
        return said
    message = f"caught_up of {type(source).__name__} is {said!r}; let it be True, False or None (a property, no method)"
    raise SourceError(message)
