"""Candles end where prices do, to half a line."""

from __future__ import annotations

from barloom.cli.look.candles import Candle, draw


def candle(  # noqa: PLR0913 - the fields of a candle
    opened: float, high: float, low: float, close: float, *, volume: float = 0.0, quiet: bool = False
) -> Candle:
    """One candle with its labels."""
    return Candle(opened, high, low, close, volume, quiet, (str(high), str(low), "09:00"))


def lines(*candles: Candle, height: int) -> list[str]:
    """The chart without its axis."""
    return [str(text)[2 : 2 + len(candles)] for text in draw(candles, height)]


def test_bodies_and_wicks_fill_half_lines() -> None:
    """Four half lines between 0 and 4: a whole body; a body between wicks; a flat one in the lowest half."""
    drawn = lines(candle(0, 4, 0, 4), candle(1, 4, 0, 2.9), candle(0.5, 0.5, 0.5, 0.5), height=2)

    assert ["┃╽ ", "┃╿╻"] == drawn[:2]


def test_up_is_green_down_is_red_and_quiet_is_dim() -> None:
    """Unchanged counts as up."""
    candles = [candle(1, 1, 1, 1), candle(2, 2, 1, 1), candle(1, 1, 1, 1, quiet=True)]

    assert ["green", "red", "dim"] == [item.style for item in candles]


def test_volumes_are_drawn_beneath_where_there_are_any() -> None:
    """The largest is a whole block; nothing is blank."""
    with_volume = list(draw([candle(1, 2, 1, 2, volume=8), candle(1, 2, 1, 2, volume=1), candle(1, 2, 1, 2)], 1))
    without = list(draw([candle(1, 2, 1, 2)], 1))

    assert str(with_volume[1]).startswith("  █▁ ")
    assert len(without) == 2


def test_one_price_is_drawn_in_the_middle() -> None:
    """A market that does not move has no span to scale by."""
    assert ["╹"] == lines(candle(1, 1, 1, 1), height=1)[:1]
