"""``/udf``: what the charting library's datafeed asks for, over all stores, which are its exchanges."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from barloom.serve.api.asking import Asked
from barloom.serve.api.operations import operation
from barloom.serve.api.room import Room
from barloom.serve.udf.history import history
from barloom.serve.udf.marks import marks, timescale_marks
from barloom.serve.udf.resolutions import resolutions_of
from barloom.serve.udf.symbols import kind_of, search, symbol_info, symbols
from barloom.time.timeframe import SECOND

__all__ = ["UDF", "AskedByChart", "Choice", "Config", "config", "time"]


class AskedByChart(Asked, frozen=True, kw_only=True):
    """Nothing, or what clients add of their own."""

    lenient = True


class Choice(Struct):
    """Something to choose from."""

    value: str
    name: str
    desc: str


class Config(Struct):
    """What this datafeed can do."""

    supported_resolutions: list[str]
    exchanges: list[Choice]
    symbols_types: list[Choice]
    supports_search: bool
    supports_group_request: bool
    supports_marks: bool
    supports_timescale_marks: bool
    supports_time: bool
    digits: str


_DIGITS: Final = "prices are JSON numbers, with the digits that a double holds; /v1/bars is exact"


@operation("/udf/config", tag="udf", quick=True)
def config(_asked: AskedByChart, room: Room) -> Config:
    """What this datafeed can do: its resolutions, its exchanges (the stores), and types of symbols."""
    shelves = list(room.shelves)
    kinds = dict.fromkeys(kind_of(shelf) for shelf in shelves)
    known = {resolution: None for shelf in shelves for resolution in resolutions_of(shelf.bars.timeframes())}
    every = Choice("", "All", "")
    return Config(
        supported_resolutions=list(known),
        exchanges=[every, *(Choice(shelf.name, shelf.name, shelf.bars.plan.name) for shelf in shelves)],
        symbols_types=[every, *(Choice(kind, kind, kind) for kind in kinds)],
        supports_search=True,
        supports_group_request=False,
        supports_marks=True,
        supports_timescale_marks=True,
        supports_time=True,
        digits=_DIGITS,
    )


@operation("/udf/time", tag="udf", quick=True)
def time(_asked: AskedByChart, room: Room) -> str:
    """The time of the server, in seconds since 1970."""
    return str(room.now() // SECOND)


UDF: Final = (history, symbols, search, symbol_info, marks, timescale_marks, config, time)
