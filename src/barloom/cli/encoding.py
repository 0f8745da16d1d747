"""Text for terminals and pipes that cannot show all of it: the shape stays, and nothing fails for a letter."""

from __future__ import annotations

import codecs
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import IO

__all__ = ["degrade_output", "shows_everything"]

_HANDLER: Final = "barloom-degrade"
_PLAIN: Final = {
    **dict(zip("╷╵│", ".'|", strict=True)),
    **dict.fromkeys("╻╹╽╿┃", "#"),
    **dict(zip("▁▂▃▄▅▆▇█", ".:-=+*%#", strict=True)),
    **dict(zip("┤─━╺╸\N{EN DASH}", "+-----", strict=True)),
    "…": "...",
}
"""What barloom itself draws and writes: candles (a body is ``#``), volumes, rules."""


def degrade_output() -> None:
    """Let standard output and standard error write what their encoding lacks in plain letters, or as an escape.

    Also on UTF-8: a file's name may hold bytes that are no text, and is then shown with those escaped.
    """
    codecs.register_error(_HANDLER, _in_plain_letters)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_HANDLER)


def shows_everything(stream: IO[str]) -> bool:
    """Whether a stream can show any letter."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf")


def _in_plain_letters(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letter = error.object[error.start]
    if letter in _PLAIN:
        return _PLAIN[letter], error.start + 1
    return codecs.backslashreplace_errors(
        UnicodeEncodeError(error.encoding, error.object, error.start, error.start + 1, error.reason)
    )
