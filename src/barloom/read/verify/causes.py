"""Why a bar is not as published: the causes that can be known, and how they are called."""

from __future__ import annotations

from typing import Final

__all__ = ["CAUSES", "LACKING", "REFUSED", "UNKNOWN", "counted"]

UNKNOWN: Final = "unknown"

REFUSED: Final = {
    "invalid": "rows refused as invalid",
    "future": "rows refused as of the future",
    "out_of_session": "rows refused as out of session",
    "beyond_calendar": "rows refused as beyond the calendar",
    "conflict": "rows refused since they had come with other values",
    "gap": "rows refused since their numbers were given up",
}
"""Of rows whose event time lies in the slot. A plain duplicate is none: it was taken in before."""

LACKING: Final = ("late", *REFUSED, "missing", "partial")
"""The causes by which our bar has fewer rows than were published."""

CAUSES: Final = {
    "late": "rows came too late for it",
    **REFUSED,
    "missing": "numbers of the sequence are missing",
    "partial": "it is partial: the input began or ended within it",
    "order": "the same rows in another order, or of equal times",
    "not_final": "it is not final yet",
    "before_start": "it was over before the first row that was read",
    "expired": "it is older than the bars that are kept",
    "outside_session": "no session is open then",
    "off_grid": "no slot begins then",
    "omitted": "it is without trades, and the definition omits empty slots",
    "no_key": "the store has no bar of its key",
    "synthetic": "it was made without rows, and nothing was published",
    "outside_file": "the file says nothing about its key and time",
    UNKNOWN: "nothing is known",
}
"""In the order in which they are told."""

_ONE: Final = {"late": ("late row", "late rows"), "missing": ("missing number", "missing numbers")}


def counted(cause: str, rows: int) -> str:
    """A cause of one bar in a few words: ``2 late rows``, ``1 invalid row``, ``partial``."""
    plain = cause.replace("_", " ")
    if cause in _ONE:
        return f"{rows:,} {_ONE[cause][rows != 1]}"
    if cause in REFUSED:
        return f"{rows:,} {plain} row{'' if rows == 1 else 's'}"
    return plain
