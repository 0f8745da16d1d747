"""Rows of a feed as columns of the declared event, and what the key of a symbol is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, cast

import msgspec
import numpy as np
import polars as pl

from barloom.errors import SourceError
from barloom.feed.protocol import Channel, Quote, Row, Trade
from barloom.plan.barplan import FieldKind
from barloom.source.columns import ARRIVAL, missing_column
from barloom.source.decode import Decoder
from barloom.source.text.records import TextFields, column_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.feed.batch import AnyRow, SymbolId
    from barloom.plan.barplan import BarPlan
    from barloom.source.decode import Rows
    from barloom.source.decoded import Problems
    from barloom.time.calendar import Integers

__all__ = ["OwnColumns", "RowColumns", "VenueColumns", "arrivals_of", "channel_of"]

_TRADES: Final = ("venue", "symbol", "first_trade_id", "trade_id", "time", "price", "size", "side", "received_at")
_QUOTES: Final = ("venue", "symbol", "time", "bid", "bid_size", "ask", "ask_size", "received_at")
_NAMES: Final = {Channel.TRADES: _TRADES, Channel.QUOTES: _QUOTES}
"""The names that rows have, by which the definition's ``[source] columns`` calls them."""

_NUMBERS: Final = frozenset(("first_trade_id", "trade_id", "time", "received_at"))
_TIMES: Final = frozenset(("time", "received_at"))
_OF_SYMBOL: Final = frozenset(("venue", "symbol"))


def channel_of(plan: BarPlan) -> Channel:
    """What a definition reads: quotes where it names a bid or an ask, trades otherwise."""
    paths = set(Decoder(plan).paths.values())
    return Channel.QUOTES if paths & (set(_QUOTES) - set(_TRADES)) else Channel.TRADES


class RowColumns(Protocol):
    """How rows become columns."""

    def decode(self, rows: Sequence[AnyRow], venues: Sequence[str], received: Sequence[int]) -> Rows:
        """The rows of the event."""
        ...

    def empty(self) -> Rows:
        """No rows."""
        ...

    def texts(self, rows: Sequence[AnyRow], venues: Sequence[str], received: Sequence[int]) -> list[str]:
        """Rows as they are shown where they are refused."""
        ...

    def key(self, of: SymbolId) -> tuple[object, ...] | None:
        """The key of a symbol's rows; none where that is not said by the symbol alone."""
        ...


class VenueColumns:
    """Trades or quotes of venues, whose columns have fixed names.

    Raises `SourceError` where the definition asks for another.
    """

    def __init__(self, plan: BarPlan, channel: Channel, name: str) -> None:
        self._plan = plan
        self._name = name
        self._decoder = Decoder(plan).following({}, {}, name)
        self._names = _NAMES[channel]
        self._quotes = channel is Channel.QUOTES
        self._wanted = set(self._decoder.paths.values())
        self._keys: dict[SymbolId, tuple[object, ...] | None] = {}
        if plan.source.rows is not None:
            message = f"[source] rows = {plan.source.rows!r} is for nested messages; rows of {name} come one by one"
            raise SourceError(message)
        for field, path in self._decoder.paths.items():
            if path not in self._names:
                raise missing_column(field, path, self._names, f"a row of {name}")
        in_columns = {self._decoder.paths.get(field) for field in plan.event.key} - {None}
        self.key_is_the_symbol = in_columns <= _OF_SYMBOL

    def decode(self, rows: Sequence[AnyRow], venues: Sequence[str], received: Sequence[int]) -> Rows:
        """The rows of the event."""
        found = self._columns(rows, venues, received)
        columns = {field: _typed(found[path], path, self._decoder, field) for field, path in self._paths()}
        return self._decoder.decode(columns, len(rows), {}, self._name)

    def empty(self) -> Rows:
        """No rows."""
        return self._decoder.empty()

    def texts(self, rows: Sequence[AnyRow], venues: Sequence[str], received: Sequence[int]) -> list[str]:
        """Rows as they are shown where they are refused."""
        found = self._columns(rows, venues, received)
        return [_json(dict(zip(self._names, values, strict=True))) for values in zip(*found.values(), strict=True)]

    def key(self, of: SymbolId) -> tuple[object, ...] | None:
        """The key of a symbol's rows; none where that is not said by the symbol alone."""
        if of not in self._keys:
            self._keys[of] = self._key(of) if self.key_is_the_symbol else None
        return self._keys[of]

    def _key(self, of: SymbolId) -> tuple[object, ...] | None:
        """Read as rows are."""
        row: AnyRow = Trade(of.symbol, 0, 0, 0, "1", "1", "buy")
        if self._quotes:
            row = Quote(of.symbol, 0, "1", "1", "1", "1")
        rows = self.decode([row], [of.venue], [0])
        frame = rows.frame if rows.frame.height else rows.known
        if frame is None:
            return None
        key = frame.select(self._plan.event.key).row(0)
        return None if None in key else key

    def _paths(self) -> list[tuple[str, str]]:
        return list(self._decoder.paths.items())

    def _columns(
        self, rows: Sequence[AnyRow], venues: Sequence[str], received: Sequence[int]
    ) -> Mapping[str, Sequence[object]]:
        """All columns by their names, in their order."""
        if self._quotes:
            symbols, times, *others = zip(*rows, strict=True)
            known = [at if time is None else time for time, at in zip(times, received, strict=True)]
            return dict(zip(self._names, (venues, symbols, known, *others, received), strict=True))
        symbols, *others = zip(*rows, strict=True)
        return dict(zip(self._names, (venues, symbols, *others, received), strict=True))


