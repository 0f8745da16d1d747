"""Messages that hold several ticks: which of their items count, and the refused ones by their message."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from barloom.kafka.letters.items import items_meant, items_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from barloom.kafka.runtime.fetched import Record
    from barloom.source.decode import RowItems, Rows
    from barloom.time.calendar import Booleans, Integers

__all__ = ["Parts", "Refused", "by_message", "counting", "refused_items"]

_TOLD: Final = 1_000
"""Characters of what is wrong with a message's items."""

_LISTED: Final = 10_000
"""Characters of the list of a message's refused items; a longer one would not fit beside a large message."""


class Refused(NamedTuple):
    """A record that could not be read as the event, and why; `items` are those of several that could not be."""

    message: Record
    problem: str
    items: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Parts:
    """Which item of its message each tick is: `rows` are their places among all items of a poll."""

    items: RowItems
    rows: Integers

    def number(self, tick: int) -> int:
        """The number of a tick's item in its message, from 1 on."""
        return int(self.items.number[self.rows[tick]])

    def text(self, tick: int) -> str:
        """The item as it came."""
        return self.items.text(int(self.rows[tick]))

    def kept(self, which: Booleans) -> Parts:
        """Those of some ticks."""
        return replace(self, rows=self.rows[which])


def counting(records: Sequence[Record], items: RowItems, count: int) -> Booleans:
    """Which of the rows count: of a message that was put back for some of its items, only these."""
    counts = np.ones(count, np.bool_)
    for place, record in enumerate(records):
        meant = items_meant(record)
        if meant is not None:
            ours = _of_record(items, place)
            counts[ours] = [any(number in run for run in meant) for number in items.number[ours].tolist()]
    return counts


def refused_items(records: Sequence[Record], rows: Rows, items: RowItems, counts: Booleans) -> dict[int, Refused]:
    """What is wrong with messages, by their place, one entry each.

    Where too many items of a message are refused to tell which, none of it counts: `counts` is changed.
    """
    found: dict[int, Refused] = {}
    for row, text in rows.problems.items():
        place = int(items.record[row])
        if row in items.whole:
            found[place] = Refused(records[place], text)
        elif counts[row]:
            number = int(items.number[row])
            one = Refused(records[place], f"item {number}: {text}", (number,))
            found[place] = _joined(found[place], one) if place in found else one
    for place, refused in found.items():
        if len(items_text(refused.items)) > _LISTED:
            counts[_of_record(items, place)] = False
            found[place] = Refused(refused.message, f"{len(refused.items)} items, of which {refused.problem}")
    return found


def by_message(refused: Iterable[Refused]) -> list[Refused]:
    """What was refused, one entry for each message."""
    found: dict[int, Refused] = {}
    for one in refused:
        place = id(one.message)
        found[place] = _joined(found[place], one) if place in found else one
    return list(found.values())


def _joined(one: Refused, other: Refused) -> Refused:
    told = one.problem if len(one.problem) > _TOLD else f"{one.problem}; {other.problem}"
    return Refused(one.message, told, (*one.items, *other.items))


def _of_record(items: RowItems, place: int) -> slice:
    first, last = np.searchsorted(items.record, (place, place + 1)).tolist()
    return slice(first, last)
