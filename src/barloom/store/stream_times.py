"""Where a stream stands, as far as readers need it."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from barloom.engine.times.key_columns import KeyTime  # noqa: TC001 - msgspec reads it when it decodes

__all__ = ["StreamTimes"]


class StreamTimes(msgspec.Struct, frozen=True):
    """The engine's entry ``time``, as far as readers need it; all in nanoseconds UTC.

    `told` is false where nobody says where the stream stands. Where every key has a time of its own `stream_time` is
    the largest, `clock` and `marked` are where the clock and marks have
    brought all of them, and `keys` says where some of them stand, by the
    name of their entry in the state.
    """

    stream_time: int | None = None
    first: int | None = None
    max_event: int | None = None
    arrived_at: int | None = None
    told: bool = True
    complete_from: int | None = None
    clock: int | None = None
    keys: dict[str, KeyTime] = {}
    marked: int | None = None

    @property
    def began(self) -> int | None:
        """Before this time the input says nothing; none while there is no row."""
        return self.first if self.first is None or self.complete_from is None else min(self.first, self.complete_from)

    def of_key(self, key: KeyTime) -> StreamTimes:
        """Where a key stands that has a time of its own."""
        known = [time for time in (key.event, key.given, self.clock, self.marked) if time is not None]
        return replace(
            self, stream_time=max(known, default=None), first=key.first, complete_from=key.complete_from, keys={}
        )

    def after(self, earlier: StreamTimes | None) -> StreamTimes:
        """The same, with what was told earlier of keys that it says nothing of."""
        return self if earlier is None or not earlier.keys else replace(self, keys=earlier.keys | self.keys)
