"""'Did you mean …': the nearest known name to a mistyped one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["did_you_mean", "one_of"]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``did you mean 'bid'? Known are: ask, bid`` (only the second half where nothing is near)."""
    from difflib import get_close_matches  # noqa: PLC0415 - only on the way to an error

    names = sorted(set(known))
    if not names:
        return "none are known here"
    near = get_close_matches(name.lower(), [item.lower() for item in names], n=1, cutoff=0.6)
    best = [item for item in names if near and item.lower() == near[0]]
    listed = f"known are: {', '.join(names)}"
    return f"did you mean {best[0]!r}? {listed}" if best else listed


def one_of(choices: Iterable[str]) -> str:
    """``'a', 'b' or 'c'``."""
    quoted = [repr(choice) for choice in choices]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
