"""``barloom feed``: which venues there are, whether they are reached, and what came of them, recorded and replayed."""

from __future__ import annotations

import signal
from pathlib import Path  # noqa: TC003 - the command line reads annotations
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.feed.options import MaybeDefinition, feeds_asked
from barloom.cli.feed.publish import EXAMPLES as PUBLISH_EXAMPLES
from barloom.cli.feed.publish import publish_feeds
from barloom.cli.feed.run import stop_with
from barloom.cli.feed.view import Teller
from barloom.cli.formats import UsageError, count, plural
from barloom.cli.kafka.run import stopped_by_signals
from barloom.cli.make.run import report_body, show_report
from barloom.cli.options import AsJson, Definition, StorePath  # noqa: TC001
from barloom.cli.progress import progress_of_run
from barloom.cli.screen import Column, Sheet, say, show
from barloom.clock import SystemClock
from barloom.front.load import load
from barloom.plan.ladder import length_of

if TYPE_CHECKING:
    from threading import Event as Flag


__all__ = ["check_feeds", "feed", "list_venues", "record_feeds", "replay_feeds"]

_EXAMPLES: Final = """\
Examples:
  barloom feed list
  barloom feed check kraken:BTC/USD binance:ETHUSDT
  barloom feed record kraken:BTC/USD --out kraken.jsonl.zst --for 10m
  barloom feed replay bars.toml kraken.jsonl.zst --store state
  barloom run bars.toml --feed kraken:BTC/USD --store state       bars of a feed, live
  barloom feed publish bars.toml --feed kraken:BTC/USD --kafka localhost:9092 --input trades"""
_SECOND: Final = 1_000_000_000

feed = App(
    name="feed",
    help="Live feeds of venues: which there are, whether they are reached; recorded, replayed, and published on Kafka.",
    help_format="plaintext",
    help_epilogue=_EXAMPLES,
)

_Names = Annotated[
    list[str],
    Parameter(negative="", help="VENUE:SYMBOL, such as kraken:BTC/USD."),
]


_Pace = Annotated[
    bool, Parameter(negative="", show_default=False, help="At the pace at which it came, not as fast as it goes.")
]


@feed.command(name="list")
def list_venues(*, as_json: AsJson = False) -> Exit:
    """Show the venues that are known by name."""
    from barloom.feed import VENUES, venue  # noqa: PLC0415

    found = [venue(name) for name in VENUES]
    if as_json:
        body = [
            {
                "venue": each.name,
                "channels": [str(channel) for channel in each.channels],
                "websocket": each.addresses.websocket,
                "rest": each.addresses.rest,
                "symbols_per_connection": each.limits.symbols,
                "life_seconds": each.limits.life,
            }
            for each in found
        ]
        machine.emit("feed list", {"venues": body})
        return Exit.OK
    columns = ("channels", "websocket", "history", "symbols a connection")
    sheet = Sheet("Venues", (Column("venue", style="bold"), *map(Column, columns)))
    for each in found:
        history = "by time" if each.by_time else "by number"
        channels = ", ".join(map(str, each.channels))
        sheet.add(each.name, channels, each.addresses.websocket, history, count(each.limits.symbols))
    show(sheet)
    say("A feed of your own, any websocket that sends JSON, is declared in [feed] of a definition.")
    return Exit.OK


@feed.command(name="check")
def check_feeds(
    *names: str,
    definition: MaybeDefinition = None,
    wait: Annotated[str, Parameter(help="For how long at most.")] = "10s",
    as_json: AsJson = False,
) -> Exit:
    """Connect for a moment and say of each symbol whether it is there, live and in the venue's history."""
    from barloom.feed import tried  # noqa: PLC0415

    feeds = feeds_asked(names, definition)
    found = tried(feeds.feeds, feeds.settings, length_of(wait, "--wait") / _SECOND)
    good = bool(found) and all(each.is_good for each in found)
    if as_json:
        body = [
            {
                "feed": str(each.of),
                "connected": each.reached,
                "rows": each.rows,
                "last": each.last,
                "problems": list(each.problems),
            }
            for each in found
        ]
        machine.emit("feed check", {"feeds": body, "good": good})
    else:
        columns = ("connected", "rows", "last number", "what is wrong")
        sheet = Sheet("Feeds", (Column("feed", style="bold"), *map(Column, columns)))
        for each in found:
            last = "-" if each.last is None else str(each.last)
            wrong = "; ".join(each.problems)
            style = "" if each.is_good else "warn"
            sheet.add(str(each.of), "yes" if each.reached else "no", count(each.rows), last, wrong, style=style)
        show(sheet)
    return Exit.OK if good else Exit.DIFFERENT


@feed.command(name="record")
def record_feeds(
    *names: str,
    out: Annotated[Path, Parameter(help="Where to: FILE.jsonl.zst.")],
    definition: MaybeDefinition = None,
    quotes: Annotated[bool, Parameter(negative="", show_default=False, help="Best bid and ask, not trades.")] = False,
    for_: Annotated[str | None, Parameter(name="--for", help="For how long; without it until it is stopped.")] = None,
    as_json: AsJson = False,
) -> Exit:
    """Write down every message with its time of receipt, and what was fetched, for `replay`."""
    feeds = feeds_asked(names, definition, Teller(quiet=as_json))
    if out.exists():
        message = f"{out} is there already; name another file, or remove it"
        raise UsageError(message)
    with stopped_by_signals() as (stop, seen):
        stop_with(stop, feeds)
        if for_ is not None:
            _stop_after(length_of(for_, "--for") / _SECOND, stop)
        lines = feeds.record(out, quotes=quotes)
    if as_json:
        machine.emit("feed record", {"out": str(out), "lines": lines})
    else:
        say(f"Wrote {plural(lines, 'line')} to {out}.")
    return Exit.INTERRUPTED if signal.SIGINT in seen else Exit.OK


def _stop_after(seconds: float, stop: Flag) -> None:
    def wait() -> None:
        stop.wait(seconds)
        stop.set()

    Thread(target=wait, name="barloom-until", daemon=True).start()


@feed.command(name="replay")
def replay_feeds(
    definition: Definition,
    path: Annotated[Path, Parameter(help="What was recorded.")],
    /,
    *,
    store: StorePath,
    pace: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="At the pace at which it came, and not as fast as it goes."),
    ] = False,
    as_json: AsJson = False,
) -> Exit:
    """Make the bars of a recorded feed: the same as those of the run beside which it was recorded."""
    bars, clock = load(definition), SystemClock()
    with progress_of_run(bars.plan.name, clock) as tell:
        report = bars.run(bars.replayed(path, at_its_pace=pace), store, on_progress=tell, clock=clock)
    if as_json:
        machine.emit("feed replay", report_body(report, store))
    else:
        show_report(report, store)
    return Exit.INTERRUPTED if report.interrupted else Exit.OK


feed.command(publish_feeds, name="publish", help_epilogue=PUBLISH_EXAMPLES)
