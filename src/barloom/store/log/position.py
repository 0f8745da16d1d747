"""A place in the log of a store, and the text that event ids are."""

from __future__ import annotations

import re
import secrets
from typing import Final, NamedTuple

__all__ = ["Position", "new_epoch"]

_TEXT: Final = re.compile(r"(?P<epoch>[0-9a-f]{12})-(?P<number>\d{1,18})", re.ASCII)
_EPOCH_BYTES: Final = 6


class Position(NamedTuple):
    """Everything up to and with `number` was taken, of the log as it is counted in an epoch; zero: nothing was.

    Its text, such as ``3f9a02b1c7de-1042``, is the id of the event with that number.
    """

    epoch: str
    number: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.number}"

    @classmethod
    def of(cls, given: Position | str) -> Position:
        """The position that a text says; `ValueError` where it says none."""
        if isinstance(given, Position):
            return given
        found = _TEXT.fullmatch(given)
        if found is None:
            message = f"{given!r} is no position of a log; one looks like 3f9a02b1c7de-1042"
            raise ValueError(message)
        return cls(found["epoch"], int(found["number"]))


def new_epoch() -> str:
    """A name for an epoch, unlike any other."""
    return secrets.token_hex(_EPOCH_BYTES)
