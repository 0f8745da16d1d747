"""The environment of the process: the only place that reads its variables, and what is secret in it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Secret", "one_thread_for_matrices", "variable"]


def variable(name: str) -> str | None:
    """The value of an environment variable; none where it is not set."""
    return os.environ.get(name)


def one_thread_for_matrices() -> None:
    """Keep OpenBLAS, unless told otherwise, from starting threads with numpy, which spin and have nothing to do."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@dataclass(frozen=True, slots=True)
class Secret:
    """Something that no message, log line or table may show: it is printed as where it comes from.

    It is read each time it is revealed, so that a file that is replaced while barloom runs (a renewed token) counts.
    """

    origin: str
    _read: Callable[[], str] = field(repr=False, compare=False)

    @classmethod
    def env(cls, name: str) -> Secret:
        """What the environment variable `name` holds."""

        def read() -> str:
            found = variable(name)
            if not found:
                message = f"the environment variable {name} is not set"
                raise LookupError(message)
            return found

        return cls(f"environment variable {name}", read)

    @classmethod
    def file(cls, path: str | Path) -> Secret:
        """What the file at `path` holds, without the line end behind it."""

        def read() -> str:
            try:
                return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                message = f"the file {path} cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8 text'}"
                raise LookupError(message) from None

        return cls(f"file {path}", read)

    @classmethod
    def of(cls, text: str) -> Secret:
        """A text that the program already holds, such as one that it got from a vault."""
        return cls("given by the program", lambda: text)

    def reveal(self) -> str:
        """The secret itself. `LookupError` says what is missing."""
        return self._read()

    def __repr__(self) -> str:
        return f"<secret: {self.origin}>"

    __str__ = __repr__
