"""One record of fixed width for every bar, open or final: its partial columns and its book-keeping."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from barloom.engine.blocks import BarBlock, Completeness, Numbers, Values
from barloom.engine.values.exact import narrow
from barloom.errors import ExactnessError
from barloom.plan.barplan import Fold
from barloom.plan.columns import partial_text
from barloom.time.instants import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from barloom.engine.blocks import Keys
    from barloom.plan.barplan import BarPlan, Partial
    from barloom.time.calendar import Booleans, Integers

__all__ = ["Record", "RecordCodec"]

_BOOKKEEPING: Final = ("end", "open_time", "close_time", "revision", "filled", "slots", "expected")
_MISSING_AT: Final = len(_BOOKKEEPING)
_SYNTHETIC: Final = 1
_PARTIAL: Final = 2
_COMPLETE: Final = 2
"""How many flags stand below those that say whether a bar is complete."""
_WORDS: Final = tuple(member.name.lower() for member in Completeness)
_INT64_DIGITS: Final = 18
_SIGN: Final = 1 << 63
_WIDE_LIMIT: Final = 1 << 127
_LOW_MASK: Final = (1 << 64) - 1
_MOST_PARTIALS: Final = 64


class Record(NamedTuple):
    """One bar as Python values; `partials` are scaled integers, none for null.

    `missing` and `complete` mean nothing where the event declares no sequence.
    """

    end: int
    open_time: int
    close_time: int
    revision: int
    filled: int
    slots: int
    expected: int
    synthetic: bool
    partial: bool
    partials: tuple[int | None, ...]
    missing: int = 0
    complete: str = ""


class RecordCodec:
    """Bars of one definition to bytes and back. The key, the level and the start are not part of the record.

    Little-endian: seven int64 (end, open time, close time, revision, filled, slots, expected), a byte of flags, a bit
    field of nulls, then each partial as int64, or as 128 bits in two's complement where its type may need them. Where
    the event declares a sequence an eighth int64 says how many numbers are missing, and two of the flags whether the
    bar is complete.
    """

    def __init__(self, plan: BarPlan) -> None:
        self._partials = plan.partials
        self._levels = plan.levels
        self._wide = tuple(_is_wide(partial) for partial in plan.partials)
        self._says_valid = tuple(number in plan.optional for number in range(len(plan.partials)))
        groups = -(-len(plan.partials) // _MOST_PARTIALS)
        self._null_words = groups
        self._told = plan.event.sequence is not None
        numbers_kept = (*_BOOKKEEPING, "missing") if self._told else _BOOKKEEPING
        self._flags_at = len(numbers_kept)
        self._dtype = np.dtype(
            [(name, "<i8") for name in numbers_kept]
            + [("flags", "u1"), ("nulls", "<u8", (groups,))]
            + [
                item
                for number, wide in enumerate(self._wide)
                for item in ([(f"low{number}", "<u8"), (f"{number}", "<i8")] if wide else [(f"{number}", "<i8")])
            ]
        )
        numbers = "".join("Qq" if wide else "q" for wide in self._wide)
        self._struct = struct.Struct(f"<{len(numbers_kept)}qB{groups}Q{numbers}")
        self._any_wide = any(self._wide)

    @property
    def width(self) -> int:
        """Bytes a record."""
        return self._dtype.itemsize

    def encode(self, block: BarBlock, order: Integers | None = None, keys: Keys | None = None) -> list[bytes]:
        """One record a bar, in the order of the given rows; `ExactnessError` names the bar, with `keys` its key too."""
        records = np.zeros(len(block), dtype=self._dtype)
        for name in _BOOKKEEPING:
            records[name] = getattr(block, name)
        records["flags"] = block.synthetic * np.uint8(_SYNTHETIC) | block.partial * np.uint8(_PARTIAL)
        if self._told and block.missing is not None and block.complete is not None:
            records["missing"] = block.missing
            records["flags"] |= (block.complete << _COMPLETE).astype(np.uint8)
        for number, values in enumerate(block.partials):
            if not self._encode_partial(records, number, values):
                raise ExactnessError(self._too_large(block, number, keys))
        whole = records.view(f"V{self.width}")  # picking whole records is forty times as fast as picking their fields
        encoded: list[bytes] = (whole if order is None else whole[order]).tolist()
        return encoded

    def _encode_partial(self, records: NDArray[np.void], number: int, values: Values) -> bool:
        """Write one column; whether all of it fits."""
        numbers, valid = values
        if valid is not None:
            word, bit = divmod(number, _MOST_PARTIALS)
            records["nulls"][:, word] |= (~valid).astype(np.uint64) << np.uint64(bit)
            numbers = np.where(valid, numbers, 0)
        numbers = narrow(numbers)
        if numbers.dtype != object:
            records[f"{number}"] = numbers >> 63 if self._wide[number] else numbers
            if self._wide[number]:
                records[f"low{number}"] = numbers.view(np.uint64)
        elif self._wide[number] and max(-int(numbers.min()) - 1, int(numbers.max())) < _WIDE_LIMIT:
            records[f"{number}"] = (numbers >> 64).astype(np.int64)
            records[f"low{number}"] = (numbers & _LOW_MASK).astype(np.uint64)
        else:
            return False
        return True

    def _too_large(self, block: BarBlock, number: int, keys: Keys | None) -> str:
        values, valid = block.partials[number]
        limit = _WIDE_LIMIT if self._wide[number] else _SIGN
        row = next(
            place
            for place, value in enumerate(values.tolist())
            if (valid is None or valid[place]) and not -limit <= value < limit
        )
        of_key = "" if keys is None else f" of {', '.join(map(str, keys.rows(block.key[row : row + 1])[0]))}"
        partial, timeframe = self._partials[number], self._levels[block.level].timeframe
        return (
            f"{partial_text(partial)} in the {timeframe} bar{of_key} at {written(int(block.start[row]))} leaves the "
            f"range of its type, {partial.number}; leave the row with so large a number out with `where`, or declare "
            "its fields with fewer digits behind the point"
        )

    def decode(self, level: int, key: Integers, start: Integers, records: Sequence[bytes], *, final: bool) -> BarBlock:
        """The bars of parallel keys, starts and records; the arrays are read-only where they share memory."""
        rows = np.frombuffer(b"".join(records), dtype=self._dtype)
        columns = {name: np.ascontiguousarray(rows[name]) for name in _BOOKKEEPING}
        flags = rows["flags"]
        if self._told:
            columns["missing"] = np.ascontiguousarray(rows["missing"])
            columns["complete"] = (flags >> _COMPLETE).astype(np.int64)
        return BarBlock(
            level=level,
            final=final,
            key=key,
            start=start,
            synthetic=(flags & _SYNTHETIC).astype(np.bool_),
            partial=(flags & _PARTIAL).astype(np.bool_),
            partials=tuple(self._decode_partial(rows, number) for number in range(len(self._partials))),
            **columns,
        )

    def _decode_partial(self, rows: NDArray[np.void], number: int) -> Values:
        word, bit = divmod(number, _MOST_PARTIALS)
        null: Booleans = (rows["nulls"][:, word] >> np.uint64(bit) & np.uint64(1)).astype(np.bool_)
        valid = ~null if self._says_valid[number] or null.any() else None
        high: NDArray[np.int64] = np.ascontiguousarray(rows[f"{number}"])
        if not self._wide[number]:
            return Values(high, valid)
        low: NDArray[np.uint64] = np.ascontiguousarray(rows[f"low{number}"])
        small = low.view(np.int64)
        if bool((small >> 63 == high).all()):
            return Values(small, valid)
        wide: Numbers = high.astype(object) * (_LOW_MASK + 1) + low.astype(object)
        return Values(wide, valid)

    def decode_one(self, record: bytes) -> Record:
        """One record as Python values."""
        values = self._struct.unpack(record)
        flags = values[self._flags_at]
        first = self._flags_at + 1 + self._null_words
        numbers: tuple[Any, ...] = values[first:]
        if self._any_wide:
            numbers = self._join_wide(numbers)
        if any(values[self._flags_at + 1 : first]):
            numbers = _with_nulls(numbers, values[self._flags_at + 1 : first])
        synthetic, partial = bool(flags & _SYNTHETIC), bool(flags & _PARTIAL)
        told = (values[_MISSING_AT], _WORDS[flags >> _COMPLETE]) if self._told else (0, "")
        return Record._make((*values[:_MISSING_AT], synthetic, partial, numbers, *told))

    def _join_wide(self, numbers: tuple[int, ...]) -> tuple[int, ...]:
        parts = iter(numbers)
        return tuple([next(parts) + (next(parts) << 64) if wide else next(parts) for wide in self._wide])


def _with_nulls(numbers: tuple[int, ...], words: tuple[int, ...]) -> tuple[int | None, ...]:
    return tuple(
        None if words[number // _MOST_PARTIALS] >> number % _MOST_PARTIALS & 1 else value
        for number, value in enumerate(numbers)
    )


def _is_wide(partial: Partial) -> bool:
    if partial.fold is Fold.COUNT or (partial.stamp_of is not None and partial.expression is None):
        return False
    if partial.fold is Fold.SUM:
        return True
    return not partial.number.integer and partial.number.precision > _INT64_DIGITS
