"""An engine that follows a changelog: of a partition that is being taken over, or of one that may have to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from barloom.engine.blocks import BarId
from barloom.engine.engine import Engine
from barloom.kafka.state.changelog import (
    HEADERS,
    META,
    NOTHING_OPEN,
    POSITION,
    TAGS,
    ChangelogWriter,
    Position,
)
from barloom.kafka.state.origin import refuse_unless_ours
from barloom.store.backend import Family
from barloom.store.keys import START_BYTES, decode_starts
from barloom.store.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.blocks import BarBlock
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Calendar, Integers

__all__ = ["Replica"]

_OPEN: Final = TAGS[Family.OPEN][0]
_LATEST: Final = TAGS[Family.LATEST][0]
_ENTRY: Final = TAGS[Family.ENTRIES][0]
_PLACE: Final = 1
"""Where the place begins in a record's key, behind the letter of its family."""


class Replica:
    """The state of one partition as far as its changelog was read.

    Open bars go into the engine as they come, so that taking over costs little however many there are. The rest is kept
    as records until then. `records` counts what was read.
    """

    def __init__(self, plan: BarPlan, calendar: Calendar | None = None) -> None:
        self.records = 0
        self._plan = plan
        self._layout = Layout(plan)
        self._engine = Engine(plan, calendar)
        self._numbers: dict[bytes, int] = {}
        self._others: dict[bytes, bytes] = {}
        self._held = [NOTHING_OPEN] * len(plan.levels)

    def apply(self, keys: Sequence[bytes], values: Sequence[bytes | None]) -> None:
        """Take in records in the order of the topic."""
        self.records += len(keys)
        puts: dict[int, list[tuple[bytes, bytes]]] = {}
        gone: dict[int, list[bytes]] = {}
        for key, value in dict(zip(keys, values, strict=True)).items():  # of each key the last one
            if key[:1] and key[0] != _OPEN:
                self._note(key, value)
            elif value is None:
                gone.setdefault(key[_PLACE], []).append(key)
            else:
                puts.setdefault(key[_PLACE], []).append((key, value))
        for level, places in gone.items():
            self._engine.let_go(BarId(level, self._ids(places), decode_starts(places)))
        for level, found in puts.items():
            places, records = [place for place, _ in found], [record for _, record in found]
            starts = decode_starts(places)
            self._engine.hold(self._block(level, places, records, starts))
            self._held[level] = max(self._held[level], int(starts.max()))

    @property
    def position(self) -> Position | None:
        """How far the input was read; none for a changelog without records."""
        found = self._others.get(POSITION)
        return None if found is None else msgspec.json.decode(found, type=Position)

    @property
    def headers(self) -> dict[bytes, bytes]:
        """What bars carry of the headers of ticks, by encoded key."""
        return {key[_PLACE:]: value for key, value in self._others.items() if key[:_PLACE] == HEADERS}

    def check(self, name: str) -> None:
        """Refuse what another definition or another format has written; `name` is the changelog's.

        Raises `StoreMismatch` with the differences, or `StoreFormat`.
        """
        if (found := self._others.get(META)) is not None:
            refuse_unless_ours(found, self._plan, name)

    def take_over(self) -> tuple[Engine, ChangelogWriter]:
        """The engine, ready to go on where the changelog ends, and what writes the changelog from there."""
        levels: dict[int, list[tuple[bytes, bytes]]] = {}
        entries: dict[bytes, bytes] = {}
        for key, value in self._others.items():
            if key[0] == _ENTRY:
                entries[key[_PLACE:]] = value
            elif key[0] == _LATEST:
                levels.setdefault(key[_PLACE], []).append((key + value[:START_BYTES], value[START_BYTES:]))
        latest = []
        for level, records in levels.items():
            places = [place for place, _ in records]
            latest.append(
                self._block(level, places, [record for _, record in records], decode_starts(places), final=True)
            )
        self._engine.resume(entries, latest)
        return self._engine, ChangelogWriter(self._layout, self._held)

    def _note(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self._others.pop(key, None)
        else:
            self._others[key] = value

    def _block(
        self, level: int, places: Sequence[bytes], records: Sequence[bytes], starts: Integers, *, final: bool = False
    ) -> BarBlock:
        return self._layout.records.decode(level, self._ids(places), starts, records, final=final)

    def _ids(self, places: Sequence[bytes]) -> Integers:
        """The engine's numbers of the keys in some places."""
        encoded = [place[_PLACE + 1 : -START_BYTES] for place in places]
        unknown = [key for key in dict.fromkeys(encoded) if key not in self._numbers]
        if unknown:
            keys = [self._layout.keys.decode(key) for key in unknown]
            self._numbers.update(zip(unknown, self._engine.keys.ids_of(keys).tolist(), strict=True))
        number = self._numbers
        return np.fromiter([number[key] for key in encoded], np.int64, len(encoded))
