"""Candles drawn with box characters: two half rows a line, so that wicks and bodies end where the price does."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Candle", "draw"]

_VOLUME: Final = " ▁▂▃▄▅▆▇█"
_GLYPHS: Final = {
    "  ": " ",
    " w": "╷",
    " b": "╻",
    "w ": "╵",
    "ww": "│",
    "wb": "╽",
    "b ": "╹",
    "bw": "╿",
    "bb": "┃",
}
"""By what the upper and lower half of a cell hold: nothing, the wick or the body."""


class Candle(NamedTuple):
    """What is drawn of one bar. Floats: a picture needs no more, and nothing is computed from them."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    quiet: bool
    labels: tuple[str, str, str]
    """High, low and start as text."""

    @property
    def style(self) -> str:
        """Green for up, red for down, dim where nothing was traded."""
        if self.quiet:
            return "dim"
        return "green" if self.close >= self.open else "red"


class _Scale(NamedTuple):
    lowest: float
    highest: float
    halves: int

    def at(self, price: float) -> int:
        """The half row that holds a price, counted from below."""
        span = self.highest - self.lowest
        return self.halves // 2 if span == 0 else min(int((price - self.lowest) / span * self.halves), self.halves - 1)


def draw(candles: Sequence[Candle], height: int = 12) -> Iterable[Text]:
    """Lines of a chart: candles with the highest and lowest price, a line of volumes, the first and last time."""
    lowest, highest = min(candles, key=lambda item: item.low), max(candles, key=lambda item: item.high)
    scale = _Scale(lowest.low, highest.high, height * 2)
    labels = {height - 1: f" {highest.labels[0]}", 0: f" {lowest.labels[1]}"}
    for line in reversed(range(height)):
        text = Text("  ")
        for candle in candles:
            text.append(_glyph(candle, scale, line), candle.style)
        yield text.append(f" ┤{labels.get(line, '')}", "dim")
    if any(candle.volume for candle in candles):
        yield _volumes(candles)
    first, last = candles[0].labels[2], candles[-1].labels[2]
    yield Text("  " + first + last.rjust(max(len(candles) - len(first), len(last) + 2)), "dim")


def _glyph(candle: Candle, scale: _Scale, line: int) -> str:
    return _GLYPHS[_half(candle, scale, 2 * line + 1) + _half(candle, scale, 2 * line)]


def _half(candle: Candle, scale: _Scale, half: int) -> str:
    if scale.at(min(candle.open, candle.close)) <= half <= scale.at(max(candle.open, candle.close)):
        return "b"
    return "w" if scale.at(candle.low) <= half <= scale.at(candle.high) else " "


def _volumes(candles: Sequence[Candle]) -> Text:
    most = max(candle.volume for candle in candles)
    text = Text("  ")
    for candle in candles:
        text.append(_VOLUME[ceil(candle.volume / most * (len(_VOLUME) - 1))], "dim")
    return text.append("   volume", "dim")
