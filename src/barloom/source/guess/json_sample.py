"""The first rows of JSON: lines, or documents in which the rows are the items of a list."""

from __future__ import annotations

import json
from itertools import chain, islice
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from barloom.errors import SourceError
from barloom.source.guess.layouts import known_layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.source.guess.layouts import Layout

__all__ = ["JsonSample", "json_rows"]


class JsonSample(NamedTuple):
    """Texts of what the rows hold; `items` is the list whose items they are, and `paths` where columns stand."""

    rows: pl.DataFrame
    items: str = ""
    paths: Mapping[str, str] = MappingProxyType({})
    layout: str = ""


def json_rows(text: str, where: str, names: Sequence[str], most: int) -> JsonSample:
    """Read up to `most` rows; `names` are those of the places in items that are lists, if those of no known layout."""
    records = _records(text, where, most)
    found = _list_in(records[0]) if records else None
    if found is None:
        return JsonSample(_framed([dict(_leaves(record)) for record in records], {}))
    keys = found
    rows = list(islice(chain.from_iterable(_around(record, keys) for record in records), most))
    layout = None if names else _layout(rows, where)
    known = names or (layout.names.split() if layout else [])
    paths = {name: f"[{place}]" for place, name in enumerate(known)}
    items = ".".join(keys) + "[*]"
    return JsonSample(_framed(rows, paths), items, paths, layout.title if layout else "")


def _records(text: str, where: str, most: int) -> list[object]:
    """Each line a record, or the whole a document."""
    lines = (line for line in text.split("\n") if line.strip())
    try:
        return [_read(line) for line in islice(lines, most)]
    except ValueError:
        pass
    try:
        return [_read(text)]
    except ValueError as error:
        message = f"{where} is no JSON: {error}"
        raise SourceError(message) from None


def _read(text: str) -> object:
    return json.loads(text, parse_float=str, parse_int=str)


def _list_in(record: object, keys: tuple[str, ...] = ()) -> tuple[str, ...] | None:
    """Where the list of rows stands in a record: one of objects or lists."""
    if isinstance(record, list):
        return keys if any(isinstance(item, (dict, list)) for item in record) else None
    if not isinstance(record, dict):
        return None
    found = (_list_in(value, (*keys, str(name))) for name, value in record.items())
    return next((each for each in found if each is not None), None)


def _items(record: object, keys: Sequence[str]) -> list[object]:
    for key in keys:
        record = record.get(key) if isinstance(record, dict) else None
    return record if isinstance(record, list) else []


def _around(record: object, keys: Sequence[str]) -> Iterator[dict[str, object]]:
    """The items of a record's list, each with what stands around it."""
    around = {f"$.{path}": value for path, value in _leaves(record)}
    return (around | _item(item) for item in _items(record, keys))


def _layout(rows: Sequence[Mapping[str, object]], where: str) -> Layout | None:
    """The layout of items that are lists, and of nothing but numbers and texts."""
    cells = [[_text(value) or "" for value in row.values()] for row in rows if "[0]" in row]
    alike = bool(cells) and len(cells) == len(rows) and len({len(row) for row in cells}) == 1
    return known_layout(where, cells) if alike and not any(path.startswith("$.") for path in rows[0]) else None


def _item(item: object) -> dict[str, object]:
    if isinstance(item, list):
        return {f"[{place}]": value for place, value in enumerate(item) if not isinstance(value, (dict, list))}
    return dict(_leaves(item))


def _leaves(record: object, before: str = "") -> Iterator[tuple[str, object]]:
    """What a record holds that is neither an object nor a list of such, by its path."""
    if not isinstance(record, dict):
        return
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{before}{name}.")
        elif not isinstance(value, list):
            yield f"{before}{name}", value
        elif value and not any(isinstance(each, (dict, list)) for each in value):
            yield f"{before}{name}", [str(each) for each in value]


def _framed(rows: Sequence[Mapping[str, object]], paths: Mapping[str, str]) -> pl.DataFrame:
    given = {path: name for name, path in paths.items()}
    columns = list(dict.fromkeys(path for row in rows for path in row))
    series = [_column(given.get(path, path), [row.get(path) for row in rows]) for path in columns]
    return pl.DataFrame(series)


def _column(name: str, values: Sequence[object]) -> pl.Series:
    if any(isinstance(value, list) for value in values):
        return pl.Series(name, [value if isinstance(value, list) else None for value in values], pl.List(pl.String))
    return pl.Series(name, [_text(value) for value in values], pl.String)


def _text(value: object) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
