"""The user's override file: looked at while running, applied when it has changed."""

from __future__ import annotations

from pathlib import Path

from barloom.errors import CalendarError

__all__ = ["OverrideFile"]


class OverrideFile:
    """Says when the file has a new content."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._seen: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """How messages call it."""
        return str(self._path)

    def news(self) -> str | None:
        """The content, if the file is new or was changed since the last call. Raises `CalendarError` without a file."""
        try:
            state = self._path.stat()
            seen = (state.st_mtime_ns, state.st_size)
            if seen == self._seen:
                return None
            text = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            message = f"the override file {self._path} cannot be read ({error}); the calendar in force stays"
            raise CalendarError(message) from None
        self._seen = seen
        return text
