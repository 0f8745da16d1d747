"""A deterministic, realistic market of ticks: bursts and quiet keys, and everything that goes wrong on the way here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from barloom.simulate.dice import Dice
from barloom.simulate.files import write_frames
from barloom.simulate.trading import Trading
from barloom.time.timeframe import MILLISECOND, SECOND, parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from barloom.time.calendar import Booleans, Integers

__all__ = ["KINDS", "Market"]

KINDS: Final = ("plain", "out_of_order", "late", "future", "duplicate")
"""What can be said of a row of `Market.labelled`."""

_SCENES_AT_ONCE: Final = 64
_PRICE_SCALE: Final = 2
_SIZE_SCALE: Final = 3
_SIZE_UNIT: Final = 10
_DIGITS: Final = 18
_LATENCY: Final = (MILLISECOND, 40 * MILLISECOND)
_REPEATED_AFTER: Final = (5 * MILLISECOND, 200 * MILLISECOND)
_AHEAD: Final = (30 * SECOND, 120 * SECOND)
_LATE_BY: Final = (3 * SECOND, 12 * SECOND)
_START: Final = 1_762_776_000 * SECOND  # 2025-11-10T12:00:00Z
_BASE: Final = SECOND

_DEFINITION: Final = """\
# Bars of a simulated market. Prices are on a grid of 0.01; rows come in the order of their arrival.
[event]
name = "Tick"
key = ["symbol"]
timestamp = "at"
event_id = "id"

[event.fields]
symbol = "string"
at = "timestamp"
price = "decimal(18, 2)"
size = "decimal(18, 3)"
id = "int"

[source]
arrival = "arrival"

[bars]
name = "bars"
base = "1s"
delay = "{delay}"
calendar = "24x7"
ohlcv = {{ price = "price", size = "size" }}
rollup = ["5s", "1m", "5m", "15m", "1h", "1d"]

