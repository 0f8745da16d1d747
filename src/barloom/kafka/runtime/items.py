"""Messages that hold several ticks: which of their items count, and the refused ones by their message."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate, chain
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
    found: dict[int, list[Refused]] = {}
    for row, text in rows.problems.items():
        place = int(items.record[row])
        if row in items.whole:
            found[place] = [Refused(records[place], text)]
        elif counts[row]:
            number = int(items.number[row])
            found.setdefault(place, []).append(Refused(records[place], f"item {number}: {text}", (number,)))
    joined = {place: _joined(parts) for place, parts in found.items()}
    for place, refused in joined.items():
        if not refused.items:
            counts[_of_record(items, place)] = False
    return joined


def by_message(refused: Iterable[Refused]) -> list[Refused]:
    """What was refused, one entry for each message: without items where there are too many to tell which."""
    found: dict[int, list[Refused]] = {}
    for one in refused:
        found.setdefault(id(one.message), []).append(one)
    return [_joined(parts) for parts in found.values()]


def _joined(parts: Sequence[Refused]) -> Refused:
    first = parts[0]
    if not all(one.items for one in parts):
        return next(one for one in parts if not one.items)
    lengths = accumulate(len(one.problem) for one in parts)
    told = "; ".join(one.problem for one, length in zip(parts, lengths, strict=True) if one is first or length < _TOLD)
    items = tuple(sorted(chain.from_iterable(one.items for one in parts)))
    if len(items_text(items)) > _LISTED:
        return Refused(first.message, f"{len(items)} items, of which {told}")
    return Refused(first.message, told, items)


def _of_record(items: RowItems, place: int) -> slice:
    first, last = np.searchsorted(items.record, (place, place + 1)).tolist()
    return slice(first, last)
