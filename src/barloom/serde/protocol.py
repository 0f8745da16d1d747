"""What the Kafka side asks of a format: whole polls to columns, and columns to whole batches of records."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import polars as pl

    from barloom.engine.blocks import BarBlock, BarId, Keys
    from barloom.source.decode import Rows
    from barloom.store.protocol import SideRecord

__all__ = ["BarDecoder", "BarEncoder", "EventDecoder", "EventEncoder", "LateDecoder", "LateEncoder", "Records"]


class Records(NamedTuple):
    """Keys and values of messages, in parallel."""

    keys: list[bytes]
    values: list[bytes]


class EventDecoder(Protocol):
    """Messages to rows of the declared event."""

    @property
    def wants_keys(self) -> bool:
        """Whether it needs the messages' keys, because a field stands there; else it is given their values alone."""
        ...

    def decode(self, values: Sequence[bytes | None], keys: Sequence[bytes | None] = ()) -> Rows:
        """Read one poll. A message that cannot be read is a problem of its own row; its neighbours are not touched.

        Raises `RegistryUnavailable` where a schema has to be fetched and the registry does not answer: try again.
        """
        ...


class EventEncoder(Protocol):
    """Rows of the declared event to messages."""

    def encode(self, frame: pl.DataFrame) -> Records:
        """One message a row of a frame with the columns of `TickBatch.frame`; the key holds the key fields."""
        ...


class BarEncoder(Protocol):
    """Bars of all levels to messages."""

    def encode(self, blocks: Sequence[BarBlock], keys: Keys) -> list[Records]:
        """For each block one message a bar, in its order; the key holds the key fields and the slot's start.

        All blocks are of finals, or all of live bars. Many at once cost little more than one.
        """
        ...

    def tombstones(self, gone: BarId, keys: Keys) -> list[bytes]:
        """The keys of the messages that take bars back."""
        ...


class BarDecoder(Protocol):
    """Messages of `BarEncoder` to bars."""

    def place(self, key: bytes) -> tuple[tuple[object, ...], int]:
        """The key fields and the start (ns) that a message key names."""
        ...

    @property
    def lacks(self) -> Collection[str]:
        """Columns of `bar_schema` that its messages never have."""
        ...

    def kept(self, keys: Sequence[bytes], values: Sequence[bytes], *, final: bool) -> Sequence[bytes]:
        """What to keep of messages of a topic of finals or of live bars; `one` and `frame` need nothing else."""
        ...

    def one(self, level: int, key: bytes, value: bytes) -> dict[str, object]:
        """One bar that was `kept`, by the column names of `bar_schema`, but for those that it `lacks`."""
        ...

    def frame(self, level: int, keys: Sequence[bytes], values: Sequence[bytes]) -> pl.DataFrame:
        """Bars of one level that were `kept`, as a frame with `bar_schema`; what it `lacks` is null."""
        ...


class LateDecoder(Protocol):
    """Refused rows from messages."""

    def decode(self, value: bytes) -> SideRecord:
        """One of them; `SourceError` where the message is none of this definition."""
        ...


class LateEncoder(Protocol):
    """Refused rows to messages."""

    def encode(self, side: Sequence[SideRecord]) -> Records:
        """One message a row; the key holds the key fields as the bars' keys do, and is empty where they are unknown."""
        ...
