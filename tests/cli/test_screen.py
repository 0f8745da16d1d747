"""Tables are plain and aligned where no terminal is, and text is never markup."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console

from barloom.cli.screen import Column, Sheet, drawn, note, plain, say, show

if TYPE_CHECKING:
    import pytest

SHEET = Sheet("Rows", (Column("reason"), Column("rows", right=True)))
SHEET.add("late", "1,234", style="warn")
SHEET.add("[red]future[/red]", "5")


def test_a_plain_table_is_aligned_and_has_no_trailing_blanks() -> None:
    """Text to the left, numbers to the right."""
    assert [
        "Rows",
        "  reason              rows",
        "  late               1,234",
        "  [red]future[/red]      5",
        "",
    ] == list(plain(SHEET))


def test_a_drawn_table_shows_brackets_as_they_are() -> None:
    """A key or file name may hold anything."""
    console = Console(width=60, record=True, file=StringIO())

    console.print(drawn(SHEET))

    assert "[red]future[/red]" in console.export_text()


def test_lines_are_as_long_as_they_are_where_no_terminal_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is wrapped for a width that nobody has."""
    long = "x" * 300

    say(long)
    note(long)
    show(Sheet("", (Column(long),)))

    assert [long, f"note: {long}", f"  {long}", ""] == capsys.readouterr().out.splitlines()
