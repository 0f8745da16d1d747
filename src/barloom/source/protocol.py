"""What a runtime asks of a source: batches of typed rows, each with the position to continue from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, overload, runtime_checkable

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from barloom.clock import Clock
    from barloom.engine.blocks import TickBatch
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Integers

__all__ = [
    "InvalidRow",
    "InvalidRows",
    "Origin",
    "Origins",
    "PolledSource",
    "Progress",
    "Readable",
    "Source",
    "SourceBatch",
    "Standing",
]


class Origin(NamedTuple):
    """Where a row came from and how it looked there: name of the input, 1-based data row, the record's text."""

    name: str
    row: int
    raw: str


class Origins(Sequence[Origin]):
    """Where rows came from, as columns: names, numbers, and the records' texts."""

    def __init__(self, names: pl.Series, rows: pl.Series, raws: pl.Series) -> None:
        self.names = names
        self.rows = rows
        self.raws = raws

    @classmethod
    def of(cls, origins: Sequence[Origin]) -> Origins:
        """From single ones."""
        if isinstance(origins, Origins):
            return origins
        names, rows, raws = zip(*origins, strict=True) if origins else ((), (), ())
        return cls(pl.Series(names, dtype=pl.String), pl.Series(rows, dtype=pl.Int64), pl.Series(raws, dtype=pl.String))

    @classmethod
    def in_one(cls, name: str, rows: Integers, raws: pl.Series | list[str]) -> Origins:
        """Of rows of one input."""
        texts = pl.Series(raws, dtype=pl.String)
        return cls(pl.Series([name]).new_from_index(0, len(texts)), pl.Series(rows, dtype=pl.Int64), texts)

    @classmethod
    def joined(cls, parts: Sequence[tuple[Integers, Origins]], count: int) -> Origins:
        """Of `count` rows that were looked up in parts, each with the places of its rows."""
        if len(parts) == 1:
            return parts[0][1]
        if not count:
            return cls.of(())
        back = np.argsort(np.concatenate([places for places, _ in parts]))
        names, rows, raws = (
            pl.concat([column(origins) for _, origins in parts]).gather(back)
            for column in (attrgetter("names"), attrgetter("rows"), attrgetter("raws"))
        )
        return cls(names, rows, raws)

    def __len__(self) -> int:
        return len(self.raws)

    def __iter__(self) -> Iterator[Origin]:
        return map(Origin, self.names, self.rows, self.raws)

    @overload
    def __getitem__(self, place: int) -> Origin: ...

    @overload
    def __getitem__(self, place: slice) -> Origins: ...

    def __getitem__(self, place: int | slice) -> Origin | Origins:
        if isinstance(place, slice):
            return Origins(self.names[place], self.rows[place], self.raws[place])
        return Origin(self.names[place], self.rows[place], self.raws[place])


class InvalidRow(NamedTuple):
    """A row that could not be read as the declared event, and why; its key, time and numbers where these could be."""

    offset: int
    origin: Origin
    message: str
    key: tuple[object, ...] | None = None
    event_time: int | None = None
    first_number: int | None = None
    last_number: int | None = None


class InvalidRows(Sequence[InvalidRow]):
    """Rows that could not be read, as columns.

    `known` has their key, their event time and, where the event declares a sequence, `numbers` columns of these, null
    where they could not be read.
    """

    def __init__(
        self, offsets: Integers, origins: Origins, messages: pl.Series, known: pl.DataFrame, numbers: int = 0
    ) -> None:
        self.offsets = offsets
        self.origins = origins
        self.messages = messages
        self.known = known
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.messages)

    def __iter__(self) -> Iterator[InvalidRow]:
        columns = zip(self.offsets.tolist(), self.origins, self.messages, self.known.iter_rows(), strict=True)
        for offset, origin, message, known in columns:
            yield self._row((offset, origin, message), known)

    @overload
    def __getitem__(self, place: int) -> InvalidRow: ...

    @overload
    def __getitem__(self, place: slice) -> InvalidRows: ...

    def __getitem__(self, place: int | slice) -> InvalidRow | InvalidRows:
        if isinstance(place, slice):
            chosen = (self.offsets[place], self.origins[place], self.messages[place], self.known[place])
            return InvalidRows(*chosen, self.numbers)
        told = (int(self.offsets[place]), self.origins[place], self.messages[place])
        return self._row(told, self.known.row(place))

    def _row(self, told: tuple[int, Origin, str], known: tuple[Any, ...]) -> InvalidRow:
        time_at = len(known) - self.numbers - 1
        key, numbers = known[:time_at], known[time_at + 1 :]
        first, last = (numbers[0], numbers[-1]) if numbers else (None, None)
        return InvalidRow(*told, None if None in key else key, known[time_at], first, last)


