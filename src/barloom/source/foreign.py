"""Frames of other libraries as Polars frames, exactly, and words for what only looks like rows."""

from __future__ import annotations

import reprlib
from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any, Final

import polars as pl

from barloom.errors import SourceError
from barloom.source.values import column_of

__all__ = ["adopted", "is_foreign", "is_lookalike", "no_input", "refuse_lookalikes"]

_FOREIGN: Final = ("pandas.DataFrame", "pyarrow.Table", "pyarrow.RecordBatch")
_LOOKALIKES: Final = {
    "pandas": "give the frame that it is a part of",
    "pyarrow": "convert it with pl.from_arrow(table)",
    "numpy": 'give its columns by name: pl.DataFrame({"symbol": …, "at": …})',
    "polars": "give the frame that it is a part of",
    "pyspark": "convert it with pl.from_arrow(frame.toArrow())",
    "dask": "compute it, and give the pandas frame",
    "duckdb": "convert it with relation.pl()",
}


def adopted(given: object) -> object:
    """A pandas frame or an Arrow table as a Polars frame of equal values; anything else as it is."""
    name = _kind(type(given))
    if name == "pandas.DataFrame":
        return _from_pandas(given)
    return pl.from_arrow(given) if name in _FOREIGN else given


def is_foreign(kind: type) -> bool:
    """Whether `adopted` makes Polars frames of the objects of a class."""
    return _kind(kind) in _FOREIGN


def is_lookalike(kind: type) -> bool:
    """Whether objects of a class only look like rows, or like something that gives them."""
    return _kind(kind).partition(".")[0] in _LOOKALIKES


def _kind(kind: type) -> str:
    """The library and the class: ``pandas.DataFrame``."""
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


def _from_pandas(frame: Any) -> pl.DataFrame:  # noqa: ANN401 - pandas is none of barloom's dependencies
    """Column by column, so that neither pyarrow is needed nor a digit lost; an index that has a name is a column."""
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    return pl.DataFrame([_column(str(name), frame[name]) for name in frame.columns])


def _column(name: str, column: Any) -> pl.Series:  # noqa: ANN401 - as above
    """Times keep their nanoseconds, numbers their kind; what pandas takes for missing is null."""
    zone = getattr(column.dtype, "tz", None)
    kind = getattr(column.dtype, "kind", "O")
    if zone is not None:
        instants = pl.Series(name, column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(), nan_to_null=True)
        return instants.cast(pl.Datetime(instants.dtype.time_unit, "UTC"))  # type: ignore[attr-defined]
    if kind in "iufbM" and type(column.dtype).__module__.startswith("numpy"):
        return pl.Series(name, column.to_numpy(), nan_to_null=True)
    values = [None if missing else value for value, missing in zip(column.tolist(), column.isna(), strict=True)]
    return column_of(values).alias(name)


def refuse_lookalikes(given: object) -> None:
    """`SourceError` for things that could be iterated, but not as rows."""
    room, _, kind = _kind(type(given)).partition(".")
    if is_lookalike(type(given)) and not isinstance(given, pl.DataFrame | pl.LazyFrame):
        message = f"a {room} {kind} holds no rows that have names; {_LOOKALIKES[room]}"
        raise SourceError(message)
    if isinstance(given, Mapping):
        raise SourceError(_about_mapping(given))
    if isinstance(given, bytes) or hasattr(given, "read"):
        what = "bytes are" if isinstance(given, bytes) else "an open file is"
        message = f"{what} no input; give the path of the file, or '-' for standard input"
        raise SourceError(message)
    if callable(given) and not isinstance(given, Iterable | AsyncIterable):
        message = f"{getattr(given, '__name__', 'a function')!r} is a function; call it, and give what it returns"
        raise SourceError(message)


def _about_mapping(given: Mapping[object, object]) -> str:
    if given and all(isinstance(value, list | tuple) for value in given.values()):
        return "a mapping of columns is no input; make a frame of it: pl.DataFrame(columns)"
    return "a single mapping is no input; give an iterable of rows, such as a list of mappings: [row]"


def no_input(given: object) -> SourceError:
    """The error for what is neither a place nor rows."""
    if hasattr(type(given), "__event__"):
        message = f"a single {type(given).__name__} is no input; give an iterable of events, such as a list: [event]"
    else:
        message = (
            f"{reprlib.repr(given)} is no input; give a path, a pattern, '-', a frame of Polars or pandas, or an "
            "iterable of rows"
        )
    return SourceError(message)
