"""Dead letters as a person or a script sees them."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Final

from barloom.cli.formats import count, size
from barloom.cli.screen import Column, Sheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from barloom.kafka import Letter

__all__ = ["body_of", "content", "head_sheet", "list_sheet", "summary"]

_LONGEST: Final = 60
_ROW: Final = 16
_COLUMNS: Final = (
    Column("letter", style="bold"),
    Column("message"),
    Column("failed last"),
    Column("error"),
    Column("tries", right=True),
    Column("size", right=True),
    Column("replayed"),
)


def list_sheet(title: str, found: Iterable[tuple[Letter, bool]]) -> Sheet:
    """A table, one line a letter."""
    sheet = Sheet(title, _COLUMNS)
    for letter, done in found:
        error = " ".join(letter.error.split())
        sheet.add(
            letter.place,
            _origin(letter),
            _short(letter.last_seen) or "-",
            error if len(error) <= _LONGEST else f"{error[: _LONGEST - 1]}…",
            count(letter.tries),
            size(letter.size),
            "yes" if done else "",
        )
    return sheet


def head_sheet(letter: Letter) -> Sheet:
    """Everything about one letter but its bytes."""
    sheet = Sheet(f"Dead letter {letter.place} of {letter.home}", (Column("", style="bold"), Column("")))
    sheet.add("message", _origin(letter))
    sheet.add("its time", letter.stamped or "-")
    sheet.add("error", letter.error or "-")
    if letter.items is not None:
        sheet.add("items", letter.items)
    sheet.add("failed first", letter.first_seen or "-")
    sheet.add("failed last", letter.last_seen or "-")
    sheet.add("tries", count(letter.tries))
    for name, value in letter.headers:
        sheet.add(f"header {name}", "none" if value is None else _text(value) or value.hex(" "))
    return sheet


def content(title: str, value: bytes | None) -> Iterator[str]:
    """The lines of a key or value: its text where it is one, otherwise its bytes in hex beside what is readable."""
    if value is None:
        yield f"{title}: none"
        return
    yield f"{title}, {size(len(value))}:"
    text = _text(value)
    if text is not None:
        yield from (f"  {line}" for line in text.splitlines())
        return
    for at in range(0, len(value), _ROW):
        row = value[at : at + _ROW]
        readable = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)  # noqa: PLR2004 - printable ASCII
        yield f"  {at:06x}  {row.hex(' '):<{3 * _ROW - 1}}  {readable}"


def summary(letter: Letter, *, replayed: bool) -> dict[str, object]:
    """A letter for a script, without its bytes."""
    topic, partition, offset = letter.origin or (None, None, None)
    return {
        "letter": letter.place,
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "timestamp": letter.stamped,
        "error": letter.error,
        "items": letter.items,
        "first_seen": letter.first_seen or None,
        "last_seen": letter.last_seen or None,
        "tries": letter.tries,
        "bytes": letter.size,
        "replayed": replayed,
    }


def body_of(letter: Letter, *, replayed: bool) -> dict[str, object]:
    """A letter for a script, with its bytes as text (null where they are none) and as base64."""
    return {
        **summary(letter, replayed=replayed),
        "key": _bytes(letter.key),
        "value": _bytes(letter.value),
        "headers": [{"name": name, "value": _bytes(value)} for name, value in letter.headers],
    }


def _bytes(value: bytes | None) -> dict[str, str | None] | None:
    return None if value is None else {"text": _text(value), "base64": b64encode(value).decode()}


def _text(value: bytes) -> str | None:
    """UTF-8 that can be shown as it is."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    return text if all(sign.isprintable() or sign in "\n\t" for sign in text) else None


def _origin(letter: Letter) -> str:
    return "-" if letter.origin is None else "{}/{}/{}".format(*letter.origin)


def _short(at: str) -> str:
    """A time without the digits behind its second."""
    return f"{at.partition('.')[0].rstrip('Z')}Z" if at else ""
