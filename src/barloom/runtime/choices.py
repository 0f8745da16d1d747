"""Arguments that take one of a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check_choice"]


def check_choice(name: str, value: str | None, known: Sequence[str | None]) -> None:
    """Raise `ValueError` for a word that is not known."""
    if value not in known:
        message = f"{name}={value!r}: it is one of {', '.join(map(repr, known))}"
        raise ValueError(message)
