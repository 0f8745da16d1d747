"""Real trades with the candles that their exchange published, where somebody put them beside the checkout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from barloom.cli.formats import count, moment
from barloom.cli.look.chart import show_candles
from barloom.cli.screen import heading, say
from barloom.front.load import load
from barloom.read.bucket import TimeBucket
from barloom.read.ranges import BarRange
from barloom.read.verify.verification import verify
from barloom.store.opening import open_for_reading
from barloom.time.timeframe import MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from barloom.read.verify.verification import Verification

__all__ = ["TRADES", "show_kraken"]

_BESIDE: Final = Path("..") / "shared" / "oracles"
TRADES: Final = _BESIDE / "kraken_http_trades.json"
_CANDLES: Final = _BESIDE / "kraken_http_ohlc.json"
_KEY: Final = "XBTUSDT"
_WIDTH: Final = 60

_DEFINITION: Final = """\
[event]
name = "Trade"
key = "symbol"
timestamp = "at"

[event.fields]
symbol = "string"
at = "timestamp(s)"
price = "decimal(18, 5)"
size = "decimal(18, 8)"

[bars]
name = "kraken"
base = "1m"
gap = "carry"
rollup = ["5m", "1h", "1d"]

[bars.select]
open = "first(price)"
high = "max(price)"
low = "min(price)"
close = "last(price)"
vwap = "vwap(price, size, scale=1, rounding=down, empty=0)"
volume = "sum(size)"
count = "count()"
"""


def show_kraken(place: Path) -> bool:
    """Make bars of the trades in a directory of ours and compare them; whether all are equal."""
    trades = _rows(TRADES)
    ticks = [(_KEY, at, price, size) for price, size, at, *_ in trades]
    _write(place / "trades.csv", ("symbol", "at", "price", "size"), ticks)
    definition = place / "kraken.toml"
    definition.write_text(_DEFINITION, encoding="utf-8")
    load(definition).run(place / "trades.csv", place / "kraken", at_end="close")
    found, quiet, first, last = _compared(place)
    heading(f"Real trades: {count(len(trades))} of {_KEY} on Kraken, {moment(first)} to {moment(last)}")
    say()
    with TimeBucket.open(place / "kraken", "5m") as bucket:
        show_candles(bucket.latest(_KEY, _WIDTH), f"{_KEY} 5m", height=8)
    say()
    say(f"  1-minute bars against the candles Kraken published: {', '.join(found.columns)}")
    say(f"  {count(found.equal)} of {count(found.equal + found.different + found.missing)} equal to the last digit,")
    say(f"  {count(found.equal - quiet)} with trades and {count(quiet)} without.", "good" if found.agrees else "bad")
    say()
    return found.agrees


def _rows(path: Path) -> list[list[str]]:
    """The rows of Kraken's answer, numbers as they are written."""
    answer = json.loads(path.read_text(encoding="utf-8"), parse_float=str)["result"]
    found: list[list[str]] = answer[_KEY]
    return found


def _write(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    lines = [",".join(names), *(",".join(str(value) for value in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _compared(place: Path) -> tuple[Verification, int, int, int]:
    """The comparison from the first whole minute on; how many minutes are without trades; the times compared."""
    with open_for_reading(place / "kraken") as store:
        times = store.times()
        first = ((times.first or 0) // MINUTE + 1) * MINUTE
        last = ((times.max_event or 0) // MINUTE + 1) * MINUTE
        asked = BarRange.of(store, "1m", None, first, last)
        found = verify(store, asked, _CANDLES, show=5)
        quiet = sum(int(frame["synthetic"].sum()) for frame in asked.frames(store))
    return found, quiet, first, last
