"""Which rows count for time: those that the filter keeps and that lie in the session."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from barloom.engine.deadlines import auction
from barloom.engine.market import Market
from barloom.engine.stamps import Stamps
from barloom.engine.values.evaluate import Columns, condition
from barloom.errors import CalendarError
from barloom.time.calendars import resolve

if TYPE_CHECKING:
    import polars as pl

    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Booleans, Integers

__all__ = ["Counting"]


class Counting:
    """Tells it of rows that no engine has seen yet, by the calendar as declared, without overrides."""

    def __init__(self, plan: BarPlan) -> None:
        self._plan = plan
        self._market = Market(plan, resolve(plan.calendar))
        self._stamps = Stamps(plan, self._market)

    def of(self, frame: pl.DataFrame) -> Booleans:
        """Of rows of the event's fields, none of them from the future."""
        columns = Columns(frame, self._plan.event)
        counts = self._inside(frame[self._plan.event.timestamp].to_numpy(), columns)
        if self._plan.where is not None:
            counts = counts & condition(self._plan.where, columns)
        return counts

    def _inside(self, times: Integers, columns: Columns) -> Booleans:
        calendar = self._market.calendar
        if not calendar.shortest_pause:  # it never closes: only its last known date needs a look
            with suppress(CalendarError):
                return calendar.is_open(times)
        return self._stamps.place(times, auction(self._plan, columns)).inside
