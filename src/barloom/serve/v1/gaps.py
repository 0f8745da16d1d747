"""``/v1/gaps``: what is missing in the numbers of keys, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from barloom.read.gaps import GapState
from barloom.serve.api.operations import operation
from barloom.serve.api.room import Room
from barloom.serve.v1.cursors import number_at, number_cursor
from barloom.serve.v1.parameters import Count, OfStore
from barloom.time.instants import slot_text, written

if TYPE_CHECKING:
    from barloom.read.gaps import Gap

__all__ = ["AskedGaps", "GapInfo", "GapList", "SlotSpan", "gaps"]


class AskedGaps(OfStore, frozen=True, kw_only=True):
    """Which gaps."""

    key: Annotated[str | None, Meta(description="Only those of this key, written as /v1/keys writes it.")] = None
    state: Annotated[GapState | None, Meta(description="Only those that this became of.")] = None
    limit: Annotated[Count, Meta(description="How many gaps a page has at most.")] = 1_000
    cursor: Annotated[str | None, Meta(description="Where to go on: what the page before says as next.")] = None


class SlotSpan(Struct):
    """Where the first and the last slot of a timeframe begin."""

    first: str
    last: str


class GapInfo(Struct):
    """Numbers of a key, `first` to `last`, `count` of them, that are or were absent.

    They lie from `start` to `end`, both included; `bars` says by timeframe in which slots. `state` is ``open`` while
    they may still come, ``filled`` where they came and counted, ``late`` where their rows were refused, ``given up``
    where they are waited for no more.
    """

    key: str
    first: int
    last: int
    count: int
    start: str
    end: str
    bars: dict[str, SlotSpan]
    state: GapState


class GapList(Struct):
    """Gaps by key and number, how many numbers each state has in all, and the cursor of the next page, if there is one.

    Gaps that come between two pages may move others from one to the other.
    """

    store: str
    gaps: list[GapInfo]
    numbers: dict[str, int]
    next: str | None


@operation("/v1/gaps", tag="v1")
def gaps(asked: AskedGaps, room: Room) -> GapList:
    """What is missing in the numbers of a key, or of all, and what became of it.

    That is known where the definition declares a sequence. A token that is limited to some keys sees the gaps of these.
    """
    shelf = room.shelf(asked.store)
    limit, first = room.rows(asked.limit), number_at(asked.cursor)
    key = None if asked.key is None else shelf.key(asked.key)
    named = ((shelf.keys.write(gap.key), gap) for gap in room.timed(shelf.bars.gaps(key)))
    found = [(text, gap) for text, gap in named if shelf.access.reaches(text) and asked.state in (None, gap.state)]
    numbers: dict[str, int] = {}
    for _, gap in found:
        numbers[gap.state] = numbers.get(gap.state, 0) + gap.count
    behind = first + limit
    shown = [_info(text, gap) for text, gap in found[first:behind]]
    return GapList(shelf.name, shown, numbers, number_cursor(behind) if behind < len(found) else None)


def _info(key: str, gap: Gap) -> GapInfo:
    return GapInfo(
        key=key,
        first=gap.first,
        last=gap.last,
        count=gap.count,
        start=written(gap.start),
        end=written(gap.end),
        bars={
            name: SlotSpan(slot_text(first, name), slot_text(last, name)) for name, (first, last) in gap.bars.items()
        },
        state=gap.state,
    )
