"""Candles without names, as venues publish them: which columns they have, their shape tells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.source.guess.layouts import Layout, known_layout

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LAYOUTS", "Named", "named", "settled"]

_OHLC: Final = "start open high low close"
_INDEX: Final = Layout("OKX candles of an index", "ennnnf", f"{_OHLC} confirm")

LAYOUTS: Final = (
    Layout(
        "Binance klines",
        "ennnnnenwnnn",
        f"{_OHLC} volume close_time quote_volume count taker_buy_volume taker_buy_quote_volume ignore",
    ),
    Layout("OKX candles", "ennnnnnnf", f"{_OHLC} volume volume_currency quote_volume confirm"),
    Layout("Kraken candles", "ennnnnnw", f"{_OHLC} vwap volume count"),
    Layout("Kraken candles", "ennnnnw", f"{_OHLC} volume count"),
    Layout("candles", "ennnnn", f"{_OHLC} volume"),
    Layout("Coinbase candles", "ennnnn", "start low high open close volume"),
    Layout("candles", "tnnnnn", f"{_OHLC} volume"),
    Layout("candles", "dnnnnn", f"{_OHLC} volume"),
    Layout("MetaTrader candles", "dcnnnnn", "date time open high low close volume"),
    Layout("candles", "dcnnnn", "date time open high low close"),
)
"""The first that fits is taken; where candles of both orders fit, both say the same."""

_OF_ANSWERS: Final = {"data": (_INDEX, *LAYOUTS)}
"""An answer's place may tell what its shape alone does not."""

_EXAMPLE: Final = ("start", "open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class Named:
    """Rows of text under names; `layout` is what they were recognised as, and `left` says what of them is not meant."""

    rows: pl.DataFrame
    layout: str = ""
    left: str = ""


def named(file: str, rows: Sequence[Sequence[str | None]], given: Sequence[str], place: str = "") -> Named:
    """Rows of values under the names that are given, or those of the layout that they fit.

    Raises `ValueError` where neither names them.
    """
    widths = sorted({len(row) for row in rows})
    if len(widths) > 1:
        message = f"its rows have {widths[0]} to {widths[-1]} values, and not one number of them"
        raise ValueError(message)
    if given and len(given) != widths[0]:
        message = f"its rows have {widths[0]} values, but {len(given)} names are given ({','.join(given)})"
        raise ValueError(message)
    if given:
        return Named(_frame(rows, given))
    cells = [["" if cell is None else cell for cell in row] for row in rows]
    layout = known_layout(file, cells, _OF_ANSWERS.get(place, LAYOUTS))
    if layout is None:
        names = [_EXAMPLE[at] if at < len(_EXAMPLE) else f"c{at + 1}" for at in range(widths[0])]
        message = (
            f"its rows have {widths[0]} values without names, and are of no venue's layout that is known; the first is "
            f"{','.join(cells[0])[:200]}. Name them: --names {','.join(names)} (in Python names=[…])"
        )
        raise ValueError(message)
    return settled(Named(_frame(rows, layout.names.split()), layout.title))


def settled(found: Named) -> Named:
    """Without the candles that their venue says are not finished (OKX: ``confirm`` is 0)."""
    if not found.layout.startswith("OKX") and not _says_confirm(found.rows):
        return found
    done = found.rows.filter(pl.col("confirm") == "1")
    left = found.rows.height - done.height
    told = f"{left} not confirmed by the venue {'is' if left == 1 else 'are'} left out" if left else ""
    return replace(found, rows=done, left=told)


def _says_confirm(rows: pl.DataFrame) -> bool:
    return "confirm" in rows.columns and rows.height > 0 and bool(rows["confirm"].is_in(["0", "1"]).all())


def _frame(rows: Sequence[Sequence[str | None]], names: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict.fromkeys(names, pl.String), orient="row")
