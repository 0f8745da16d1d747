"""Bars hold numbers: text and times are refused, with what there is instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def test_they_are_refused_with_the_way_out(case: Callable[[str], Case]) -> None:
    """A text may be a key; the time of the last tick is `close_time` of every bar."""
    said = " ".join(case("text-and-time-aggregates").barloom("check d.toml", code=2).split())

    assert "contract is text, not a number" in said
    assert "make a text a key field" in said
    assert "every bar has the times of its first and last tick: open_time and close_time" in said
