"""``barloom stream-time``: where the partitions of an application stand in time, and setting one back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import count, duration, instant, moment, on_the_grid
from barloom.cli.kafka_options import NO_OPTIONS, KafkaOptions, plan_asked, settings_asked
from barloom.cli.options import AsJson, Definition  # noqa: TC001 - the command line reads the annotations
from barloom.cli.screen import Column, Sheet, note, say, show
from barloom.clock import SystemClock
from barloom.plan.identity import topics
from barloom.time.timeframe import SECOND

if TYPE_CHECKING:
    from barloom.runtime.kafka.setting_back import SetBack

__all__ = ["set_back", "show_times", "stream_time"]

_EXAMPLES: Final = """\
Examples:
  barloom stream-time show bars.toml
  barloom stream-time set-back bars.toml --partition 3 --to 2025-11-10T10:30:00Z          what it would do
  barloom stream-time set-back bars.toml --partition 3 --to 2025-11-10T10:30:00Z --yes    do it"""

stream_time = App(
    name="stream-time",
    help="See where partitions stand in time, and set one back that a wrong stamp has pushed ahead.",
    help_format="plaintext",
    help_epilogue=_EXAMPLES,
)

_Partition = Annotated[int, Parameter(help="The partition of the input.")]
_To = Annotated[str, Parameter(name="--to", help="Where stream time shall stand again: 2025-11-10T10:30:00Z.")]
_Yes = Annotated[bool, Parameter(negative="", show_default=False, help="Do it.")]


@stream_time.command(name="show")
def show_times(definition: Definition, /, *, kafka: KafkaOptions = NO_OPTIONS, as_json: AsJson = False) -> Exit:
    """Show the stream time of each partition, against the clock and against the others."""
    from barloom.runtime.standing import standing  # noqa: PLC0415 - an extra

    plan = plan_asked(definition, kafka)
    settings = settings_asked(definition, plan, kafka)
    found, now = standing(settings, topics(plan, settings.app)), SystemClock().now()
    if as_json:
        rows = [
            {"partition": each.partition, "stream_time": None if each.stream_time is None else moment(each.stream_time)}
            for each in found
        ]
        machine.emit("stream-time show", {"application": settings.app, "partitions": rows})
        return Exit.OK
    columns = (Column("partition", right=True, style="bold"), Column("stream time"), Column("against the clock"))
    sheet = Sheet(f"Application {settings.app} on {settings.brokers}", columns)
    for each in found:
        ahead = each.stream_time is not None and each.stream_time > now
        sheet.add(
            str(each.partition), moment(each.stream_time), _against(each.stream_time, now), style="bad" if ahead else ""
        )
    show(sheet)
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
    partition: _Partition,
    to: _To,
    yes: _Yes = False,
    kafka: KafkaOptions = NO_OPTIONS,
    as_json: AsJson = False,
) -> Exit:
    """Set the stream time of a partition back. Published finals stay, and are never made again."""
    from barloom.runtime.kafka import setting_back  # noqa: PLC0415 - an extra

    plan = plan_asked(definition, kafka)
    settings = settings_asked(definition, plan, kafka)
    with on_the_grid():
        done = setting_back.set_back(plan, settings, partition, instant(to, "--to"), really=yes)
    if as_json:
        floors = {name: {"keys": keys, "until": moment(end)} for name, (keys, end) in done.floors.items()}
        body = {"partition": partition, "before": moment(done.before), "after": moment(done.after)}
        machine.emit("stream-time set-back", {**body, "dropped": dict(done.dropped), "floors": floors, "done": yes})
        return Exit.OK
    _tell(partition, done, yes=yes)
    return Exit.OK


def _tell(partition: int, done: SetBack, *, yes: bool) -> None:
    columns = (
        Column("timeframe", style="bold"),
        Column("open slots dropped", right=True),
        Column("keys with published bars", right=True),
        Column("the last of which ends"),
    )
    sheet = Sheet(f"Partition {partition}: {moment(done.before)} -> {moment(done.after)}", columns)
    for name in dict.fromkeys((*done.floors, *done.dropped)):
        keys, end = done.floors.get(name, (0, None))
        sheet.add(name, count(done.dropped.get(name, 0)), count(keys), moment(end))
    show(sheet)
    if done.floors:
        note("ticks in slots that were published stay late: they stand in the side output with what they missed")
    if yes:
        say("Set back. Start the instances again.", "good")
    else:
        say("Nothing was changed. To do it: the same with --yes", "warn")
