"""Messages of JSON that hold several rows of the event."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from barloom.source.columns import of_value
from barloom.source.decode import Decoder, RowItems
from barloom.source.text.items import Items
from barloom.source.text.records import TextFields, Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.serde.message_keys import MessageKeys
    from barloom.source.decode import Rows
    from barloom.source.decoded import Problems
    from barloom.source.text.items import Taken
    from barloom.source.text.records import Json

__all__ = ["JsonItemsDecoder"]

_NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError)


class JsonItemsDecoder:
    """Reads the items of JSON messages, which `rows` names, as the event of a plan; `keys` reads what their keys say.

    Raises `SourceError` for a mapping that cannot be.
    """

    def __init__(self, plan: BarPlan, rows: str, keys: MessageKeys | None = None) -> None:
        self._decoder = Decoder(plan)
        self._keys = keys
        self._items = Items(rows, of_value(self._decoder.paths), TextFields.of(plan.event.fields))
        self._parser = msgspec.json.Decoder(float_hook=Written)

    @property
    def wants_keys(self) -> bool:
        """Whether something is read from the keys."""
        return self._keys is not None

    def decode(self, values: Sequence[bytes | None], keys: Sequence[bytes | None] = ()) -> Rows:
        """Read one poll: a row for each item, and one for each message that is no record of items."""
        refused: Problems = {}
        found, unread = ({}, {}) if self._keys is None else self._keys.read(keys)
        taken = self._items.take(self._parsed(values, refused), refused)
        columns = self._items.columns(taken)
        columns |= {name: column.gather(taken.record) for name, column in found.items()}
        _refuse_unread(taken, unread)
        rows = self._decoder.decode(columns, taken.count, taken.refused, "the messages")
        return replace(rows, items=RowItems(taken.record, taken.item, taken.text, taken.whole))

    def _parsed(self, values: Sequence[bytes | None], refused: Problems) -> list[Json]:
        records: list[Json] = []
        for row, value in enumerate(values):
            try:
                records.append(None if value is None else self._parser.decode(value))
            except _NOT_JSON as error:
                refused[row] = f"the message is not JSON: {error}"
                records.append(None)
            if value is None:
                refused[row] = "the message has no value"
        return records


def _refuse_unread(taken: Taken, unread: Problems) -> None:
    """Refuse all items of messages whose keys cannot be read."""
    for row in np.flatnonzero(np.isin(taken.record, list(unread))).tolist() if unread else ():
        taken.refused.setdefault(row, unread[int(taken.record[row])])
