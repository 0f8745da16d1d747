"""Where something listens: ``HOST:PORT``."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["address_of"]

_ADDRESS: Final = re.compile(r"(?:\[(?P<six>[^\]]+)\]|(?P<host>[^:\s/@]*)):(?P<port>\d{1,5})")


def address_of(text: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``, ``[::1]:PORT`` or ``:PORT``; `ValueError` says what is wrong."""
    match = _ADDRESS.fullmatch(text.strip())
    if match is None or int(match["port"]) > 65535:  # noqa: PLR2004 - the largest there is
        message = f"{text!r} is no address to listen at; write HOST:PORT, such as 127.0.0.1:9464 or 0.0.0.0:9464"
        raise ValueError(message)
    return match["six"] or match["host"] or "", int(match["port"])
