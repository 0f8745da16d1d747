"""Reading ranges of bars, in chunks of bounded size."""

from __future__ import annotations

from dataclasses import replace
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

import numpy as np

from barloom.engine.frames import bar_frame
from barloom.store.backend import Family
from barloom.store.keys import START_BYTES, after, decode_start, encode_start
from barloom.store.side import decode_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import polars as pl

    from barloom.engine.blocks import BarBlock
    from barloom.store.backend import Backend
    from barloom.store.layout import Layout
    from barloom.store.protocol import SideRecord
    from barloom.time.calendar import Calendar, Integers

__all__ = ["BarKind", "KeyList", "Place", "Scanner", "Selection", "Stored"]

BarKind: TypeAlias = Literal["final", "live"]
Stored: TypeAlias = tuple[bytes, bytes]
"""Where a bar stands, and its record."""

_CHUNK: Final = 65_536
_FAMILIES: Final[dict[str, Family]] = {"final": Family.FINAL, "live": Family.OPEN}


class Place(NamedTuple):
    """One stored bar: its encoded key, its start, and its record."""

    key: bytes
    start: int
    record: bytes


class Selection(NamedTuple):
    """Bars of a level: of one (encoded) key or of all, with ``first <= start < last``."""

    kind: BarKind
    level: int
    key: bytes | None = None
    first: int | None = None
    last: int | None = None


class KeyList:
    """Key numbers of a block read from the store: positions in a list."""

    def __init__(self, rows: Sequence[tuple[object, ...]]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, ids: Integers) -> list[tuple[object, ...]]:
        """The key fields of each id."""
        return [self._rows[number] for number in ids.tolist()]


class Scanner:
    """Ranges of a store's bars."""

    def __init__(self, layout: Layout, backend: Backend, calendar: Callable[[], Calendar]) -> None:
        self._layout = layout
        self._backend = backend
        self._calendar = calendar

    def places(self, selection: Selection, *, backwards: bool = False) -> Iterator[Place]:
        """The selected bars as they are stored."""
        key_of = self._layout.key_of
        for place, record in self.stored(selection, backwards=backwards):
            yield Place(key_of(place), decode_start(place), record)

    def blocks(self, selection: Selection, rows: int = _CHUNK) -> Iterator[tuple[KeyList, BarBlock]]:
        """The selected bars as blocks of at most `rows`, sorted by key and start."""
        found = self.stored(selection)
        while chunk := list(islice(found, rows)):
            numbers: dict[bytes, int] = {}
            block = self._block(chunk, numbers, final=selection.kind == "final")
            yield KeyList([self._layout.keys.decode(item) for item in numbers]), block

    def frames(self, selection: Selection, rows: int = _CHUNK) -> Iterator[pl.DataFrame]:
        """The same as frames with `barloom.engine.frames.bar_schema`; none where nothing is found."""
        for keys, block in self.blocks(selection, rows):
            yield bar_frame(self._layout.plan, self._calendar(), keys, block)

    def frame(self, level: int, bars: Sequence[Stored], *, final: bool) -> pl.DataFrame:  # noqa: ARG002 - places say it
        """Some bars of one level, finals or live ones, as a frame with the same columns, in their order."""
        numbers: dict[bytes, int] = {}
        block = self._block(bars, numbers, final=final)
        keys = KeyList([self._layout.keys.decode(key) for key in numbers])
        return bar_frame(self._layout.plan, self._calendar(), keys, block)

    def stored(self, selection: Selection, *, backwards: bool = False) -> Iterator[Stored]:
        """The selected bars as places and records, which sort as their keys and starts do."""
        kind, level, key, first, last = selection
        lower, upper = self._layout.bounds(level, key, first, last)
        found = self._backend.scan(_FAMILIES[kind], lower, upper, backwards=backwards)
        if key is not None or (first is None and last is None):
            return found
        return (item for item in found if _within(decode_start(item[0]), first, last))

    def _block(self, chunk: Sequence[tuple[bytes, bytes]], numbers: dict[bytes, int], *, final: bool) -> BarBlock:
        """Bars of one level; `numbers` learns the keys that it does not hold yet."""
        number, key_of = numbers.setdefault, self._layout.key_of
        ids = np.array([number(key_of(place), len(numbers)) for place, _ in chunk], dtype=np.int64)
        return self._layout.block([place for place, _ in chunk], [record for _, record in chunk], ids, final=final)

    def state(self, family: Family, numbers: dict[bytes, int]) -> tuple[BarBlock, ...]:
        """All bars of a small family, one block a level, sorted by start and key number."""
        by_level: dict[int, list[tuple[bytes, bytes]]] = {}
        for place, record in self._backend.scan(family, b"", None):
            item = (place, record) if family is Family.OPEN else _with_start(place, record)
            by_level.setdefault(place[0], []).append(item)
        final = family is Family.LATEST
        return tuple(_sorted(self._block(chunk, numbers, final=final)) for chunk in by_level.values())

    def keys(self, level: int, first: bytes = b"") -> Iterator[bytes]:
        """The encoded keys that have bars in a level, in order from `first` on, by leaping from key to key."""
        yield from _merged([self.keys_in(family, level, first) for family in (Family.FINAL, Family.OPEN)])

    def keys_in(self, family: Family, level: int, first: bytes = b"") -> Iterator[bytes]:
        """The encoded keys that have bars in a level of one family."""
        prefix = self._layout.prefix(level)
        lower: bytes | None = prefix + first
        while lower is not None:
            place = self._backend.first(family, lower)
            if place is None or not place.startswith(prefix):
                return
            key = self._layout.key_of(place)
            yield key
            lower = after(prefix + key)

    def side_blocks(self) -> Iterator[Sequence[SideRecord]]:
        """The refused rows as they are stored, oldest first: `RefusedRows` where many came together."""
        for _, data in self._backend.scan(Family.REJECTED, encode_start(0), None):
            yield decode_side(data, self._layout.keys.decode)

    def side(self, first: int = 0) -> Iterator[tuple[int, SideRecord]]:
        """Refused rows with their numbers, from number `first` on."""
        for place, data in self._backend.scan(Family.REJECTED, encode_start(first), None):
            records = decode_side(data, self._layout.keys.decode)
            number = decode_start(place) - len(records) + 1
            yield from islice(enumerate(records, number), max(first - number, 0), None)


def _with_start(place: bytes, record: bytes) -> tuple[bytes, bytes]:
    """The latest finals have no start in their place, but before their record."""
    return place + record[:START_BYTES], record[START_BYTES:]


def _within(start: int, first: int | None, last: int | None) -> bool:
    return (first is None or start >= first) and (last is None or start < last)


def _merged(sources: Iterable[Iterator[bytes]]) -> Iterator[bytes]:
    before: bytes | None = None
    for key in merge(*sources):
        if key != before:
            yield key
        before = key


def _sorted(block: BarBlock) -> BarBlock:
    order = np.lexsort((block.key, block.start))
    names = ("key", "start", "end", "open_time", "close_time", "revision", "filled", "slots", "expected")
    columns = {name: getattr(block, name)[order] for name in (*names, "synthetic", "partial")}
    partials = tuple(
        type(value)(value.numbers[order], None if value.valid is None else value.valid[order])
        for value in block.partials
    )
    return replace(block, partials=partials, **columns)
