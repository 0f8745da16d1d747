"""Keys of messages in JSON, or as bare text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from barloom.plan.barplan import FieldKind
from barloom.source.text.records import Wanted, column_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from barloom.plan.barplan import Field
    from barloom.source.decoded import Problems
    from barloom.source.text.records import Json

__all__ = ["JsonKeyColumns"]

_WHOLE: Final = "@key"


class JsonKeyColumns:
    """Reads keys that are JSON objects; what is none is one bare text (in quotes or not), the one field that is mapped.

    The path of the whole key, ``""``, also means the one member of an object.
    """

    def __init__(self, fields: Mapping[str, Field], paths: Mapping[str, str]) -> None:
        self._texts = {name for name in paths if fields[name].kind is FieldKind.STRING}
        self._paths = {name: path or _WHOLE for name, path in paths.items()}
        self._parser = msgspec.json.Decoder(float_hook=str)

    def columns(self, keys: Sequence[bytes]) -> tuple[dict[str, pl.Series], Problems]:
        """The wanted fields of different keys."""
        refused: Problems = {}
        records = [self._record(key, row, refused) for row, key in enumerate(keys)]
        return {
            name: column_at(records, path, refused, Wanted(name in self._texts)) for name, path in self._paths.items()
        }, refused

    def _record(self, key: bytes, row: int, refused: Problems) -> Json:
        """The key as an object with the wanted members."""
        found = self._parsed(key, row, refused)
        if isinstance(found, dict):
            if _WHOLE in self._paths.values() and len(found) != 1:
                refused[row] = f"it is an object with {len(found)} members: write '@key.NAME' for one of them"
            return {**found, _WHOLE: next(iter(found.values()), None)}
        if len(self._paths) > 1:
            refused.setdefault(row, f"it is one value, and {', '.join(self._paths)} are to be found in it")
        return dict.fromkeys(self._paths.values(), found)

    def _parsed(self, key: bytes, row: int, refused: Problems) -> Json:
        """An object, or a text: that of a number is kept as it is written."""
        if key[:1] in (b"{", b'"'):
            try:
                return self._parser.decode(key)
            except (msgspec.DecodeError, ValueError):
                pass
        try:
            return key.decode()
        except UnicodeDecodeError:
            refused[row] = "it is neither JSON nor text"
            return None
