"""Symbols: a key of a store as the charting library knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple

from msgspec import Meta, Struct

from barloom.serve.api.asking import Asked
from barloom.serve.api.operations import operation
from barloom.serve.api.refusals import Refused
from barloom.serve.api.room import Room
from barloom.serve.stores.served import NotKept
from barloom.serve.udf.columns import columns_of
from barloom.serve.udf.hours import hours_of
from barloom.serve.udf.resolutions import multipliers, resolutions_of
from barloom.serve.v1.stores import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.serve.stores.catalogue import Shelf

__all__ = [
    "AskedGroup",
    "AskedSearch",
    "AskedSymbol",
    "Match",
    "Symbol",
    "SymbolInfo",
    "Symbols",
    "Ticker",
    "kind_of",
    "search",
    "symbol_at",
    "symbol_info",
    "symbols",
]

Ticker = Annotated[str, Meta(description="A key; where several stores are served STORE:KEY.", examples=["XBTUSDT"])]


class Symbol(NamedTuple):
    """A key of a store, and how it is called."""

    shelf: Shelf
    key: bytes
    text: str
    ticker: str


def symbol_at(room: Room, ticker: str) -> Symbol:
    """The symbol that a ticker names; `Refused` where there is none."""
    shelves = list(room.shelves)
    named = {shelf.name: shelf for shelf in shelves}
    store, colon, rest = ticker.partition(":")
    tried = [(shelf, ticker) for shelf in shelves]
    if colon and store in named:
        tried.insert(0, (named[store], rest))
    for shelf, text in tried:
        key = _encoded(shelf, text)
        if key is not None and _is_there(shelf, key):
            return Symbol(shelf, key, text, _ticker(shelf, text, several=len(shelves) > 1))
    raise Refused(404, "unknown_symbol", "symbol")


def _encoded(shelf: Shelf, text: str) -> bytes | None:
    """The key that a text writes, if it does, and the request may read it."""
    try:
        key = shelf.keys.read(text)
        return shelf.keys.codec.encode(key) if shelf.access.reaches(shelf.keys.write(key)) else None
    except (TypeError, ValueError):
        return None


def _is_there(shelf: Shelf, key: bytes) -> bool:
    try:
        return any(next(shelf.bars.keys(name, key), None) == key for name in shelf.bars.timeframes())
    except NotKept:
        return True


def _ticker(shelf: Shelf, text: str, *, several: bool) -> str:
    return f"{shelf.name}:{text}" if several else text


class SymbolInfo(Struct, omit_defaults=True):
    """What the charting library asks of a symbol; see its documentation of `LibrarySymbolInfo`."""

    name: str
    ticker: str
    description: str
    type: str
    session: str
    timezone: str
    exchange: str
    listed_exchange: str
    pricescale: int
    volume_precision: int
    has_intraday: bool
    has_seconds: bool
    has_daily: bool
    has_weekly_and_monthly: bool
    supported_resolutions: list[str]
    intraday_multipliers: list[str]
    seconds_multipliers: list[str]
    daily_multipliers: list[str]
    weekly_multipliers: list[str]
    monthly_multipliers: list[str]
    session_holidays: str
    corrections: str
    visible_plots_set: str
    minmov: int = 0
    format: str = ""
    data_status: str = ""


class AskedSymbol(Asked, frozen=True, kw_only=True):
    """Which symbol."""

    lenient: ClassVar[bool] = True

    symbol: Ticker


@operation("/udf/symbols", tag="udf")
def symbols(asked: AskedSymbol, room: Room) -> SymbolInfo:
    """One symbol: its sessions, time zone, resolutions, and how many digits its price has."""
    return _info(room, symbol_at(room, asked.symbol))


def _info(room: Room, symbol: Symbol) -> SymbolInfo:
    shelf = symbol.shelf
    columns = columns_of(shelf)
    hours = hours_of(shelf.bars.calendar, shelf.bars.times().stream_time or room.now())
    resolutions = list(resolutions_of(shelf.bars.timeframes()))
    of = {letter: multipliers(resolutions, letter) for letter in ("", "S", "D", "W", "M")}
    return SymbolInfo(
        name=symbol.text,
        ticker=symbol.ticker,
        description=" ".join(str(value) for value in shelf.keys.codec.decode(symbol.key)),
        type=kind_of(shelf),
        session=hours.session,
        timezone=hours.zone,
        exchange=shelf.name,
        listed_exchange=shelf.name,
        pricescale=10**columns.scale,
        volume_precision=columns.volume_scale,
        has_intraday=bool(of[""] or of["S"]),
        has_seconds=bool(of["S"]),
        has_daily=bool(of["D"]),
        has_weekly_and_monthly=bool(of["W"] or of["M"]),
        supported_resolutions=resolutions,
        intraday_multipliers=of[""],
        seconds_multipliers=of["S"],
        daily_multipliers=of["D"],
        weekly_multipliers=of["W"],
        monthly_multipliers=of["M"],
        session_holidays=hours.holidays,
        corrections=hours.corrections,
        visible_plots_set=columns.plots,
        minmov=1,
        format="price",
        data_status="streaming",
    )


def kind_of(shelf: Shelf) -> str:
    """What kind of market it is, as its hours tell."""
    name = shelf.bars.calendar.name
    return "crypto" if name.startswith("24x7") else "forex" if name.startswith("24x5-fx") else "stock"


class Match(Struct):
    """A symbol that a search found."""

    symbol: str
    full_name: str
    description: str
    exchange: str
    ticker: str
    type: str


class AskedSearch(Asked, frozen=True, kw_only=True):
    """What to look for."""

    lenient: ClassVar[bool] = True

    query: Annotated[str, Meta(description="A part of the symbol.")] = ""
    type: Annotated[str, Meta(description="Only symbols of this type.")] = ""
    exchange: Annotated[str, Meta(description="Only symbols of this store.")] = ""
    limit: Annotated[int, Meta(ge=1, le=10_000, description="How many at most.")] = 30


@operation("/udf/search", tag="udf")
def search(asked: AskedSearch, room: Room) -> list[Match]:
    """The symbols whose text holds the query, in upper or lower case."""
    found = list[Match]()
    for match in room.timed(_matches(room, asked)):
        found.append(match)
        if len(found) == asked.limit:
            break
    return found


def _matches(room: Room, asked: AskedSearch) -> Iterator[Match]:
    shelves = list(room.shelves)
    for shelf in shelves:
        if asked.exchange in ("", shelf.name) and asked.type in ("", kind_of(shelf)):
            for text in _texts(shelf):
                if asked.query.lower() in text.lower():
                    ticker = _ticker(shelf, text, several=len(shelves) > 1)
                    yield Match(text, ticker, text.replace(",", " "), shelf.name, ticker, kind_of(shelf))


def _texts(shelf: Shelf) -> Iterator[str]:
    """The keys of a store as text; none where it lists none."""
    try:
        for key in keys_of(shelf, shelf.bars.timeframes()[0], "", None):
            yield shelf.keys.write(shelf.keys.codec.decode(key))
    except NotKept:
        return


class AskedGroup(Asked, frozen=True, kw_only=True):
    """Which group."""

    lenient: ClassVar[bool] = True

    group: Annotated[str, Meta(description="A store.")]


class Symbols(Struct, rename={"exchange_listed": "exchange-listed", "exchange_traded": "exchange-traded"}):
    """All symbols of a group, column by column; a value that stands alone is that of all."""

    symbol: list[str]
    ticker: list[str]
    description: list[str]
    exchange_listed: str
    exchange_traded: str
    type: str
    timezone: str
    session: str
    minmov: int
    pricescale: int
    supported_resolutions: list[str]


@operation("/udf/symbol_info", tag="udf")
def symbol_info(asked: AskedGroup, room: Room) -> Symbols:
    """All symbols of a store at once."""
    shelf = room.shelf(asked.group)
    several = sum(1 for _ in room.shelves) > 1
    texts = list[str]()
    for text in room.timed(_texts(shelf)):
        room.rows(len(texts) + 1, "group")
        texts.append(text)
    hours = hours_of(shelf.bars.calendar, shelf.bars.times().stream_time or room.now())
    return Symbols(
        symbol=texts,
        ticker=[_ticker(shelf, text, several=several) for text in texts],
        description=[text.replace(",", " ") for text in texts],
        exchange_listed=shelf.name,
        exchange_traded=shelf.name,
        type=kind_of(shelf),
        timezone=hours.zone,
        session=hours.session,
        minmov=1,
        pricescale=10 ** columns_of(shelf).scale,
        supported_resolutions=list(resolutions_of(shelf.bars.timeframes())),
    )
