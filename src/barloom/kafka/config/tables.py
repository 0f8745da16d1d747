"""Reading a table of settings strictly: every unknown name and wrong value is collected with its path."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from barloom.environment import Secret
from barloom.errors import Problem
from barloom.plan.ladder import duration, written
from barloom.plan.suggest import did_you_mean, one_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Table", "given"]

_KEPT_ELSEWHERE: Final = (
    'write { env = "NAME" } or { file = "PATH" }, so that the secret itself stands in no definition'
)
_Choice = TypeVar("_Choice", bound=Enum)


def given(section: object) -> Mapping[str, object]:
    """What was set of a section in Python: a dataclass whose fields are none by default."""
    if not is_dataclass(section) or isinstance(section, type):
        return {}
    found = {item.name: getattr(section, item.name) for item in fields(section)}
    return {name: value for name, value in found.items() if value is not None}


class Table:
    """One table, its `path` in messages, and the list of problems that all tables of a definition share."""

    def __init__(self, content: Mapping[str, object], path: str, problems: list[Problem]) -> None:
        self._content = content
        self.path = path
        self.problems = problems

    def __contains__(self, name: str) -> bool:
        return name in self._content

    def problem(self, what: str, name: str, fix: str) -> None:
        """Collect a problem of the entry `name`."""
        self.problems.append(Problem(what, f"{self.path}.{name}", fix))

    def known(self, names: Iterable[str]) -> None:
        """Report every entry with another name."""
        for name in self._content:
            if name not in names:
                self.problem(f"unknown key {name!r}", name, did_you_mean(name, names))

    def items(self) -> Iterable[tuple[str, object]]:
        """The entries as they were written."""
        return self._content.items()

    def table(self, name: str) -> Table | None:
        """A table below this one; none where it is not there."""
        found = self._content.get(name)
        content = found if isinstance(found, dict) else given(found)
        if found is not None and not isinstance(found, dict) and not is_dataclass(found):
            self.problem(f"{found!r} is not a table", name, f"write [{self.path}.{name}] and the keys below it")
            return None
        return None if found is None else Table(content, f"{self.path}.{name}", self.problems)

    def text(self, name: str) -> str | None:
        """A text that is not empty."""
        found = self._content.get(name)
        if found is None or (isinstance(found, str) and found.strip()):
            return found
        self.problem(f"{found!r} is not text", name, f'write {name} = "…"')
        return None

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; a single text is a list of one."""
        found = self._content.get(name)
        listed = [found] if isinstance(found, str) else found
        if listed is None:
            return ()
        if isinstance(listed, (list, tuple)) and listed and all(isinstance(item, str) and item for item in listed):
            return tuple(listed)
        self.problem(f"{found!r} is not a list of texts", name, f'write {name} = ["…", "…"]')
        return ()

    def path_of(self, name: str) -> Path | None:
        """The path of a file."""
        found = self._content.get(name)
        if isinstance(found, Path):
            return found
        text = self.text(name)
        return None if text is None else Path(text)

    def choice(self, name: str, kind: type[_Choice]) -> _Choice | None:
        """A member of an enumeration, by its value."""
        found = self._content.get(name)
        if found is None or isinstance(found, kind):
            return found
        known = [str(item.value) for item in kind]
        if found in known:
            return kind(found)
        self.problem(f"unknown {name} {found!r}", name, did_you_mean(str(found), known))
        return None

    def word(self, name: str, words: tuple[str, ...], default: str) -> str:
        """One of some words."""
        found = self._content.get(name, default)
        if isinstance(found, str) and found in words:
            return found
        self.problem(f"unknown {name} {found!r}", name, f"write {one_of(words)}")
        return default

    def duration(self, name: str, default: int, *, least: int = 1) -> int:
        """Nanoseconds of ``"100ms"`` or a `timedelta`, at least `least`."""
        found = self._content.get(name)
        if found is None:
            return default
        if not isinstance(found, str | timedelta):
            self.problem(f"{found!r} is not a duration", name, f'write it as text with its unit: {name} = "{found}ms"')
            return default
        nanos = duration(found, f"{self.path}.{name}", self.problems)
        if nanos is None:
            return default
        if nanos < least:
            self.problem(f"{found} is too short", name, f"give at least {written(least)}")
            return default
        return nanos

    def whole(self, name: str, default: int, *, least: int = 0) -> int:
        """A whole number, at least `least`."""
        found = self._content.get(name, default)
        if isinstance(found, int) and not isinstance(found, bool) and found >= least:
            return found
        self.problem(f"{found!r} is not a whole number from {least} up", name, f"write {name} = {max(default, least)}")
        return default

    def secret(self, name: str) -> Secret | None:
        """A secret by where it is kept; one that stands in the definition itself is refused, and not repeated."""
        found = self._content.get(name)
        if found is None or isinstance(found, Secret):
            return found
        if isinstance(found, dict) and len(found) == 1:
            (kind, place), *_ = found.items()
            if kind in ("env", "file") and isinstance(place, str) and place:
                return Secret.env(place) if kind == "env" else Secret.file(place)
        what = "is no place of a secret" if isinstance(found, dict) else "stands in the definition as it is"
        self.problem(what, name, _KEPT_ELSEWHERE)
        return None
