"""`BarPlan`: the one immutable, engine-neutral description that every declaration becomes and everything else reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from barloom.plan.nodes import Column, may_be_null
from barloom.plan.patterns import ISO, TimeForm
from barloom.time.timeframe import DAY, HOUR, MINUTE, SECOND, Timeframe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.plan.nodes import Node

__all__ = [
    "BarPlan",
    "EventPlan",
    "Field",
    "FieldKind",
    "Fold",
    "Gap",
    "InputKind",
    "LevelPlan",
    "NumberType",
    "Output",
    "Partial",
    "Sequence",
    "SourcePlan",
]

MAX_DIGITS: Final = 38


class FieldKind(Enum):
    """The type of an event's field."""

    STRING = "string"
    INTEGER = "int"
    BOOLEAN = "bool"
    DECIMAL = "decimal"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class NumberType:
    """The exact type of a number: at most `precision` digits, `scale` of them behind the point."""

    precision: int
    scale: int
    integer: bool = False

    def __str__(self) -> str:
        return "int" if self.integer else f"decimal({self.precision}, {self.scale})"


STAMP: Final = NumberType(19, 0, integer=True)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the event. `time_unit` (``iso s ms us ns auto``) says how a timestamp is written in the input.

    Where a text is written otherwise than ISO 8601 says, or has a zone of its own, `form` does. A `separator` makes a
    string field a list: its column holds the elements as one text, parted by it, the empty list as the empty text.
    `rounding` says how a decimal loses places that the field does not have (none: it is refused), and `encoding`
    ``base64`` that it comes as the bytes of its unscaled integer.
    """

    name: str
    kind: FieldKind
    number: NumberType | None = None
    nullable: bool = False
    time_unit: str | None = None
    form: TimeForm = ISO
    separator: str | None = None
    rounding: str | None = None
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Sequence:
    """The numbers that go up by one from tick to tick of a key: a row has those from field `first` to field `last`.

    The two are one field where a row has a single number. A number that was seen begins the numbers anew where its
    event time lies more than `restart_after` (nanoseconds) beyond the largest of its key; a hole is given up
    `give_up_after` (nanoseconds) of stream time behind its later end.
    """

    first: str
    last: str
    restart_after: int = SECOND
    give_up_after: int = 60 * MINUTE

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it is in, each once."""
        return tuple(dict.fromkeys((self.first, self.last)))


