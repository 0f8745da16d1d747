"""Standard input: CSV or JSON lines as they come, each block arriving when it is received."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np

from barloom.clock import SystemClock
from barloom.errors import SourceError
from barloom.source.feeds.live import LiveSource, Received
from barloom.source.files.textfile import check_is_text
from barloom.source.formats import record_format

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from barloom.clock import Clock
    from barloom.plan.barplan import BarPlan
    from barloom.source.files.textfile import RecordFormat
    from barloom.time.calendar import Integers

__all__ = ["StandardInput"]

_BLOCK: Final = 1 << 18
_BYTES_A_ROW: Final = 64
_LONGEST_LINE: Final = 16 << 20
_BOM: Final = b"\xef\xbb\xbf"


class StandardInput(LiveSource[bytes]):
    """Reads a stream of text to its end. Without a stated format the first character tells: JSON begins with { or [."""

    def __init__(self, plan: BarPlan, stream: BinaryIO | None = None, *, clock: Clock | None = None) -> None:
        super().__init__(plan, "standard input", clock or SystemClock())
        self._stream = sys.stdin.buffer if stream is None else stream
        self._rest = b""
        self._format: RecordFormat | None = None
        if plan.source.format in ("parquet", "ipc"):
            kind = "Parquet" if plan.source.format == "parquet" else "Arrow IPC"
            message = f"{kind} cannot be read from standard input, since its index stands at its end; name the file"
            raise SourceError(message)

    def _items(self) -> Iterator[bytes]:
        """Whatever is there, without waiting for more.

        Past the buffered reader, whose lock a waiting thread would hold while the interpreter shuts down.
        """
        try:
            number = self._stream.fileno()
        except io.UnsupportedOperation:
            yield from iter(lambda: self._stream.read(_BLOCK), b"")
        else:
            yield from iter(lambda: os.read(number, _BLOCK), b"")

    def _weight(self, item: bytes) -> int:
        return max(len(item) // _BYTES_A_ROW, 1)

    def _received(self, items: Sequence[tuple[bytes, int]], *, ended: bool) -> Iterator[Received]:
        data = b"".join([self._rest, *(item for item, _ in items)])
        if ended and data and not data.endswith(b"\n"):
            data += b"\n"
        end = data.rfind(b"\n") + 1
        data, self._rest = data[:end], data[end:]
        if len(self._rest) > _LONGEST_LINE:
            message = f"{self.name} has no line end within {_LONGEST_LINE >> 20} MiB: it is no text of lines"
            raise SourceError(message)
        if self._format is None:
            data = self._begin(data)
        if data and self._format is not None:
            records = self._format.whole(data, ended=ended)
            data, self._rest = records, data[len(records) :] + self._rest
        if data and self._format is not None:
            yield self._rows(data, items[-1][1] if items else self._clock.now())

    def _begin(self, data: bytes) -> bytes:
        """Take the first line; what is left of the data."""
        data = data.removeprefix(_BOM).lstrip(b"\r\n")
        if not data:
            return b""
        check_is_text(data[:1024], self.name)
        stated = self._plan.source.format
        kind = stated or ("jsonl" if data.lstrip()[:1] in (b"{", b"[") else "csv")
        self._format = record_format(kind, self._decoder)
        line, _, following = data.partition(b"\n")
        return following if self._format.begin(line.rstrip(b"\r"), self.name) else data

    def _rows(self, data: bytes, arrival: int) -> Received:
        assert self._format is not None  # noqa: S101 - set before any rows
        records = self._format
        parsed = records.parse(data)
        rows = self._decoder.decode(parsed.columns, parsed.count, parsed.refused, self.name)

        def texts(wanted: Integers) -> pl.Series:
            return records.texts(data, wanted)

        return Received(rows, texts).at(np.full(rows.count, arrival))
