"""Files without a header: which columns they have, where their widths and values are those of a known publisher."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from barloom.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["LEAN", "Layout", "known_layout", "looks_like_header", "names_of"]

LEAN: Final = "LEAN"
_NUMBER: Final = r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?"
_DATA: Final = re.compile(rf"{_NUMBER}|\d{{1,4}}[-./:]\d.*|\d{{8}}[ T].*|true|false", re.IGNORECASE)
_KINDS: Final = {
    "n": re.compile(_NUMBER),
    "w": re.compile(r"-?\d+"),
    "e": re.compile(r"\d{9,10}(?:\.\d+)?|\d{12,13}(?:\.\d+)?|\d{15,16}|\d{18,19}"),
    "b": re.compile(r"true|false", re.IGNORECASE),
    "m": re.compile(r"[0-8]?\d{1,7}(?:\.\d+)?"),
    "d": re.compile(r"\d{4}[./-]\d\d[./-]\d\d|\d{8}"),
    "c": re.compile(r"\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?"),
    "t": re.compile(r"\d{4}[./-]?\d\d[./-]?\d\d[ T]\d\d:?\d\d.*"),
    "f": re.compile(r"[01]"),
    "x": re.compile(r".*"),
}
"""Kinds of columns: number, whole, epoch, boolean, since midnight, date, clock, date with clock, flag, anything."""

_LOOKED_AT: Final = 100


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout by the kinds of its columns, a letter each; `file` is what the name of such files holds."""

    title: str
    kinds: str
    names: str
    file: str = ""


_KNOWN: Final = (
    Layout(f"{LEAN} trades", "mnn", "ms price size exchange condition suspicious", r"_trade_tick"),
    Layout(f"{LEAN} quotes", "mnnnn", "ms bid bid_size ask ask_size exchange condition suspicious", r"_quote_tick"),
    Layout(f"{LEAN} bars", "mnnnnn", "ms open high low close volume", r"_(?:second|minute)_trade"),
    Layout("Binance spot trades", "wnnnebb", "id price qty quote_qty time is_buyer_maker is_best_match"),
    Layout(
        "Binance aggregated trades",
        "wnnwwebb",
        "agg_trade_id price qty first_trade_id last_trade_id time is_buyer_maker is_best_match",
    ),
    Layout(
        "Binance futures aggregated trades",
        "wnnwweb",
        "agg_trade_id price quantity first_trade_id last_trade_id transact_time is_buyer_maker",
    ),
    Layout("Binance futures trades", "wnnneb", "id price qty quote_qty time is_buyer_maker"),
    Layout(
        "Binance klines",
        "ennnnnenwnnn",
        "open_time open high low close volume close_time quote_volume count taker_buy_volume taker_buy_quote_volume"
        " ignore",
    ),
    Layout("Kraken candles", "ennnnnw", "time open high low close volume trades"),
    Layout("candles", "ennnnn", "time open high low close volume"),
    Layout("candles as Coinbase lists them", "ennnnn", "time low high open close volume"),
    Layout("trades as Kraken and bitcoincharts publish them", "enn", "time price volume"),
    Layout("HistData ticks", "tnnn", "time bid ask volume"),
    Layout("minute bars", "tnnnnn", "time open high low close volume"),
    Layout("MetaTrader bars", "dcnnnnn", "date time open high low close volume"),
)


def looks_like_header(row: Sequence[str]) -> bool:
    """Whether cells are names: none is a number, a time or a truth. Some may have none, as an index has."""
    cells = [cell.strip() for cell in row]
    return any(cells) and not any(_DATA.fullmatch(cell) for cell in cells)


def names_of(file: str, rows: Sequence[Sequence[str]], given: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The layout of a file without a header, and the names of its columns: those given, or those of a known layout.

    Raises `SourceError` where names are given that are too few or too many, and where the layout is unknown.
    """
    width = len(rows[0])
    if given and len(given) != width:
        message = f"{file} has {width} columns, but {len(given)} names are given; its first row is {_shown(rows[0])}"
        raise SourceError(message)
    if given and not (all(given) and len(set(given)) == width):
        message = f"the names {','.join(given)} are not one for each of the {width} columns of {file}: each its own"
        raise SourceError(message)
    if given:
        return "", given
    found = known_layout(file, rows)
    if found is None:
        message = (
            f"{file} has no header, and its {width} columns are of no layout that is known; its first row is "
            f"{_shown(rows[0])}. Name them: --names {','.join(_example(rows[0]))} (in Python names=[…])"
        )
        raise SourceError(message)
    return found.title, found.names.split()[:width]


def known_layout(file: str, rows: Sequence[Sequence[str]], layouts: Sequence[Layout] = _KNOWN) -> Layout | None:
    """The first layout that these rows fit."""
    return next((layout for layout in layouts if _fits(layout, file, rows[:_LOOKED_AT])), None)


def _shown(row: Sequence[str]) -> str:
    return ",".join(row)[:200]


def _example(row: Sequence[str]) -> list[str]:
    first = ("time", "price", "size")
    return [first[place] if place < len(first) else f"c{place + 1}" for place in range(len(row))]


def _fits(layout: Layout, file: str, rows: Sequence[Sequence[str]]) -> bool:
    names, width = layout.names.split(), len(rows[0])
    if layout.file:
        named = re.search(layout.file, file, re.IGNORECASE) is not None
        wide = named and len(layout.kinds) <= width <= len(names)
    else:
        wide = width == len(names)
    kinds = layout.kinds.ljust(width, "x")
    return wide and all(map(_are(kinds), rows)) and _are_bars(names, rows)


def _are(kinds: str) -> Callable[[Sequence[str]], bool]:
    def fits(row: Sequence[str]) -> bool:
        return all(_KINDS[kind].fullmatch(cell.strip()) for kind, cell in zip(kinds, row, strict=True))

    return fits


def _are_bars(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the high is nowhere below the others and the low nowhere above, where there are such columns."""
    if "high" not in names:
        return True
    places = {name: names.index(name) for name in ("open", "high", "low", "close")}
    for row in rows:
        values = {name: _value(row[place]) for name, place in places.items()}
        if values["high"] != max(values.values()) or values["low"] != min(values.values()):
            return False
    return True


def _value(text: str) -> Decimal:
    return Decimal(text.strip().replace(",", "."))
