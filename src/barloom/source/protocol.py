"""What a runtime asks of a source: batches of typed rows, each with the position to continue from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from barloom.engine.blocks import TickBatch
    from barloom.time.calendar import Integers

__all__ = ["InvalidRow", "Origin", "PolledSource", "Progress", "Source", "SourceBatch"]


class Origin(NamedTuple):
    """Where a row came from and how it looked there: name of the input, 1-based data row, the record's text."""

    name: str
    row: int
    raw: str


class InvalidRow(NamedTuple):
    """A row that could not be read as the declared event, and why; its key and event time where these could be."""

    offset: int
    origin: Origin
    message: str
    key: tuple[object, ...] | None = None
    event_time: int | None = None


class Progress(NamedTuple):
    """How far the input has been read, in bytes (or rows where `total` is none)."""

    done: int
    total: int | None


_UNKNOWN: Final = Progress(0, None)


@dataclass(frozen=True, slots=True)
class SourceBatch:
    """Typed rows, the rows that were refused, and where to continue after them.

    `origins` tells where given rows of `ticks` came from (asked only for the few that are refused). `positions` opens
    the source right after this batch. `offsets` of `ticks` and of `invalid` count rows of the whole input, also
    across a restart. A batch may be without rows: its positions and notes count all the same. `received_at` is when the
    last of its rows came in, whatever the rows say themselves (none: they were there before).
    """

    ticks: TickBatch
    positions: Mapping[str, bytes]
    origins: Callable[[Integers], Sequence[Origin]]
    invalid: Sequence[InvalidRow] = ()
    progress: Progress = _UNKNOWN
    notes: Sequence[str] = field(default_factory=tuple)
    received_at: int | None = None


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
