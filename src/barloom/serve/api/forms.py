"""The forms in which bars go over the wire, and which of them a request asks for."""

from __future__ import annotations

import io
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

import msgspec
import polars as pl

from barloom.read.written import bar_body, text_columns
from barloom.serve.api.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.read.bar import Bar

__all__ = [
    "Decimals",
    "Form",
    "FormName",
    "Style",
    "Times",
    "form_of",
    "json_bar",
    "json_rows",
    "packed",
    "preferred",
    "weighed",
]

FormName: TypeAlias = Literal["json", "csv", "arrow", "parquet"]
Decimals: TypeAlias = Literal["text", "number"]
Times: TypeAlias = Literal["iso", "ms"]

_MILLISECOND: Final = 1_000_000
_TIME: Final = pl.Datetime("ns", "UTC")
_INSTANTS: Final = ("start", "end", "open_time", "close_time")


class Form(Enum):
    """A form by its media type."""

    JSON = "application/json"
    CSV = "text/csv"
    ARROW = "application/vnd.apache.arrow.stream"
    PARQUET = "application/vnd.apache.parquet"


class Style(NamedTuple):
    """How JSON and CSV say decimals and times."""

    decimals: Decimals = "text"
    times: Times = "iso"


_USUAL: Final = Style()


def form_of(name: FormName | None) -> Form | None:
    """The form of a name."""
    return None if name is None else Form[name.upper()]


@lru_cache(maxsize=256)
def preferred(accept: str) -> Form:
    """The form that an ``Accept`` header likes best; `Refused` where it likes none."""
    ranges = weighed(accept) or [("*/*", 1.0)]
    liked = {form: max((weight for kind, weight in ranges if _covers(kind, form.value)), default=0.0) for form in Form}
    named = {kind for kind, _ in ranges}
    best = max(Form, key=lambda form: (liked[form], form.value in named))
    if liked[best] > 0:
        return best
    message = f"there are {', '.join(form.value for form in Form)}; ask for one of them, or by format="
    raise Refused(406, message)


def weighed(header: str) -> list[tuple[str, float]]:
    """The names in an ``Accept…`` header, each with its weight."""
    return [_weight(part) for part in header.lower().split(",") if part.strip()]


def _weight(part: str) -> tuple[str, float]:
    name, *parameters = (item.strip() for item in part.split(";"))
    weight = next((item[2:] for item in parameters if item.startswith("q=")), "1")
    try:
        return name, float(weight)
    except ValueError:
        return name, 0.0


def _covers(kind: str, media: str) -> bool:
    return kind in ("*/*", media, f"{media.partition('/')[0]}/*")


def json_bar(bar: Bar, style: Style) -> dict[str, Any]:
    """One bar for JSON, as `json_rows` has many."""
    body = bar_body(bar)
    if style == _USUAL:
        return body
    held = bar.as_dict()
    if style.times == "ms":
        body |= {name: _milliseconds(held[f"{name}_ns"]) for name in _INSTANTS}
    if style.decimals == "number":
        exact = {name: format(value, "f") for name, value in held.items() if isinstance(value, Decimal)}
        body |= {name: msgspec.Raw(text.encode()) for name, text in exact.items()}
    return body


def _milliseconds(time: object) -> int | None:
    return time // _MILLISECOND if isinstance(time, int) else None


def json_rows(frame: pl.DataFrame, style: Style) -> list[dict[str, Any]]:
    """The rows of a frame for JSON: exact decimals as text, or as numbers with all their digits."""
    texts = frame.select(_columns(frame.schema, style, decimals=True))
    columns = [column.to_list() for column in texts]
    if style.decimals == "number":
        exact = {name for name, kind in frame.schema.items() if kind.is_decimal()}
        columns = [
            _raw(values) if name in exact else values for name, values in zip(texts.columns, columns, strict=True)
        ]
    return [dict(zip(texts.columns, row, strict=True)) for row in zip(*columns, strict=True)]


def _raw(values: list[str | None]) -> list[msgspec.Raw | None]:
    return [None if value is None else msgspec.Raw(value.encode()) for value in values]


def _columns(schema: pl.Schema, style: Style, *, decimals: bool) -> Iterator[pl.Expr]:
    """The columns as text and numbers; times in the style asked for."""
    for column, (name, kind) in zip(text_columns(schema, decimals=decimals), schema.items(), strict=True):
        counted = style.times == "ms" and kind == _TIME
        yield pl.col(name).dt.epoch("ns").floordiv(_MILLISECOND).alias(name) if counted else column


def packed(frame: pl.DataFrame, form: Form, style: Style) -> bytes:
    """A frame as a file of a form other than JSON."""
    buffer = io.BytesIO()
    if form is Form.CSV:
        frame.select(_columns(frame.schema, style, decimals=False)).write_csv(buffer)
    elif form is Form.ARROW:
        # text as every reader of Arrow knows it, and not as the views that newer ones have
        frame.write_ipc_stream(buffer, compat_level=pl.CompatLevel.oldest())
    else:
        frame.write_parquet(buffer)
    return buffer.getvalue()
