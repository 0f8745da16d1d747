"""Options that several commands share, so that they are called and explained the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

__all__ = [
    "AsJson",
    "Definition",
    "From",
    "KeyParts",
    "MaybeSources",
    "MaybeStore",
    "SomeKey",
    "Sources",
    "Start",
    "StorePath",
    "TimeframeName",
    "To",
    "listed",
]

Definition = Annotated[str, Parameter(help="A TOML file, or module:attribute of a definition in Python.")]
StorePath = Annotated[Path, Parameter(name="--store", help="The directory of the store.")]
AsJson = Annotated[
    bool,
    Parameter(
        name="--json", negative="", show_default=False, help="Answer with one JSON object (docs/reference/json.md)."
    ),
]
TimeframeName = Annotated[str, Parameter(name="--timeframe", help="One of the definition's timeframes, such as 1m.")]
KeyParts = Annotated[
    list[str],
    Parameter(name="--key", help="The key: its value, or field=value once for each field of a composite key."),
]
SomeKey = Annotated[
    tuple[str, ...],
    Parameter(name="--key", help="Only this key: its value, or field=value for one or more fields of a composite key."),
]
Start = Annotated[str, Parameter(help="Where the bar's slot starts: 2025-11-10T12:34:00Z.")]
From = Annotated[str | None, Parameter(name="--from", help="Bars that start at or after this time.")]
To = Annotated[str | None, Parameter(name="--to", help="Bars that start before this time.")]
_SOURCES = Parameter(
    name="--source",
    negative="",
    allow_leading_hyphen=True,
    help="A file or glob of ticks, or - for standard input; may be given several times.",
)
Sources = Annotated[list[str], _SOURCES]
MaybeSources = Annotated[list[str] | None, _SOURCES]


def listed(names: str | None) -> tuple[str, ...]:
    """Names that are parted by commas."""
    return tuple(name.strip() for name in (names or "").split(",") if name.strip())


MaybeStore = Annotated[Path | None, Parameter(name="--store", help="The directory of the store.")]
