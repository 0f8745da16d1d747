"""The columns that go in and out of the engine.

Numbers are scaled integers (``1.25`` at scale 6 is ``1250000``): int64 arrays while every value fits, arrays of
Python integers (dtype object) where one does not. Times are int64 nanoseconds UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from barloom.engine.holes.events import HoleEvent
    from barloom.time.calendar import Booleans, Integers

__all__ = [
    "BarBlock",
    "BarId",
    "ClosedSlots",
    "Completeness",
    "Keys",
    "Marks",
    "Numbers",
    "Reason",
    "Rejected",
    "Snapshot",
    "Step",
    "TickBatch",
    "Unread",
    "Values",
]

Numbers: TypeAlias = NDArray[Any]
"""Scaled integers: dtype int64, or object (Python integers) where a value leaves 64 bits."""


class Values(NamedTuple):
    """A column of scaled integers and where it has a value (`valid` none: everywhere)."""

    numbers: Numbers
    valid: Booleans | None


class Marks(NamedTuple):
    """Between the rows of a batch, in order, marks up to when all is complete.

    `after`: how many rows of the batch stand ahead of each mark; `time`: every row of its key whose event time lies
    before it was given; `keys`: the key's fields of each mark, none for a mark of all keys.
    """

    after: Integers
    time: Integers
    keys: Sequence[tuple[object, ...] | None]


class Unread(NamedTuple):
    """Rows that are refused as they came, of which no more than key, time and numbers could be read.

    `after`: how many rows of the batch stand ahead of each; marks that stand there count as behind it. `frame` has the
    key, the timestamp and the fields of the sequence, none of them null.
    """

    after: Integers
    frame: pl.DataFrame


@dataclass(frozen=True, slots=True)
class TickBatch:
    """Rows that have the declared types, in source order.

    `frame` has one column for each field of the event: strings, Int64, Boolean, Decimal(precision, scale), and the
    timestamp as Int64 nanoseconds; key and timestamp are never null. `offsets` are increasing source positions, one a
    row; `arrivals` when each row was received. Where that is unknown, `limits` are the times after which rows may not
    be stamped (none: no check of the future). A batch may hold `marks` and no row.
    `unread` matter only where the event declares a sequence.
    """

    frame: pl.DataFrame
    offsets: Integers
    arrivals: Integers | None = None
    limits: Integers | None = None
    marks: Marks | None = None
    unread: Unread | None = None

    def __len__(self) -> int:
        return self.frame.height


class Keys(Protocol):
    """What the dense key numbers of a block stand for."""

    def __len__(self) -> int: ...

    def rows(self, ids: Integers) -> list[tuple[object, ...]]:
        """The key fields of each id, as Python values."""
        ...


@dataclass(frozen=True, slots=True)
class BarBlock:
    """Bars of one level as parallel arrays; within one block of finals sorted by (key, start).

    `partials` stand in the order of `BarPlan.partials`. `filled` are children with ticks, `slots` decided (bars as
    input: arrived) children, `expected` what the calendar asks for. `open_time` and `close_time` are the event times of
    the first and last tick and mean nothing in a synthetic bar. (Source offsets need no column: rows come in offset
    order, so of equal event times the one folded later is the later one.)

    Where the event declares a sequence, `missing` says how many numbers are absent that may lie in each bar, and
    `complete` whether it is (`Completeness`).
    """

    level: int
    final: bool
    key: Integers
    start: Integers
    end: Integers
    open_time: Integers
    close_time: Integers
    revision: Integers
    filled: Integers
    slots: Integers
    expected: Integers
    synthetic: Booleans
    partial: Booleans
    partials: tuple[Values, ...]
    missing: Integers | None = None
    complete: Integers | None = None

    def __len__(self) -> int:
        return len(self.key)

    @staticmethod
    def join(blocks: Sequence[BarBlock]) -> BarBlock:
        """The bars of one or more blocks one behind the other; of several levels: `level` then means nothing."""
        if len(blocks) == 1:
            return blocks[0]
        told = _COLUMNS if blocks[0].missing is None else (*_COLUMNS, *_TOLD)
        columns: dict[str, Any] = {name: np.concatenate([getattr(block, name) for block in blocks]) for name in told}
        partials = tuple(_joined(values) for values in zip(*(block.partials for block in blocks), strict=True))
        return replace(blocks[0], **columns, partials=partials)

    def take(self, rows: Integers | Booleans) -> BarBlock:
        """Some of the bars, by position or mask."""
        told = _COLUMNS if self.missing is None else (*_COLUMNS, *_TOLD)
        columns = {name: getattr(self, name)[rows] for name in told}
        partials = tuple(Values(v.numbers[rows], None if v.valid is None else v.valid[rows]) for v in self.partials)
        return replace(self, **columns, partials=partials)


_TOLD: Final = ("missing", "complete")
_COLUMNS: Final = tuple(
    item.name for item in fields(BarBlock) if item.name not in {"level", "final", "partials", *_TOLD}
)


def _joined(parts: Sequence[Values]) -> Values:
    valid = None
    if any(part.valid is not None for part in parts):
        masks = [np.ones(len(part.numbers), np.bool_) if part.valid is None else part.valid for part in parts]
        valid = np.concatenate(masks)
    return Values(np.concatenate([part.numbers for part in parts]), valid)


class Completeness(IntEnum):
    """Whether a bar is complete; the names in lower case are what bars say."""

    NO = 0
    UNKNOWN = 1
    YES = 2


class BarId(NamedTuple):
    """Live bars to take back: heartbeats whose slot closed without a final."""

    level: int
    key: Integers
    start: Integers


class ClosedSlots(NamedTuple):
    """Slots of a level that are decided for all keys: those that end after `after` and not after `to`.

    `starts`, in order, are those of them that have bars, and `keys` how many keys have one in each. With `after` none
    nothing was read until `to`. The range of a quiet time is told again as it grows, from the same `after` on.
    `reopened`: these are bars that came for slots that were told before; `to` is then up to where that was.
    """

    level: int
    after: int | None
    to: int
    starts: Integers
    keys: Integers
    reopened: bool = False


class Reason(IntEnum):
    """Why a row is in the side output."""

    INVALID = 0
    FUTURE = 1
    OUT_OF_SESSION = 2
    DUPLICATE = 3
    CONFLICT = 4
    LATE = 5
    BEYOND_CALENDAR = 6
    GAP = 7
    RESTARTED = 8


@dataclass(frozen=True, slots=True)
class Rejected:
    """Rows for the side output.

    `row` is the position in the batch, `by` how late (past the slot's end + delay) or how far ahead of its arrival
    in nanoseconds (0 for other reasons), `missed` for each level the start of the slot the row missed (one array a
    level, parallel to `row`, and where it did miss one). `by_clock` marks late rows whose slot the clock had decided
    and no event: without it they would be in time. With bars as input `boundary` is the time nearest to each row's
    where a slot has the side that rows are stamped by: of an invalid row it is another time than its own, unless
    something else is wrong with it. `first` and `last` are the rows' numbers, where the event declares a sequence.
    """

    row: Integers
    offset: Integers
    reason: NDArray[np.int8]
    by: Integers
    missed: tuple[Values, ...]
    by_clock: Booleans
    boundary: Integers | None = None
    first: Values | None = None
    last: Values | None = None

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True, slots=True)
class Step:
    """All that one step of the engine says.

    `lives` are the open bars that changed (their partials are the engine's state), `finals` the bars that closed (each
    replaces its live bar), `retracted` the live bars to delete, `entries` small named pieces of state (none: delete),
    `counts` rows by what became of them, `closed` the slots that no key can get a bar in any more, `notes` what a
    person should know, `holes` what has become known of absent numbers.
    """

    finals: tuple[BarBlock, ...] = ()
    lives: tuple[BarBlock, ...] = ()
    retracted: tuple[BarId, ...] = ()
    rejected: Rejected | None = None
    entries: Mapping[bytes, bytes | None] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    stream_time: int | None = None
    notes: tuple[str, ...] = ()
    holes: tuple[HoleEvent, ...] = ()
    closed: tuple[ClosedSlots, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a store gives back. Key numbers in the blocks are positions in `keys`.

    `open` are the open bars, `latest` the latest real final of each key (for the levels that `BarPlan.keeps_latest`
    names), `entries` the small named pieces of state.
    """

    keys: Sequence[tuple[object, ...]]
    open: tuple[BarBlock, ...]
    latest: tuple[BarBlock, ...]
    entries: Mapping[bytes, bytes]
