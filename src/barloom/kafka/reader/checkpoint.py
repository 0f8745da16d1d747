"""Whether a copy on disk can be continued: what it was made from, and how far it had come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from barloom.errors import StoreFormat
from barloom.kafka.reader.change import READ_AT
from barloom.kafka.reader.feeds import Feeds, Lane
from barloom.plan.identity import fingerprint
from barloom.store.backend import Family
from barloom.store.opening import COPY_OF_TOPICS, FORMAT_KEY, open_backend
from barloom.time.timeframe import DAY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.kafka.reader.copy import TopicCopy
    from barloom.plan.barplan import BarPlan
    from barloom.store.backend import Backend

__all__ = ["TOMBSTONES_KEPT", "Origin", "describe", "open_copy", "positions", "reconcile"]

TOMBSTONES_KEPT: Final = DAY
"""How long a compacted topic keeps tombstones (``delete.retention.ms``, where nobody changed it)."""

_ORIGIN: Final = b"origin"


class Origin(msgspec.Struct, frozen=True, eq=True):
    """What the messages of a copy are from; a copy of anything else is made anew.

    `topics` are the ids of the topics, so that one that was deleted and made again is another one.
    """

    fingerprint: str
    format: str
    cluster: str
    topics: dict[str, str]
    partitions: list[int]
    version: int = 1

    @classmethod
    def of(
        cls, plan: BarPlan, settings: KafkaSettings, cluster: str, topics: Mapping[str, str], held: list[int]
    ) -> Origin:
        """The origin of a definition's topics in a cluster."""
        form = f"{settings.output_format.value}, times {settings.json_times}"
        return cls(fingerprint(plan), form, cluster, dict(topics), held)


def open_copy(path: Path) -> Backend:
    """What lies under a copy; `StoreFormat` where the directory holds the store of a run."""
    backend = open_backend(path)
    found = backend.getter(Family.META)(FORMAT_KEY)
    if found not in (None, COPY_OF_TOPICS):
        backend.close()
        message = f"{path} is the store of a run; name another directory for the reader's copy"
        raise StoreFormat(message)
    return backend


def describe(copy: TopicCopy, origin: Origin) -> None:
    """Say what a new copy is."""
    batch = copy.backend.batch()
    batch.put(Family.META, FORMAT_KEY, COPY_OF_TOPICS)
    batch.put(Family.META, _ORIGIN, msgspec.json.encode(origin))
    copy.backend.write(batch)


def positions(copy: TopicCopy) -> dict[Lane, int]:
    """The next offset to read of each lane."""
    found = {}
    for name, value in copy.backend.scan(Family.POSITIONS, b"", None):
        topic, _, partition = name.decode().rpartition("/")
        found[Lane(topic, int(partition))] = int(value)
    return found


def reconcile(  # noqa: PLR0913 - all that decides it
    copy: TopicCopy, origin: Origin, feeds: Feeds, *, begins: Mapping[Lane, int], ends: Mapping[Lane, int], now: int
) -> tuple[dict[Lane, int], str]:
    """Where to read on from, and why not from where the copy had come (empty: from there).

    All is read anew where the copy is of something else, or where messages behind it are gone from a topic already.
    Live bars alone are where it is so old that their tombstones may be gone.
    """
    begun = positions(copy)
    why = _why_useless(copy, origin, begun, begins, ends)
    if why:
        copy.forget(Family)
        describe(copy, origin)
        return dict(begins), why
    # What is closed is put together of all that partitions have said, of which the copy keeps the outcome alone.
    begun = {lane: offset for lane, offset in begun.items() if lane.topic != feeds.closed}
    if copy.plan.by_key:  # what was told of a key, and did not count when the copy was closed, is not told again
        begun = {lane: offset for lane, offset in begun.items() if lane.topic != feeds.progress}
    read_at = copy.value(Family.META, READ_AT)
    if read_at is not None and now - int(read_at) > TOMBSTONES_KEPT:
        copy.forget([Family.OPEN])
        finals = {lane: offset for lane, offset in begun.items() if not feeds.is_live(lane)}
        return dict(begins) | finals, "the live bars are older than tombstones are kept"
    return dict(begins) | begun, ""


def _why_useless(
    copy: TopicCopy,
    origin: Origin,
    begun: Mapping[Lane, int],
    begins: Mapping[Lane, int],
    ends: Mapping[Lane, int],
) -> str:
    described = copy.value(Family.META, _ORIGIN)
    if described is None:
        return "it is new"
    try:
        known = msgspec.json.decode(described, type=Origin)
    except msgspec.DecodeError:
        return "it was written by another version of barloom"
    if known != origin:
        return f"it is of another {_first_difference(known, origin)}"
    for lane, offset in begun.items():
        if offset < begins.get(lane, 0):
            return f"messages behind it are gone from {lane}"
        if offset > ends.get(lane, offset):
            return f"{lane} has become shorter"
    return ""


def _first_difference(known: Origin, origin: Origin) -> str:
    names = {"fingerprint": "definition", "topics": "set of topics", "partitions": "choice of partitions"}
    different = next(name for name in Origin.__struct_fields__ if getattr(known, name) != getattr(origin, name))
    return names.get(different, different)
