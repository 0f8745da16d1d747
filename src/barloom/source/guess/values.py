"""What bars are made of: trades, quotes, or bars that are there already."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from barloom.errors import SourceError
from barloom.source.guess.file_names import timeframe_in_name
from barloom.source.guess.layouts import LEAN
from barloom.source.guess.roles import in_role, plain
from barloom.source.guess.spans import coarser, length_of, smallest_step, stamped_at, timeframe_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from barloom.source.guess.numbers import NumberShape
    from barloom.source.guess.sample import Sample

__all__ = ["Values", "values_of"]

_OHLC: Final = ("open", "high", "low", "close")
_ENDS: Final = ("closetime", "endtime", "end")
_NANO: Final = "0.000000001"
_DECI_CENT: Final = "0.0001"


@dataclass(slots=True)
class Values:
    """The fields of numbers by their columns, and what `[bars]` makes of them."""

    name: str
    columns: Mapping[str, str]
    base: str = "1m"
    base_why: str = "the finest bars; 1s where you need them"
    rollup: list[str] = field(default_factory=lambda: ["5m", "1h", "1d"])
    bars: bool = False
    stamped: str = "start"
    stamped_why: str = ""
    ohlcv: Mapping[str, str] = field(default_factory=dict)
    ohlcv_why: str = ""
    select: Mapping[str, str] = field(default_factory=dict)
    select_why: str = ""
    conditions: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    where_why: str = ""


def values_of(
    sample: Sample, shapes: Mapping[str, NumberShape | None], nanos: pl.Series, keys: pl.Series | None
) -> Values:
    """What the columns that are left hold. Raises `SourceError` where none of them can be a price."""
    numbers = [name for name, shape in shapes.items() if shape is not None]
    ohlc = {role: found[0] for role in _OHLC if (found := in_role(role, numbers))}
    if len(ohlc) == len(_OHLC):
        return _bars(sample, ohlc, shapes, nanos, keys)
    price = in_role("price", numbers)
    quotes = {role: found[0] for role in ("bid", "ask") if (found := in_role(role, numbers))}
    if price and not (len(quotes) > 1 and plain(price[0]) in ("last", "value", "rate", "p")):
        return _trades(sample, price[0], numbers, shapes)
    if quotes:
        return _quotes(sample, quotes, numbers, shapes)
    rest = [name for name in numbers if (shape := shapes[name]) is not None and not shape.whole]
    rest = rest or in_role("close", numbers)
    if rest:
        return _trades(sample, rest[0], numbers, shapes)
    listed = ", ".join(shapes) or "none"
    message = (
        f"{sample.files[0].name}: no column can be a price: those beside the time and the key are {listed}; "
        "write the definition by hand, as docs/reference/definition.md says"
    )
    raise SourceError(message)


def _trades(sample: Sample, price: str, numbers: list[str], shapes: Mapping[str, NumberShape | None]) -> Values:
    size = [name for name in in_role("size", numbers) if name != price]
    columns = {"price": price} | ({"size": size[0]} if size else {})
    values = Values("trades", columns, ohlcv=dict(zip(columns, columns, strict=True)))
    values.ohlcv_why = "" if size else "no column is a size, so bars have no volume"
    _scale(values, "price", _factor(sample, price, shapes))
    actions = [name for name in shapes if plain(name) == "action"]
    if actions and "T" in sample.rows[actions[0]].to_list() and sample.rows[actions[0]].n_unique() > 1:
        values.conditions, values.where = {"action": actions[0]}, 'action == "T"'
        values.where_why = "trades only; other rows change the book"
    return values


def _quotes(
    sample: Sample, quotes: Mapping[str, str], numbers: list[str], shapes: Mapping[str, NumberShape | None]
) -> Values:
    sizes = {role: found[0] for role in ("bid_size", "ask_size") if (found := in_role(role, numbers))}
    side = next(iter(quotes))
    values = Values("quotes", {**quotes, **sizes}, ohlcv={"price": side})
    values.ohlcv_why = f"bars of the {side}; [bars.select] can have the middle: last((bid + ask) * 0.5)"
    _scale(values, side, _factor(sample, quotes[side], shapes))
    return values


def _factor(sample: Sample, price: str, shapes: Mapping[str, NumberShape | None]) -> tuple[str, str]:
    """By what whole numbers are to be multiplied to be prices, and why."""
    shape = shapes[price]
    if shape is None or not shape.whole:
        return "", ""
    if sample.layout.startswith(LEAN):
        return _DECI_CENT, "prices are whole numbers of a ten-thousandth"
    names = {plain(name) for name in sample.rows.columns}
    if {"tsevent", "rtype"} <= names and shape.before > len("1000000"):
        return _NANO, "prices are whole numbers of a thousand-millionth"
    return "", ""


def _scale(values: Values, price: str, factor: tuple[str, str]) -> None:
    """Say prices by their real value, where they are written as whole numbers."""
    if not factor[0]:
        return
    folds = {"open": "first", "high": "max", "low": "min", "close": "last"}
    select = {name: f"{fold}({price} * {factor[0]})" for name, fold in folds.items()}
    volume = {"volume": "sum(size)"} if "size" in values.columns else {}
    values.select, values.select_why, values.ohlcv = {**select, **volume, "count": "count()"}, factor[1], {}


def _bars(
    sample: Sample,
    ohlc: Mapping[str, str],
    shapes: Mapping[str, NumberShape | None],
    nanos: pl.Series,
    keys: pl.Series | None,
) -> Values:
    rest = [name for name, shape in shapes.items() if shape is not None and name not in ohlc.values()]
    volumes, trades = _telling(sample, in_role("volume", rest)), in_role("trades", rest)
    columns = dict(ohlc) | ({"volume": volumes[0]} if volumes else {})
    columns |= {"trades": trades[0]} if trades and trades[0] not in columns.values() else {}
    base, why = _base(sample, nanos, keys)
    values = Values("bars", columns, base, why, coarser(base), bars=True)
    if not values.rollup:
        message = (
            f"{sample.files[0].name} holds bars of {base}, as far as its times and its name tell, and no "
            f"usual timeframe is made of those: give finer bars, or write the definition by hand"
        )
        raise SourceError(message)
    ends = [path for path in in_role("time", sample.rows.columns)[:1] if plain(path) in _ENDS]
    values.stamped = stamped_at(nanos, base, ends)
    values.stamped_why = "as the times of the first rows stand in their slots"
    factor = _factor(sample, ohlc["open"], shapes)
    folds = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum", "trades": "sum"}
    times = {name: f" * {factor[0]}" if factor[0] and name in ohlc else "" for name in columns}
    values.select = {name: f"{folds[name]}({name}{times[name]})" for name in columns}
    values.select_why = factor[1]
    return values


def _telling(sample: Sample, names: list[str]) -> list[str]:
    """Columns that are always 0, as volumes of currencies, come last."""
    return sorted(names, key=lambda name: not sample.rows[name].str.contains("[1-9]").any())


def _base(sample: Sample, nanos: pl.Series, keys: pl.Series | None) -> tuple[str, str]:
    named = timeframe_in_name(sample.file)
    step = smallest_step(keys, nanos)
    if named is not None and (step is None or step % length_of(named) == 0 or named.endswith(("mo", "w"))):
        return named, "as the name of the file says"
    if step is None:
        return "1m", "the rows do not tell how long a bar is: write it"
    return timeframe_of(step), "the smallest step between two times"
