"""A pandas frame as a Polars frame: column by column, so that neither pyarrow is needed nor a digit lost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from barloom.errors import SourceError
from barloom.source.values import column_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["INDEX", "from_pandas"]

INDEX: Final = "index"
"""The column that an index without a name is, as `reset_index` of pandas calls it."""

_COARSE: Final = "datetime64[s]"
"""Times that Polars has no unit for."""


def from_pandas(frame: Any) -> pl.DataFrame:  # noqa: ANN401 - pandas is none of barloom's dependencies
    """The frame's columns and its index, unless that is a mere numbering; a column goes before a level of its name."""
    twice = [str(name) for name, count in Counter(frame.columns).items() if count > 1]
    if twice:
        message = f"the frame has two columns {twice[0]!r}; rename one of them, or drop it"
        raise SourceError(message)
    columns = {str(name): frame[name] for name in frame.columns}
    levels = {name: level for name, level in _levels(frame).items() if name not in columns}
    return pl.DataFrame([_column(name, column) for name, column in {**levels, **columns}.items()])


def _levels(frame: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as above
    """The levels of the index by their names."""
    names = list(frame.index.names)
    if names == [None]:
        return {} if type(frame.index).__name__ == "RangeIndex" else {INDEX: frame.index.to_series()}
    named = [(place, name) for place, name in enumerate(names) if name is not None]
    return {str(name): frame.index.get_level_values(place).to_series() for place, name in named}


def _column(name: str, column: Any) -> pl.Series:  # noqa: ANN401 - as above
    """Times keep their nanoseconds, numbers their kind; what pandas takes for missing is null."""
    zone = getattr(column.dtype, "tz", None)
    if zone is not None:
        instants = _plain(name, column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy())
        return instants.cast(pl.Datetime(instants.dtype.time_unit, "UTC"))  # type: ignore[attr-defined]
    if column.dtype.kind in "iufbM" and type(column.dtype).__module__.startswith("numpy"):
        return _plain(name, column.to_numpy())
    values = [None if missing else value for value, missing in zip(column.tolist(), column.isna(), strict=True)]
    return column_of(values).alias(name)


def _plain(name: str, values: Any) -> pl.Series:  # noqa: ANN401 - an array of numpy
    kept = values.astype("datetime64[ms]") if values.dtype == _COARSE else values
    return pl.Series(name, kept, nan_to_null=True)
