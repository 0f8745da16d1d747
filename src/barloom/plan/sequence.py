"""The numbers by which bars know whether they are complete: one field, or the first and the last of a row's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.errors import Problem
from barloom.plan.barplan import FieldKind, InputKind, Sequence
from barloom.plan.ladder import duration

if TYPE_CHECKING:
    from barloom.plan.draft import BarsDraft
    from barloom.plan.events import FieldDraft

__all__ = ["SEQUENCE_ROLES", "SEQUENCE_SETTINGS", "plan_sequence"]

SEQUENCE_ROLES: Final = {"field": "sequence", "first": "sequence first", "last": "sequence last"}
"""The roles of its fields, by the names that TOML gives them."""

SEQUENCE_SETTINGS: Final = ("restart_after", "give_up_after")


def plan_sequence(draft: BarsDraft, problems: list[Problem]) -> Sequence | None:
    """The sequence of an event; none where there is none, or something is wrong with it."""
    whole, first, last = (draft.event.having(role) for role in SEQUENCE_ROLES.values())
    marked = [*whole, *first, *last]
    if not marked:
        return None
    where, found = draft.either(marked[0].where, "event.sequence"), len(problems)
    if draft.input is InputKind.BARS:
        fix = "leave it out, or declare it where the ticks are read"
        problems.append(Problem("a sequence of bars as input: only ticks have numbers without a hole", where, fix))
    _check_parts(draft, whole, first, last, where, problems)
    for item in marked:
        _check_kind(item, where, problems)
    given = {name: value for item in marked for name, value in item.settings}
    read = {
        name: duration(value, draft.either(where, f"event.sequence.{name}"), problems, positive=True)
        for name, value in given.items()
    }
    if len(problems) > found:
        return None
    begin, end = (whole or first)[0].name, (whole or last)[0].name
    return Sequence(begin, end, **{name: value for name, value in read.items() if value is not None})


def _check_parts(  # noqa: PLR0913, PLR0917 - the fields by their roles
    draft: BarsDraft,
    whole: list[FieldDraft],
    first: list[FieldDraft],
    last: list[FieldDraft],
    where: str,
    problems: list[Problem],
) -> None:
    """One field, or a pair of them."""
    names = ", ".join(item.name for item in (*whole, *first, *last))
    if (len(whole), len(first), len(last)) in {(1, 0, 0), (0, 1, 1)}:
        return
    one = draft.either("trade_id: int = bl.sequence()", 'sequence = "trade_id"')
    pair = draft.either(
        'f: int = bl.sequence("first") with l: int = bl.sequence("last")', 'sequence = { first = "f", last = "l" }'
    )
    what = "the first or the last number is missing" if not whole and len(first) + len(last) == 1 else "no one sequence"
    problems.append(Problem(f"{what} ({names})", where, f"declare one field, {one}, or a pair, {pair}"))


def _check_kind(item: FieldDraft, where: str, problems: list[Problem]) -> None:
    if item.field is not None and item.field.kind is not FieldKind.INTEGER:
        what = f"the sequence {item.name!r} is of type {item.field.kind.value}"
        problems.append(Problem(what, where, "declare it as int: its numbers go up by one from tick to tick"))