@dataclass(frozen=True)
class EventPlan:
    """The input row: its fields, which of them are the key, which the event time, and which (if any) a unique id.

    `tiebreak` is the number that orders rows of equal event time, before their place in the source does. By the
    `sequence` bars know whether they are complete.
    """

    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    timestamp: str
    event_id: str | None = None
    tiebreak: str | None = None
    sequence: Sequence | None = None

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The fields by name."""
        return {item.name: item for item in self.fields}


class Fold(Enum):
    """How a partial column gathers rows, and how two partials merge.

    Nulls are skipped; of no rows it is null, sums and counts zero. FIRST and LAST go by (event time, tiebreak where one
    is declared, source offset).
    """

    FIRST = "first"
    LAST = "last"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Partial:
    """One partial column: a fold over an expression (COUNT over none counts rows), of the rows that fulfil `when`.

    `carried` names the partial (by position in `BarPlan.partials`) whose latest value a carried bar takes here;
    none means zero for sums and counts and null for the others. `stamp_of` marks a column that `BarPlan` adds by
    itself: what the row has in which the partial at that position (a FIRST or LAST) found its value: its event time, or
    with an `expression` the tiebreak.

    `grown` marks the sum of what a running total, the `expression`, has grown since the bar before, and says when the
    total begins anew: with each ``session``, or only where it is ``smaller``. The engine settles it when base slots
    close; `shown` is the same with what open ones have grown so far.
    """

    fold: Fold
    expression: Node | None
    when: Node | None
    number: NumberType
    carried: int | None = None
    stamp_of: int | None = None
    grown: str | None = None
    shown: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """One column of the bar.

    `result` reads partials as ``Column("0")``, ``Column("1")``…, by position in `BarPlan.partials`. `empty` replaces
    the result in a bar without ticks where the aggregate states a fixed value (a `Number`, or `nodes.NULL` for none);
    otherwise the result of the (carried, zero or null) partials stands. `aggregate` is the aggregate's name, `text`
    the whole of it as the grammar writes it.
    """

    name: str
    aggregate: str
    result: Node
    number: NumberType
    empty: Node | None = None
    text: str = ""


class Gap(Enum):
    """What stands in a slot without ticks: nothing, a bar at the previous close, or a bar of nulls."""

    OMIT = "omit"
    CARRY = "carry"
    NULL = "null"


class InputKind(Enum):
    """What the input rows are."""

    TICKS = "ticks"
    BARS = "bars"


@dataclass(frozen=True, slots=True)
class LevelPlan:
    """One timeframe of the ladder; `child` is the position of the level it is rolled up from (none for the base).

    Durations are nanoseconds; `carry_limit` is session time, `retention` none means keep for ever.
    """

    timeframe: Timeframe
    child: int | None
    delay: int
    gap: Gap = Gap.OMIT
    carry_limit: int = DAY
    heartbeat: bool = False
    retention: int | None = None


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """How the input names and writes things. Not part of the fingerprint: the same bars may come from other files.

    `columns` maps a field to a path in the input (``data.b``), a constant (``=OANDA``) or a part of the file's name
    (``@file:…``, ``@member:…``, ``@hive.…``), a time also to several of these; unmapped fields have their own name.
    `zone` is the time zone of zoneless times, `ambiguous` which of two times one is that comes twice (``refuse earlier
    later order``). `arrival` is the path of the time of receipt and `arrival_unit` how it is written. `order` is
    ``row`` or ``time``. `names` are the column names of a file without a header (empty: the file has one). `rows` says
    where in a record its ticks stand (none: it is one; see `barloom.plan.rows`), and paths begin there. `check_units`
    refuses numbers since 1970 that are plainly of another unit than the declared one. `decimal_separator` and
    `thousands` are how numbers are written in text.

    `complete_from` and `complete_until` say of which span the input has every row: nanoseconds UTC, or a timeframe for
    the slot of it that holds the first or last row.
    """

    columns: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    format: str | None = None
    delimiter: str = ","
    null_values: tuple[str, ...] = ("",)
    zone: str | None = None
    ambiguous: str = "refuse"
    arrival: str | None = None
    arrival_unit: str = "iso"
    order: str = "row"
    names: tuple[str, ...] = ()
    rows: str | None = None
    check_units: bool = True
    decimal_separator: str = "."
    thousands: str = ""
    complete_from: int | str | None = None
    complete_until: int | str | None = None


@dataclass(frozen=True)
class BarPlan:
    """Bars as declared: event, filter, calendar, ladder from fine to coarse (`levels[0]` is the base), and columns.

    With `input` BARS the rows are bars of the base timeframe. `stamped` says what such a row's timestamp is: its slot's
    ``start`` or ``end``, ``end-1ms``, its ``date``, or its start by the ``clock``. `keep` says which of the rows of one
    bar counts: the ``first``, so that rows are final bars, or the ``last`` before a newer bar of the key begins. The
    base level is published only where it is more than the input: of the last rows, or with its holes filled.
    `max_ahead` and `live_within` are nanoseconds, and so are `clock_after`, how much later than time passes the clock
    closes slots, and `close_grace`: how long after a session's close its last slots still take ticks (the closing
    auction); `close_grace_when` is the condition on these ticks. `time` says whose stream time, lateness and closing
    are: the ``partition``'s, or each ``key``'s own; with the latter a key that is `idle_after` behind the latest row is
    not waited for where slots are told to be closed for all keys.
    """

    name: str
    event: EventPlan
    calendar: str
    levels: tuple[LevelPlan, ...]
    partials: tuple[Partial, ...]
    outputs: tuple[Output, ...]
    where: Node | None = None
    input: InputKind = InputKind.TICKS
    stamped: str = "start"
    keep: str = "first"
    max_ahead: int = 10 * SECOND
    live_within: int = MINUTE
    clock: bool = True
    clock_after: int = 0
    close_grace: int = 0
    close_grace_when: Node | None = None
    time: str = "partition"
    idle_after: int = HOUR
    pass_headers: tuple[str, ...] = ()
    source: SourcePlan = field(default_factory=SourcePlan)

    def __post_init__(self) -> None:
        object.__setattr__(self, "partials", _with_stamps(self.partials, self.event))

    @property
    def by_key(self) -> bool:
        """Whether every key has a stream time of its own."""
        return self.time == "key"

    @property
    def base(self) -> LevelPlan:
        """The finest level."""
        return self.levels[0]

    @cached_property
    def published(self) -> tuple[int, ...]:
        """Positions of the levels whose bars are written: all, but for a base that was itself the input."""
        return tuple(range(0 if self.makes_base else 1, len(self.levels)))

    @property
    def makes_base(self) -> bool:
        """Whether bars of the base timeframe are made, and not only read."""
        return self.input is InputKind.TICKS or self.forming or self.base.gap is not Gap.OMIT

    @property
    def forming(self) -> bool:
        """Whether the rows are states of bars, of which the last counts."""
        return self.input is InputKind.BARS and self.keep == "last"

    @property
    def finished(self) -> bool:
        """Whether each row is a finished bar, which happens at its end; others happen when their slot begins."""
        return self.input is InputKind.BARS and not self.forming

    def deciding_delay(self, level: int) -> int:
        """How long after its end a slot of a level is decided: with its last base slot, where such are made."""
        return self.levels[0 if self.makes_base else level].delay

    @cached_property
    def optional(self) -> frozenset[int]:
        """Positions of the partials that may have no value even in a bar with ticks."""
        return frozenset(
            position
            for position, partial in enumerate(self.partials)
            if partial.fold not in (Fold.SUM, Fold.COUNT)
            and _skips_rows(partial if partial.stamp_of is None else self.partials[partial.stamp_of], self.event)
        )

    @cached_property
    def keeps_latest(self) -> frozenset[int]:
        """Levels whose latest real final of each key is part of the state.

        Those are the levels that fill gaps, and the base for heartbeats and running totals.
        """
        beating = any(level.heartbeat for level in self.levels) or self.grows
        return frozenset(
            position
            for position, level in enumerate(self.levels)
            if level.gap is not Gap.OMIT or (beating and position == 0)
        )

    @cached_property
    def grows(self) -> bool:
        """Whether a column tells how much a running total has grown."""
        return any(partial.grown is not None for partial in self.partials)

    def level_of(self, timeframe: str) -> int:
        """The position of a timeframe; `ValueError` names the ones there are."""
        wanted = Timeframe.parse(timeframe)
        for position, level in enumerate(self.levels):
            if level.timeframe == wanted:
                return position
        known = ", ".join(str(level.timeframe) for level in self.levels)
        message = f"{self.name!r} has no timeframe {timeframe!r}; it has {known}"
        raise ValueError(message)

    def topic(self, kind: str, timeframe: Timeframe | str) -> str:
        """The name of the topic of ``live`` or ``final`` bars of a timeframe."""
        return f"{self.name}_{kind}_{timeframe}"


def _with_stamps(partials: tuple[Partial, ...], event: EventPlan) -> tuple[Partial, ...]:
    """Add the event time of every FIRST or LAST that may skip rows: the bar's own times are then not its times.

    With a tiebreak also that of the row, once for all those that skip none.
    """
    declared = tuple(partial for partial in partials if partial.stamp_of is None)
    chosen = [(place, part) for place, part in enumerate(declared) if part.fold in (Fold.FIRST, Fold.LAST)]
    skipping = [(place, part) for place, part in chosen if _skips_rows(part, event)]
    stamps = [Partial(part.fold, None, part.when, STAMP, stamp_of=place) for place, part in skipping]
    if event.tiebreak is None:
        return (*declared, *stamps)
    whole = {part.fold: (place, part) for place, part in reversed(chosen) if not _skips_rows(part, event)}
    ties = [_tie(place, part, event) for place, part in (*whole.values(), *skipping)]
    return (*declared, *stamps, *ties)


def _tie(place: int, partial: Partial, event: EventPlan) -> Partial:
    item = event.by_name[event.tiebreak or ""]
    return Partial(partial.fold, Column(item.name), partial.when, item.number or STAMP, stamp_of=place)


def _skips_rows(partial: Partial, event: EventPlan) -> bool:
    if partial.when is not None:
        return True
    nullable = {item.name for item in event.fields if item.nullable}
    return partial.expression is not None and may_be_null(partial.expression, nullable)
