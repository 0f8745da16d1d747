"""Items of messages that hold several: which of them are refused, and which a replayed message is about."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from barloom.kafka.letters.dead_letters import ITEMS, REPLAYED_FROM, own_headers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barloom.kafka.letters.dead_letters import Message

__all__ = ["items_meant", "items_read", "items_text"]


def items_text(items: Iterable[int]) -> str:
    """Numbers of items, rising, as a header has them: ``2,5-7``."""
    runs = []
    for _, group in groupby(enumerate(items), lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in group]
        runs.append(f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}")
    return ",".join(runs)


def items_read(text: str) -> list[range]:
    """The numbers that such a text names; nothing for what is none."""
    found = []
    for run in text.split(","):
        first, _, last = run.partition("-")
        if not (first.isdecimal() and (last or "0").isdecimal()):
            return []
        found.append(range(int(first), int(last or first) + 1))
    return found


def items_meant(message: Message) -> list[range] | None:
    """The items for which a message was put back, the others having counted before; none where all of it counts."""
    if not message.headers():
        return None
    marks = own_headers(message)
    return items_read(marks[ITEMS]) if REPLAYED_FROM in marks and ITEMS in marks else None
