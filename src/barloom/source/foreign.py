"""Frames of other libraries as Polars frames, exactly, and words for what only looks like rows."""

from __future__ import annotations

import reprlib
from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any, Final

import polars as pl

from barloom.errors import SourceError
from barloom.source.pandas_frame import from_pandas

__all__ = ["adopted", "is_foreign", "is_lookalike", "no_input", "refuse_lookalikes"]

_PANDAS: Final = "pandas.DataFrame"
_CAPSULES: Final = ("__arrow_c_stream__", "__arrow_c_array__")
"""What an object has that gives its rows by Arrow's interface for Python: tables of any library, results of DuckDB."""

_LOOKALIKES: Final = {
    "pandas": "give the frame that it is a part of",
    "pyarrow": "give the table that it is a part of",
    "numpy": 'give its columns by name: pl.DataFrame({"symbol": …, "at": …})',
    "polars": "give the frame that it is a part of",
    "pyspark": "convert it with pl.from_arrow(frame.toArrow())",
    "dask": "compute it, and give the pandas frame",
    "duckdb": "give a relation, such as connection.sql(query)",
}
_COLUMNS: Final = frozenset({"polars.Series", "pandas.Series", "pandas.Index", "pyarrow.ChunkedArray", "pyarrow.Array"})
"""Single columns, some of which give themselves as an Arrow stream too."""


def adopted(given: object) -> object:
    """A pandas frame, or whatever gives Arrow rows, as a Polars frame of equal values; anything else as it is.

    Raises `SourceError` for what gives Arrow columns that are no rows, or that Polars cannot hold.
    """
    kind = type(given)
    if not is_foreign(kind):
        return given
    return from_pandas(given) if _is_pandas(kind) else _from_arrow(given)


def is_foreign(kind: type) -> bool:
    """Whether `adopted` makes Polars frames of the objects of a class."""
    if issubclass(kind, pl.DataFrame | pl.LazyFrame) or _COLUMNS & set(map(_kind, kind.__mro__)):
        return False
    return _is_pandas(kind) or any(hasattr(kind, name) for name in _CAPSULES)


def is_lookalike(kind: type) -> bool:
    """Whether objects of a class only look like rows, or like something that gives them."""
    return _room(kind) in _LOOKALIKES and not is_foreign(kind)


def _is_pandas(kind: type) -> bool:
    return any(_kind(each) == _PANDAS for each in kind.__mro__)


def _room(kind: type) -> str:
    """The library: a compiled part of it goes by its name, too."""
    return kind.__module__.partition(".")[0].lstrip("_")


def _kind(kind: type) -> str:
    """The library and the class: ``pandas.DataFrame``."""
    return f"{_room(kind)}.{kind.__name__}"


def _from_arrow(given: Any) -> pl.DataFrame:  # noqa: ANN401 - of any library
    """Polars takes it over by itself: no other library is needed."""
    try:
        return pl.DataFrame(given)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, TypeError, ValueError) as error:
        told = str(error).partition("\n")[0][:200]
        message = (
            f"a {_room(type(given))} {type(given).__name__} gives no rows that Polars can hold ({told}); "
            "give a table, with columns of types that Polars has"
        )
        raise SourceError(message) from None


def refuse_lookalikes(given: object) -> None:
    """`SourceError` for things that could be iterated, but not as rows."""
    kind = type(given)
    if is_lookalike(kind) and not isinstance(given, pl.DataFrame | pl.LazyFrame):
        message = f"a {_room(kind)} {kind.__name__} holds no rows that have names; {_LOOKALIKES[_room(kind)]}"
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
            f"{reprlib.repr(given)} is no input; give a path, a pattern, '-', a frame of Polars or pandas, an "
            "Arrow table, or an iterable of rows"
        )
    return SourceError(message)
