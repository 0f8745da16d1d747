"""`load`: bars from where they were declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.front.bars import Bars
from barloom.plan.load import definition_at

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["load"]


def load(target: str | Path) -> Bars:
    """The bars declared in ``bars.toml`` or in ``module:attribute`` (imported with the current directory in reach).

    What stands beside them, such as ``[kafka]``, comes along. Raises `DefinitionError` where there is no such thing, or
    with every problem found in it.
    """
    return Bars(*definition_at(target))
