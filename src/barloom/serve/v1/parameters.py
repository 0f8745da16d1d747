"""Parameters that several operations share."""

from __future__ import annotations

import re
from typing import Annotated, Final, TypeAlias

from msgspec import Meta

from barloom.read.arguments import moment, within
from barloom.serve.api.asking import Asked
from barloom.serve.api.forms import Decimals, FormName, Style, Times
from barloom.serve.api.refusals import Refused, sensible
from barloom.time.instants import written
from barloom.time.timeframe import MILLISECOND

__all__ = [
    "Count",
    "From",
    "KeyName",
    "OfStore",
    "Paged",
    "Styled",
    "Time",
    "TimeframeName",
    "To",
    "instant",
    "maybe_instant",
    "told",
]

_TIME: Final = "ISO 8601 with a zone (a + is written %2B), a date for midnight UTC, or whole milliseconds since 1970."
_WHOLE: Final = re.compile(r"-?\d{1,18}")
_LOST_PLUS: Final = re.compile(r"\d \d\d:?\d\d$")

StoreName: TypeAlias = Annotated[str | None, Meta(description="The store, where several are served.")]
TimeframeName: TypeAlias = Annotated[str, Meta(description="One of the store's timeframes.", examples=["1m"])]
KeyName: TypeAlias = Annotated[
    str,
    Meta(
        description="A key: its value, or the values of its fields in their order with commas between, such as "
        "OANDA,EURUSD; a comma or backslash within one stands behind a backslash.",
        examples=["XBTUSDT"],
    ),
]
Time: TypeAlias = Annotated[str, Meta(description=_TIME, examples=["2025-11-10T12:34:00Z"])]
"""A time in an address."""

Count: TypeAlias = Annotated[int, Meta(ge=1, le=1_000_000)]
"""How many rows are asked for; how many may be, the server's limits say."""

From: TypeAlias = Annotated[str | None, Meta(description=f"From this time on. {_TIME}")]
To: TypeAlias = Annotated[str | None, Meta(description=f"Up to, not including, this time. {_TIME}")]


class OfStore(Asked, frozen=True, kw_only=True):
    """Asks something of one store."""

    store: StoreName = None


class Styled(OfStore, frozen=True, kw_only=True):
    """Says how numbers and times are written."""

    decimals: Annotated[Decimals, Meta(description="Prices and sizes as text, or as numbers with all digits.")] = "text"
    times: Annotated[Times, Meta(description="Times in ISO 8601, or in milliseconds since 1970.")] = "iso"

    @property
    def style(self) -> Style:
        """Both."""
        return Style(self.decimals, self.times)


class Paged(Styled, frozen=True, kw_only=True):
    """Asks for rows, page by page, in one of the forms."""

    limit: Annotated[Count, Meta(description="How many rows a page has at most.")] = 1_000
    cursor: Annotated[str | None, Meta(description="Where to go on: what the page before says as next.")] = None
    format: Annotated[FormName | None, Meta(description="The form; without it the header Accept says it.")] = None


def instant(text: str, parameter: str) -> int:
    """Nanoseconds of a time in an address; `Refused` where it is none."""
    if _LOST_PLUS.search(text):
        message = f"{parameter}: {text!r} has a blank before its zone; in an address a + is written %2B"
        raise Refused(400, message, parameter)
    with sensible(parameter):
        return within(int(text) * MILLISECOND if _WHOLE.fullmatch(text) else moment(text))


def maybe_instant(text: str | None, parameter: str) -> int | None:
    """The same; none where nothing is given."""
    return None if text is None else instant(text, parameter)


def told(time: int | None) -> str | None:
    """A time in an answer, as text; none where there is none."""
    return None if time is None else written(time)
