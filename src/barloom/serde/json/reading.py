"""Messages of bars in JSON, read back: many as a frame, or one by itself."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec
import polars as pl

from barloom.engine.frames import TIME
from barloom.errors import SourceError
from barloom.plan.barplan import FieldKind
from barloom.serde.bar_fields import TICK_TIMES, BarColumns, WholeValues
from barloom.serde.json.text import FORMAT, VERSION
from barloom.source.values import column_of
from barloom.time.instants import nanos_of, to_datetime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.serde.json.text import JsonTimes

__all__ = ["JsonBarDecoder"]

_NANOS: Final = {"ms": 1_000_000, "us": 1_000, "ns": 1}
_PYTHON: Final[dict[FieldKind, type]] = {
    FieldKind.STRING: str,
    FieldKind.INTEGER: int,
    FieldKind.TIMESTAMP: int,
    FieldKind.BOOLEAN: bool,
    FieldKind.DECIMAL: Decimal,
}


class JsonBarDecoder(WholeValues):
    """Reads what `JsonBarEncoder` writes."""

    def __init__(self, plan: BarPlan, times: JsonTimes) -> None:
        self._columns = BarColumns(plan, times)
        self._times = times
        self._unit = _NANOS.get(times, 1)
        self._nanos = _iso_nanos if times == "iso" else self._unit.__mul__
        fields = [(name, _PYTHON[plan.event.by_name[name].kind]) for name in plan.event.key]
        start: type = str if times == "iso" else int
        self._key = msgspec.json.Decoder(
            _struct([*((name, kind, ...) for name, kind in fields), ("start", start, ...)])
        )
        names = list(self._columns.schema)
        version = (FORMAT, int, 1)
        self._texts = msgspec.json.Decoder(_struct([*((name, Any, None) for name in names), version]), float_hook=str)
        schema = self._columns.schema
        kinds = [Any if name in TICK_TIMES else _python_type(kind, start) for name, kind in schema.items()]
        members = [(name, kind, None) for name, kind in zip(names, kinds, strict=True)]
        self._one = msgspec.json.Decoder(_struct([*members, version]), float_hook=str)

    def place(self, key: bytes) -> tuple[tuple[object, ...], int]:
        """The key fields and the start (ns) that a message key names."""
        *fields, start = msgspec.structs.astuple(_read(self._key, key))
        return tuple(fields), self._nanos(start)

    def one(self, level: int, key: bytes, value: bytes) -> dict[str, object]:  # noqa: ARG002 - the value says it all
        """One bar by the column names of `bar_schema`."""
        *values, version = _read_bar(self._one, value)
        bar = dict(zip(self._columns.schema, values, strict=True))
        bar |= {name: to_datetime(self._nanos(bar[name])) for name in ("start", "end")}
        return bar | {name: self._tick(bar[name], version) for name in TICK_TIMES}

    def frame(self, level: int, keys: Sequence[bytes], values: Sequence[bytes]) -> pl.DataFrame:  # noqa: ARG002
        """Bars of one level as a frame with `bar_schema`."""
        bars = [_read_bar(self._texts, value) for value in values]
        *columns, versions = zip(*bars, strict=True) if bars else [()] * (len(self._columns.schema) + 1)
        given = dict(zip(self._columns.schema, columns, strict=True))
        ticks = {name: list(map(self._tick, given.pop(name), versions)) for name in TICK_TIMES}
        texts = {name: column_of(list(column)) for name, column in given.items()}
        times = {name: pl.Series(nanos, dtype=pl.Int64).cast(TIME) for name, nanos in ticks.items()}
        return self._columns.frame(texts | times, len(values))

    def _tick(self, written: object, version: int) -> int | None:
        """Nanoseconds of a tick's time."""
        if written is None or (version == 1 and isinstance(written, int)):
            return written
        try:
            return _exact_nanos(str(written)) if self._times == "iso" else int(Decimal(str(written)) * self._unit)
        except (ValueError, ArithmeticError):
            message = f"the message holds no bar of this definition: {written!r} is no time of a tick"
            raise SourceError(message) from None


def _struct(members: list[tuple[str, Any, Any]]) -> type[msgspec.Struct]:
    """A type with these members, which may be called anything."""
    names = {f"f{place}": name for place, (name, _, _) in enumerate(members)}
    fields = [
        (f"f{place}", kind) if default is ... else (f"f{place}", kind, default)
        for place, (_, kind, default) in enumerate(members)
    ]
    return msgspec.defstruct("Bar", fields, rename=names, gc=False)


def _read(decoder: msgspec.json.Decoder[Any], data: bytes) -> Any:  # noqa: ANN401 - of a type made for the definition
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, ValueError) as error:
        message = f"the message holds no bar of this definition: {error}: {data[:60]!r}"
        raise SourceError(message) from None


def _read_bar(decoder: msgspec.json.Decoder[Any], data: bytes) -> tuple[Any, ...]:
    """The columns of a bar, and the version of its format."""
    found = msgspec.structs.astuple(_read(decoder, data))
    version = found[-1]
    if version > VERSION:
        message = (
            f"the message has format {version}, this barloom reads {VERSION}: use the version that wrote it, or a "
            f"newer one: {data[:60]!r}"
        )
        raise SourceError(message)
    return found


def _exact_nanos(text: str) -> int:
    head, _, fraction = text.removesuffix("Z").partition(".")
    return _iso_nanos(f"{head}Z") + int(fraction.ljust(9, "0") or 0)


def _iso_nanos(text: str) -> int:
    return nanos_of(datetime.fromisoformat(text))


def _python_type(kind: pl.DataType, start: type) -> Any:  # noqa: ANN401 - a type, or one with none
    if isinstance(kind, pl.Datetime):
        return start
    if isinstance(kind, pl.Decimal):
        return Decimal | None
    python: dict[type, type] = {pl.String: str, pl.Int64: int, pl.Boolean: bool, pl.Date: date}
    return python[type(kind)] | None
