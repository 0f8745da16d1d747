"""Marks in an input topic: "up to here all was given", as messages without a value that bear a header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.kafka.letters.dead_letters import Message

__all__ = ["COMPLETE_TO", "header_of", "mark_in", "time_of"]

COMPLETE_TO: Final = "barloom-complete-to"
"""The header: nanoseconds since 1970 as digits. The message's key is the key that it speaks of; none: all keys of the
partition.
"""

_LAST: Final = 2**63 - 1
_SHOWN: Final = 40


def header_of(time: int) -> Sequence[tuple[str, bytes]]:
    """The headers of a mark that says: every tick whose event time lies before `time` was given."""
    return [(COMPLETE_TO, b"%d" % time)]


def mark_in(message: Message) -> bytes | None:
    """What a message says as a mark; none where it is none, but a tick or a tombstone."""
    headers = message.headers()
    if message.value() is not None or not headers:
        return None
    found = headers.items() if isinstance(headers, Mapping) else headers
    said = [value for name, value in found if name == COMPLETE_TO]
    if not said:
        return None
    return said[-1].encode() if isinstance(said[-1], str) else said[-1] or b""


def time_of(said: bytes) -> int:
    """The time of a mark. Raises `ValueError` where it is none."""
    time = int(said) if said.isdigit() and len(said) < _SHOWN else None
    if time is None or time > _LAST:
        shown = said[:_SHOWN].decode(errors="replace")
        message = f"its header {COMPLETE_TO} is {shown!r}; let it be nanoseconds since 1970 as digits"
        raise ValueError(message)
    return time
