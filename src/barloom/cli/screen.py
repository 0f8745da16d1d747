"""What a person sees: tables and notes, rich on a terminal and plain text everywhere else."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text

from barloom.cli.encoding import shows_everything

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

__all__ = ["Column", "Sheet", "complain", "drawn", "err", "heading", "note", "out", "plain", "say", "show", "spinner"]

STYLES: Final = {"good": "green", "bad": "red", "quiet": "dim", "strong": "bold", "warn": "yellow", "": ""}


@cache
def out() -> Console:
    """The console of results: standard output, wherever that points at the moment."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=False)


@cache
def err() -> Console:
    """The console of progress and errors: standard error."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def spinner() -> str:
    """What turns beside a line of progress, by rich's name: dots where the terminal has them."""
    return "dots" if shows_everything(err().file) else "line"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet: its title, and whether numbers stand in it (aligned to the right)."""

    title: str
    right: bool = False
    style: str = ""


@dataclass(slots=True)
class Sheet:
    """A titled table of texts; `styles` colours single rows by position, on a terminal only."""

    title: str
    columns: Sequence[Column]
    rows: list[Sequence[str]] = field(default_factory=list)
    styles: dict[int, str] = field(default_factory=dict)

    @property
    def headed(self) -> bool:
        """Whether any column has a title."""
        return any(column.title for column in self.columns)

    def add(self, *cells: str, style: str = "") -> None:
        """Append a row."""
        if style:
            self.styles[len(self.rows)] = style
        self.rows.append(cells)


def show(sheet: Sheet) -> None:
    """Write a table to standard output, with an empty line after it."""
    if out().is_terminal:
        out().print(drawn(sheet))
        out().print()
    else:
        _lines(plain(sheet))


def drawn(sheet: Sheet) -> RenderableType:
    """The table as rich draws it."""
    from rich import box  # noqa: PLC0415 - only a terminal needs it
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=sheet.headed)
    table.title, table.title_justify = Text(sheet.title, style="bold") if sheet.title else None, "left"
    for column in sheet.columns:
        table.add_column(
            Text(column.title),
            justify="right" if column.right else "left",
            style=column.style,
            no_wrap=column.right,
            overflow="fold",
        )
    for position, row in enumerate(sheet.rows):
        table.add_row(*(Text(cell) for cell in row), style=STYLES.get(sheet.styles.get(position, ""), ""))
    return table


def plain(sheet: Sheet) -> Iterable[str]:
    """The table as aligned lines of text, as wide as they need to be."""
    table = [[column.title for column in sheet.columns], *sheet.rows]
    widths = [max(len(row[at]) for row in table) for at in range(len(sheet.columns))]
    if sheet.title:
        yield sheet.title
    for row in table if sheet.headed else sheet.rows:
        cells = (
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(row, widths, sheet.columns, strict=True)
        )
        yield ("  " + "  ".join(cells)).rstrip()
    yield ""


def _lines(lines: Iterable[str]) -> None:
    file = out().file
    for line in lines:
        file.write(line + "\n")


def say(text: str = "", style: str = "") -> None:
    """Write one line of text to standard output."""
    if out().is_terminal:
        out().print(Text(text, style=STYLES.get(style, style)))
    else:
        _lines([text])


def heading(text: str) -> None:
    """Write a line that begins a part of the output."""
    say(text, "strong")


def note(text: str) -> None:
    """Write something worth knowing that is no error."""
    say(f"note: {text}", "warn")


def complain(text: str) -> None:
    """Write an error to standard error."""
    if err().is_terminal:
        first, _, rest = text.partition("\n")
        err().print(Text.assemble(("barloom: ", "bold red"), first, "\n" + rest if rest else ""))
    else:
        err().file.write(f"barloom: {text}\n")
        err().file.flush()
