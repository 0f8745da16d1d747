"""``barloom stream-time``: where the partitions of an application stand in time, and setting one back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import UsageError, count, duration, instant, moment, on_the_grid
from barloom.cli.kafka.options import NO_OPTIONS, KafkaOptions, app_asked
from barloom.cli.key_view import furthest_behind, key_sheet, keys_body
from barloom.cli.options import AsJson, Definition, MaybeStore  # noqa: TC001 - the command line reads the annotations
from barloom.cli.screen import Column, Sheet, note, say, show
from barloom.clock import SystemClock
from barloom.front.load import load
from barloom.time.timeframe import SECOND

if TYPE_CHECKING:
    from pathlib import Path

    from barloom.kafka import KafkaApp, SetBack, Standing

__all__ = ["set_back", "show_times", "stream_time"]

_EXAMPLES: Final = """\
Examples:
  barloom stream-time show bars.toml
  barloom stream-time set-back bars.toml --partition 3 --to 2025-11-10T10:30:00Z          what it would do
  barloom stream-time set-back bars.toml --partition 3 --to 2025-11-10T10:30:00Z --yes    do it
  barloom stream-time show --store state                                                  of a store
  barloom stream-time set-back bars.toml --store state --to 2025-11-10T10:30:00Z --yes"""

stream_time = App(
    name="stream-time",
    help="See where partitions or a store stand in time, and set back what a wrong stamp has pushed ahead.",
    help_format="plaintext",
    help_epilogue=_EXAMPLES,
)

_MaybeDefinition = Annotated[
    str | None, Parameter(help="The definition of an application on Kafka; a store knows its own.")
]
_Partition = Annotated[int | None, Parameter(help="The partition of the input on Kafka.")]
_To = Annotated[str, Parameter(name="--to", help="Where stream time shall stand again: 2025-11-10T10:30:00Z.")]
_Yes = Annotated[bool, Parameter(negative="", show_default=False, help="Do it.")]


@stream_time.command(name="show")
def show_times(
    definition: _MaybeDefinition = None,
    /,
    *,
    store: MaybeStore = None,
    kafka: KafkaOptions = NO_OPTIONS,
    as_json: AsJson = False,
) -> Exit:
    """Show the stream time of a store or of each partition, against the clock and against the others."""
    if store is not None:
        _refuse_both(kafka)
        return _show_store(store, as_json=as_json)
    if definition is None:
        message = "say whose: a definition with its application on Kafka, or --store DIR"
        raise UsageError(message)
    app = app_asked(definition, kafka)
    settings, found, now = app.settings, app.status(), SystemClock().now()
    if as_json:
        rows = [_body(each) for each in found]
        machine.emit("stream-time show", {"application": settings.app, "partitions": rows})
        return Exit.OK
    columns = (Column("partition", right=True, style="bold"), Column("stream time"), Column("against the clock"))
    behind = (Column("key furthest behind"),) if app.plan.by_key else ()
    sheet = Sheet(f"Application {settings.app} on {settings.brokers}", (*columns, *behind))
    for each in found:
        ahead = each.stream_time is not None and each.stream_time > now
        told = (moment(each.stream_time), _against(each.stream_time, now))
        of_keys = (furthest_behind(each.keys),) if app.plan.by_key else ()
        sheet.add(str(each.partition), *told, *of_keys, style="bad" if ahead else "")
    show(sheet)
    return Exit.OK


def _body(each: Standing) -> dict[str, object]:
    reached = None if each.stream_time is None else moment(each.stream_time)
    return {"partition": each.partition, "stream_time": reached, "keys": keys_body(each.keys)}


def _refuse_both(kafka: KafkaOptions) -> None:
    if kafka.given:
        message = f"--store is for a store and {kafka.given[0]} is for Kafka: give one or the other"
        raise UsageError(message)


def _show_store(store: Path, *, as_json: bool) -> Exit:
    from barloom.front.store import Store  # noqa: PLC0415 - on Kafka there is no store

    now, found = SystemClock().now(), Store(store).status()
    time, keys = found.stream_time, found.keys
    if as_json:
        reached = None if time is None else moment(time)
        body = {"store": str(store), "stream_time": reached, "keys": keys_body(keys)}
        machine.emit("stream-time show", body)
        return Exit.OK
    sheet = Sheet(f"Store {store}", (Column("stream time"), Column("against the clock")))
    sheet.add(moment(time), _against(time, now), style="bad" if time is not None and time > now else "")
    show(sheet)
    if keys:
        show(key_sheet(keys))
    return Exit.OK


def _against(time: int | None, now: int) -> str:
    if time is None:
        return "-"
    distance = duration(abs(now - time) // SECOND * SECOND)
    return f"{distance} ahead" if time > now else f"{distance} behind"


@stream_time.command(name="set-back")
def set_back(  # noqa: PLR0913 - the options of a command
    definition: Definition,
    /,
    *,
    to: _To,
    partition: _Partition = None,
    store: MaybeStore = None,
    yes: _Yes = False,
    kafka: KafkaOptions = NO_OPTIONS,
    as_json: AsJson = False,
) -> Exit:
    """Set the stream time of a partition or a store back. Published finals stay, and are never made again."""
    place: dict[str, object]
    if store is not None:
        _refuse_both(kafka)
        if partition is not None:
            message = "--store is for a store and --partition is for Kafka: give one or the other"
            raise UsageError(message)
        place, title = {"store": str(store)}, f"Store {store}"
        with on_the_grid():
            done = load(definition).set_back(store, instant(to, "--to"), really=yes)
    else:
        place, title = {"partition": partition}, f"Partition {partition}"
        done = _on_kafka(app_asked(definition, kafka), partition, to, yes=yes)
    if as_json:
        floors = {name: {"keys": keys, "until": moment(end)} for name, (keys, end) in done.floors.items()}
        body = {**place, "before": moment(done.before), "after": moment(done.after)}
        machine.emit("stream-time set-back", {**body, "dropped": dict(done.dropped), "floors": floors, "done": yes})
        return Exit.OK
    _tell(title, done, again="Start the instances again." if store is None else "", yes=yes)
    return Exit.OK


def _on_kafka(app: KafkaApp, partition: int | None, to: str, *, yes: bool) -> SetBack:
    if partition is None:
        message = "--partition N is missing (or --store DIR, for a store)"
        raise UsageError(message)
    with on_the_grid():
        return app.set_back(partition, instant(to, "--to"), really=yes)


def _tell(title: str, done: SetBack, *, again: str, yes: bool) -> None:
    columns = (
        Column("timeframe", style="bold"),
        Column("open slots dropped", right=True),
        Column("keys with published bars", right=True),
        Column("the last of which ends"),
    )
    sheet = Sheet(f"{title}: {moment(done.before)} -> {moment(done.after)}", columns)
    for name in dict.fromkeys((*done.floors, *done.dropped)):
        keys, end = done.floors.get(name, (0, None))
        sheet.add(name, count(done.dropped.get(name, 0)), count(keys), moment(end))
    show(sheet)
    if done.floors:
        note("ticks in slots that were published stay late: they stand in the side output with what they missed")
    if yes:
        say(f"Set back. {again}".rstrip(), "good")
    else:
        say("Nothing was changed. To do it: the same with --yes", "warn")
