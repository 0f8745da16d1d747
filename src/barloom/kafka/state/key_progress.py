"""Where keys stand that have a time of their own, as records beside those of their partitions in the progress topic."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from barloom.engine.times.key_columns import KEY_TIME, KeyTime, read_entry
from barloom.errors import SourceError

__all__ = ["KeyProgress", "key_progress", "key_progress_of", "name_of_key"]

_BETWEEN = b"/"


class KeyProgress(NamedTuple):
    """One record: under ``3/["EURUSD"]``, for a key in partition 3, the times of a `KeyTime` as JSON."""

    key: bytes
    value: bytes


def key_progress(partition: int, name: bytes, entry: bytes) -> KeyProgress:
    """The record of a key, made of the name and the content of its entry in the state."""
    times = dict(zip(KeyTime._fields, read_entry(entry), strict=True))
    return KeyProgress(b"%d/%b" % (partition, name.removeprefix(KEY_TIME)), msgspec.json.encode(times))


def name_of_key(record_key: bytes | None) -> str | None:
    """The name of the entry of the key that a record is of; none of one that is of a partition."""
    _, between, fields = (record_key or b"").partition(_BETWEEN)
    return (KEY_TIME + fields).decode(errors="replace") if between else None


def key_progress_of(value: bytes) -> KeyTime:
    """Where a key stands; `SourceError` where the record cannot be read."""
    try:
        times = msgspec.json.decode(value, type=dict[str, int | None])
        return KeyTime(*(times.get(name) for name in KeyTime._fields))
    except msgspec.DecodeError as error:
        message = f"a message of the progress topic cannot be read: {error}: {value[:60]!r}"
        raise SourceError(message) from None
