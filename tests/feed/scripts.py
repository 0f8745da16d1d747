"""Random scripts of trouble: a run through each, and what must hold of its bars."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from random import Random
from time import monotonic
from typing import TYPE_CHECKING

from barloom.testing import Restarted, Script, VenueDouble, VenueMarket
from feed.running import FRAMES, Final, all_final, bars_at, feed_of, finals, run_until, true_bars
from feed.test_session import EXAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    import barloom as bl
    from barloom.testing import MarketTrade

__all__ = ["Outcome", "run_script"]

TRADES = 400
PATIENT = "20s"
IMPATIENT = "1500ms"
_LONG_ENOUGH = 6.0
"""Seconds after the market's end in which everything is given up that will be."""


@dataclass
class Outcome:
    """What came of a script: how its bars are, and what is wrong with them."""

    seed: int
    told: str
    bars: int = 0
    complete: int = 0
    missing: int = 0
    wrong: list[str] = field(default_factory=list)


def run_script(seed: int, directory: Path) -> Outcome:
    """Run a feed of a market of chance, at a venue of chance, with troubles of chance."""
    chance = Random(f"script {seed}")
    name = chance.choice(sorted(EXAMPLES))
    symbols = EXAMPLES[name][: chance.randint(1, 2)]
    time = chance.choice(["key", "key", "key", "partition"])
    market = VenueMarket.simulate(
        symbols, trades=TRADES, seed=seed, disorder=chance.choice([0.0, 0.0, 0.05]), before=chance.choice([0, 0, 30])
    )
    restarts = chance.random() < 0.1
    script = Script.random(seed, TRADES - market.before, symbols, restarts=restarts)
    answers = script.answers and not restarts
    directory.mkdir()
    bars, store = bars_at(directory, time=time), directory / "state"
    outcome = Outcome(seed, f"{name}, {' '.join(symbols)}, time by {time}: {script}")

    with VenueDouble(name, market, script, speed=20, beat=0.1) as double:
        lost: list[bl.feed.Event] = []
        feed = feed_of(
            double, symbols, fill_within=PATIENT if answers else IMPATIENT, check_every="100ms", told=lost.append
        )
        ended: list[float] = []

        def enough() -> bool:
            if not double.done.is_set():
                return False
            ended.append(monotonic())
            given_up = not answers and monotonic() - ended[0] > _LONG_ENOUGH
            return given_up or all_final(store, double.trades)

        run_until(bars, feed, store, double.clock, enough)
        market = _Market(_known(double), double.unseen, [event for event in lost if event.kind == "given up"])
    for frame in FRAMES:
        _judge(outcome, script, market, frame, finals(store, frame), by_key=time == "key")
    return outcome


def _known(double: VenueDouble) -> list[MarketTrade]:
    """All trades but those that nobody has seen behind the last one that was: the venue itself denies them."""
    known, unseen = double.trades, {*double.unseen}
    for symbol in {trade.symbol for trade in known}:
        seen = [place for place, trade in enumerate(known) if trade.symbol == symbol and trade not in unseen]
        last = max(seen, default=-1)
        known = [trade for place, trade in enumerate(known) if trade.symbol != symbol or place <= last]
    return known


@dataclass(frozen=True)
class _Market:
    """All trades, those that nobody can know, and what the feed gave up."""

    trades: list[MarketTrade]
    unseen: list[MarketTrade]
    given_up: list[bl.feed.Event]

    def missing(self, slot: tuple[str, int], frame: str) -> tuple[int, int]:
        """How many numbers of holes that may lie in a slot are missing at least, and with all that was given up."""
        symbol, start = slot
        inside = sorted((trade for trade in self.trades if trade.symbol == symbol), key=lambda trade: trade.number)
        least = {trade.number for trade in self.unseen if trade.symbol == symbol}
        most = set(least)
        for event in self.given_up:
            if event.of is not None and event.of.symbol == symbol:
                most |= {*range(event.first or 0, (event.last or 0) + 1)}
        end = start + FRAMES[frame]
        return _in_holes(inside, least, start, end), _in_holes(inside, most, start, end)


def _judge(  # noqa: PLR0913 - all that is known
    outcome: Outcome, script: Script, market: _Market, frame: str, found: dict[tuple[str, int], Final], *, by_key: bool
) -> None:
    """Write down what is wrong.

    Where all symbols share one time, slots of one may be decided by the trades of others, before it is known of them.
    """
    expected = true_bars(market.trades, frame)
    restarted = any(isinstance(trouble, Restarted) for trouble in script.troubles)
    first = {symbol: min(start for each, start in found if each == symbol) for symbol, _ in found}
    outcome.bars += len(found)
    knows_all = by_key and "coinbase" not in outcome.told  # which repeats its last trade to whoever comes back
    for slot, final in found.items():
        bar = expected.get(slot)
        outcome.complete += final.complete == "yes"
        outcome.missing += final.missing > 0
        least, most = market.missing(slot, frame)
        told = None
        if bar is None or final.bar.count > bar.count:
            told = "has ticks that never were"
        elif final.complete == "yes" and final.bar != bar:
            told = "is called complete and is not"
        elif restarted or final.partial or slot[1] == first[slot[0]]:
            continue
        elif not (least if knows_all else 0) <= final.missing <= most:
            told = f"misses {least} to {most}"
        elif script.answers and by_key and final.complete != "yes":
            told = "might be complete"
        if told is not None:
            outcome.wrong.append(f"{told}: {frame} {slot[0]} {slot[1] // 10**9 % 100000}: {final}, truly {bar}")
    if script.answers and by_key and not restarted:
        absent = [slot for slot in expected.keys() - found.keys() if slot[1] > first[slot[0]]]
        outcome.wrong += [f"{frame} has no bar at {slot}" for slot in absent]


def _in_holes(inside: list[MarketTrade], lost: set[int], start: int, end: int) -> int:
    """How many numbers lie in holes that may lie in a span: between the times of the trades beside each hole."""
    runs = [(is_lost, list(group)) for is_lost, group in groupby(inside, key=lambda trade: trade.number in lost)]
    total = 0
    for place, (is_lost, group) in enumerate(runs):
        if not is_lost or place in {0, len(runs) - 1}:
            continue
        edges = [each.time for each in (runs[place - 1][1][-1], runs[place + 1][1][0])]
        if min(edges) < end and max(edges) >= start:
            total += len(group)
    return total