class Progress(NamedTuple):
    """How far the input has been read, in bytes (or rows where `total` is none); `told` is what it says of itself."""

    done: int
    total: int | None
    told: str = ""


_UNKNOWN: Final = Progress(0, None)


@dataclass(frozen=True, slots=True)
class SourceBatch:
    """Typed rows, the rows that were refused, and where to continue after them.

    `origins` tells where given rows of `ticks` came from (asked only for the few that are refused). `positions` opens
    the source right after this batch. `offsets` of `ticks` and of `invalid` count rows of the whole input, also
    across a restart. A batch may be without rows: its positions and notes count all the same. `received_at` is when the
    last of its rows came in, whatever the rows say themselves (none: they were there before). `rounded` says in how
    many of the ticks a field lost places, by field.
    """

    ticks: TickBatch
    positions: Mapping[str, bytes]
    origins: Callable[[Integers], Sequence[Origin]]
    invalid: Sequence[InvalidRow] = ()
    progress: Progress = _UNKNOWN
    notes: Sequence[str] = field(default_factory=tuple)
    received_at: int | None = None
    rounded: Mapping[str, int] = field(default_factory=dict)


class Source(Protocol):
    """An input of ticks (or base bars)."""

    @property
    def name(self) -> str:
        """How messages call it."""
        ...

    @property
    def replayable(self) -> bool:
        """Whether it can be opened at an earlier position."""
        ...

    def open(self, positions: Mapping[str, bytes], batch_rows: int) -> Iterator[SourceBatch]:
        """Batches of at most `batch_rows` rows from right after `positions` (empty: from the beginning).

        A source that cannot be replayed passes over as many rows as were read before (`PolledSource.renew` for none).
        """
        ...


@runtime_checkable
class Readable(Protocol):
    """An input that becomes a source for the definition that reads it."""

    def source_for(self, plan: BarPlan, clock: Clock | None) -> Source:
        """The source."""
        ...


@runtime_checkable
class Standing(Protocol):
    """A source that says of its parts how they are."""

    def standing(self) -> Mapping[str, Mapping[str, object]]:
        """What a report says of each part, by its name."""
        ...


@runtime_checkable
class PolledSource(Protocol):
    """A source that may wait between its rows, so that whoever reads it looks at the clock meanwhile.

    It may have `caught_up`, which is true when every row that has happened so far was given, false when it knows that
    some are still to come (which stops the clock), and none when it does not know; so may the iterable of a feed.
    """

    @property
    def name(self) -> str:
        """How messages call it."""
        ...

    @property
    def replayable(self) -> bool:
        """Whether it can be opened at an earlier position."""
        ...

    def open(self, positions: Mapping[str, bytes], batch_rows: int) -> Iterator[SourceBatch]:
        """As `Source.open`; waits for rows."""
        ...

    def follow(self, positions: Mapping[str, bytes], batch_rows: int, interval: float) -> Iterator[SourceBatch | None]:
        """Every `interval` seconds, or sooner when `batch_rows` are there: what has come since, none for nothing.

        Rows are received in the background meanwhile. What the input raises is raised after the rows before it. Close
        the iterator to stop early.
        """
        ...

    def renew(self, positions: Mapping[str, bytes]) -> dict[str, bytes]:
        """Positions from which a stream is read that holds only rows not seen before; offsets go on counting."""
        ...
