"""Options of the commands that work with live feeds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from barloom.cli.formats import UsageError
from barloom.front.load import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from barloom.feed import Event, Feeds
    from barloom.front.bars import Bars

__all__ = ["FeedNames", "MaybeDefinition", "Record", "feeds_asked", "feeds_of_bars"]

FeedNames = Annotated[
    list[str] | None,
    Parameter(
        name="--feed",
        negative="",
        help="A live feed, VENUE:SYMBOL such as kraken:BTC/USD; may be given several times.",
    ),
]
Record = Annotated[
    Path | None,
    Parameter(help="Write down everything that comes, for barloom feed replay: FILE.jsonl.zst."),
]
MaybeDefinition = Annotated[
    str | None,
    Parameter(name="--definition", help="The definition whose [feed] says the settings, and which feeds."),
]


def feeds_of_bars(bars: Bars, names: Sequence[str], told: Callable[[Event], None] | None = None) -> Feeds:
    """The feeds that are asked for, or those of ``[feed]``."""
    try:
        return bars.feeds(*names, told=told)
    except ValueError as error:
        raise UsageError(str(error)) from error


def feeds_asked(names: Sequence[str], definition: str | None, told: Callable[[Event], None] | None = None) -> Feeds:
    """The feeds that are named, with the settings of a definition where one is given."""
    if definition is not None:
        return feeds_of_bars(load(definition), names, told)
    if not names:
        message = "no feed is named: give some, such as kraken:BTC/USD, or --definition with a [feed]"
        raise UsageError(message)
    from barloom.feed import named  # noqa: PLC0415

    try:
        return named(names, told=told)
    except ValueError as error:
        raise UsageError(str(error)) from error
