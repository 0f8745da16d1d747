"""Keys, starts and deadlines as people write them."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from operator import index
from typing import TYPE_CHECKING, Final, TypeAlias

from barloom.plan.barplan import FieldKind
from barloom.plan.suggest import did_you_mean
from barloom.time.instants import nanos_of, nanos_of_text

if TYPE_CHECKING:
    from typing import SupportsIndex

    from barloom.plan.barplan import EventPlan, Field
    from barloom.store.keys import KeyCodec

__all__ = [
    "Deadline",
    "KeyLike",
    "Moment",
    "bounds",
    "encoded_key",
    "key_part",
    "key_row",
    "moment",
    "number",
    "seconds_until",
    "within",
]

KeyLike: TypeAlias = "str | int | Decimal | Sequence[object] | Mapping[str, object]"
"""The key of a bar: a tuple in the order of the key fields, a mapping by their names, or the value of a single one."""

Moment: TypeAlias = "datetime | int | str"
"""A time: a `datetime` with a zone, nanoseconds since the epoch, ISO 8601 text with a zone, or a date: midnight UTC."""

Deadline: TypeAlias = "datetime | timedelta | float"
"""How long to wait: until a `datetime` with a zone, or for a length of time (a number counts seconds)."""

_FIRST: Final = -(1 << 63)
_LAST: Final = (1 << 63) - 1
_MOST: Final = sys.maxsize
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_EXAMPLE: Final = "write it like 2025-11-10T12:34:00Z, or 2025-11-10 for midnight UTC"


def moment(given: Moment) -> int:
    """A time in nanoseconds since the epoch; `ValueError` where it has no zone or is none."""
    if isinstance(given, datetime):
        return nanos_of(given)
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    if not isinstance(given, str):
        message = (
            f"{given!r} is not a time; give a datetime with a zone, whole nanoseconds since 1970, or text like "
            "2025-11-10T12:34:00Z"
        )
        raise TypeError(message)
    text = f"{given}T00:00:00Z" if _DATE.fullmatch(given) else given
    try:
        return nanos_of_text(text)
    except ValueError as error:
        message = f"{given!r} is not a time: {error}" + ("" if "; write" in str(error) else f"; {_EXAMPLE}")
        raise ValueError(message) from error


def within(at: int) -> int:
    """A time that stores can hold; `ValueError` for one that they cannot."""
    if _FIRST <= at <= _LAST:
        return at
    message = f"{at} ns lies outside the times that bars can have: 1677-09-21 to 2262-04-11; give none for no bound"
    raise ValueError(message)


def bounds(from_: Moment | None, to: Moment | None) -> tuple[int | None, int | None]:
    """Both ends of a range of time, each of which may be open."""
    return None if from_ is None else within(moment(from_)), None if to is None else within(moment(to))


def number(n: SupportsIndex) -> int:
    """How many bars are asked for."""
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        message = f"n is {n!r}; give a whole number of bars"
        raise TypeError(message)
    count = index(n)
    if not 0 < count <= _MOST:
        message = f"n is {count}; ask for at least one bar, and at most {_MOST}"
        raise ValueError(message)
    return count


def encoded_key(codec: KeyCodec, row: Sequence[object]) -> bytes:
    """The bytes of a key; `ValueError` where a text cannot be written as any."""
    try:
        return codec.encode(row)
    except UnicodeEncodeError as error:
        message = f"the key {row!r} holds half a character (a lone surrogate), which no stored text has"
        raise ValueError(message) from error


def seconds_until(deadline: Deadline, now: int) -> float:
    """Seconds from `now` (nanoseconds) until a deadline."""
    if isinstance(deadline, datetime):
        return (nanos_of(deadline) - now) / 1e9
    return deadline.total_seconds() if isinstance(deadline, timedelta) else float(deadline)


def key_row(event: EventPlan, key: KeyLike | None, fields: Mapping[str, object]) -> tuple[object, ...]:
    """The values of the key fields, in their order; `TypeError` where some are missing, unknown, or of another type."""
    names = event.key
    if key is None or isinstance(key, Mapping):
        given = {**(key or {}), **fields}
        _check_names(names, given)
        values: Sequence[object] = [given[name] for name in names]
    elif isinstance(key, Sequence) and not isinstance(key, str):
        values = key
    else:
        values = (key,)
    if len(values) != len(names) or (key is not None and fields and not isinstance(key, Mapping)):
        raise TypeError(_shape(names, key, fields))
    return tuple(_typed(event.by_name[name], value) for name, value in zip(names, values, strict=True))


def key_part(event: EventPlan, key: KeyLike | None) -> dict[str, object]:
    """The key fields that are named, by a whole key or by a mapping of some of its fields; none for all keys."""
    if key is None:
        return {}
    if not isinstance(key, Mapping):
        return dict(zip(event.key, key_row(event, key, {}), strict=True))
    _check_known(event.key, key)
    return {name: _typed(event.by_name[name], value) for name, value in key.items()}


def _check_known(names: Sequence[str], given: Mapping[str, object]) -> None:
    unknown = [name for name in given if name not in names]
    if unknown:
        message = f"{unknown[0]!r} is not a key field; {did_you_mean(unknown[0], names)}"
        raise TypeError(message)


def _check_names(names: Sequence[str], given: Mapping[str, object]) -> None:
    _check_known(names, given)
    missing = [name for name in names if name not in given]
    if missing:
        message = f"the key lacks {', '.join(missing)}; a bar's key is {_written(names)}"
        raise TypeError(message)


def _shape(names: Sequence[str], key: object, fields: Mapping[str, object]) -> str:
    given = f"{key!r}" + (f" and {', '.join(fields)}" if fields else "")
    return f"the key of a bar is {_written(names)}, not {given}; give a tuple in this order, or the fields by name"


def _written(names: Sequence[str]) -> str:
    return f"({', '.join(names)})"


def _typed(field: Field, value: object) -> object:
    """Text stands for the number it writes, as on a command line."""
    if not isinstance(value, str) or field.kind is FieldKind.STRING:
        return value
    try:
        match field.kind:
            case FieldKind.DECIMAL:
                return Decimal(value)
            case FieldKind.BOOLEAN:
                return {"true": True, "false": False}[value.lower()]
            case _:
                return int(value)
    except (ValueError, InvalidOperation, KeyError) as error:
        message = f"key field {field.name!r} is {value!r}, which is not of type {field.kind.value}"
        raise TypeError(message) from error
