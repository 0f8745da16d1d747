"""Cursors: where a page ended, in text that means nothing to clients."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Final

from barloom.serve.api.refusals import Refused
from barloom.serve.stores.served import Onwards
from barloom.store.keys import START_BYTES, decode_start, encode_start

__all__ = ["cursor_of", "number_at", "number_cursor", "onwards_at"]

_WITH: Final = b"k"
_BEHIND: Final = b"b"
_NUMBER: Final = b"n"


def cursor_of(onwards: Onwards | None) -> str | None:
    """The text of a place among bars or keys."""
    if onwards is None:
        return None
    key, start = onwards
    return _written(_WITH + key if start is None else _BEHIND + encode_start(start) + key)


def onwards_at(text: str | None) -> Onwards | None:
    """The place that a text says."""
    if text is None:
        return None
    data = _read(text)
    if data[:1] == _WITH:
        return Onwards(data[1:])
    if data[:1] == _BEHIND and len(data) > START_BYTES:
        return Onwards(data[1 + START_BYTES :], decode_start(data[: 1 + START_BYTES]))
    raise _none(text)


def number_cursor(number: int) -> str:
    """The text of a place among numbered rows."""
    return _written(_NUMBER + encode_start(number))


def number_at(text: str | None) -> int:
    """The number that a text says; the first without one."""
    if text is None:
        return 0
    data = _read(text)
    number = decode_start(data) if data[:1] == _NUMBER and len(data) == 1 + START_BYTES else -1
    if number < 0:
        raise _none(text)
    return number


def _written(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _read(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Error, ValueError) as error:
        raise _none(text) from error


def _none(text: str) -> Refused:
    return Refused(400, f"{text[:80]!r} is no cursor; give what the page before says as next", "cursor")
