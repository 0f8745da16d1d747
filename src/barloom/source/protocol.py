"""What a runtime asks of a source: batches of typed rows, each with the position to continue from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

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


@dataclass(frozen=True, slots=True)
class InvalidRow:
    """A row that could not be read as the declared event, and why."""

    offset: int
    origin: Origin
    message: str


class Progress(NamedTuple):
    """How far the input has been read, in bytes (or rows where `total` is none)."""

    done: int
    total: int | None


@dataclass(frozen=True, slots=True)
class SourceBatch:
    """Typed rows, the rows that were refused, and where to continue after them.

    `origins` tells where given rows of `ticks` came from (asked only for the few that are refused). `positions` opens
    the source right after this batch. `offsets` of `ticks` and of `invalid` count rows of the whole input, also
    across a restart.
    """

    ticks: TickBatch
    positions: Mapping[str, bytes]
    origins: Callable[[Integers], Sequence[Origin]]
    invalid: Sequence[InvalidRow] = ()
    progress: Progress = Progress(0, None)  # noqa: RUF009 - a named tuple cannot change
    notes: Sequence[str] = field(default_factory=tuple)


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
        """Batches of at most `batch_rows` rows from right after `positions` (empty: from the beginning)."""
        ...


@runtime_checkable
class PolledSource(Source, Protocol):
    """A source whose rows come when they come, so that the clock has a say while it waits."""

    def follow(self, positions: Mapping[str, bytes], batch_rows: int, timeout: float) -> Iterator[SourceBatch | None]:
        """Like `open`, but a batch holds what came within `timeout` seconds, and none says that nothing did.

        None means that everything that had arrived was given before. Closing the iterator stops the source.
        """
        ...
