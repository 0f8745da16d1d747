"""The fields of a bar that stands as the message it came in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from barloom.engine.frames import PHASE, tells_phase
from barloom.read.bar import STANDARD_FIELDS
from barloom.time.instants import nanos_of, to_datetime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barloom.plan.barplan import BarPlan
    from barloom.serde.protocol import BarDecoder

    _Reader: TypeAlias = Callable[["MessageBar"], object]

__all__ = ["MessageBar", "message_values"]

_SLOT: Final = ("start", "end")
_AFTER_OUTPUTS: Final = ("timeframe", "start_ns", "end_ns", "trading_date")
_OWN: Final[Mapping[str, _Reader]] = {
    "start": lambda bar: to_datetime(bar.start),
    "start_ns": lambda bar: bar.start,
    "end_ns": lambda bar: _nanos(bar.row["end"]),
    "final": lambda bar: bar.final,
}
"""Fields that a place says, or that a bar has beside the columns of its message."""


def message_values(plan: BarPlan, decoder: BarDecoder, level: int) -> Callable[[bytes, int, bytes, bool], MessageBar]:
    """What makes the values of one bar of a level from its encoded key, start, message value and whether it is final.

    A message is decoded when the first of its fields is asked for.
    """
    readers = {name: _OWN.get(name) or partial(_column, name) for name in _names(plan) if name not in decoder.lacks}
    return partial(MessageBar, readers, partial(decoder.one, level, b""))


def _names(plan: BarPlan) -> list[str]:
    """The order in which every bar shows its fields."""
    outputs = [output.name for output in plan.outputs]
    phase = [PHASE] if tells_phase(plan) else []
    rest = [name for name in STANDARD_FIELDS if name not in (*_SLOT, *_AFTER_OUTPUTS)]
    return [*plan.event.key, *_SLOT, *outputs, *_AFTER_OUTPUTS, *phase, *rest]


def _column(name: str, bar: MessageBar) -> object:
    return bar.row[name]


def _nanos(time: object) -> int:
    """A time of a decoded message, whose datetimes are exact to what their topic holds."""
    return time if isinstance(time, int) else nanos_of(time)  # type: ignore[arg-type]  # the decoder's other form


class MessageBar:
    """One message and how to read it."""

    __slots__ = ("_data", "_decode", "_row", "final", "key", "names", "start")

    final: bool
    start: int

    def __init__(  # noqa: PLR0913, PLR0917 - made for every bar that is read: keywords would cost
        self,
        readers: Mapping[str, _Reader],
        decode: Callable[[bytes], dict[str, object]],
        key: bytes,
        start: int,
        data: bytes,
        final: bool,  # noqa: FBT001
    ) -> None:
        self.names = readers
        self.key = key
        self.start = start
        self.final = final
        self._decode = decode
        self._data = data
        self._row: dict[str, object] | None = None

    @property
    def row(self) -> dict[str, object]:
        """The decoded message."""
        row = self._row
        if row is None:
            row = self._row = self._decode(self._data)
        return row

    def value(self, name: str) -> object:
        """One field."""
        return self.names[name](self)
