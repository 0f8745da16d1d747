"""When the clock closes the slots of a definition, and what a stall of its feed costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.cli.formats import duration
from barloom.plan.delayed import fitting_live_within
from barloom.time.timeframe import MINUTE

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan

__all__ = ["clock_body", "clock_rows", "harmless_stall"]

_DELAYED: Final = 15 * MINUTE
"""By how much exchanges delay what they give away."""


def harmless_stall(plan: BarPlan) -> int:
    """For how long (ns) a live feed may stall and then go on in order without a late row."""
    deciding = [plan.deciding_delay(place) for place, level in enumerate(plan.levels) if level.child == 0]
    return min(deciding, default=plan.base.delay) + plan.clock_after


def clock_rows(plan: BarPlan) -> list[tuple[str, str]]:
    """What ``check`` says about it, by heading."""
    if not plan.clock:
        return [("clock", "off: only later rows close slots")]
    later = f", {duration(plan.clock_after)} later than time passes (after)" if plan.clock_after else ""
    live = f"rows at most {duration(plan.live_within)} old when they come"
    works = f"closes quiet slots of a live feed ({live}: live_within){later}"
    parts = "delay + after" if plan.clock_after else "delay"
    longer = 'what comes in the end after a longer one is late: clock = { after = "…" }'
    rows = [("clock", works), ("stalls", f"up to {duration(harmless_stall(plan))} ({parts}) cost nothing; {longer}")]
    if plan.live_within <= _DELAYED:
        rows.append(("delayed feeds", f"one that is {duration(_DELAYED)} late needs {fitting_live_within(_DELAYED)}"))
    return rows


def clock_body(plan: BarPlan) -> dict[str, object]:
    """The same for a script."""
    return {
        "clock": "on" if plan.clock else "off",
        "clock_after_ns": plan.clock_after if plan.clock else None,
        "live_within_ns": plan.live_within if plan.clock else None,
        "harmless_stall_ns": harmless_stall(plan) if plan.clock else None,
    }
