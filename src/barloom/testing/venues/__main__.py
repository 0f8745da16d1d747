"""A venue double as a process of its own, for demonstrations and for tests that kill what listens to it.

::

    python -m barloom.testing.venues --venue kraken --trades 100000 --rate 1000 --port 9001 --truth truth.csv
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from typing import TYPE_CHECKING

from barloom.testing.venues.double import VenueDouble
from barloom.testing.venues.market import VenueMarket
from barloom.testing.venues.protocols.venues import VENUES, exchange_of
from barloom.testing.venues.script import Script

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM. One line of JSON says where, another when the market is over."""
    told = _parser().parse_args(arguments)
    symbols = told.symbols.split(",") if told.symbols else list(exchange_of(told.venue).example[:1])
    market = VenueMarket.simulate(
        symbols, trades=told.trades, seed=told.seed, before=told.before, disorder=told.disorder
    )
    if told.laps > 1:
        market = market.repeated(told.laps)
    script = Script()
    if told.troubles is not None:
        script = Script.random(told.troubles, told.trades - told.before, symbols, answers=told.answers or None)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    venue = VenueDouble(
        told.venue,
        market,
        script,
        rate=told.rate,
        speed=told.speed,
        opens=told.opens,
        waits=told.waits,
        keeps=told.keeps,
        port=told.port,
    )
    with venue:
        _say(venue=venue.name, websocket=venue.websocket, rest=venue.rest, script=repr(script))
        threading.Thread(target=_tell, args=(venue, told.truth), daemon=True).start()
        stopped.wait()
    return 0


def _tell(venue: VenueDouble, truth: str | None) -> None:
    """Write the truth once it is known, and say when the market is over."""
    venue.opened.wait()
    if truth is not None:
        venue.frame().write_csv(truth)
    _say(opened=venue.clock.venue())
    venue.done.wait()
    _say(done=True, trades=len(venue.trades), behind=round(venue.behind, 3), requests=len(venue.requests))


def _say(**said: object) -> None:
    sys.stdout.write(f"{json.dumps(said)}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m barloom.testing.venues", description="A stand-in for a venue.")
    parser.add_argument("--venue", choices=VENUES, required=True)
    parser.add_argument("--symbols", help="as the venue writes them, with commas between")
    parser.add_argument("--trades", type=int, default=1_000, help="of all symbols together")
    parser.add_argument("--before", type=int, default=0, help="how many of them are history when the market opens")
    parser.add_argument("--seed", type=int, default=1, help="of the market")
    parser.add_argument(
        "--disorder", type=float, default=0.0, help="the share whose time is before their predecessor's"
    )
    parser.add_argument("--rate", type=float, help="trades a second, at times of now")
    parser.add_argument("--speed", type=float, help="times real time; 1 is at times of now")
    parser.add_argument("--opens", choices=("subscribed", "at once"), default="subscribed", help="when it begins")
    parser.add_argument("--waits", action="store_true", default=None, help="a trade waits for somebody who listens")
    parser.add_argument("--laps", type=int, default=1, help="how often the trades come, for long markets")
    parser.add_argument("--keeps", type=int, help="how many trades of each symbol history keeps at least")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--troubles", type=int, metavar="SEED", help="troubles by chance")
    parser.add_argument("--answers", action="store_true", help="history has every trade in the end")
    parser.add_argument("--truth", metavar="FILE", help="write all trades as CSV when the market opens")
    return parser


if __name__ == "__main__":
    sys.exit(main())
