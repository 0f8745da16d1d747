"""`bl.compute`: the bars of a frame, by a definition however it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from barloom.embedded.compute import compute as compute_plan
from barloom.plan.load import plan_of

if TYPE_CHECKING:
    from barloom.embedded.compute import Computed
    from barloom.plan.load import Declared
    from barloom.time.calendar import Calendar

__all__ = ["compute"]


def compute(
    bars: Declared,
    frame: Any,  # noqa: ANN401 - a frame of Polars or pandas, or whatever else `open_source` understands
    at_end: Literal["keep", "close"] = "close",
    calendar: Calendar | None = None,
) -> Computed:
    """Bars of a frame of ticks, read in row order.

    `bars` are declared ones, or what `load` reads. `at_end` ``close`` makes finals (marked partial) of the slots that
    are open when the frame ends, ``keep`` gives them in `Computed.open`. Raises `SourceError` where a column is
    missing.
    """
    return compute_plan(plan_of(bars), frame, at_end, calendar)
