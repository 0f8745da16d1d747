"""What stands where in messages that hold each field by its name: the definition as its input is written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from barloom.plan.barplan import Field, FieldKind, SourcePlan
from barloom.plan.paths import CONSTANT

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan

__all__ = ["arrival_field", "as_written", "names_in_messages"]


def names_in_messages(plan: BarPlan) -> dict[str, str]:
    """The name of each field in messages; of several that are read from one place only the first is written.

    What is not read from the top of a message has its own name.
    """
    found: dict[str, str] = {}
    for field in plan.event.fields:
        path = plan.source.columns.get(field.name, field.name)
        name = path if isinstance(path, str) and _is_plain(path) else field.name
        if name not in found.values() or field.name in plan.event.key:
            found[field.name] = name
    return found


def _is_plain(path: str) -> bool:
    return not path.startswith((CONSTANT, "@")) and "." not in path


def arrival_field(plan: BarPlan) -> Field | None:
    """The field of the time of receipt, by its name in messages; none where the definition does not ask for it."""
    source = plan.source
    if source.arrival is None or source.arrival in plan.event.by_name:
        return None
    return Field(source.arrival, FieldKind.TIMESTAMP, time_unit=source.arrival_unit)


def as_written(plan: BarPlan, arrival: Field | None) -> BarPlan:
    """A definition whose fields have the names that they have in messages, with the time of receipt behind them.

    It is for messages that are written, or of which nothing but the definition says how they are.
    """
    names, by_name = names_in_messages(plan), plan.event.by_name
    fields = [replace(by_name[field], name=name) for field, name in names.items()]
    event = replace(
        plan.event,
        fields=(*fields, *([] if arrival is None else [arrival])),
        key=tuple(names[name] for name in plan.event.key),
        timestamp=names[plan.event.timestamp],
        event_id=None,
        tiebreak=None,
        sequence=None,
    )
    return replace(plan, event=event, source=SourcePlan(null_values=(), check_units=False))