[bars.timeframes."1m"]
gap = "carry"
"""


@dataclass(frozen=True, slots=True)
class Market:
    """Ticks of a made-up market, the same for the same settings, everywhere.

    `ticks` rows (none: no end) at `rate` rows a second on average, in `keys` symbols, from `start` (ns UTC) on.
    Rows come in the order of their arrival, some milliseconds after their event time. The shares of `ticks` that do
    not: `out_of_order` rows arrive behind younger ones but within `delay`; `late` ones after their one-second slot
    and `delay` are over; `future` ones carry an event time far beyond their arrival; `duplicates` are a row sent twice.

    A market is an iterable of Polars frames with the columns symbol, at, price, size, id, arrival: it can be given to
    `barloom.run` as it is, together with its `definition`.
    """

    ticks: int | None = 100_000
    keys: int = 12
    seed: int = 1
    rate: float = 200.0
    start: int = _START
    delay: str = "2s"
    out_of_order: float = 0.05
    late: float = 0.002
    future: float = 0.0005
    duplicates: float = 0.002

    def __post_init__(self) -> None:
        shares = (self.out_of_order, self.late, self.future, self.duplicates)
        if min(shares) < 0 or sum(shares) > 1:
            message = f"the shares of out_of_order, late, future and duplicates are {shares}; they are parts of 1"
            raise ValueError(message)
        if self.keys < 1 or self.rate <= 0 or (self.ticks is not None and self.ticks < 0):
            message = f"a market has at least one key, a rate above 0 and no negative ticks: {self}"
            raise ValueError(message)

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """The ticks, frame by frame."""
        return (frame.drop("kind") for frame in self.labelled())

    @property
    def symbols(self) -> list[str]:
        """The names of the keys."""
        return [_symbol(number) for number in range(self.keys)]

    @property
    def definition(self) -> str:
        """A definition in TOML that fits the ticks, in whatever format they are written."""
        return _DEFINITION.format(delay=self.delay)

    def labelled(self) -> Iterator[pl.DataFrame]:
        """The ticks with a column `kind` that says of each row what is special about it (one of `KINDS`)."""
        left = self.ticks
        for rows in self._arriving():
            if left is not None and len(rows.arrival) >= left:
                yield self._frame(rows.take(np.arange(left)))
                return
            left = None if left is None else left - len(rows.arrival)
            yield self._frame(rows)

    def write(self, path: str | Path, on_progress: Callable[[int], None] | None = None) -> int:
        """Write the ticks to a ``.csv``, ``.jsonl`` (each also ``.gz``) or ``.parquet`` file; the number of rows.

        `on_progress` is called with the number of rows so far. `ValueError` for another extension or an endless market.
        """
        if self.ticks is None:
            message = "a market without end cannot be written; state how many ticks"
            raise ValueError(message)
        return write_frames(self, Path(path), on_progress)

    def _arriving(self) -> Iterator[_Rows]:
        """Rows in the order of arrival. What is younger than the last trade so far has to wait for later trades."""
        trading = Trading(self.seed, self.keys, round(SECOND / self.rate), self.start)
        travel = _Travel(self)
        waiting = _Rows.none()
        while True:
            trades = trading.next(_SCENES_AT_ONCE)
            sent = travel.of(_Rows(trades.number, trades.time, trades.key, trades.price, trades.size))
            rows = waiting.and_then(sent)
            rows = rows.take(np.lexsort((rows.number, rows.arrival)))
            settled = int(np.searchsorted(rows.arrival, trades.time[-1], "left"))
            waiting = rows.take(np.arange(settled, len(rows.arrival)))
            yield rows.take(np.arange(settled))

    def _frame(self, rows: _Rows) -> pl.DataFrame:
        names = pl.Series(self.symbols)
        return pl.DataFrame(
            {
                "symbol": names.gather(pl.Series(rows.key)),
                "at": pl.Series(rows.time).cast(pl.Datetime("ns", "UTC")),
                "price": _decimals(rows.price, _PRICE_SCALE),
                "size": _decimals(rows.size * _SIZE_UNIT, _SIZE_SCALE),
                "id": pl.Series(rows.number + 1),
                "arrival": pl.Series(rows.arrival).cast(pl.Datetime("ns", "UTC")),
                "kind": pl.Series(KINDS).gather(pl.Series(rows.kind)),
            }
        )


class _Rows(NamedTuple):
    """Rows as parallel columns; `kind` is a position in `KINDS`."""

    number: Integers
    time: Integers
    key: Integers
    price: Integers
    size: Integers
    arrival: Integers = np.zeros(0, np.int64)
    kind: Integers = np.zeros(0, np.int64)

    @classmethod
    def none(cls) -> _Rows:
        return cls(*(np.zeros(0, np.int64) for _ in cls._fields))

    def take(self, places: Integers | Booleans) -> _Rows:
        return _Rows(*(column[places] for column in self))

    def and_then(self, others: _Rows) -> _Rows:
        return _Rows(*(np.concatenate(pair) for pair in zip(self, others, strict=True)))


class _Travel:
    """What happens to trades on their way from the market to here."""

    def __init__(self, market: Market) -> None:
        self._fates, self._latency, self._detour, self._again = (Dice(market.seed, each) for each in range(7, 11))
        parts = 1 << 20
        shares = (market.out_of_order, market.late, market.future, market.duplicates)
        # A duplicate is a row of its own, so it is drawn among fewer than all rows.
        whole = 1 - market.duplicates
        self._edges = np.cumsum([round(parts * share / whole) for share in shares])
        self._parts = parts
        self._delay = parse_duration(market.delay)

    def of(self, trades: _Rows) -> _Rows:
        number = trades.number
        fate = np.searchsorted(self._edges, self._fates.below(self._parts, number), "right")
        disordered, late, future, repeated = (fate == each for each in range(4))
        latency = self._latency.between(*_LATENCY, number)
        longest = max(self._delay * 4 // 5, 2 * _LATENCY[1])
        latency = np.where(disordered, self._detour.between(_LATENCY[1], longest, number), latency)
        after = self._delay + _BASE
        latency = np.where(late, after + self._detour.between(*_LATE_BY, number), latency)
        arrival = trades.time + latency // 1_000 * 1_000
        ahead = self._detour.between(*_AHEAD, number) // 1_000 * 1_000
        time = np.where(future, arrival + ahead, trades.time)
        kind = np.select([disordered, late, future], [1, 2, 3], 0)
        rows = trades._replace(time=time, arrival=arrival, kind=kind)
        copies = rows.take(repeated)
        later = self._again.between(*_REPEATED_AFTER, copies.number)
        copies = copies._replace(arrival=copies.arrival + later // 1_000 * 1_000, kind=np.full(len(later), 4))
        return rows.and_then(copies)


def _symbol(number: int) -> str:
    """AAA, AAB, … as a letter number."""
    letters = []
    for _ in range(3):
        number, place = divmod(number, 26)
        letters.append(chr(ord("A") + place))
    return "".join(reversed(letters)) + (str(number) if number else "")


def _decimals(numbers: Integers, scale: int) -> pl.Series:
    return pl.Series(numbers).cast(pl.Int128).reinterpret(dtype=pl.Decimal(_DIGITS, scale))
