"""What a failing RocksDB means for the person who runs barloom."""

from __future__ import annotations

from typing import Final

from barloom.errors import StoreError, StoreFormat, StoreFull, StoreLocked

__all__ = ["StoreClosed", "explained"]


class StoreClosed(StoreError):
    """The store was closed by its owner."""


_MEANINGS: Final[tuple[tuple[tuple[str, ...], type[StoreError], str], ...]] = (
    (
        ("No space left on device", "Disk quota exceeded", "File too large", "Space limit reached"),
        StoreFull,
        "no room to write the store {where} ({cause}); all committed before is kept: make room, then run it again",
    ),
    (
        ("lock hold by current process", "While lock file", "No locks available"),
        StoreLocked,
        "the store {where} is open in another writer; stop that one first, or use another directory",
    ),
    (
        ("Permission denied", "Read-only file system", "Operation not permitted"),
        StoreError,
        "the store {where} cannot be used ({cause}); check the owner and permissions of its directory",
    ),
    (
        ("Corruption", "hecksum mismatch", "No such file", "SST file is ahead"),
        StoreFormat,
        "the store {where} is damaged ({cause}); restore it from a copy, or make it anew with `barloom rebuild`",
    ),
)


def explained(error: Exception, where: str) -> StoreError:
    """The error of `barloom.errors` for one raised by RocksDB on the store at `where`."""
    if isinstance(error, StoreError):
        return error
    text = str(error)
    if type(error).__name__ == "DbClosedError":
        return StoreClosed(f"the store {where} is closed")
    for phrases, kind, message in _MEANINGS:
        if any(phrase in text for phrase in phrases):
            return kind(message.format(where=where, cause=_cause(text)))
    return StoreError(f"the store {where} failed: {_cause(text)}")


def _cause(text: str) -> str:
    return text.removeprefix("IO error: ").strip().rstrip(".")
