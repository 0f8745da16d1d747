"""How far each partition is, for those who look from elsewhere: a compacted topic, one record a partition."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads it when it decodes

import msgspec

__all__ = ["Progress", "progress_key"]


class Progress(msgspec.Struct, frozen=True):
    """Where a partition stands as of `at`; all times are nanoseconds UTC.

    `position` is the next offset to read by input topic, `high_watermark` the end of these logs when last asked and
    `lag` what lies between (none where it was never asked), `owner` the instance, `state` as readers know it, `since`
    when the owner took the partition over. `first` is the event time of the first row, `max_event` the largest one and
    `arrived_at` when that row was received, `complete_from` since when the input has every row, where that was said,
    `clock` where the clock alone has brought the partition.
    """

    partition: int
    owner: str
    state: str
    since: int
    at: int
    stream_time: int | None
    position: Mapping[str, int]
    high_watermark: Mapping[str, int] | None = None
    lag: int | None = None
    first: int | None = None
    max_event: int | None = None
    arrived_at: int | None = None
    complete_from: int | None = None
    clock: int | None = None
    v: int = 1

    def encoded(self) -> bytes:
        """Its record."""
        return msgspec.json.encode(self)


def progress_key(partition: int) -> bytes:
    """The key of a partition's record."""
    return str(partition).encode()
