"""Candles in JSON: lines, lists and answers of venues, with numbers as they are written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Listed", "candles_of"]

Json: TypeAlias = "Mapping[str, object] | Sequence[object] | str | bool | None"

_READER: Final = json.JSONDecoder(parse_float=str, parse_int=str)
"""Not one digit goes through a float."""

_BLANK: Final = " \t\r\n"
ROW: Final = "a row"
"""The place of what is a row by itself, as a line is."""

_USUAL: Final = ("data", "result", "candles", "rows", "list")
"""Where answers without any candle have an empty list."""

_COLUMNS: Final = 4
_FINE: Final = ("0", "200", "")


class Listed(NamedTuple):
    """Rows of one list: mappings, or lists of values. `pair` is what it stood under, `last` how far it is committed."""

    rows: Sequence[object]
    place: str
    pair: str | None = None
    last: int | None = None


def candles_of(text: str) -> list[Listed]:
    """The lists of candles in a text: of one document or of several, on a line each or over lines.

    Raises `ValueError` for what is no JSON, for an answer that says an error, and where it is not clear which list is
    meant.
    """
    found = [listed for document in _documents(text) for listed in _of_document(document)]
    rows = [row for listed in found if listed.place == ROW for row in listed.rows]
    others = [listed for listed in found if listed.place != ROW]
    return [Listed(rows, ROW), *others] if rows else others


def _documents(text: str) -> Iterator[object]:
    place = _behind_blanks(text, 0)
    while place < len(text):
        try:
            document, end = _READER.raw_decode(text, place)
        except RecursionError as error:
            message = "its lists stand too deep in each other"
            raise ValueError(message) from error
        yield document
        place = _behind_blanks(text, end)


def _behind_blanks(text: str, place: int) -> int:
    while place < len(text) and text[place] in _BLANK:
        place += 1
    return place


def _of_document(document: object) -> list[Listed]:
    if isinstance(document, list):
        return _of_list(document)
    if not isinstance(document, dict):
        message = "its rows are not objects, with a name for each value, nor lists of values"
        raise ValueError(message)  # noqa: TRY004 - of the file
    _refuse_error(document)
    if isinstance(document.get("result"), dict) and "error" in document:
        return _of_kraken(document["result"])
    found = list(_lists_in(document, ""))
    full = [listed for listed in found if listed.rows]
    if len(full) > 1:
        places = ", ".join(listed.place for listed in full)
        message = f"it holds several lists of rows ({places}); save the one that is meant"
        raise ValueError(message)
    if found:
        return full or found[:1]
    return [_as_columns(document) or Listed([document], ROW)]


def _of_list(document: list[object]) -> list[Listed]:
    if not document or _are_rows(document):
        return [Listed(document, "")]
    if all(isinstance(each, dict | list) for each in document):
        return [listed for each in document for listed in _of_document(each)]
    if any(isinstance(each, dict | list) for each in document):
        message = "its rows are not all objects or lists of values"
        raise ValueError(message)
    return [Listed([document], ROW)]


def _of_kraken(result: Mapping[str, object]) -> list[Listed]:
    """``result`` has a list for each pair, and in ``last`` up to which candle they are committed."""
    last = result.get("last")
    until = int(last) if isinstance(last, str) and last.isdecimal() else None
    return [Listed(rows, "result", pair, until) for pair, rows in result.items() if isinstance(rows, list)]


def _lists_in(value: Mapping[str, object], place: str) -> Iterator[Listed]:
    for name, inner in value.items():
        path = f"{place}.{name}" if place else name
        if isinstance(inner, dict):
            yield from _lists_in(inner, path)
        elif isinstance(inner, list) and (_are_rows(inner) if inner else name in _USUAL):
            yield Listed(inner, path)


def _are_rows(values: list[object]) -> bool:
    """Whether these are rows of values, and no list of other documents."""
    return all(isinstance(each, dict | list) and not _holds_rows(each) for each in values)


def _holds_rows(value: object) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(
        (isinstance(each, list) and bool(each) and isinstance(each[0], list | dict))
        or (isinstance(each, dict) and _holds_rows(each))
        for each in inner
    )


def _are_values(values: list[object]) -> bool:
    return not any(isinstance(each, list | dict) for each in values)


def _as_columns(document: Mapping[str, object]) -> Listed | None:
    """A list for each column (``{"t": [...], "o": [...]}``) as rows."""
    columns = {name: values for name, values in document.items() if isinstance(values, list)}
    lengths = {len(values) for values in columns.values()}
    if len(columns) < _COLUMNS or len(lengths) != 1 or not all(map(_are_values, columns.values())):
        return None
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return Listed(rows, "columns")


def _refuse_error(document: Mapping[str, object]) -> None:
    """A venue that answers with an error has sent no candles."""
    told = document.get("error")
    if isinstance(told, list) and told:
        message = f"it is an answer that says an error: {', '.join(map(str, told))}"
        raise ValueError(message)
    words = next((document[name] for name in ("msg", "message", "retMsg") if document.get(name)), None)
    code = document.get("code", document.get("retCode"))
    fine = code is None or str(code) in _FINE
    if isinstance(words, str) and (not fine or len(document) == 1):
        message = f"it is an answer that says an error: {words}" + ("" if fine else f" (code {code})")
        raise ValueError(message)
