"""What is shown of feeds: events as they come, and how each symbol is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.cli.formats import count, moment
from barloom.cli.screen import Column, Sheet, complain, note, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.feed import Event

__all__ = ["Teller", "show_standing"]

_BAD: Final = ("given up", "refused", "restarted")
_PLAIN: Final = ("lost", "notice", "unreadable")


class Teller:
    """Tells of events that a person should see; troubles that mend themselves are not among them."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def __call__(self, event: Event) -> None:
        """Tell of one."""
        if self._quiet or event.kind not in {*_BAD, *_PLAIN}:
            return
        of = "" if event.of is None else f"{event.of}: "
        numbers = "" if event.last is None else f" ({event.first} to {event.last})"
        text = f"{moment(event.at)}  {of}{event.message}{numbers}"
        (complain if event.kind in _BAD else note)(text)


def show_standing(standing: Mapping[str, Mapping[str, object]]) -> None:
    """How each symbol was at the end of a run."""
    columns = ("last", "rows", "holes filled", "given up", "missing", "duplicates")
    sheet = Sheet("Feeds", (Column("feed", style="bold"), *(Column(name, right=True) for name in columns)))
    for name, facts in standing.items():
        last = "-" if facts["last"] is None else str(facts["last"])
        told = [count(int(str(facts[each]))) for each in ("given", "filled", "given_up", "missing", "duplicates")]
        sheet.add(name, last, *told, style="warn" if facts["given_up"] or facts["error"] else "")
    if standing:
        show(sheet)
    for name, facts in standing.items():
        if facts["error"]:
            complain(f"{name}: {facts['error']}")
