"""Bars as JSON: one object with the columns of `bar_schema`, its key an object of the key fields and the start.

Decimals are texts, so that no reader rounds them; ``start`` and ``end`` are written as `JsonTimes` says, ``open_time``
and ``close_time`` are nanoseconds.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from barloom.engine.exact import narrow, to_series
from barloom.engine.frames import phase_of, tells_phase
from barloom.engine.results import results
from barloom.serde.json_pieces import decimals, flags, integers, of_few, or_null
from barloom.serde.json_text import member, time_value
from barloom.serde.key_matrix import KeyMatrix
from barloom.serde.pieces import Piece, constant, messages
from barloom.serde.protocol import Records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.engine.blocks import BarBlock, BarId, Keys, Values
    from barloom.plan.barplan import BarPlan, Output
    from barloom.serde.json_text import JsonTimes
    from barloom.time.calendar import Calendar, Integers

__all__ = ["JsonBarEncoder", "json_key_prefix"]

_START: Final = "start"
_EPOCH: Final = date(1970, 1, 1)
_NO_BYTES: Final = 0


def json_key_prefix(names: tuple[str, ...], row: tuple[object, ...]) -> bytes:
    """The key fields as the first members of an object; something has to follow."""
    fields = dict(zip(names, row, strict=True))
    return msgspec.json.encode(fields)[:-1] + b","


class JsonBarEncoder:
    """Writes bars of any level of a plan."""

    def __init__(self, plan: BarPlan, calendar: Calendar, times: JsonTimes) -> None:
        self._plan = plan
        self._calendar = calendar
        self._times: JsonTimes = times
        names = plan.event.key
        self._known = KeyMatrix(lambda row: json_key_prefix(names, row))
        self._tells_phase = tells_phase(plan)

    def encode(self, block: BarBlock, keys: Keys) -> Records:
        """One message a bar, in the block's order. Raises `ExactnessError` where a number does not fit its type."""
        key = self._known.piece(block.key, keys)
        start = self._time(block.start)
        value = _object([(_START, [start]), *self._members(block)])
        return Records(
            self._messages([key, *_object([(_START, [start])])], block.key), self._messages([key, *value], block.key)
        )

    def tombstones(self, gone: BarId, keys: Keys) -> list[bytes]:
        """The keys of the messages that take bars back."""
        place = _object([(_START, [self._time(gone.start)])])
        return self._messages([self._known.piece(gone.key, keys), *place], gone.key)

    def _messages(self, pieces: list[Piece], ids: Integers) -> list[bytes]:
        return self._known.put_long(ids, _NO_BYTES, messages(pieces, len(ids)))

    def _time(self, times: Integers) -> Piece:
        return of_few(times, lambda time: msgspec.json.encode(time_value(time, self._times)))

    def _members(self, block: BarBlock) -> Iterator[tuple[str, list[Piece]]]:
        """All members behind the start, in the order of `bar_schema`."""
        timeframe = self._plan.levels[block.level].timeframe
        yield "end", [self._time(block.end)]
        for output, values in zip(
            self._plan.outputs, results(self._plan, block.partials, block.synthetic), strict=True
        ):
            yield output.name, _output(output, values)
        yield "timeframe", [constant(msgspec.json.encode(str(timeframe)))]
        yield "trading_date", [of_few(self._calendar.grid(timeframe).trading_date(block.start), _date)]
        if self._tells_phase:
            names, number = np.unique(phase_of(self._calendar, timeframe, block.start), return_inverse=True)
            yield "phase", [of_few(number, lambda phase: msgspec.json.encode(str(names[phase])))]
        real = ~block.synthetic
        yield "open_time", or_null(integers(block.open_time), real)
        yield "close_time", or_null(integers(block.close_time), real)
        yield "slots", integers(block.slots)
        yield "filled", integers(block.filled)
        yield "expected_slots", integers(block.expected)
        yield "final", [constant(b"true" if block.final else b"false")]
        yield "synthetic", flags(block.synthetic)
        yield "partial", flags(block.partial)
        yield "revision", integers(block.revision)


def _object(members: list[tuple[str, list[Piece]]]) -> list[Piece]:
    """Members of one object a row, up to and with the closing brace; what opens it stands before them."""
    pieces: list[Piece] = []
    for place, (name, written) in enumerate(members):
        pieces += [constant(f"{',' if place else ''}{member(name)}".encode()), *written]
    return [*pieces, constant(b"}")]


def _output(output: Output, values: Values) -> list[Piece]:
    numbers = narrow(values.numbers)
    if values.valid is not None:
        numbers = narrow(np.where(values.valid, numbers, 0))
    if numbers.dtype == object:
        to_series(output.name, values, output.number)  # says what does not fit
    written = integers(numbers) if output.number.integer else decimals(numbers, output.number.scale)
    return or_null(written, values.valid)


def _date(days: int) -> bytes:
    return msgspec.json.encode((_EPOCH + timedelta(days=days)).isoformat())
