"""The small market that the catalogue's cases share, and short ways to write its ticks and to read its bars."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import barloom as bl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import polars as pl

    from barloom.plan.draft import LevelDraft
    from barloom.testing import PartitionWatcherStub, Point

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Tick(bl.Event):
    """A trade."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(18, 2)
    size: Decimal = bl.decimal(18, 0)


class Candle(bl.Event):
    """A finished bar of somebody else's, as input."""

    symbol: str = bl.key()
    start: datetime = bl.timestamp()
    open: Decimal = bl.decimal(18, 2)
    high: Decimal = bl.decimal(18, 2)
    low: Decimal = bl.decimal(18, 2)
    close: Decimal = bl.decimal(18, 2)
    volume: Decimal = bl.decimal(18, 0)


def ticks_to_bars(base: str, *rollup: str | LevelDraft, delay: str = "0s", **base_options: Any) -> bl.Bars:  # noqa: ANN401 - tumbling's own
    """Open, high, low, close, volume and count of `Tick`."""
    return (
        bl.from_(Tick)
        .tumbling(base, delay=delay, **base_options)
        .ohlcv(price="price", size="size")
        .rollup(*rollup)
        .named("bars")
    )


def bars_to_bars(base: str, *rollup: str | LevelDraft, delay: str = "0s", calendar: str = "24x7") -> bl.Bars:
    """Coarser bars of `Candle`, which is stamped with its start."""
    return (
        bl.from_(Candle)
        .bars(base, stamped="start", delay=delay, calendar=calendar)
        .select(
            open=bl.first("open"),
            high=bl.max("high"),
            low=bl.min("low"),
            close=bl.last("close"),
            volume=bl.sum("volume"),
        )
        .rollup(*rollup)
        .named("bars")
    )


def at(text: str) -> datetime:
    """A UTC time."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def nanos(time: datetime) -> int:
    """Nanoseconds since the epoch."""
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def tick(time: str | datetime, price: str | int, size: int = 1, symbol: str = "EURUSD") -> dict[str, Any]:
    """One row of `Tick`."""
    moment = at(time) if isinstance(time, str) else time
    return {"symbol": symbol, "at": moment, "price": str(price), "size": str(size)}


def candle(  # noqa: PLR0913, PLR0917 - the six values of a candle
    time: str | datetime, open_: int, high: int, low: int, close: int, volume: int, symbol: str = "EURUSD"
) -> dict[str, Any]:
    """One row of `Candle`."""
    moment = at(time) if isinstance(time, str) else time
    prices = {"open": str(open_), "high": str(high), "low": str(low), "close": str(close)}
    return {"symbol": symbol, "start": moment, **prices, "volume": str(volume)}


def ohlcv(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Open, high, low, close and volume of a bar."""
    return tuple(row[name] for name in ("open", "high", "low", "close", "volume"))


def prices(*values: str | int) -> tuple[Decimal, ...]:
    """Expected values, written as text."""
    return tuple(Decimal(value) for value in values)


def starts(frame: pl.DataFrame, **having: object) -> list[datetime]:
    """The slots' starts of the bars with these values, in their order."""
    return [row["start"] for row in frame.rows(named=True) if all(row[name] == value for name, value in having.items())]


def fold(children: Iterable[Mapping[str, Any]]) -> tuple[Any, ...]:
    """Open of the first, highest high, lowest low, close of the last, sum of volumes: of children with ticks."""
    real = sorted((child for child in children if not child["synthetic"]), key=lambda child: child["start"])
    return (
        real[0]["open"],
        max(child["high"] for child in real),
        min(child["low"] for child in real),
        real[-1]["close"],
        sum((child["volume"] for child in real), Decimal(0)),
    )


def dates(first: date, last: date) -> list[date]:
    """All dates, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


Rows: TypeAlias = "Mapping[str, Any] | Sequence[Mapping[str, Any]]"
"""One row or many."""


class Rig(Protocol):
    """What a case needs of whatever runs the bars."""

    def feed(self, ticks: Rows) -> object:
        """Take in rows and publish what they bring about."""
        ...

    def restart(self) -> None:
        """Forget everything that was not committed, and continue from what was."""
        ...

    def finals(self, timeframe: str) -> pl.DataFrame:
        """Published finals."""
        ...

    def lives(self, timeframe: str) -> pl.DataFrame:
        """Live bars."""
        ...

    def rejected(self) -> list[Any]:
        """The side output."""
        ...


class Group(Rig, Protocol):
    """A rig of several instances, any of which may end or stand still at any point."""

    @property
    def clock(self) -> Any:  # noqa: ANN401 - a clock that is set by hand
        """The wall time of all of them; whoever is due when it moves does nothing before `settle` or another call."""
        ...

    @property
    def watchers(self) -> Mapping[str, PartitionWatcherStub]:
        """What became of each one's partitions."""
        ...

    def feed(self, ticks: Rows, partition: int = 0) -> object:
        """Take in rows of a partition and publish what they bring about."""
        ...

    def append(self, ticks: Rows) -> object:
        """Write rows that nobody reads yet, or not before `settle`."""
        ...

    def settle(self) -> None:
        """Let everybody who runs work until nothing is left to do."""
        ...

    def move_clock(self, by: int) -> None:
        """Let time pass, and everybody look at the clock."""
        ...

    def assign(self, wanted: Mapping[str, Iterable[int]]) -> None:
        """Rebalance."""
        ...

    def revoke(self, name: str) -> None:
        """Take the partition from its owner and give it to nobody."""
        ...

    def owner(self, partition: int = 0) -> str | None:
        """Who owns a partition."""
        ...

    def crash(self, name: str) -> None:
        """Kill an instance between two turns."""
        ...

    def crash_at(self, point: str, name: str) -> None:
        """Kill it right after a point of its turn."""
        ...

    def freeze_at(self, point: Point, name: str) -> None:
        """Let it stand still there."""
        ...

    def thaw(self, name: str) -> bool:
        """Let it go on; false where it was refused."""
        ...

    def live_history(self, timeframe: str) -> pl.DataFrame:
        """Every state that a live bar had."""
        ...
