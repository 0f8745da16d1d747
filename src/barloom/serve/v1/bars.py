"""``/v1/bars``: the bars of one or several keys, page by page, in JSON, CSV, Arrow or Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from msgspec import Meta, Struct, field

from barloom.read.frames import Part
from barloom.serve.api.answers import Table
from barloom.serve.api.forms import form_of, json_rows
from barloom.serve.api.operations import operation
from barloom.serve.api.refusals import Refused, sensible
from barloom.serve.api.room import Room
from barloom.serve.stores.served import Wanted
from barloom.serve.v1.cursors import cursor_of, onwards_at
from barloom.serve.v1.parameters import Count, From, KeyName, Paged, TimeframeName, To, maybe_instant, told
from barloom.serve.v1.stores import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from barloom.serve.api.forms import Style
    from barloom.serve.stores.catalogue import Shelf
    from barloom.serve.stores.served import Onwards

__all__ = ["AskedBars", "Bars", "bars"]


class AskedBars(Paged, frozen=True, kw_only=True):
    """Which bars."""

    timeframe: TimeframeName
    key: list[KeyName] = field(default_factory=list)
    from_: From = field(name="from", default=None)
    to: To = None
    last: Annotated[Count | None, Meta(description="The newest so many of every key.")] = None
    countback: Annotated[Count | None, Meta(description="The newest so many of every key that begin before `to`.")] = (
        None
    )
    order: Annotated[Literal["asc", "desc"], Meta(description="By start within a key, upwards or downwards.")] = "asc"
    epoch: Annotated[
        str | None, Meta(description="The epoch as /v1/stores says it; decided answers may then be kept for good.")
    ] = None


class Bars(Struct):
    """Bars by key and start, and the cursor of the next page, if there is one.

    `as_of` says since when a copy of topics is cut off from them (none: the answer is of now).
    """

    store: str
    timeframe: str
    epoch: str | None
    as_of: str | None
    bars: list[dict[str, Any]]
    next: str | None


@operation("/v1/bars", tag="v1")
def bars(asked: AskedBars, room: Room) -> Table[Bars]:
    """The bars of some keys, or of all, finals and live ones.

    They are those whose slots begin from `from` up to, not including, `to`; or with `last` the newest ones, or with
    `countback` the newest before `to`. Keys come in their order, the bars of each by start. JSON says the cursor of the
    next page as `next`, every form in the header `Link`.
    """
    shelf = room.shelf(asked.store)
    timeframe = shelf.timeframe(asked.timeframe)
    epoch = _epoch(shelf, asked.epoch)
    newest = _newest(asked)
    limit = room.rows(max(newest, asked.limit) if newest else asked.limit, "limit" if not newest else "last")
    first, last = maybe_instant(asked.from_, "from"), maybe_instant(asked.to, "to")
    keys, onwards = _keys(shelf, asked), onwards_at(asked.cursor)
    part = Part(b"", None if asked.countback else first, last, newest, backwards=newest is not None)
    chosen = keys_of(shelf, timeframe, "", onwards) if keys is None else iter(keys)
    parts = room.timed(_parts(chosen, part, onwards, descending=asked.order == "desc"))
    wanted = Wanted(timeframe, parts, limit, newest is not None, asked.order == "desc")
    page = shelf.bars.page(wanted)
    cursor = cursor_of(page.onwards)

    def in_json(style: Style) -> Bars:
        return Bars(shelf.name, timeframe, epoch, told(shelf.bars.as_of), json_rows(page.frame, style), cursor)

    lasting = asked.epoch is not None and _is_decided(shelf, timeframe, keys, last)
    return Table(page.frame, in_json, asked.style, form_of(asked.format), cursor, lasting=lasting)


def _newest(asked: AskedBars) -> int | None:
    """How many of every key, counted from its newest; none where a range is asked for."""
    if asked.last is not None and (asked.countback or asked.from_ or asked.to):
        message = "last= takes the newest bars there are; for those before a time give to= and countback="
        raise Refused(400, message, "last")
    if asked.countback is not None and asked.to is None:
        message = "countback= counts back from a time: give it as to=, or ask for last="
        raise Refused(400, message, "countback")
    return asked.last or asked.countback


def _keys(shelf: Shelf, asked: AskedBars) -> list[bytes] | None:
    """The encoded keys in their order; none where all are asked for."""
    if not asked.key:
        return None
    return sorted({shelf.keys.codec.encode(shelf.key(text)) for text in asked.key})


def _parts(keys: Iterable[bytes], part: Part, onwards: Onwards | None, *, descending: bool) -> Iterator[Part]:
    """What is read of each key, from where the page before ended."""
    for key in keys:
        if onwards is None or key > onwards.key:
            yield part._replace(key=key)
        elif key == onwards.key:
            yield _rest(part._replace(key=key), onwards.start, descending=descending)


def _rest(part: Part, start: int | None, *, descending: bool) -> Part:
    """What is left of a key behind a bar."""
    if start is None:
        return part
    if descending:
        return part._replace(last=start if part.last is None else min(part.last, start))
    return part._replace(first=start + 1 if part.first is None else max(part.first, start + 1))


def _epoch(shelf: Shelf, asked: str | None) -> str | None:
    epoch = shelf.bars.epoch
    if asked in (None, epoch):
        return epoch
    message = f"the epoch {asked!r} is over: the bars were made anew; see /v1/stores for the epoch of now"
    raise Refused(410, message, "epoch")


def _is_decided(shelf: Shelf, timeframe: str, keys: list[bytes] | None, to: int | None) -> bool:
    """Whether no bar of these keys that begins before `to` can come or change any more."""
    if to is None or not keys:
        return False
    grid = shelf.bars.calendar.grid(shelf.bars.plan.levels[shelf.bars.plan.level_of(timeframe)].timeframe)
    with sensible("to"):
        slot = grid.round_to_slot(np.array([to - 1], dtype=np.int64))
    end = int(slot.end[0]) if slot.inside[0] else to
    reached = [shelf.bars.decided_to(timeframe, key) for key in keys]
    return all(time is not None and end <= time for time in reached)
