"""What stands in a wanted field of Avro messages, as a column."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.engine.blocks import Numbers, Values
from barloom.engine.frames import TIME
from barloom.engine.values.exact import MAX_DIGITS, to_series, widen
from barloom.errors import SourceError
from barloom.plan.barplan import FieldKind, NumberType
from barloom.serde.avro.one import read_one
from barloom.source.decoded import overwrite
from barloom.source.fields import column_type, decode_field
from barloom.source.lists import packed
from barloom.source.prepared import prepared

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from polars._typing import TimeUnit

    from barloom.plan.barplan import Field, SourcePlan
    from barloom.serde.avro.schema import AvroType
    from barloom.serde.avro.walk import Leaf, Part
    from barloom.source.decoded import Problems
    from barloom.time.calendar import Integers

__all__ = ["Messages", "column_dtype", "column_of_leaf"]

_WORD: Final = 8
_BITS: Final = 8
_TIMES: Final[dict[str, TimeUnit]] = {"millis": "ms", "micros": "us", "nanos": "ns"}


class Messages:
    """The bytes that spans point into: `values` by message, `data` all of them joined, `start` where each begins."""

    def __init__(self, values: pl.Series, data: NDArray[np.uint8], start: Integers) -> None:
        self._values = values
        self._start = start
        self.data = data
        self.count = len(start)
        self._words: NDArray[np.int64] = np.ndarray((len(data) - _WORD + 1,), ">i8", data, strides=(1,))

    def rows(self, part: Part) -> Integers:
        """Which messages a part is of."""
        return np.arange(self.count) if part.rows is None else part.rows

    def texts(self, at: Integers, size: Integers, rows: Integers | None = None) -> pl.Series:
        """Spans of messages (or of some `rows`) as texts; what is not UTF-8 is null."""
        values = self._values if rows is None else self._values.gather(rows)
        start = self._start if rows is None else self._start[rows]
        frame = pl.DataFrame([values.alias("value"), pl.Series("at", at - start), pl.Series("size", size)])
        spans = frame.select(pl.col("value").bin.slice(pl.col("at"), pl.col("size")))["value"]
        try:
            return spans.cast(pl.String)
        except pl.exceptions.ComputeError:
            return pl.Series([_utf8(span) for span in spans.to_list()], dtype=pl.String)

    def word(self, at: Integers) -> Integers:
        """The eight bytes there as a big-endian integer."""
        return self._words[at].astype(np.int64)


def _utf8(span: bytes) -> str | None:
    try:
        return span.decode()
    except UnicodeDecodeError:
        return None


def column_of_leaf(leaf: Leaf, field: Field, source: SourcePlan, messages: Messages, refused: Problems) -> pl.Series:
    """The values of all messages; rows whose value cannot be the field's are `refused`.

    Raises `SourceError`, a phrase that continues "the column", where every message has a type that cannot.
    """
    parts = leaf.parts
    if len(parts) == 1 and parts[0].rows is None:
        return _series(parts[0], field, messages, refused)
    column = pl.Series([None], dtype=column_dtype(field)).new_from_index(0, messages.count)
    for part in parts:
        if part.kind.kind != "null":
            column = overwrite(column, messages.rows(part), _decoded(part, field, source, messages, refused))
    return column


def _decoded(part: Part, field: Field, source: SourcePlan, messages: Messages, refused: Problems) -> pl.Series:
    """One of several types that a field has: read as the field's, so that they go into one column."""
    rows = messages.rows(part).tolist()
    try:
        ready = prepared(_series(part, field, messages, refused), field, source)
        values, problems = decode_field(ready.column, field, source)
    except SourceError as error:
        for row in rows:
            refused.setdefault(row, f"{field.name}: the value {error}")
        return pl.Series([None], dtype=column_dtype(field)).new_from_index(0, len(rows))
    for place, text in (*problems.items(), *ready.problems.items()):
        refused.setdefault(rows[place], f"{field.name}: {text}")
    return values.cast(column_dtype(field))


def column_dtype(field: Field) -> pl.DataType:
    """A type that holds a field's values before they are decoded: times of any unit."""
    return TIME if field.kind is FieldKind.TIMESTAMP else column_type(field)


