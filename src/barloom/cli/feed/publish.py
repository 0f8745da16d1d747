"""``barloom feed publish``: feeds into the input topic of a definition, exactly once, until it is told to stop."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.feed.options import FeedNames, Record, feeds_of_bars
from barloom.cli.feed.view import Teller, show_standing
from barloom.cli.formats import UsageError, count, plural
from barloom.cli.kafka.options import NO_OPTIONS, KafkaOptions, bars_asked
from barloom.cli.kafka.run import stopped_by_signals
from barloom.cli.options import AsJson, Definition, MaybeSources  # noqa: TC001 - the command line reads
from barloom.cli.screen import Column, Sheet, complain, err, note, say, show, spinner
from barloom.kafka import publisher_id
from barloom.telemetry.logs import configure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from barloom.front.bars import Bars
    from barloom.kafka import KafkaApp, PublishReport, PublishStatus

__all__ = ["EXAMPLES", "publish_feeds"]

EXAMPLES: Final = """\
Examples:
  barloom feed publish bars.toml --feed kraken:BTC/USD --kafka localhost:9092 --input trades --format json
  barloom feed publish bars.toml --feed kraken:BTC/USD --feed binance:ETHUSDT     Kafka as its [kafka] says
  barloom feed publish bars.toml                        what its [feed] names
  barloom feed publish bars.toml --partitions 6         make the topic, where it is not there yet
  barloom feed publish bars.toml --publisher us         a second publisher of other symbols into the same topic
  barloom feed publish bars.toml --source trades.csv    a file, each row once, however often this is repeated

Start it twice, on two machines: one publishes, the other stands by and takes over within seconds. How far each symbol
was published stands in the topic <input>_positions and is committed with its trades. The topic also gets marks that
say up to when it is complete: where they end, the bars of barloom run wait, so that nothing is late after an outage."""

_Publisher = Annotated[
    str, Parameter(help="Publishers of one name are one another's standbys; others publish beside them.")
]
_Partitions = Annotated[
    int | None, Parameter(help="Make the input topic with so many partitions where it is not there.")
]


def publish_feeds(  # noqa: PLR0913 - the options of a command
    definition: Definition,
    /,
    *,
    feed: FeedNames = None,
    source: MaybeSources = None,
    publisher: _Publisher = "feed",
    partitions: _Partitions = None,
    record: Record = None,
    kafka: KafkaOptions = NO_OPTIONS,
    as_json: AsJson = False,
) -> Exit:
    """Write live feeds into the input topic of a definition, each trade once, with marks of completeness."""
    bars = bars_asked(definition, kafka)
    app = bars.kafka(override=kafka.override)
    configure(json=not err().is_terminal)
    with stopped_by_signals() as (stop, seen), _status(app.settings.input[0]) as tell:
        given = _given(bars, feed, source, record, quiet=as_json)
        if not as_json:
            say(_begins(app, given, publisher))
        report = app.publish(given, name=publisher, partitions=partitions, stop=stop, on_status=tell)
    if as_json:
        machine.emit("feed_publish", _body(report, app, publisher))
    else:
        _show(report, app)
    return Exit.INTERRUPTED if signal.SIGINT in seen else Exit.OK


def _given(
    bars: Bars, feed: Sequence[str] | None, source: Sequence[str] | None, record: Path | None, *, quiet: bool
) -> object:
    """What is published."""
    if source is not None:
        if feed or record is not None:
            message = "--source names files, and --feed and --record are for live feeds: give one of the two"
            raise UsageError(message)
        return source[0] if len(source) == 1 else list(source)
    if not feed and not bars.says_feed:
        message = "no feed is named: give some, such as --feed kraken:BTC/USD, or write feeds = […] into [feed]"
        raise UsageError(message)
    feeds = feeds_of_bars(bars, feed or (), Teller(quiet=quiet))
    return feeds if record is None else feeds.recorded(record)


def _begins(app: KafkaApp, given: object, publisher: str) -> str:
    topic, settings = app.settings.input[0], app.settings
    return (
        f"Publishes {given!r} into {topic!r} on {settings.brokers}, as {publisher_id(settings, publisher)!r}. "
        "Ctrl-C stops it in good order."
    )


@contextmanager
def _status(topic: str) -> Iterator[Callable[[PublishStatus], None] | None]:
    """A line that follows, where somebody looks."""
    if not err().is_terminal:
        yield None
        return
    with err().status(topic, spinner=spinner()) as line:
        yield lambda status: line.update(f"{topic}  {_told(status)}")


def _told(status: PublishStatus) -> str:
    state = {"STANDBY": "stands by", "TAKING OVER": "takes over"}.get(status.state, "publishes")
    waits = "" if status.waits_for is None else f"  {status.waits_for}"
    return f"{count(status.report.rows)} rows, {count(status.report.marks)} marks  {state}{waits}"


def _show(report: PublishReport, app: KafkaApp) -> None:
    """What was done, for a person."""
    rows, marks = plural(report.rows, "row"), plural(report.marks, "mark")
    say(f"Published {rows} and {marks} in {report.seconds:.1f} s, in {plural(report.transactions, 'transaction')}.")
    if report.before:
        say(f"Published before, and passed over: {plural(report.before, 'row')}")
    if report.refused:
        refused = Sheet("Not published", (Column("what is wrong", style="bold"), Column("rows", right=True)))
        for text, number in report.refused.items():
            refused.add(text, count(number), style="warn")
        show(refused)
        complain("The definition cannot hold these rows: their numbers will be missing in the bars.")
    show_standing(report.feed)
    if not report.takeovers:
        say("It stood by all the time: another publisher of this name is at work.")
    for text in report.notes:
        note(text)
    say(f"Positions are in {app.settings.input[0]}_positions: the same command goes on from there.")


def _body(report: PublishReport, app: KafkaApp, publisher: str) -> dict[str, object]:
    """The same for a script."""
    topic = app.settings.input[0]
    return {
        "brokers": app.settings.brokers,
        "topic": topic,
        "positions_topic": f"{topic}_positions",
        "publisher": publisher_id(app.settings, publisher),
        "rows": report.rows,
        "marks": report.marks,
        "before": report.before,
        "refused": report.refused,
        "transactions": report.transactions,
        "takeovers": report.takeovers,
        "feeds": report.feed,
        "notes": report.notes,
        "seconds": round(report.seconds, 3),
    }
