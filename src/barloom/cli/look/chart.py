"""``barloom chart``: the latest bars of a key as candles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from barloom.cli.exits import Exit
from barloom.cli.formats import UsageError
from barloom.cli.look.asking import about_key, whole_key
from barloom.cli.look.candles import Candle, draw
from barloom.cli.look.reading import NO_TOPICS, Topics, bucket_in, opened
from barloom.cli.options import KeyParts, MaybeStore, TimeframeName  # noqa: TC001 - the command line reads them
from barloom.cli.screen import heading, out, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.read.bar import Bar

__all__ = ["chart", "show_candles"]

_PRICES: Final = ("open", "high", "low", "close")
_MARGIN: Final = 18

Last = Annotated[int | None, Parameter(help="How many bars; as many as fit unless given.")]
Height = Annotated[int, Parameter(help="Lines of the chart.")]


def chart(  # noqa: PLR0913 - the options of a command
    *,
    timeframe: TimeframeName,
    key: KeyParts,
    store: MaybeStore = None,
    last: Last = None,
    height: Height = 12,
    topics: Topics = NO_TOPICS,
) -> Exit:
    """Draw."""
    for name, given in (("--last", last), ("--height", height)):
        if given is not None and given < 1:
            message = f"{name} {given}: give a whole number, at least 1"
            raise UsageError(message)
    with opened(store, topics) as held:
        bucket = bucket_in(held, timeframe)
        asked = whole_key(held, key)
        _require_prices(held.plan)
        bars = bucket.latest(asked, last or max(out().width - _MARGIN, 1))
        if not bars:
            say(f"There is no bar of {timeframe} for {' '.join(map(str, asked))} yet.")
            say(about_key(bucket, asked))
            return Exit.NOT_FOUND
        show_candles(bars, f"{' '.join(map(str, asked))} {timeframe}", height)
    return Exit.OK


def _require_prices(plan: BarPlan) -> None:
    names = [output.name for output in plan.outputs]
    missing = [name for name in _PRICES if name not in names]
    if missing:
        message = f"a chart needs the columns open, high, low and close; these bars have {', '.join(names)}"
        raise UsageError(message)


def show_candles(bars: Sequence[Bar], title: str, height: int = 12) -> None:
    """Draw bars with the columns open, high, low and close, and volume where there is one."""
    drawn = [_candle(bar) for bar in bars if all(getattr(bar, name) is not None for name in _PRICES)]
    heading(title)
    for line in draw(drawn, height):
        out().print(line, no_wrap=True, overflow="crop", crop=out().is_terminal)


def _candle(bar: Bar) -> Candle:
    volume = float(getattr(bar, "volume", 0) or 0)
    opened, high, low, close = (float(getattr(bar, name)) for name in _PRICES)
    return Candle(
        opened, high, low, close, volume, bar.synthetic, (_short(bar.high), _short(bar.low), f"{bar.start:%F %H:%M}")
    )


def _short(price: object) -> str:
    text = format(price, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