def _series(part: Part, field: Field, messages: Messages, refused: Problems) -> pl.Series:
    kind = part.kind
    if kind.logical == "decimal":
        return _decimals(part, field, messages, refused)
    if kind.kind == "string" or (kind.kind == "bytes" and field.kind is FieldKind.STRING):
        return _texts(part, field, messages, refused)
    if kind.kind == "array" and field.separator is not None:
        return _lists(part, field, messages, refused)
    if part.numbers is None:
        wanted = field.number or field.kind.value
        message = f"is {kind}, which is no {wanted}"
        raise SourceError(message)
    numbers = pl.Series(part.numbers)
    if kind.kind == "enum":
        return pl.Series(kind.symbols, dtype=pl.String).gather(numbers)
    return numbers.cast(_time_type(kind)) if field.kind is FieldKind.TIMESTAMP and kind.logical else numbers


def _lists(part: Part, field: Field, messages: Messages, refused: Problems) -> pl.Series:
    """Arrays of plain values, packed; equal ones are read once."""
    assert part.at is not None and part.size is not None  # noqa: PT018, S101 - spans have places
    spans = zip(part.at.tolist(), (part.at + part.size).tolist(), strict=True)
    found = [messages.data[at:end].tobytes() for at, end in spans]
    read = {span: _packed(part.kind, span) for span in set(found)}
    for row, span in zip(messages.rows(part).tolist(), found, strict=True):
        if read[span] is None:
            refused.setdefault(row, f"{field.name}: the array holds no texts or whole numbers")
    return pl.Series([read[span] for span in found], dtype=pl.String)


def _packed(kind: AvroType, span: bytes) -> str | None:
    try:
        return packed(read_one(kind, span, 0)[0])
    except (IndexError, ValueError, struct.error):
        return None


def _time_type(kind: AvroType) -> pl.DataType:
    if kind.logical == "date":
        return pl.Date()
    unit = _TIMES[kind.logical.rpartition("-")[2]]
    return pl.Datetime(unit, None if kind.logical.startswith("local") else "UTC")


def _texts(part: Part, field: Field, messages: Messages, refused: Problems) -> pl.Series:
    assert part.at is not None and part.size is not None  # noqa: PT018, S101 - spans have places
    texts = messages.texts(part.at, part.size, part.rows)
    if texts.null_count():
        for row in messages.rows(part)[texts.is_null().to_numpy()].tolist():
            refused.setdefault(row, f"{field.name}: the bytes are no UTF-8 text")
    return texts


def _decimals(part: Part, field: Field, messages: Messages, refused: Problems) -> pl.Series:
    """Big-endian integers in two's complement: in 64 bits where they fit, by way of Python where they do not."""
    at, size, scale = part.at, part.size, part.kind.scale
    assert at is not None and size is not None  # noqa: PT018, S101 - spans have places
    if scale > MAX_DIGITS:
        message = f"is {part.kind}, which has more than {MAX_DIGITS} digits"
        raise SourceError(message)
    empty = size == 0
    head = messages.word(at) >> np.where(empty, 0, np.maximum(_BITS * (_WORD - size), 0))
    numbers: Numbers = np.where(empty, 0, head)
    if len(size) and int(size.max()) > _WORD:
        numbers = _long_decimals(messages, at, size, numbers)
    beyond = np.flatnonzero(empty | np.asarray(abs(numbers) >= 10**MAX_DIGITS) if numbers.dtype == object else empty)
    if len(beyond):
        rows = messages.rows(part)
        for place in beyond.tolist():
            what = "the decimal has no bytes" if empty[place] else f"the decimal has more than {MAX_DIGITS} digits"
            refused.setdefault(int(rows[place]), f"{field.name}: {what}")
        numbers[beyond] = 0
    return to_series(field.name, Values(numbers, None), NumberType(MAX_DIGITS, scale))


def _long_decimals(messages: Messages, at: Integers, size: Integers, numbers: Numbers) -> Numbers:
    """With those of more than eight bytes: most hold a number that would do with eight."""
    long = np.flatnonzero(size > _WORD)
    first, tail = at[long], messages.word(at[long] + size[long] - _WORD)
    head = messages.word(first) >> np.maximum(_BITS * (2 * _WORD - size[long]), 0)
    numbers[long] = tail
    wide = long[(head != tail >> (_BITS * _WORD - 1)) | (size[long] > 2 * _WORD)]
    if len(wide):
        numbers = widen(numbers)
        data = messages.data
        for place in wide.tolist():
            span = data[at[place] : at[place] + size[place]].tobytes()
            numbers[place] = int.from_bytes(span, "big", signed=True)
    return numbers
