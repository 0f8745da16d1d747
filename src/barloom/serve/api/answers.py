"""What a handler gives back, and how that becomes the bytes of a response."""

from __future__ import annotations

import sys
import zlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import import_module
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

import msgspec

from barloom.serve.api.forms import Form, Style, packed, weighed

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

__all__ = ["Content", "Page", "Table", "content_of", "etag_of", "shrunk"]

S = TypeVar("S", bound=msgspec.Struct)

_encode: Final = msgspec.json.Encoder().encode
_SMALL: Final = 1_024
"""Bytes below which packing gains nothing."""
_GZIP: Final = 31
"""zlib's number for its window of 15 bits with a header of gzip."""
_LEVEL: Final = 4


@dataclass(frozen=True, slots=True)
class Table(Generic[S]):
    """Rows that may be had in each `Form`; in JSON they stand within a struct, which `in_json` makes.

    `onwards` is the cursor of the next page, and `lasting` whether the answer will never be another one.
    """

    frame: pl.DataFrame
    in_json: Callable[[Style], S]
    style: Style
    form: Form | None = None
    onwards: str | None = None
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A page for people: HTML that loads nothing but the style sheet beside it."""

    text: str
    media: str = "text/html"


class Content(NamedTuple):
    """The bytes of an answer, and what its headers say of them."""

    body: bytes
    media: str
    status: int = 200
    lasting: bool = False
    onwards: str | None = None


def content_of(answer: object, form: Form | None) -> Content:
    """An answer as bytes; `form` is what the request likes best, where it is a table."""
    match answer:
        case Table():
            return _content_of_table(answer, answer.form or form or Form.JSON)
        case Page():
            return Content(answer.text.encode(), f"{answer.media}; charset=utf-8")
        case str():
            return Content(answer.encode(), "text/plain; charset=utf-8")
        case _:
            return Content(_encode(answer), Form.JSON.value, _status(answer))


def _status(body: object) -> int:
    return int(getattr(body, "http_status", 200))


def _content_of_table(table: Table[msgspec.Struct], form: Form) -> Content:
    if form is Form.JSON:
        body, media = _encode(table.in_json(table.style)), form.value
    else:
        body = packed(table.frame, form, table.style)
        media = f"{form.value}; charset=utf-8" if form is Form.CSV else form.value
    return Content(body, media, lasting=table.lasting, onwards=table.onwards)


def etag_of(body: bytes) -> str:
    """A mark of a body: weak, as its packed forms are the same answer."""
    return f'W/"{urlsafe_b64encode(sha256(body).digest()[:12]).decode()}"'


def shrunk(content: Content, accepted: str) -> tuple[bytes, str | None]:
    """The body as it is sent, and how it is packed: by zstd or gzip, where the client knows it and it is worth it."""
    if len(content.body) < _SMALL or content.media == Form.PARQUET.value:
        return content.body, None
    known = {name for name, weight in weighed(accepted) if weight}
    compress = _zstd()
    if "zstd" in known and compress is not None:
        return compress(content.body), "zstd"
    if "gzip" in known:
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        return packer.compress(content.body) + packer.flush(), "gzip"
    return content.body, None


@cache
def _zstd() -> Callable[[bytes], bytes] | None:
    """Part of Python from 3.14 on, and the same as a package before; none without either."""
    try:
        module = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    except ImportError:
        return None
    compress: Callable[[bytes], bytes] = module.compress
    return compress
