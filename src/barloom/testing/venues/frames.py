"""Websocket frames of a server, made by hand: many fit into one write, and half of one can be sent."""

from __future__ import annotations

from typing import Final

__all__ = ["framed"]

_TEXT: Final = 0x81
_SHORT: Final = 126
_LONG: Final = 127


def framed(text: str) -> bytes:
    """A text as one whole, unmasked frame (RFC 6455, section 5.2)."""
    data = text.encode()
    size = len(data)
    if size < _SHORT:
        return bytes((_TEXT, size)) + data
    if size < 1 << 16:
        return bytes((_TEXT, _SHORT)) + size.to_bytes(2, "big") + data
    return bytes((_TEXT, _LONG)) + size.to_bytes(8, "big") + data
