"""Finding the source for whatever names an input."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from barloom.source.files import FileSource
from barloom.source.inputs import find_inputs

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan
    from barloom.source.protocol import Source

def open_source(plan: BarPlan, spec: object, *, at_end: Literal["keep", "close"] = "keep") -> Source:
    files = find_inputs([spec] if isinstance(spec, (str, Path)) else list(spec), plan.source.format)
    return FileSource(plan, files, str(spec), closing=at_end == "close")
