"""``/v1/stores``, ``/v1/timeframes`` and ``/v1/keys``: what there is."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from barloom.plan.barplan import BarPlan, FieldKind
from barloom.serve.api.asking import Asked
from barloom.serve.api.operations import operation
from barloom.serve.api.room import Room
from barloom.serve.stores.served import Onwards
from barloom.serve.v1.cursors import cursor_of, onwards_at
from barloom.serve.v1.parameters import Count, OfStore, TimeframeName
from barloom.store.keys import after
from barloom.time.about import short_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.serve.stores.catalogue import Shelf

__all__ = [
    "AskedKeys",
    "Column",
    "KeyList",
    "StoreInfo",
    "StoreList",
    "TimeframeInfo",
    "TimeframeList",
    "keys",
    "keys_of",
    "stores",
    "timeframes",
]


class Column(Struct):
    """A value that every bar has; a decimal has `scale` digits behind the point."""

    name: str
    type: str
    scale: int | None = None


class StoreInfo(Struct):
    """A store: whose bars it has, and where they stand (``store``, ``topics`` or ``ksqldb``)."""

    store: str
    kind: str
    state: str
    definition: str
    key: list[Column]
    columns: list[Column]
    timeframes: list[str]
    calendar: str
    epoch: str | None


class StoreList(Struct):
    """The stores that are served."""

    stores: list[StoreInfo]


@operation("/v1/stores", tag="v1", quick=True)
def stores(_asked: Asked, room: Room) -> StoreList:
    """The stores that are served, with the key, the columns and the timeframes of their bars."""
    return StoreList([_info(shelf) for shelf in room.shelves])


def _info(shelf: Shelf) -> StoreInfo:
    bars, plan = shelf.bars, shelf.bars.plan
    return StoreInfo(
        store=shelf.name,
        kind=bars.kind,
        state=bars.state,
        definition=plan.name,
        key=list(_key_columns(plan)),
        columns=[
            Column(item.name, "integer") if item.number.integer else Column(item.name, "decimal", item.number.scale)
            for item in plan.outputs
        ],
        timeframes=bars.timeframes(),
        calendar=short_name(bars.calendar),
        epoch=bars.epoch,
    )


def _key_columns(plan: BarPlan) -> Iterator[Column]:
    for name in plan.event.key:
        field = plan.event.by_name[name]
        decimal = field.kind is FieldKind.DECIMAL and field.number is not None
        yield Column(name, field.kind.value, field.number.scale if decimal and field.number else None)


class TimeframeInfo(Struct):
    """A timeframe: what its bars are made of (none: of ticks), and how long slots stay open after their end."""

    timeframe: str
    made_of: str | None
    delay_ns: int
    gap: str
    retention_ns: int | None


class TimeframeList(Struct):
    """The timeframes of a store, from fine to coarse."""

    store: str
    timeframes: list[TimeframeInfo]


@operation("/v1/timeframes", tag="v1", quick=True)
def timeframes(asked: OfStore, room: Room) -> TimeframeList:
    """The timeframes that a store has bars of, from fine to coarse."""
    shelf = room.shelf(asked.store)
    plan = shelf.bars.plan
    return TimeframeList(shelf.name, [_timeframe(plan, plan.level_of(name)) for name in shelf.bars.timeframes()])


def _timeframe(plan: BarPlan, level: int) -> TimeframeInfo:
    found = plan.levels[level]
    return TimeframeInfo(
        timeframe=str(found.timeframe),
        made_of=None if found.child is None else str(plan.levels[found.child].timeframe),
        delay_ns=found.delay,
        gap=found.gap.value,
        retention_ns=found.retention,
    )


class AskedKeys(OfStore, frozen=True, kw_only=True):
    """Which keys."""

    timeframe: TimeframeName
    prefix: Annotated[str, Meta(description="Only keys whose text begins with this.")] = ""
    limit: Annotated[Count, Meta(description="How many keys a page has at most.")] = 1_000
    cursor: Annotated[str | None, Meta(description="Where to go on: what the page before says as next.")] = None


class KeyList(Struct):
    """Keys as text, in order, and the cursor of the next page, if there is one."""

    store: str
    timeframe: str
    keys: list[str]
    next: str | None


@operation("/v1/keys", tag="v1")
def keys(asked: AskedKeys, room: Room) -> KeyList:
    """The keys that have bars of a timeframe, in order; by prefix, and page by page."""
    shelf = room.shelf(asked.store)
    timeframe, limit = shelf.timeframe(asked.timeframe), room.rows(asked.limit)
    found, onwards = list[str](), None
    for key in room.timed(keys_of(shelf, timeframe, asked.prefix, onwards_at(asked.cursor))):
        if len(found) == limit:
            onwards = Onwards(key)
            break
        found.append(shelf.keys.write(shelf.keys.codec.decode(key)))
    return KeyList(shelf.name, timeframe, found, cursor_of(onwards))


def keys_of(shelf: Shelf, timeframe: str, prefix: str, onwards: Onwards | None) -> Iterator[bytes]:
    """The encoded keys whose text begins with `prefix` and that the request may read; `NotKept` where none are kept."""
    lower = shelf.keys.prefix(prefix)
    first = lower if onwards is None else max(lower, onwards.key)
    upper = after(lower)
    for key in takewhile(lambda key: upper is None or key < upper, shelf.bars.keys(timeframe, first)):
        text = shelf.keys.write(shelf.keys.codec.decode(key))
        if text.startswith(prefix) and shelf.access.reaches(text):
            yield key
