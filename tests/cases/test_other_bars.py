"""Bars by ticks, volume or bricks are not made: whoever asks is told so, and where the way out is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


@pytest.mark.parametrize(
    ("base", "kind"), [("1000ticks", "by number of ticks"), ("500v", "by volume"), ("renko", "of bricks or points")]
)
def test_they_are_refused_by_name(case: Callable[[str], Case], base: str, kind: str) -> None:
    """The message says which kind it was, and names the page."""
    folder = case("other-bars")
    text = (folder.path / "base.toml").read_text(encoding="utf-8").replace("BASE", base)
    (folder.path / "d.toml").write_text(text, encoding="utf-8")
    said = " ".join(folder.barloom("check d.toml", code=2).split())

    assert f"'{base}' asks for bars {kind}: bars are made by time only" in said
    assert "'What barloom does not make' in docs/concepts.md" in said
