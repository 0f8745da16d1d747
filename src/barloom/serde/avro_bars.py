"""Bars as Avro."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.engine.exact import narrow, to_series
from barloom.engine.frames import phase_of, tells_phase
from barloom.engine.results import results
from barloom.serde.avro_pieces import Piece, booleans, constant, decimals, longs, messages, optional, texts, varint
from barloom.serde.protocol import Records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.engine.blocks import BarBlock, BarId, Keys, Values
    from barloom.plan.barplan import BarPlan, Output
    from barloom.serde.avro_keys import KeyMatrix
    from barloom.serde.by_keys import ByKeys
    from barloom.time.calendar import Calendar, Integers

__all__ = ["AvroBarEncoder", "Headers"]

_MILLISECOND: Final = 1_000_000

Headers = tuple[bytes, bytes]
"""What stands before the key and before the value of a message: the frame with the schema's number, or nothing."""


class AvroBarEncoder:
    """Writes bars of one level by the schemas `bar_key_schema` and `bar_value_schema`.

    `live` and `final` are the headers of its two topics. `known` holds the encoded keys, for all levels together.
    """

    def __init__(
        self, plan: BarPlan, calendar: Calendar, live: Headers, final: Headers, known: ByKeys[KeyMatrix]
    ) -> None:
        self._plan = plan
        self._calendar = calendar
        self._headers: Mapping[bool, Headers] = {False: live, True: final}
        self._known = known
        self._tells_phase = tells_phase(plan)

    def encode(self, block: BarBlock, keys: Keys) -> Records:
        """One message a bar, in the block's order. Raises `ExactnessError` where a number does not fit its type."""
        of_key, of_value = self._headers[block.final]
        known = self._known.of(keys)
        place = [known.piece(block.key, keys), longs(block.start // _MILLISECOND)]
        return Records(
            _messages(of_key, place, block.key, known),
            _messages(of_value, [*place, *self._values(block)], block.key, known),
        )

    def tombstones(self, gone: BarId, keys: Keys) -> list[bytes]:
        """The keys of the messages that take bars back."""
        known = self._known.of(keys)
        place = [known.piece(gone.key, keys), longs(gone.start // _MILLISECOND)]
        return _messages(self._headers[False][0], place, gone.key, known)

    def _values(self, block: BarBlock) -> list[Piece]:
        """All that stands behind the start, in the schema's order."""
        timeframe = self._plan.levels[block.level].timeframe
        name = str(timeframe).encode()
        outputs = zip(self._plan.outputs, results(self._plan, block.partials, block.synthetic), strict=True)
        phase = [texts(pl.Series(phase_of(self._calendar, timeframe, block.start)))] if self._tells_phase else []
        real = ~block.synthetic if block.synthetic.any() else None
        return [
            longs(block.end // _MILLISECOND),
            *(_output(output, values) for output, values in outputs),
            constant(varint(len(name)) + name),
            longs(self._calendar.grid(timeframe).trading_date(block.start)),
            *phase,
            *(optional(longs(times), real) for times in (block.open_time, block.close_time)),
            *(longs(counts) for counts in (block.slots, block.filled, block.expected)),
            constant(b"\1" if block.final else b"\0"),
            *(booleans(flags) for flags in (block.synthetic, block.partial)),
            longs(block.revision),
        ]


def _messages(header: bytes, pieces: list[Piece], ids: Integers, known: KeyMatrix) -> list[bytes]:
    return known.put_long(ids, len(header), messages([constant(header), *pieces], len(ids)))


def _output(output: Output, values: Values) -> Piece:
    numbers = narrow(values.numbers)
    if values.valid is not None:
        numbers = narrow(np.where(values.valid, numbers, 0))
    if output.number.integer:
        if numbers.dtype == object:
            to_series(output.name, values, output.number)  # says what does not fit
        return optional(longs(numbers), values.valid)
    return optional(decimals(numbers), values.valid)
