"""What a run did, for its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from barloom.time.instants import written
from barloom.time.timeframe import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.blocks import BarBlock, Step
    from barloom.plan.barplan import BarPlan
    from barloom.runtime.mover import Mover
    from barloom.source.protocol import Progress, SourceBatch

__all__ = ["RunProgress", "RunReport"]

_MANY_LATE = 0.01
_ENOUGH_TO_TELL = 100


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is: rows read so far, how much of the input, stream time, and seconds since it began."""

    ticks: int
    input: Progress
    stream_time: int | None
    seconds: float


@dataclass(slots=True)
class RunReport:
    """What a run did.

    `ticks` are rows read, `bars` finals written and `open` slots left open by timeframe, `filtered` rows that ``where``
    left out, `rejected` rows in the side output by reason, `notes` what the user should know, `seconds` how long it
    took, `stream_time` where the stream stands (nanoseconds UTC), `interrupted` whether it was told to stop. On Kafka
    `dead_letters` of the rejected are messages that could not be read, and are no rows of the side output.
    """

    ticks: int = 0
    bars: dict[str, int] = field(default_factory=dict)
    open: dict[str, int] = field(default_factory=dict)
    filtered: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    stream_time: int | None = None
    interrupted: bool = False
    dead_letters: int = 0

    def count(self, plan: BarPlan, step: Step, batch: SourceBatch | None = None) -> None:
        """Add one step."""
        rows = Counter(step.counts)
        if batch is not None:
            self.ticks += len(batch.ticks) + len(batch.invalid)
            rows["invalid"] += len(batch.invalid)
            self.notes += [note for note in batch.notes if note not in self.notes]
        self.notes += [note for note in step.notes if note not in self.notes]
        self.filtered += rows.pop("filtered", 0)
        rows.pop("accepted", None)
        for reason, number in rows.items():
            if number:
                self.rejected[reason] = self.rejected.get(reason, 0) + number
        for block in step.finals:
            name = str(plan.levels[block.level].timeframe)
            self.bars[name] = self.bars.get(name, 0) + len(block)
        self.stream_time = step.stream_time

    def finish(  # noqa: PLR0913 - what is known at the end, by name
        self,
        plan: BarPlan,
        open_bars: Sequence[BarBlock],
        *,
        arrivals: bool,
        ordered: bool,
        limits: Sequence[int] = (),
        mover: Mover | None = None,
    ) -> None:
        """Say what is still open, and what a reader of the report may wonder about.

        `limits` are the times after which rows without a time of arrival could not be stamped, `mover` the row behind
        which most were late.
        """
        self.bars = {
            str(plan.levels[p].timeframe): self.bars.get(str(plan.levels[p].timeframe), 0) for p in plan.published
        }
        self.open = {str(plan.levels[block.level].timeframe): len(block) for block in open_bars}
        if limits:
            self.notes.append(_limits_told(plan, limits))
        elif not arrivals and self.ticks:
            self.notes.append(
                "rows have no time of arrival, so none was checked for lying in the future; "
                "name the column as [source] arrival if the input has one"
            )
        late = self.rejected.get("late", 0)
        if not ordered and late >= max(_ENOUGH_TO_TELL, _MANY_LATE * self.ticks):
            self.notes.append(
                f"{late:,} of {self.ticks:,} rows were late: the input is not in time order; "
                'sort it while reading with [source] order = "time", or declare a longer delay'
            )
        if mover is not None and (late >= max(_ENOUGH_TO_TELL, _MANY_LATE * self.ticks) or 2 * late >= self.ticks):
            self.notes.append(
                f"{mover.late:,} of the late rows came after row {mover.origin.row:,} of {mover.origin.name} had "
                f"moved time to its stamp, {written(mover.stamp)}; where that is wrong, correct it and make the bars "
                "anew with barloom rebuild, or set the store back with barloom stream-time set-back"
            )


def _limits_told(plan: BarPlan, limits: Sequence[int]) -> str:
    first, last = (written(limit // SECOND * SECOND) for limit in (limits[0], limits[-1]))
    when = first if first == last else f"{first} to {last}"
    return (
        f"rows have no time of arrival: none may be stamped more than {plan.max_ahead / SECOND:g} s after it was first "
        f"read ({when}), which is kept for later runs; name the column as [source] arrival if the input has one"
    )
