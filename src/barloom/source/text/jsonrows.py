"""Records of JSON that hold several ticks, to columns with a row for each tick.

A record is a line, or a whole document over several lines: which of the two a file has, its first line tells. Where the
lines of what begins like a document cannot be of one, each of them is a record.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np

from barloom.errors import SourceError
from barloom.source.columns import missing_column
from barloom.source.text.csv import TextColumns
from barloom.source.text.items import Items
from barloom.source.text.rawtext import as_texts
from barloom.source.text.records import NO_TEXTS, TextFields, Written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from barloom.source.decoded import Problems
    from barloom.source.text.items import Taken
    from barloom.source.text.records import Json
    from barloom.time.calendar import Integers

__all__ = ["JsonRows"]

_BLANK: Final = b" \t\r"
_LONGEST_DOCUMENT: Final = 64 << 20
_NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError)
_ESCAPED: Final = re.compile(rb"\\.", re.DOTALL)
_NEW_VALUE: Final = re.compile(rb'[}\]"0-9el][ \t\r]*\n[ \t\r\n]*[{\["]')
"""A value behind which a line ends and another begins, with no comma: two documents, or two lines."""

_DEPTH: Final = np.zeros(256, np.int8)
_DEPTH[list(b"[{")] = 1
_DEPTH[list(b"]}")] = -1


class _Known(NamedTuple):
    """Up to where lines were looked at, whether a quote is open there, and how many brackets are."""

    until: int
    quotes: int
    depth: int


_NOTHING: Final = _Known(0, 0, 0)


class JsonRows:
    """Reads JSON of which each item of a list is a row; see `Items`. Some item must have each of `needed`."""

    opened = "bracket"

    def __init__(
        self, rows: str, paths: Mapping[str, str], needed: Sequence[str], texts: TextFields = NO_TEXTS
    ) -> None:
        self._items = Items(rows, paths, texts)
        self._paths = paths
        self._needed = [name for name in needed if name in paths]
        self._decoder = msgspec.json.Decoder(float_hook=Written)
        self._over_lines = False
        self._checked = False
        self._where = ""
        self._held, self._known = b"", _NOTHING

    def begin(self, line: bytes, where: str) -> bool:
        """Take the first line, which is never a header."""
        self._where = where
        self._over_lines = not self._is_json(line)
        return False

    def whole(self, data: bytes, *, ended: bool) -> bytes:
        """The documents that end in these lines; raises `SourceError` for one that is too long to be held."""
        if ended or not self._over_lines:
            return data
        again = bool(self._held) and data.startswith(self._held)
        ends, known = self._looked_through(data, self._known if again else _NOTHING)
        taken = data[: int(ends[-1]) + 1] if len(ends) else b""
        self._held, self._known = (b"", _NOTHING) if taken else (data, known)
        if self._over_lines and len(data) - len(taken) > _LONGEST_DOCUMENT:
            message = (
                f"{self._where} holds a JSON document of more than {_LONGEST_DOCUMENT >> 20} MiB; "
                "write its rows one a line, as jq -c '.path.to.rows[]' does"
            )
            raise SourceError(message)
        return taken if self._over_lines else data

    def unclosed(self, data: bytes) -> bool:  # noqa: ARG002 - what cannot be a document never is one
        """Never: a document that is not closed may still be being written."""
        return False

    def complete(self, data: bytes) -> bool:
        """Whether the last line, which has no end, is whole all the same: JSON that is closed is."""
        return data.rstrip()[-1:] in (b"]", b"}") and self._is_json(data)

    def parse(self, data: bytes) -> TextColumns:
        """Read whole records. Raises `SourceError` where a file's first rows are not JSON or lack a needed field."""
        taken = self._take(data)
        columns = self._items.columns(taken)
        if not self._checked:
            self._check(taken)
        return TextColumns(columns, taken.count, taken.refused)

    def texts(self, data: bytes, rows: Integers) -> pl.Series:
        """The texts of some rows: of their items, or of records that are refused as a whole."""
        taken, records = self._take(data), self._split(data)
        return as_texts(
            [records[taken.record[row]] if row in taken.whole else taken.text(row).encode() for row in rows.tolist()]
        )

    def _take(self, data: bytes) -> Taken:
        refused: Problems = {}
        records = self._decoded(data, refused)
        return self._items.take(records, refused)

    def _decoded(self, data: bytes, refused: Problems) -> list[Json]:
        try:
            records: list[Json] = [] if self._over_lines else self._decoder.decode_lines(data)
            if records and len(records) == data.count(b"\n"):
                return records
        except _NOT_JSON:
            pass
        records = []
        for row, text in enumerate(self._split(data)):
            try:
                records.append(self._decoder.decode(text))
            except _NOT_JSON as error:
                records.append(None)
                refused[row] = f"the row is not JSON: {error}"
        return records

    def _split(self, data: bytes) -> list[bytes]:
        """The records of whole lines."""
        if not self._over_lines:
            return [line.removesuffix(b"\r") for line in data.split(b"\n") if line.strip(_BLANK)]
        edges = [0, *(self._ends(data) + 1).tolist(), len(data)]
        texts = [data[start:stop].strip(b" \t\r\n") for start, stop in pairwise(edges)]
        return [text for text in texts if text] if self._over_lines else self._split(data)

    def _ends(self, data: bytes) -> Integers:
        """The line ends at which no bracket is open. Where they cannot be a document's, lines are records from now on.

        A text in quotes goes over no line end in JSON.
        """
        return self._looked_through(data, _NOTHING)[0]

    def _looked_through(self, data: bytes, known: _Known) -> tuple[Integers, _Known]:
        """The same, and what is known by now of all lines but the last.

        What was `known` of the lines that begin `data`, in which no document ends, is not looked at again.
        """
        rest = data[known.until :]
        plain = _ESCAPED.sub(b"__", rest) if b"\\" in rest else rest
        letters = np.frombuffer(plain, np.uint8)
        quotes = np.cumsum(letters == ord('"')) + known.quotes
        depth = np.where(quotes % 2, 0, _DEPTH[letters]).cumsum(dtype=np.int64) + known.depth
        breaks = (plain.find(b"\n", found.start()) for found in _NEW_VALUE.finditer(plain))
        if any(depth[place] > 0 for place in breaks):
            self._over_lines = False
        line = plain.rstrip(b" \t\r\n").rfind(b"\n")
        ends = np.flatnonzero((letters == ord("\n")) & (depth <= 0)) + known.until
        if line < 0:
            return ends, known
        return ends, _Known(known.until + line + 1, int(quotes[line]) % 2, int(depth[line]))

    def _is_json(self, text: bytes) -> bool:
        try:
            self._decoder.decode(text)
        except _NOT_JSON:
            return False
        return True

    def _check(self, taken: Taken) -> None:
        told = list(taken.refused.values())
        if taken.count and len(told) == taken.count and all(text.startswith("the row is not JSON") for text in told):
            message = f"{self._where} is no JSON, neither one value a line nor a document over several ({told[0]})"
            raise SourceError(message)
        self._checked = len(told) < taken.count
        for name in self._needed:
            known = self._items.missing(taken, name)
            if known is not None:
                raise missing_column(name, self._paths[name], known, self._where)
