"""Where the keys stand that have a time of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from barloom.engine.times.key_columns import KEY_TIME, key_of, read_entry
from barloom.store.backend import Family
from barloom.store.keys import after

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barloom.engine.times.key_columns import KeyTime
    from barloom.store.barstore import BarStore
    from barloom.store.stream_times import StreamTimes

__all__ = ["KeyStands", "keys_of_store", "stands"]


class KeyStands(NamedTuple):
    """A key, by its fields, and its stream time (nanoseconds UTC; none: it has only rows that do not count)."""

    key: tuple[object, ...]
    stream_time: int | None


def stands(keys: Iterable[tuple[bytes, KeyTime]], times: StreamTimes) -> tuple[KeyStands, ...]:
    """Keys by the name of their entry in the state, those furthest behind first; `times` are their partition's."""
    found = [KeyStands(key_of(name), times.of_key(time).stream_time) for name, time in keys]
    return tuple(sorted(found, key=lambda one: (one.stream_time or 0, str(one.key))))


def keys_of_store(store: BarStore) -> tuple[KeyStands, ...]:
    """The keys of a store, those furthest behind first; none where one time is for all."""
    if not store.plan.by_key:
        return ()
    entries = store.backend.scan(Family.ENTRIES, KEY_TIME, after(KEY_TIME))
    return stands(((name, read_entry(value)) for name, value in entries), store.times())
