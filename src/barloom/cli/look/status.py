"""``barloom status``: a store at a glance, or an application on Kafka."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import UsageError, count, moment, size
from barloom.cli.kafka.options import KafkaOptions
from barloom.cli.key_view import furthest_behind, keys_body
from barloom.cli.options import AsJson, MaybeStore  # noqa: TC001 - the command line reads them
from barloom.cli.screen import Column, Sheet, note, say, show
from barloom.front.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from barloom.read.status import Status

__all__ = ["status"]

_ALL: Final = "rows"
"""The name under which a source of several inputs counts all their rows."""


_NONE: Final = KafkaOptions()
_MaybeDefinition = Annotated[
    str | None, Parameter(help="The definition of an application on Kafka: a TOML file, or module:attribute.")
]
_Watch = Annotated[
    bool, Parameter(negative="", show_default=False, help="Look again every two seconds, until Ctrl-C (on Kafka).")
]


def status(
    definition: _MaybeDefinition = None,
    /,
    *,
    store: MaybeStore = None,
    watch: _Watch = False,
    kafka: KafkaOptions = _NONE,
    as_json: AsJson = False,
) -> Exit:
    """Show."""
    if store is not None and definition is None and not watch and not kafka.given:
        return _status_of_store(store, as_json=as_json)
    if definition is None or store is not None:
        message = "say whose status: --store DIR of a store, or the DEFINITION of an application on Kafka"
        raise UsageError(message)
    from barloom.cli.kafka.standing_view import status_on_kafka  # noqa: PLC0415 - a store needs none of it

    return status_on_kafka(definition, kafka, watch=watch, as_json=as_json)


def _status_of_store(store: Path, *, as_json: bool) -> Exit:
    found = Store(store).status()
    if as_json:
        machine.emit("status", _body(found))
        return Exit.OK
    _show(found)
    return Exit.OK


def _show(found: Status) -> None:
    head = Sheet(f"Store {found.path}", (Column("", style="bold"), Column("")))
    head.add("definition", f"{found.definition} ({found.fingerprint[:12]})")
    head.add("calendar", _calendar(found))
    head.add("first row", moment(found.first))
    if found.keys:
        head.add("stream time", f"{moment(found.stream_time)}, the latest key's; each has its own")
        head.add("furthest behind", furthest_behind(found.keys))
    else:
        head.add("stream time", moment(found.stream_time))
    head.add("on disk", size(found.size))
    show(head)
    bars = Sheet("Bars", (Column("timeframe", style="bold"), Column("final", right=True), Column("open", right=True)))
    for timeframe, written in found.finals.items():
        bars.add(timeframe, count(written), count(found.open.get(timeframe, 0)))
    show(bars)
    _show_overrides(found)
    _show_counts("Rows", "became", found.rows)
    _show_counts("Rejected", "reason", found.rejected)
    inputs = Sheet("Read", (Column("input", style="bold"), Column("rows", right=True)))
    for name, position in found.positions.items():
        inputs.add("all inputs" if name == _ALL else name, _rows(position))
    if inputs.rows:
        show(inputs)
    else:
        say("Nothing was read yet.")
    for timeframe, since in found.stopped.items():
        note(f"{timeframe} has stopped: from {moment(since)} on its slots reach beyond the calendar")
    if found.warning is not None:
        note(found.warning)


def _calendar(found: Status) -> str:
    if found.days_left is None:
        return found.calendar
    return f"{found.calendar}, known until {found.known_until}, {count(found.days_left)} days left"


def _rows(position: str) -> str:
    """The rows of a position, which its source wrote."""
    try:
        known = json.loads(position)
    except ValueError:
        return position
    rows = known.get("rows") if isinstance(known, dict) else known
    return count(rows) if isinstance(rows, int) else position


def _show_counts(title: str, column: str, counts: Mapping[str, int]) -> None:
    sheet = Sheet(title, (Column(column, style="bold"), Column("rows", right=True)))
    for name, number in counts.items():
        if number:
            sheet.add(name, count(number))
    if sheet.rows:
        show(sheet)


def _show_overrides(found: Status) -> None:
    sheet = Sheet("Overrides", (Column("in force since", style="bold"), Column("changes")))
    for since, changes in found.overrides:
        sheet.add(_since(since), "; ".join(changes))
    if sheet.rows:
        show(sheet)


def _since(time: int | None) -> str:
    return "the beginning" if time is None else moment(time)


def _body(found: Status) -> dict[str, object]:
    return {
        "store": found.path,
        "definition": found.definition,
        "fingerprint": found.fingerprint,
        "first": None if found.first is None else moment(found.first),
        "stream_time": None if found.stream_time is None else moment(found.stream_time),
        "keys": keys_body(found.keys),
        "finals": dict(found.finals),
        "open": dict(found.open),
        "rows": dict(found.rows),
        "rejected": dict(found.rejected),
        "positions": dict(found.positions),
        "bytes": found.size,
        "calendar": found.calendar,
        "calendar_known_until": None if found.known_until is None else str(found.known_until),
        "calendar_days_left": found.days_left,
        "overrides": [
            {"since": None if each.since is None else moment(each.since), "changes": list(each.changes)}
            for each in found.overrides
        ],
        "stopped": {timeframe: moment(since) for timeframe, since in found.stopped.items()},
    }
