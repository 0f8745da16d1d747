"""The definition that fits a simulated market, in TOML."""

from __future__ import annotations

import json
from typing import Final

__all__ = ["ALWAYS", "base_of", "definition_of"]

ALWAYS: Final = "24x7"

_TEXT: Final = """\
# Bars of a simulated market. Prices are on a grid of 0.01; rows come in the order of their arrival.
[event]
name = "Tick"
key = ["symbol"]
timestamp = "at"
event_id = "id"

[event.fields]
symbol = "string"
at = "timestamp"
price = "decimal(18, 2)"
size = "decimal(18, 3)"
id = "int"

[source]
arrival = "arrival"

[bars]
name = "bars"
base = "{base}"
delay = "{delay}"
calendar = {calendar}
ohlcv = {{ price = "price", size = "size" }}
rollup = [{rollup}]

[bars.timeframes."{carried}"]
gap = "carry"
"""

_AROUND_THE_CLOCK: Final = ("1s", "5s", "1m", "5m", "15m", "1h", "1d")
_IN_SESSIONS: Final = ("1m", "5m", "15m", "1h", "1d", "1w", "1mo")


def base_of(calendar: str) -> str:
    """The finest timeframe: a market with sessions goes over many days, so its bars are longer."""
    return _ladder(calendar)[0]


def definition_of(calendar: str, delay: str) -> str:
    """Bars from the finest timeframe to a day, where the market has sessions to a month."""
    base, *parents = _ladder(calendar)
    rollup = ", ".join(f'"{timeframe}"' for timeframe in parents)
    # What JSON writes between quotes, TOML reads the same.
    return _TEXT.format(base=base, delay=delay, calendar=json.dumps(calendar), rollup=rollup, carried="1m")


def _ladder(calendar: str) -> tuple[str, ...]:
    return _AROUND_THE_CLOCK if calendar == ALWAYS else _IN_SESSIONS
