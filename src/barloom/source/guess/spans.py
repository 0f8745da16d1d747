"""What the times of a sample tell: their order, how far bars are apart, and when they are stamped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from barloom.time.timeframe import DAY, HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Order", "coarser", "length_of", "order_of", "smallest_step", "stamped_at", "timeframe_of"]

_UNITS: Final = {"d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": SECOND // 1000}
_WEEK: Final = 7 * DAY
_MONTH: Final = 28 * DAY
_LADDER: Final = ("1m", "5m", "15m", "1h", "4h", "1d")


class Order(NamedTuple):
    """Whether times never step back, in all rows and in those of each key."""

    whole: bool
    by_key: bool


def order_of(keys: pl.Series | None, nanos: pl.Series) -> Order:
    """The order of rows; no `keys` where all are of one."""
    if nanos.is_sorted():
        return Order(whole=True, by_key=True)
    if keys is None:
        return Order(whole=False, by_key=False)
    parts = pl.DataFrame({"key": keys, "at": nanos}).partition_by("key")
    return Order(whole=False, by_key=all(part["at"].is_sorted() for part in parts))


def smallest_step(keys: pl.Series | None, nanos: pl.Series) -> int | None:
    """The smallest distance of two times of one key."""
    frame = pl.DataFrame({"key": nanos * 0 if keys is None else keys, "at": nanos}).unique().sort("key", "at")
    steps = frame.select(pl.col("at").diff().over("key")).to_series().drop_nulls()
    least = steps.filter(steps > 0).min()
    return least if isinstance(least, int) else None


def timeframe_of(step: int) -> str:
    """A timeframe by the distance of its slots' starts: of days, weeks and months one, however few were seen."""
    if step >= _MONTH:
        return "1mo"
    if step >= _WEEK:
        return "1w"
    if step >= DAY - HOUR:
        return "1d"
    unit, size = next((unit, size) for unit, size in _UNITS.items() if step % size == 0 or unit == "ms")
    return f"{max(1, step // size)}{unit}"


def length_of(timeframe: str) -> int:
    """The nanoseconds of a timeframe, of a month the fewest."""
    if timeframe.endswith("mo"):
        return _MONTH
    if timeframe.endswith("w"):
        return _WEEK
    unit = next(unit for unit in ("ms", "s", "m", "h", "d") if timeframe.endswith(unit))
    return int(timeframe.removesuffix(unit)) * _UNITS[unit]


def coarser(base: str) -> list[str]:
    """Usual timeframes that a base builds."""
    if base == "1d":
        return ["1w", "1mo"]
    length = length_of(base)
    return [each for each in _LADDER if length_of(each) > length and length_of(each) % length == 0 and length < DAY]


def stamped_at(nanos: pl.Series, base: str, is_end: Sequence[str]) -> str:
    """When bars are stamped: at the start of their slots, their end, or shortly before; `is_end` are names of ends."""
    length = length_of(base)
    if length > DAY:
        return "start"
    rest = (nanos % length).unique()
    if len(rest) == 1 and rest[0] and rest[0] >= length - SECOND:
        before = length - int(rest[0])
        return f"end-{timeframe_of(before)}" if before >= SECOND // 1000 else "start"
    return "end" if is_end else "start"
