"""Keys as text, for addresses: the fields in their order, with commas between."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from barloom.plan.barplan import FieldKind
from barloom.read.arguments import encoded_key, key_row
from barloom.store.keys import KeyCodec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import EventPlan

__all__ = ["KeyText"]

_SPECIAL: Final = re.compile(r"([\\,])")
_PARTS: Final = re.compile(r"((?:[^\\,]|\\.)*)(,|\Z)", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


class KeyText:
    """How the keys of a definition are written: ``OANDA,EURUSD``.

    A comma or a backslash within a field stands behind a backslash. A key of a single field is its value as it is.
    """

    def __init__(self, event: EventPlan) -> None:
        self._event = event
        self._single = len(event.key) == 1
        self._texts = all(event.by_name[name].kind is FieldKind.STRING for name in event.key)
        self.codec = KeyCodec(event)

    @property
    def shape(self) -> str:
        """The names of the fields, as a key is written."""
        return ",".join(self._event.key)

    def write(self, key: Sequence[object]) -> str:
        """The text of a key."""
        if self._single:
            return _plain(key[0])
        return ",".join(_SPECIAL.sub(r"\\\1", _plain(value)) for value in key)

    def read(self, text: str) -> tuple[object, ...]:
        """The fields of a text; `TypeError` or `ValueError` where it is no key."""
        row = key_row(self._event, (text,) if self._single else _parts(text), {})
        if not self._texts:
            encoded_key(self.codec, row)  # a number may be too large
        return row

    def prefix(self, text: str) -> bytes:
        """Where the encoded keys lie whose text begins with `text`, as far as its first field says, if that is text."""
        first = text if self._single else _parts(text.removesuffix("\\"))[0]
        return self.codec.prefix(first)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _parts(text: str) -> list[str]:
    """The fields of a key; a backslash at the very end stands for itself."""
    found, position = list[str](), 0
    while match := _PARTS.match(text, position):
        found.append(_ESCAPED.sub(r"\1", match[1]))
        position = match.end()
        if not match[2]:
            break
    else:
        found.append(text[position:])
    return found
