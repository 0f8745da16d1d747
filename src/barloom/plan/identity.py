"""Whether two plans make the same bars, where they differ, and what their topics are called."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from barloom.plan.barplan import FieldKind
from barloom.plan.document import plan_document
from barloom.plan.ladder import written
from barloom.plan.language.render import render
from barloom.time.timeframe import MINUTE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.plan.barplan import BarPlan, Field, LevelPlan, Sequence

__all__ = ["Topics", "continues", "differences", "field_text", "fingerprint", "number_text", "topics"]


def fingerprint(plan: BarPlan) -> str:
    """SHA-256, in hex, of what determines the bars of a plan: not source or retention, nor when the clock helps.

    Nor which keys are waited for. Nor how the input's numbers come: as with other settings of the source, what was read
    before stays as it was read.
    """
    from hashlib import sha256  # noqa: PLC0415 - keeps the import light

    text = json.dumps(_determining(plan), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _determining(plan: BarPlan) -> dict[str, Any]:
    document = plan_document(plan)
    del document["source"], document["event"]["name"], document["clock_after"]
    # The clock's settings were part of it once, so that the usual ones have to stand there.
    document.pop("idle_after", None)
    document |= {"clock": True, "live_within": MINUTE}
    for item in document["event"]["fields"]:
        for name in ("patterns", "zone", "rounding", "encoding"):
            item.pop(name, None)
    for level in document["levels"]:
        del level["retention"]
    for output in document["outputs"]:
        del output["text"], output["aggregate"]
    return document


def continues(old: BarPlan, new: BarPlan) -> bool:
    """Whether what the old plan made is gone on with by the new one.

    They make the same bars, also where one counts times since 1970 in another unit: what is kept is nanoseconds.
    """
    return fingerprint(_in_units_of(old, new)) == fingerprint(new)


def _in_units_of(old: BarPlan, new: BarPlan) -> BarPlan:
    units = {item.name: item.time_unit for item in new.event.fields if item.time_unit not in (None, "iso")}
    fields = tuple(
        item if item.time_unit in (None, "iso") else replace(item, time_unit=units.get(item.name, item.time_unit))
        for item in old.event.fields
    )
    return replace(old, event=replace(old.event, fields=fields))


def differences(old: BarPlan, new: BarPlan) -> list[str]:
    """What differs between two plans that do not make the same bars, for people; empty where they do."""
    found: list[str] = []
    old = _in_units_of(old, new)
    before, after = _facts(old), _facts(new)
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            found.append(f"{name} ({before[name]}) is gone")
        elif name not in before:
            found.append(f"{name} ({after[name]}) is new")
        elif before[name] != after[name]:
            found.append(f"{name} was {before[name]}, is {after[name]}")
    if not found and fingerprint(old) != fingerprint(new):
        found.append("the columns stand in another order, or are kept in another way")
    return found


def _facts(plan: BarPlan) -> dict[str, str]:
    facts = {
        "name": plan.name,
        "key": ", ".join(plan.event.key),
        "event time": plan.event.timestamp,
        "event id": plan.event.event_id or "none",
        "tiebreak": plan.event.tiebreak or "none",
        "sequence": _sequence(plan.event.sequence),
        "input": plan.input.value,
        "stamped": plan.stamped,
        "keep": plan.keep,
        "calendar": plan.calendar,
        "where": "all rows" if plan.where is None else render(plan.where),
        "max_ahead": written(plan.max_ahead),
        "close_grace": written(plan.close_grace),
        "close_grace_when": "all ticks" if plan.close_grace_when is None else render(plan.close_grace_when),
        "time": "each key's own" if plan.by_key else "the partition's",
        "pass_headers": ", ".join(plan.pass_headers) or "none",
    }
    facts |= {
        f"field {item.name}": field_text(replace(item, rounding=None, encoding=None)) for item in plan.event.fields
    }
    facts |= {f"timeframe {level.timeframe}": _level(plan, level) for level in plan.levels}
    return facts | {f"output {output.name}": f"{output.text}: {output.number}" for output in plan.outputs}


def field_text(item: Field) -> str:
    """A field's type as TOML writes it: ``decimal(18, 6)?``."""
    base = item.kind.value
    if item.number is not None:
        base = number_text(item)
    elif item.separator is not None:
        base = f'list("{item.separator}")'
    elif item.kind is FieldKind.TIMESTAMP and item.time_unit not in (None, "iso"):
        base = f"timestamp({item.time_unit})"
    return f"{base}?" if item.nullable else base


def number_text(item: Field) -> str:
    """The type of a decimal with how its numbers come: ``decimal(18, 2, round=half-even)``."""
    named = {"round": item.rounding, "encoding": item.encoding}
    more = "".join(f", {name}={value}" for name, value in named.items() if value is not None)
    return f"{str(item.number)[:-1]}{more})" if more else str(item.number)


def _sequence(sequence: Sequence | None) -> str:
    if sequence is None:
        return "none"
    fields = " to ".join(sequence.fields)
    return f"{fields}, anew after {written(sequence.restart_after)}, given up after {written(sequence.give_up_after)}"


def _level(plan: BarPlan, level: LevelPlan) -> str:
    parts = ["base" if level.child is None else f"from {plan.levels[level.child].timeframe}"]
    parts += [f"delay {written(level.delay)}", f"gap {level.gap.value}", f"carry_limit {written(level.carry_limit)}"]
    return ", ".join([*parts, "heartbeat"] if level.heartbeat else parts)


@dataclass(frozen=True, slots=True)
class Topics:
    """The names of a plan's topics; `live` and `final` by timeframe, for the timeframes that are published."""

    live: Mapping[str, str]
    final: Mapping[str, str]
    late: str
    changelog: str
    progress: str
    dead_letter: str
    replayed: str
    closed: str


def topics(plan: BarPlan, app: str | None = None) -> Topics:
    """``bars_live_1m``, ``bars_final_1m``, ``bars_late``, ``bars_closed``.

    Of the application: ``<app>_changelog``, ``<app>_progress``, ``<app>_dlq``.
    `replayed`, ``<app>_replayed``, is the ledger of the dead letters that were put back.
    `app` is the application that makes the bars; without one it is called like them.
    """
    frames = [plan.levels[position].timeframe for position in plan.published]
    own = app or plan.name
    return Topics(
        live={str(frame): plan.topic("live", frame) for frame in frames},
        final={str(frame): plan.topic("final", frame) for frame in frames},
        late=f"{plan.name}_late",
        changelog=f"{own}_changelog",
        progress=f"{own}_progress",
        dead_letter=f"{own}_dlq",
        replayed=f"{own}_replayed",
        closed=f"{plan.name}_closed",
    )
