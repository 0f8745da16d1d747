"""Where a definition's bars, state and refused rows stand in a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.store.codec import RecordCodec
from barloom.store.keys import START_BYTES, KeyCodec, after, decode_start, decode_starts, encode_start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.blocks import BarBlock
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Integers

__all__ = ["Layout"]

_KEY_OFFSET: Final = 1


class Layout:
    """Bars stand under (level, key, start); latest real finals under (level, key), the start before the record."""

    def __init__(self, plan: BarPlan) -> None:
        self.plan = plan
        self.keys = KeyCodec(plan.event)
        self.records = RecordCodec(plan)

    def prefix(self, level: int, key: bytes = b"") -> bytes:
        """What the bars of a level, or of one key in it, begin with."""
        return bytes((level,)) + key

    def bar_key(self, level: int, key: bytes, start: int) -> bytes:
        """Where one bar stands."""
        return bytes((level,)) + key + encode_start(start)

    def key_of(self, bar_key: bytes) -> bytes:
        """The encoded key in the place of a bar."""
        return bar_key[_KEY_OFFSET:-START_BYTES]

    def start_of(self, bar_key: bytes) -> int:
        """The start in the place of a bar."""
        return decode_start(bar_key)

    def bounds(self, level: int, key: bytes | None, first: int | None, last: int | None) -> tuple[bytes, bytes | None]:
        """The range of places of a level (of one key, from start `first` up to, not including, `last`)."""
        prefix = self.prefix(level, key or b"")
        if key is None:
            return prefix, after(prefix)
        lower = prefix if first is None else prefix + encode_start(first)
        upper = after(prefix) if last is None else prefix + encode_start(last)
        return lower, upper

    def block(self, places: Sequence[bytes], records: Sequence[bytes], ids: Integers, *, final: bool) -> BarBlock:
        """The bars of one level from their places and records; `ids` are the keys' numbers."""
        starts = decode_starts(places)
        return self.records.decode(places[0][0] if places else 0, ids, starts, records, final=final)
