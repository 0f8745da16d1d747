"""Many Avro messages of one schema, read side by side.

A cursor for each message moves through all of them together, field by field, as columns of positions. So no message can
shift another: each ends where it ends, and one that would read beyond its end, or that stops before it, is refused with
the field at which it went wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from barloom.serde.avro.schema import AvroType
    from barloom.source.decoded import Problems
    from barloom.time.calendar import Booleans, Integers

__all__ = ["PADDING", "Leaf", "Part", "Walk", "Wanted"]

PADDING: Final = 16
"""Bytes that stand behind the last message, so that none is read with care for the end of memory."""

_STOPS: Final = np.uint64(0x8080808080808080)
_SEVEN: Final = np.uint64(0x7F7F7F7F7F7F7F7F)
_SQUEEZE: Final = tuple(
    (np.uint64(low), np.uint64(high), np.uint64(shift))
    for low, high, shift in (
        (0x007F007F007F007F, 0x7F007F007F007F00, 1),
        (0x00003FFF00003FFF, 0x3FFF00003FFF0000, 2),
        (0x000000000FFFFFFF, 0x0FFFFFFF00000000, 4),
    )
)
_ONE: Final = np.uint64(1)
_CONTINUED: Final = 0x80
_WORD: Final = 8
_INT_LOW: Final = -(2**31)
_INT_HIGH: Final = 2**31 - 1
_DEEPEST: Final = 64

Rows: TypeAlias = "Integers | None"
"""Positions among the messages; none for all of them."""


class Part:
    """What a wanted field holds in some rows.

    `numbers` are values, or an enum's codes; `at` and `size` are those of bytes, or of all items of an array.
    """

    __slots__ = ("at", "kind", "numbers", "rows", "size")

    def __init__(
        self,
        kind: AvroType,
        rows: Rows,
        numbers: NDArray[np.generic] | None = None,
        at: Integers | None = None,
        size: Integers | None = None,
    ) -> None:
        self.kind = kind
        self.rows = rows
        self.numbers = numbers
        self.at = at
        self.size = size


class Leaf:
    """A wanted field: what was found, one part for each type that it had."""

    def __init__(self) -> None:
        self.parts: list[Part] = []


Wanted: TypeAlias = "Leaf | dict[str, Wanted] | None"
"""What of a type is wanted: its value, some of its members (fields by name, items by position), or nothing."""


class Walk:
    """Cursors in `data`: message `i` stands from ``start[i]`` up to ``end[i]``; `PADDING` bytes follow the last."""

    def __init__(self, data: NDArray[np.uint8], start: Integers, end: Integers) -> None:
        self.data = data
        self.cursor = start.copy()
        self.end = end
        self.problems: Problems = {}
        self.refused: Booleans = np.zeros(len(end), np.bool_)
        words = len(data) - _WORD + 1
        self._words: NDArray[np.uint64] = np.ndarray((words,), "<u8", data, strides=(1,))
        self._path: list[str] = []
        self._readers: dict[str, Callable[[AvroType, Rows, Wanted], None]] = {
            "null": self._null,
            "boolean": self._boolean,
            "int": self._integer,
            "long": self._integer,
            "float": self._floating,
            "double": self._floating,
            "bytes": self._sized,
            "string": self._sized,
            "fixed": self._fixed,
            "enum": self._enum,
            "union": self._union,
            "record": self._record,
            "array": self._repeated,
            "map": self._repeated,
        }

    def read(self, kind: AvroType, wanted: Wanted) -> None:
        """Read all messages as values of one type, and refuse those that are not."""
        self._value(kind, None, wanted)
        rest = self.end - self.cursor
        for row in np.flatnonzero(rest).tolist():
            count = int(rest[row])
            text = f"{count} byte{'s' if count > 1 else ''} too many behind the last field"
            self.problems[row] = f"the message does not fit its schema: {text}"
            self.refused[row] = True

    def _value(self, kind: AvroType, rows: Rows, wanted: Wanted) -> None:
        if rows is not None and not len(rows):
            return
        if len(self._path) > _DEEPEST:
            self._fail(rows, None, f"nested more than {_DEEPEST} deep")
            return
        self._readers[kind.kind](kind, rows, wanted)

    # What follows are the kinds of types.

    def _null(self, kind: AvroType, rows: Rows, wanted: Wanted) -> None:
        """Nothing stands for nothing."""

    def _boolean(self, kind: AvroType, rows: Rows, wanted: Wanted) -> None:
        at = self._at(rows)
        flags = self.data[at]
        self._move(rows, at + 1)
        self._check(rows, flags > 1, "is neither true nor false")
        self._found(wanted, kind, rows, flags == 1)

    def _integer(self, kind: AvroType, rows: Rows, wanted: Wanted) -> None:
        numbers = self._varint(rows)
        if kind.kind == "int":
            self._check(rows, (numbers < _INT_LOW) | (numbers > _INT_HIGH), "leaves the 32 bits of an int")
        self._found(wanted, kind, rows, numbers)

    def _floating(self, kind: AvroType, rows: Rows, wanted: Wanted) -> None:
        at = self._at(rows)
        wide = kind.kind == "double"
        numbers = None
        if isinstance(wanted, Leaf):
            words = self._words[at]
            numbers = words.view(np.float64) if wide else words.astype(np.uint32).view(np.float32)
        self._move(rows, at + (8 if wide else 4))
        self._found(wanted, kind, rows, numbers)

    def _sized(self, kind: AvroType, rows: Rows, wanted: Wanted) -> None:
        size = self._varint(rows)
        size = self._within(rows, size)
        at = self._at(rows)
        self._move(rows, at + size)
        if isinstance(wanted, Leaf):
            wanted.parts.append(Part(kind, rows, at=at, size=size))

    def _fixed(self, kind: AvroType, rows: Rows, wanted: Wanted) -> None:
        at = self._at(rows)
        self._move(rows, at + kind.size)
        if isinstance(wanted, Leaf):
            size = np.full(len(at), kind.size)
            wanted.parts.append(Part(kind, rows, at=at, size=np.where(at + size <= self._ends(rows), size, 0)))

    def _enum(self, kind: AvroType, rows: Rows, wanted: Wanted) -> None:
        codes = self._varint(rows)
        beyond = (codes < 0) | (codes >= len(kind.symbols))
        if self._check(rows, beyond, f"is none of the {len(kind.symbols)} symbols of {kind.name}"):
            codes = np.where(beyond, 0, codes)
        self._found(wanted, kind, rows, codes)

    def _union(self, kind: AvroType, rows: Rows, wanted: Wanted) -> None:
        choice = self._varint(rows)
        count = len(kind.branches)
        beyond = (choice < 0) | (choice >= count)
        self._check(rows, beyond, f"is none of the {count} types of its union")
        for number, branch in enumerate(kind.branches):
            chosen = choice == number
            if chosen.all():
                self._value(branch, rows, wanted)
                return
            some = np.flatnonzero(chosen)
            self._value(branch, some if rows is None else rows[some], wanted)

    def _record(self, kind: AvroType, rows: Rows, wanted: Wanted) -> None:
        inner = wanted if isinstance(wanted, dict) else {}
        for each in kind.fields:
            self._path.append(each.name)
            self._value(each.type, rows, inner.get(each.name))
            self._path.pop()
        self._found(wanted, kind, rows, None)

    def _repeated(self, kind: AvroType, rows: Rows, wanted: Wanted) -> None:
        """Blocks of items, until one of none. Messages with fewer items drop out, the others go on."""
        assert kind.items is not None  # noqa: S101 - of the types that have items
        active = np.arange(len(self.cursor)) if rows is None else rows
        inner = wanted if isinstance(wanted, dict) else {}
        before = self._at(rows).copy()
        left, place = np.zeros(len(active), np.int64), 0
        while len(active):
            fresh = left == 0
            if fresh.any():
                left[fresh] = self._block(active[fresh])
                going = left > 0
                active, left = active[going], left[going]
            self._path.append(str(place))
            if kind.kind == "map":
                self._sized(kind, active, None)
            self._value(kind.items, active, inner.get(str(place)))
            self._path.pop()
            left -= 1
            place += 1
            ended = self.refused[active]
            if ended.any():
                active, left = active[~ended], left[~ended]
        if isinstance(wanted, Leaf):
            wanted.parts.append(Part(kind, rows, at=before, size=self._at(rows) - before))

    def _block(self, rows: Integers) -> Integers:
        """How many items the next block has; a block that also tells its bytes is read item by item all the same."""
        count = self._varint(rows)
        sized = count < 0
        if sized.any():
            self._varint(rows[sized])
            count = np.where(sized, -count, count)
        room = self.end[rows] - self.cursor[rows]
        self._check(rows, (count > room) | (count < 0), "tells of more items than there are bytes")
        return np.where((count > room) | (count < 0), 0, count)

    # What follows moves the cursors.

    def _at(self, rows: Rows) -> Integers:
        return self.cursor if rows is None else self.cursor[rows]

    def _ends(self, rows: Rows) -> Integers:
        return self.end if rows is None else self.end[rows]

    def _move(self, rows: Rows, to: Integers) -> None:
        ends = self._ends(rows)
        beyond = to > ends
        if beyond.any():
            self._fail(rows, beyond, "")
            to = np.minimum(to, ends)
        if rows is None:
            self.cursor = to
        else:
            self.cursor[rows] = to

    def _varint(self, rows: Rows) -> Integers:
        at = self._at(rows)
        first = self.data[at]
        size: Integers | int = 1
        if not len(first) or int(first.max()) < _CONTINUED:
            raw = first.astype(np.uint64)
        else:
            raw, size = self._long_varint(rows, at)
        self._move(rows, at + size)
        numbers: Integers = (raw >> _ONE).view(np.int64) ^ -(raw & _ONE).view(np.int64)
        return numbers

    def _long_varint(self, rows: Rows, at: Integers) -> tuple[NDArray[np.uint64], Integers]:
        """Up to ten bytes of seven bits, of which eight come in one word."""
        word = self._words[at]
        stops = ~word & _STOPS
        last = stops & (~stops + _ONE)
        mask = last | (last - _ONE)
        raw = word & mask & _SEVEN
        for low, high, shift in _SQUEEZE:
            raw = (raw & low) | ((raw & high) >> shift)
        size: Integers = (np.bitwise_count(mask) >> 3).astype(np.int64)
        longer = np.flatnonzero(stops == 0)
        if len(longer):
            ninth, tenth = self.data[at[longer] + 8], self.data[at[longer] + 9]
            on = ninth >= _CONTINUED
            raw[longer] |= (ninth & 0x7F).astype(np.uint64) << np.uint64(56)
            raw[longer] |= np.where(on, tenth & 1, 0).astype(np.uint64) << np.uint64(63)
            size[longer] += 1 + on
            if (on & (tenth > 1)).any():
                beyond = np.zeros(len(at), np.bool_)
                beyond[longer] = on & (tenth > 1)
                self._check(rows, beyond, "leaves the 64 bits of a long")
        return raw, size

    def _within(self, rows: Rows, size: Integers) -> Integers:
        """Sizes that the messages have; the others are refused, as nothing."""
        room = self._ends(rows) - self._at(rows)
        unfit = (size < 0) | (size > room)
        if not unfit.any():
            return size
        self._check(rows, size < 0, "has a negative length")
        self._fail(rows, unfit, "")
        return np.where(unfit, 0, size)

    def _found(self, wanted: Wanted, kind: AvroType, rows: Rows, numbers: NDArray[np.generic] | None) -> None:
        if isinstance(wanted, Leaf):
            wanted.parts.append(Part(kind, rows, numbers))

    def _check(self, rows: Rows, wrong: Booleans, text: str) -> bool:
        """Refuse the rows where something is wrong; whether there are any."""
        if not wrong.any():
            return False
        self._fail(rows, wrong, text)
        return True

    def _fail(self, rows: Rows, where: Booleans | None, text: str) -> None:
        """Refuse messages and put their cursors at their ends; the first thing that is wrong with one counts."""
        picked = np.arange(len(self.cursor)) if rows is None else rows
        picked = picked if where is None else picked[where]
        path = ".".join(self._path)
        what = f"{path!r} {text}" if text else f"it ends within {path!r}" if path else "it is too short"
        for row in picked.tolist():
            self.problems.setdefault(row, f"the message does not fit its schema: {what}")
        if rows is None:
            self.cursor = self.cursor.copy()
        self.cursor[picked] = self.end[picked]
        self.refused[picked] = True