def _typed(values: Sequence[object], path: str, decoder: Decoder, field: str) -> pl.Series:
    """A column of texts or numbers; a time as such where one is declared, whatever its unit."""
    if path not in _NUMBERS:
        return pl.Series(values, dtype=pl.String)
    series = pl.Series(values, dtype=pl.Int64)
    declared = decoder.fields.get(field)
    is_time = path in _TIMES and (field == ARRIVAL or (declared is not None and declared.kind is FieldKind.TIMESTAMP))
    return series.cast(pl.Datetime("ns", "UTC")) if is_time else series


@dataclass(frozen=True, slots=True)
class OwnColumns:
    """Rows of a feed that is no venue: what they hold stands by the names of the definition's fields."""

    plan: BarPlan
    name: str
    decoder: Decoder

    @classmethod
    def of(cls, plan: BarPlan, name: str) -> OwnColumns:
        """For a definition whose ``[source]`` reads values that stand by their fields' names."""
        return cls(plan, name, Decoder(plan).following({}, {}, name))

    def decode(self, rows: Sequence[AnyRow], venues: Sequence[str], received: Sequence[int]) -> Rows:  # noqa: ARG002
        """The rows of the event."""
        records = [dict(cast("Row", row).values) for row in rows]
        refused: Problems = {}
        texts = TextFields.of(self.plan.event.fields)
        columns = {
            field: column_at(records, path, refused, texts.wanted(field)) for field, path in self.decoder.paths.items()
        }
        return self.decoder.decode(columns, len(records), refused, self.name)

    def time_of(self, row: Row) -> int | None:
        """The event time of a row; none where it cannot be read."""
        rows = self.decode([row], [""], [0])
        frame = rows.frame if rows.frame.height else rows.known
        return None if frame is None else frame[self.plan.event.timestamp][0]

    def empty(self) -> Rows:
        """No rows."""
        return self.decoder.empty()

    def texts(self, rows: Sequence[AnyRow], venues: Sequence[str], received: Sequence[int]) -> list[str]:  # noqa: ARG002
        """Rows as they are shown where they are refused."""
        return [_json(dict(cast("Row", row).values)) for row in rows]

    def key(self, of: SymbolId) -> tuple[object, ...] | None:  # noqa: ARG002 - it gives no marks
        """Not known."""
        return None


def _json(record: object) -> str:
    return msgspec.json.encode(record, enc_hook=str).decode()


def arrivals_of(rows: Rows, received: Sequence[int]) -> Integers:
    """The time of receipt of each good row."""
    return np.array(received, np.int64)[rows.index]
