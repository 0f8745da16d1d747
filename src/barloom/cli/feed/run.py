"""``barloom run`` with live feeds: until it is told to stop."""

from __future__ import annotations

import signal
from threading import Event as Flag
from threading import Thread
from typing import TYPE_CHECKING

from barloom.cli.exits import Exit
from barloom.cli.feed.options import feeds_of_bars
from barloom.cli.feed.view import Teller
from barloom.cli.kafka.run import stopped_by_signals
from barloom.cli.progress import progress_of_run
from barloom.cli.screen import say
from barloom.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from barloom.feed import Feeds
    from barloom.front.bars import Bars
    from barloom.runtime.report import RunReport

__all__ = ["run_on_feeds", "stop_with"]


def run_on_feeds(  # noqa: PLR0913 - the options of a command
    bars: Bars,
    names: Sequence[str],
    store: Path,
    *,
    record: Path | None,
    metrics: str | None,
    batch_rows: int,
    overrides: Path | None,
    quiet: bool,
) -> tuple[RunReport, Exit]:
    """Follow feeds until SIGTERM (`Exit.OK`) or Ctrl-C (`Exit.INTERRUPTED`)."""
    clock = SystemClock()
    feeds = feeds_of_bars(bars, names, Teller(quiet=quiet))
    if record is not None:
        feeds = feeds.recorded(record)
    if metrics is not None:
        feeds = feeds.measured(metrics)
    if not quiet:
        say(f"{bars.plan.name!r} of {feeds!r}. Ctrl-C stops it in good order.")
    with stopped_by_signals() as (stop, seen), progress_of_run(bars.plan.name, clock) as tell:
        stop_with(stop, feeds)
        report = bars.run(feeds, store, overrides=overrides, batch_rows=batch_rows, on_progress=tell, clock=clock)
    return report, Exit.INTERRUPTED if signal.SIGINT in seen else Exit.OK


def stop_with(stop: Flag, feeds: Feeds) -> None:
    """Let feeds end when a flag is set; a signal's handler can set no lock that its own thread holds."""

    def wait() -> None:
        stop.wait()
        feeds.stop()

    Thread(target=wait, name="barloom-stop", daemon=True).start()
