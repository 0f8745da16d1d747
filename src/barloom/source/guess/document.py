"""A definition as TOML with a comment beside each line that was guessed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Line", "Section", "as_toml", "inline", "listed", "quoted"]

_WIDEST: Final = 48
"""Beyond so many letters a line's comment stands where it ends."""


@dataclass(frozen=True, slots=True)
class Line:
    """A key, its value as TOML, and why; `off`: as a comment, to be used by whoever wants it."""

    key: str
    value: str
    why: str = ""
    off: bool = False

    def written(self) -> str:
        """The line without its comment."""
        return f"{'# ' if self.off else ''}{self.key} = {self.value}"


@dataclass(slots=True)
class Section:
    """A table of the document."""

    title: str
    lines: list[Line] = field(default_factory=list)

    def add(self, key: str, value: str, why: str = "", *, off: bool = False) -> None:
        """Put a line at the end."""
        self.lines.append(Line(key, value, why, off))


def as_toml(heading: Sequence[str], sections: Sequence[Section]) -> str:
    """The text of a definition."""
    head = "\n".join(f"# {line}" for line in heading)
    return "\n\n".join([head, *(_section(each) for each in sections if each.lines)]) + "\n"


def _section(section: Section) -> str:
    width = min(_WIDEST, max(len(line.written()) for line in section.lines))
    return "\n".join([f"[{section.title}]", *(_line(line, width) for line in section.lines)])


def _line(line: Line, width: int) -> str:
    why = " ".join(line.why.split())
    return f"{line.written().ljust(width)}  # {why}" if why else line.written()


def quoted(text: str) -> str:
    """A text as TOML: literal where it has quotes or backslashes in it."""
    if "'" not in text and ('"' in text or "\\" in text) and text.isprintable():
        return f"'{text}'"
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return '"' + "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in plain) + '"'


def listed(texts: Sequence[str]) -> str:
    """A list of texts; one of them alone is a text."""
    return f"[{', '.join(map(quoted, texts))}]"


def inline(pairs: Sequence[tuple[str, str]]) -> str:
    """An inline table of values that are TOML."""
    return f"{{ {', '.join(f'{key} = {value}' for key, value in pairs)} }}"
