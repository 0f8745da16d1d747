"""Bars as Avro."""

from __future__ import annotations

from itertools import accumulate, groupby, pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from barloom.engine.blocks import BarBlock, Completeness
from barloom.engine.frames import phases, tells_phase, trading_dates
from barloom.engine.values.exact import narrow, to_series
from barloom.engine.values.results import results
from barloom.serde.avro.pieces import (
    Piece,
    booleans,
    choices,
    constant,
    decimals,
    longs,
    messages,
    optional,
    texts,
    varint,
)
from barloom.serde.protocol import Records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.engine.blocks import BarId, Keys, Values
    from barloom.plan.barplan import BarPlan, Output
    from barloom.serde.avro.keys import KeyMatrix
    from barloom.serde.by_keys import ByKeys
    from barloom.time.calendar import Calendar, Integers

__all__ = ["AvroBarEncoder", "Headers"]

_MILLISECOND: Final = 1_000_000
_WORDS: Final = [varint(len(each.name)) + each.name.lower().encode() for each in Completeness]

Headers = tuple[bytes, bytes]
"""What stands before the key and before the value of a message: the frame with the schema's number, or nothing."""


class AvroBarEncoder:
    """Writes bars by the schemas `bar_key_schema` and `bar_value_schema`.

    `live` and `final` are the headers of the topics, by level. `known` holds the encoded keys, for all levels together.
    """

    def __init__(
        self,
        plan: BarPlan,
        calendar: Calendar,
        live: Sequence[Headers],
        final: Sequence[Headers],
        known: ByKeys[KeyMatrix],
    ) -> None:
        self._plan = plan
        self._calendar = calendar
        self._headers: Mapping[bool, Sequence[Headers]] = {False: live, True: final}
        names = [str(level.timeframe).encode() for level in plan.levels]
        self._names = [varint(len(name)) + name for name in names]
        self._known = known
        self._tells_phase = tells_phase(plan)

    def encode(self, blocks: Sequence[BarBlock], keys: Keys) -> list[Records]:
        """One message a bar, in each block's order. Raises `ExactnessError` where a number does not fit its type."""
        return [records for _, alike in groupby(blocks, _kinds) for records in self._together(list(alike), keys)]

    def _together(self, blocks: Sequence[BarBlock], keys: Keys) -> Iterator[Records]:
        """Blocks whose numbers are of the same kinds, so that none makes the others slow."""
        bars, known = BarBlock.join(blocks), self._known.of(keys)
        level = np.repeat([block.level for block in blocks], [len(block) for block in blocks])
        place = [known.piece(bars.key, keys), longs(bars.start // _MILLISECOND)]
        whole = [*place, *self._values(blocks, bars, level)]
        of_key, of_value = zip(*self._headers[bars.final], strict=True)
        places = _messages(choices(of_key, level), place, bars.key, known)
        values = _messages(choices(of_value, level), whole, bars.key, known)
        for begin, end in pairwise(accumulate(map(len, blocks), initial=0)):
            yield Records(places[begin:end], values[begin:end])

    def tombstones(self, gone: BarId, keys: Keys) -> list[bytes]:
        """The keys of the messages that take bars back."""
        known = self._known.of(keys)
        place = [known.piece(gone.key, keys), longs(gone.start // _MILLISECOND)]
        return _messages(constant(self._headers[False][gone.level][0]), place, gone.key, known)

    def _values(self, blocks: Sequence[BarBlock], bars: BarBlock, level: Integers) -> list[Piece]:
        """All that stands behind the start, in the schema's order."""
        outputs = zip(self._plan.outputs, results(self._plan, bars.partials, bars.synthetic), strict=True)
        real = ~bars.synthetic if bars.synthetic.any() else None
        return [
            longs(bars.end // _MILLISECOND),
            *(_output(output, values) for output, values in outputs),
            choices(self._names, level),
            longs(trading_dates(self._plan, self._calendar, blocks)),
            *([texts(phases(self._plan, self._calendar, blocks))] if self._tells_phase else ()),
            *(optional(longs(times), real) for times in (bars.open_time, bars.close_time)),
            *(longs(counts) for counts in (bars.slots, bars.filled, bars.expected)),
            constant(b"\1" if bars.final else b"\0"),
            *(booleans(flags) for flags in (bars.synthetic, bars.partial)),
            *([] if self._plan.event.sequence is None else _told(bars)),
            longs(bars.revision),
        ]


def _told(bars: BarBlock) -> list[Piece]:
    """Whether bars are complete; of those of which nobody has said it yet nothing is known."""
    missing, complete = bars.missing, bars.complete
    if missing is None or complete is None:
        missing, complete = np.zeros(len(bars), np.int64), np.full(len(bars), int(Completeness.UNKNOWN))
    return [longs(missing), choices(_WORDS, complete)]


def _kinds(block: BarBlock) -> list[np.dtype[Any]]:
    return [values.numbers.dtype for values in block.partials]


def _messages(header: Piece, pieces: list[Piece], ids: Integers, known: KeyMatrix) -> list[bytes]:
    return known.put_long(ids, header.data.shape[1], messages([header, *pieces], len(ids)))


def _output(output: Output, values: Values) -> Piece:
    numbers = narrow(values.numbers)
    if values.valid is not None:
        numbers = narrow(np.where(values.valid, numbers, 0))
    if output.number.integer:
        if numbers.dtype == object:
            to_series(output.name, values, output.number)  # says what does not fit
        return optional(longs(numbers), values.valid)
    return optional(decimals(numbers), values.valid)
