"""What venues' messages have in common: exact digits, times cut to a precision, and answers over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from barloom.feed.protocol import Answer

__all__ = [
    "MICROSECOND",
    "MILLISECOND",
    "OK",
    "digits",
    "groups",
    "http_time",
    "instant",
    "refused",
    "seconds",
    "shown",
    "tried",
    "typed",
]

T = TypeVar("T")

OK: Final = 200
MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
"""Nanoseconds."""

_SECOND: Final = 1_000_000_000
_PLACES: Final = 9
_WHOLE: Final = len("2021-04-17T16:43:37")
_SHOWN: Final = 200


def typed(decoder: msgspec.json.Decoder[T], text: str | bytes) -> T:
    """JSON as its type. Raises `ValueError` that shows the text where it is none, or says something else."""
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"this is no message of the kind that is known ({error}): {shown(text)}"
        raise ValueError(message) from None


def tried(decoder: msgspec.json.Decoder[T], text: str | bytes) -> T | None:
    """The same; none where it is none: what comes with an error may be a page for people."""
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def shown(text: str | bytes) -> str:
    """The beginning of a message, for people to look at."""
    whole = text if isinstance(text, str) else bytes(text).decode(errors="replace")  # a part of a message has no decode
    return whole if len(whole) <= _SHOWN else f"{whole[:_SHOWN]}…"


def digits(number: msgspec.Raw) -> str:
    """A number of JSON as it is written, an exponent written out; also one that is quoted. `ValueError` for others."""
    text = bytes(number).decode().strip('"')
    return _written_out(text) if "e" in text or "E" in text else text


def _written_out(text: str) -> str:
    try:
        return f"{Decimal(text):f}"
    except ArithmeticError:
        message = f"{text!r} is no number"
        raise ValueError(message) from None


def instant(text: str, precision: int) -> int:
    """A time like ``2021-04-17T16:43:37.089723Z`` in nanoseconds, cut to `precision`. `ValueError` for others."""
    if not text.endswith("Z") or (len(text) > _WHOLE + 1 and text[_WHOLE] != "."):
        message = f"{text!r} is no time like 2021-04-17T16:43:37.089723Z"
        raise ValueError(message)
    return _whole_second(text[:_WHOLE]) + _fraction(text[_WHOLE + 1 : -1], precision)


@lru_cache(maxsize=64)
def _whole_second(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * _SECOND


def seconds(text: str, precision: int) -> int:
    """Seconds since the epoch like ``1762795433.9717445`` in nanoseconds, cut to `precision`."""
    whole, _, fraction = text.partition(".")
    return int(whole) * _SECOND + _fraction(fraction, precision)


def _fraction(places: str, precision: int) -> int:
    if not places:
        return 0
    nanoseconds = int(places[:_PLACES].ljust(_PLACES, "0"))
    return nanoseconds - nanoseconds % precision


def http_time(headers: Mapping[str, str]) -> int:
    """The time of the header ``Date``, in nanoseconds. Raises `ValueError` where there is none."""
    written = next((value for name, value in headers.items() if name.lower() == "date"), None)
    if written is None:
        message = "the answer has no header Date, so that nobody knows of when it is"
        raise ValueError(message)
    return int(parsedate_to_datetime(written).timestamp()) * _SECOND


def refused(venue: str, answer: Answer, said: str = "") -> ValueError:
    """The error for an answer that is none."""
    return ValueError(f"{venue} answered with status {answer.status}: {said or shown(answer.body)}")


def groups(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Items in lists of at most `size`."""
    whole = list(items)
    for start in range(0, len(whole), size):
        yield whole[start : start + size]
