"""Where something listens: ``HOST:PORT``."""

from __future__ import annotations

import errno
import re
import socket
from typing import Final

__all__ = ["address_of", "why_unusable"]

_ADDRESS: Final = re.compile(r"(?:\[(?P<six>[^\]]+)\]|(?P<host>[^:\s/@]*)):(?P<port>\d{1,5})")


def address_of(text: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``, ``[::1]:PORT`` or ``:PORT``; `ValueError` says what is wrong."""
    match = _ADDRESS.fullmatch(text.strip())
    if match is None or int(match["port"]) > 65535:  # noqa: PLR2004 - the largest there is
        message = f"{text!r} is no address to listen at; write HOST:PORT, such as 127.0.0.1:9464 or 0.0.0.0:9464"
        raise ValueError(message)
    return match["six"] or match["host"] or "", int(match["port"])


def why_unusable(error: OSError, host: str, port: int, option: str) -> str:
    """Why nothing can listen at an address, and what to do; `option` names the address."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use; stop what listens there, or name another with {option}"
    if error.errno == errno.EACCES:
        return f"port {port} may not be used by this user; name one from 1024 on with {option}"
    if isinstance(error, socket.gaierror):
        return f"there is no host {host!r}; name an address of this machine with {option}, or leave the host out"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine; name one that is with {option}, or leave the host out"
    return f"{error.strerror or error}; name another address with {option}"
