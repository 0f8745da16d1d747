"""``/v1/rejected`` and ``/v1/status``: what was refused, and how far everything is."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct

from barloom.read.exports.rejected import rejected_frame
from barloom.serve.api.answers import Table
from barloom.serve.api.forms import form_of, json_rows
from barloom.serve.api.operations import operation
from barloom.serve.api.room import Room
from barloom.serve.stores.served import NotKept
from barloom.serve.v1.cursors import number_at, number_cursor
from barloom.serve.v1.parameters import OfStore, Paged, told
from barloom.time.about import short_name
from barloom.time.horizon import horizon_warning, last_known_date
from barloom.time.instants import written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from barloom.read.status import Status
    from barloom.serve.api.forms import Style
    from barloom.serve.stores.catalogue import Shelf
    from barloom.store.protocol import SideRecord

__all__ = ["AskedRejected", "Holdings", "KeyStand", "Rejected", "Standing", "rejected", "status"]


class AskedRejected(Paged, frozen=True, kw_only=True):
    """Which refused rows."""

    reason: Annotated[str | None, Meta(description="Only those refused for this reason, such as late.")] = None


class Rejected(Struct):
    """Refused rows in the order in which they were refused, and the cursor of the next page, if there is one.

    `by_ns` is how late, or how far ahead, `missed` the bars that the row would have been in.
    """

    store: str
    rejected: list[dict[str, Any]]
    next: str | None


@operation("/v1/rejected", tag="v1")
def rejected(asked: AskedRejected, room: Room) -> Table[Rejected]:
    """The rows that were refused and are kept, each with its reason, oldest first.

    A token that is limited to some keys sees the rows of these.
    """
    shelf = room.shelf(asked.store)
    limit = room.rows(asked.limit)
    numbered = room.timed(shelf.bars.rejected(number_at(asked.cursor)))
    seen = (item for item in numbered if _sees(shelf, item[1], asked.reason))
    found = list(islice(seen, limit + 1))
    cursor = number_cursor(found[limit][0]) if len(found) > limit else None
    frame = rejected_frame(shelf.bars.plan, [record for _, record in found[:limit]])

    def in_json(style: Style) -> Rejected:
        return Rejected(shelf.name, json_rows(frame, style), cursor)

    return Table(frame, in_json, asked.style, form_of(asked.format), cursor)


def _sees(shelf: Shelf, record: SideRecord, reason: str | None) -> bool:
    if reason is not None and record.reason != reason:
        return False
    if not shelf.access.limited:
        return True
    return record.key is not None and shelf.access.reaches(shelf.keys.write(record.key))


class KeyStand(Struct):
    """Where a key stands that has a time of its own."""

    key: str
    stream_time: str | None


class Holdings(Struct):
    """What the store of a run holds: counts by timeframe, of rows by what became of them, by reason of refusal.

    `positions` say how far each input was read; a token that is limited to some keys does not see them.
    """

    first: str | None
    finals: dict[str, int]
    open: dict[str, int]
    rows: dict[str, int]
    rejected: dict[str, int]
    positions: dict[str, str]
    bytes: int
    keys: list[KeyStand]
    stopped: dict[str, str]


class Standing(Struct):
    """How a store is.

    `lag_ns` is how far its stream time is behind the clock. `warning` speaks of a calendar that ends soon. `holds` is
    there for the store of a run.
    """

    store: str
    kind: str
    state: str
    definition: str
    epoch: str | None
    stream_time: str | None
    lag_ns: int | None
    as_of: str | None
    calendar: str
    calendar_known_until: str | None
    warning: str | None
    holds: Holdings | None


@operation("/v1/status", tag="v1")
def status(asked: OfStore, room: Room) -> Standing:
    """How a store is: its state, how far its stream has come, and what it holds."""
    shelf = room.shelf(asked.store)
    bars, now = shelf.bars, room.now()
    reached = bars.times().stream_time
    return Standing(
        store=shelf.name,
        kind=bars.kind,
        state=bars.state,
        definition=bars.plan.name,
        epoch=bars.epoch,
        stream_time=told(reached),
        lag_ns=None if reached is None else now - reached,
        as_of=told(bars.as_of),
        calendar=short_name(bars.calendar),
        calendar_known_until=_date(last_known_date(bars.calendar)),
        warning=horizon_warning(bars.calendar, now),
        holds=_holdings(shelf),
    )


def _holdings(shelf: Shelf) -> Holdings | None:
    try:
        found = shelf.bars.status()
    except NotKept:
        return None
    return Holdings(
        first=told(found.first),
        finals=dict(found.finals),
        open=dict(found.open),
        rows=dict(found.rows),
        rejected=dict(found.rejected),
        positions={} if shelf.access.limited else dict(found.positions),
        bytes=found.size,
        keys=list(_keys(shelf, found)),
        stopped={timeframe: written(since) for timeframe, since in found.stopped.items()},
    )


def _keys(shelf: Shelf, found: Status) -> Iterator[KeyStand]:
    for key, stream_time in found.keys:
        text = shelf.keys.write(key)
        if shelf.access.reaches(text):
            yield KeyStand(text, told(stream_time))


def _date(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
