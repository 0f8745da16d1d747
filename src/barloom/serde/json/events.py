"""Messages of JSON to rows of the event.

A message is an object, whose members are named by path (``data.bid``), or an array, whose elements are numbered. The
digits of numbers stay as they are written. Where all paths are plain members, only these are read; nothing else of
the message is kept.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import polars as pl

from barloom.serde.avro.values import Messages
from barloom.serde.json.digits import PlainNumbers
from barloom.serde.json.layout import NUMBER, Layout
from barloom.serde.poll import Poll
from barloom.source.columns import of_value
from barloom.source.decode import Decoder
from barloom.source.decoded import overwrite
from barloom.source.lists import packed
from barloom.source.text.records import NO_ROWS, TextFields, Written, refuse_lists, values_at, wrong_type
from barloom.source.values import column_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from barloom.plan.barplan import BarPlan, Field
    from barloom.serde.json.layout import Spans
    from barloom.serde.message_keys import MessageKeys
    from barloom.source.decode import Rows
    from barloom.source.decoded import Problems
    from barloom.source.text.records import Json
    from barloom.time.calendar import Booleans, Integers

__all__ = ["JsonEventDecoder"]

_NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError)
_A: Final[dict[type, str]] = {dict: "an object", list: "a list"}
_CONTAINERS: Final = frozenset(_A)
_NOTHING: Final = pl.Series([None], dtype=pl.String)
_MOSTLY: Final = 0.7


def _plain_fields(fields: Mapping[str, Field]) -> dict[str, Field]:
    """Those whose digits are their numbers."""
    return {name: field for name, field in fields.items() if field.encoding is None}


def _layout(message: bytes | None) -> Layout | None:
    try:
        return None if message is None else Layout.of(message)
    except UnicodeDecodeError:
        return None


_NO_TEXT: Final = _CONTAINERS | {bool, Written}
_ONLY_TEXT: Final = _NO_TEXT | {int}


class JsonEventDecoder:
    """Reads JSON messages as the event of a plan; `keys` reads what is mapped from their keys.

    Raises `SourceError` for a mapping that cannot be.
    """

    def __init__(self, plan: BarPlan, keys: MessageKeys | None = None) -> None:
        self._decoder = Decoder(plan)
        self._keys = keys
        self._paths = of_value(self._decoder.paths)
        texts = TextFields.of(plan.event.fields)
        self._texts = (self._paths.keys() & texts.all) - self._decoder.lists
        self._only = self._paths.keys() & texts.only
        self._plain = PlainNumbers(_plain_fields(self._decoder.fields), plan.source.null_values)
        self._flat = not any("." in path or path.isdecimal() for path in self._paths.values())
        self._parser = self._flat_parser() if self._flat else msgspec.json.Decoder(float_hook=Written)

    @property
    def wants_keys(self) -> bool:
        """Whether something is read from the keys."""
        return self._keys is not None

    def decode(self, values: Sequence[bytes | None], keys: Sequence[bytes | None] = ()) -> Rows:
        """Read one poll."""
        refused: Problems = {}
        columns = self._side_by_side(values, refused) if self._flat else None
        if columns is None:
            columns = self._parsed(values, refused)
        if self._keys is not None:
            found, unread = self._keys.read(keys)
            columns |= found
            refused = unread | refused
        return self._decoder.decode(columns, len(values), refused, "the messages")

    def _parsed(self, values: Sequence[bytes | None], refused: Problems) -> dict[str, pl.Series]:
        parsed = self._parse(values, refused)
        if not self._flat:
            refuse_lists(parsed, self._paths.values(), refused)
        return {
            name: self._column(self._found(parsed, place, path, refused), name, refused)
            for place, (name, path) in enumerate(self._paths.items())
        }

    def _side_by_side(self, values: Sequence[bytes | None], refused: Problems) -> dict[str, pl.Series] | None:
        """The columns of messages that are mostly laid out as one; the others are parsed. None where few are."""
        samples = (values[0], values[len(values) // 2], values[-1]) if values else ()
        layout = next(filter(None, map(_layout, samples)), None)
        if layout is None:
            return None
        poll = Poll.of(values)
        spans, good = layout.read(poll)
        if np.count_nonzero(good) < _MOSTLY * len(values) or not self._are_fit(spans):
            return None
        numbers = self._numbers(poll, spans, good)
        texts, good = self._plain_texts(poll, spans, good, numbers.keys())
        nothing = _NOTHING.new_from_index(0, len(values))
        columns = {**{name: texts.get(path, nothing) for name, path in self._paths.items()}, **numbers}
        others = np.flatnonzero(~good)
        return columns if not len(others) else self._completed(columns, values, others, refused)

    def _numbers(self, poll: Poll, spans: Mapping[str, Spans], good: Booleans) -> dict[str, pl.Series]:
        """The columns that can be read in bulk."""
        paths = ((name, path) for name, path in self._paths.items() if path in spans)
        found = {name: self._plain.column(name, poll, spans[path], good) for name, path in paths}
        return {name: column for name, column in found.items() if column is not None}

    def _plain_texts(
        self, poll: Poll, spans: Mapping[str, Spans], good: Booleans, done: Collection[str]
    ) -> tuple[dict[str, pl.Series], Booleans]:
        """What else is wanted, as it is written, by path; and which messages are right in all that was looked at."""
        wanted = {path for name, path in self._paths.items() if name not in done}
        checked = {self._paths[name] for name in done}
        messages, texts = Messages(poll.values, poll.data, poll.start), {}
        for path, each in spans.items():
            if path in wanted or not (each.quoted or path in checked):
                text = texts[path] = messages.texts(each.at, np.where(good, each.size, 0))
                good = good & (text.is_not_null() if each.quoted else text.str.contains(NUMBER)).to_numpy()
        return texts, good

    def _are_fit(self, spans: Mapping[str, Spans]) -> bool:
        """Whether texts are in quotes: a number there has to be looked at one by one."""
        paths = (self._paths[name] for name in self._texts)
        return all(spans[path].quoted for path in paths if path in spans)

    def _completed(
        self, columns: dict[str, pl.Series], values: Sequence[bytes | None], rows: Integers, refused: Problems
    ) -> dict[str, pl.Series]:
        """The columns with the values of other messages."""
        found: Problems = {}
        others = self._parsed([values[row] for row in rows.tolist()], found)
        refused.update({int(rows[place]): text for place, text in found.items()})
        return {name: overwrite(column.cast(pl.String), rows, others[name]) for name, column in columns.items()}

    def _flat_parser(self) -> msgspec.json.Decoder[Json]:
        """Takes the members that are wanted and passes over the others."""
        names = {f"f{place}": path for place, path in enumerate(self._paths.values())}
        kinds = [self._kind(name) for name in self._paths]
        members = [(name, kind, None) for name, kind in zip(names, kinds, strict=True)]
        message = msgspec.defstruct("Message", members, rename=names, gc=False)
        return msgspec.json.Decoder(message, float_hook=str)

    def _kind(self, name: str) -> Any:  # noqa: ANN401 - a type
        if name in self._only:
            return str | None
        return str | int | None if name in self._texts else Any

    def _parse(self, values: Sequence[bytes | None], refused: Problems) -> list[Json]:
        """The messages, parsed; an empty one where one is refused."""
        try:
            parsed = list(map(self._parser.decode, values))  # type: ignore[arg-type]  # one without a value is a TypeError
            if self._flat or {dict, list}.issuperset(map(type, parsed)):
                return parsed
        except (*_NOT_JSON, TypeError):
            pass
        return [self._one(value, row, refused) for row, value in enumerate(values)]

    def _one(self, value: bytes | None, row: int, refused: Problems) -> Json:
        try:
            if value is None:
                refused[row] = "the message has no value"
            else:
                record = self._parser.decode(value)
                if self._flat or isinstance(record, dict | list):
                    return record
                refused[row] = f"the message is a JSON {type(record).__name__}, neither an object nor an array"
        except msgspec.ValidationError as error:
            told = f"it {NO_ROWS}" if "got `array`" in str(error) and "$" not in str(error) else str(error)
            refused[row] = f"the message has a wrong type: {told}"
        except _NOT_JSON as error:
            refused[row] = f"the message is not JSON: {error}"
        return self._parser.decode(b"{}")

    def _found(self, parsed: list[Json], place: int, path: str, refused: Problems) -> list[Json]:
        if self._flat:
            return list(map(attrgetter(f"f{place}"), parsed))
        return values_at(parsed, path, refused)

    def _column(self, found: list[Json], name: str, refused: Problems) -> pl.Series:
        unfit = _ONLY_TEXT if name in self._only else _NO_TEXT if name in self._texts else _CONTAINERS
        if not unfit.isdisjoint(map(type, found)):
            path = self._paths[name]
            for row, value in enumerate(found):
                if name in self._decoder.lists and type(value) is list and (whole := packed(value)) is not None:
                    found[row] = whole
                    continue
                if type(value) in _CONTAINERS:
                    refused.setdefault(row, f"{path!r} is {_A[type(value)]}, not a value")
                elif type(value) in unfit:
                    refused.setdefault(row, wrong_type(path, str(value).lower()))
                else:
                    continue
                found[row] = None
        return column_of(found)
