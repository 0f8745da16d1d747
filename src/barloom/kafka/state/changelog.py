"""The state of a partition as records of a compacted topic, and back.

A record's key is the letter of its family and its place there; a record without value deletes. Places and values are
those of the store: open bars under (level, key, start), latest finals under (level, key), entries by name. `META` says
which definition made it, in which format; `POSITION` how far the input was read when the state was as it is.
`HEADERS` begins the keys of what bars carry of the headers of ticks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np

from barloom.plan.document import plan_document
from barloom.plan.identity import fingerprint
from barloom.store.backend import Family
from barloom.store.keys import encode_start
from barloom.store.places import Places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.blocks import BarBlock, BarId, Keys, Step
    from barloom.plan.barplan import BarPlan
    from barloom.store.layout import Layout
    from barloom.time.calendar import Booleans, Integers

__all__ = [
    "FORMAT",
    "HEADERS",
    "META",
    "NOTHING_OPEN",
    "POSITION",
    "TAGS",
    "Change",
    "ChangelogWriter",
    "Meta",
    "Position",
    "meta_record",
]

FORMAT: Final = 1
TAGS: Final = {Family.OPEN: b"o", Family.LATEST: b"l", Family.ENTRIES: b"e", Family.META: b"m"}
HEADERS: Final = b"h"
"""The family of the headers that bars carry, by key; a store has none."""
_DEFINITION: Final = b"definition"
_POSITION: Final = b"position"
META: Final = TAGS[Family.META] + _DEFINITION
POSITION: Final = TAGS[Family.META] + _POSITION
NOTHING_OPEN: Final = int(np.iinfo(np.int64).min)
"""The last open bar of a level that has none."""
_FIRST_KEYS: Final = 256


class Change(NamedTuple):
    """A record of the changelog; without value it deletes."""

    key: bytes
    value: bytes | None


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far the input was read: the next offset by topic; and whose transactional id wrote it.

    `owner` is empty where the owner gave the partition up in an orderly way: nothing of it can be left open.
    `inputs` are the ids of the input topics: offsets of a topic that was deleted and made again mean other records.
    `marks` say up to when each of several topics was complete for all keys of the partition.
    """

    offsets: dict[str, int]
    owner: str = ""
    inputs: dict[str, str] = {}
    marks: dict[str, int] = {}
    v: int = FORMAT

    def change(self) -> Change:
        """Its record."""
        return Change(POSITION, msgspec.json.encode(self))


class Meta(msgspec.Struct):
    """Which definition made a changelog, and in which format."""

    fingerprint: str
    plan: dict[str, object]
    v: int = FORMAT


def meta_record(plan: BarPlan) -> Change:
    """What says by which definition, and in which format, a changelog is written."""
    return Change(META, msgspec.json.encode(Meta(fingerprint(plan), plan_document(plan))))


class ChangelogWriter:
    """Turns the steps of one engine into changes.

    It remembers for each level and key the last slot that was written as open, so that a bar that opens and closes in
    one step costs no record. `held` is for each level the start of the last open bar that the changelog holds already.
    """

    def __init__(self, layout: Layout, held: Sequence[int]) -> None:
        self._layout = layout
        levels = len(layout.plan.levels)
        self._tags = [TAGS[Family.OPEN] + layout.prefix(level) for level in range(levels)]
        self._latest_tags = [TAGS[Family.LATEST] + layout.prefix(level) for level in range(levels)]
        self._places = Places()
        self._stood_until = np.array(held, np.int64)
        self._open_until: Integers = np.empty((levels, 0), np.int64)

    def changes(self, step: Step, keys: Keys) -> tuple[list[bytes], list[bytes | None]]:
        """Keys and values of the records that bring the changelog to where the step brought the engine."""
        self._learn(keys)
        places: list[bytes] = []
        values: list[bytes | None] = []
        for block in step.finals:
            self._close(block, keys, places, values)
        for gone in step.retracted:
            self._retract(gone, places, values)
        for block in step.lives:
            places += self._places.of_bars(self._tags[block.level], block.key, block.start)
            values += self._layout.records.encode(block, None, keys)
            np.maximum.at(self._open_until[block.level], block.key, block.start)
        for name, value in step.entries.items():
            places.append(TAGS[Family.ENTRIES] + name)
            values.append(value)
        return places, values

    def _learn(self, keys: Keys) -> None:
        known = len(self._places)
        if known < len(keys):
            encode = self._layout.keys.encode
            self._places.add([encode(row) for row in keys.rows(np.arange(known, len(keys)))])
            held = self._open_until.shape[1]
            if len(keys) > held:
                wider = np.repeat(self._stood_until[:, np.newaxis], max(len(keys), 2 * held, _FIRST_KEYS), axis=1)
                wider[:, :held] = self._open_until
                self._open_until = wider

    def _close(self, block: BarBlock, keys: Keys, places: list[bytes], values: list[bytes | None]) -> None:
        was_open = self._open_until[block.level, block.key] >= block.start
        if was_open.any():
            gone = self._places.of_bars(self._tags[block.level], block.key[was_open], block.start[was_open])
            places += gone
            values += [None] * len(gone)
        if block.level in self._layout.plan.keeps_latest:
            self._put_latest(block, keys, places, values)

    def _put_latest(self, block: BarBlock, keys: Keys, places: list[bytes], values: list[bytes | None]) -> None:
        chosen = np.flatnonzero(_last_real(block))
        places += self._places.of_keys(self._latest_tags[block.level], block.key[chosen])
        records = self._layout.records.encode(block, chosen, keys)
        starts = block.start[chosen].tolist()
        values += [encode_start(start) + record for start, record in zip(starts, records, strict=True)]

    def _retract(self, gone: BarId, places: list[bytes], values: list[bytes | None]) -> None:
        found = self._places.of_bars(self._tags[gone.level], gone.key, gone.start)
        places += found
        values += [None] * len(found)


def _last_real(block: BarBlock) -> Booleans:
    """The latest bar with ticks of each key; the block is sorted by key and start."""
    chosen = np.zeros(len(block), np.bool_)
    real = np.flatnonzero(~block.synthetic)
    if len(real):
        key = block.key[real]
        chosen[real[np.append(key[1:] != key[:-1], True)]] = True
    return chosen
