"""Which columns of a definition are the prices and the volume of a candle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from barloom.serve.api.refusals import Refused

if TYPE_CHECKING:
    from barloom.plan.barplan import Output
    from barloom.serve.stores.catalogue import Shelf

__all__ = ["Columns", "columns_of"]

_KINDS: Final = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}


class Columns(NamedTuple):
    """The columns of a candle by the name of each part, and the digits behind the point of prices and of the volume."""

    names: dict[str, str]
    scale: int
    volume_scale: int

    @property
    def plots(self) -> str:
        """What the library shows: candles with or without volume, or the close alone."""
        if not {"open", "high", "low"} <= self.names.keys():
            return "c"
        return "ohlcv" if "volume" in self.names else "ohlc"


def columns_of(shelf: Shelf) -> Columns:
    """The columns with these names, or else the first ones made as such are (close: the last of something).

    `Refused` where nothing is a close.
    """
    outputs = shelf.bars.plan.outputs
    found = {part: output for part in _KINDS if (output := _output(outputs, part)) is not None}
    if "close" not in found:
        message = f"the bars of {shelf.name} have no closing price; name a column close, or make one with last(…)"
        raise Refused(404, message)
    volume = found.get("volume")
    names = {part: output.name for part, output in found.items()}
    return Columns(names, found["close"].number.scale, 0 if volume is None else volume.number.scale)


def _output(outputs: tuple[Output, ...], part: str) -> Output | None:
    named = next((output for output in outputs if output.name.lower() == part), None)
    return named or next((output for output in outputs if output.aggregate == _KINDS[part]), None)
