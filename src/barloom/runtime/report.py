"""What a run did, for its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.blocks import BarBlock, Step
    from barloom.plan.barplan import BarPlan
    from barloom.source.protocol import Progress, SourceBatch
    from barloom.store.protocol import SideRecord

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
    `dead_letters` of the rejected are messages that could not be read, and are no rows of the side output. Not on Kafka
    `first_rejected` holds the first row of each reason.
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
    first_rejected: dict[str, SideRecord] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        """The rejected rows, but for duplicates: what was taken in before is not lost."""
        return sum(self.rejected.values()) - self._duplicates

    @property
    def considered(self) -> int:
        """The rows that might have counted: those read, but for duplicates and what ``where`` left out."""
        return self.ticks - self.filtered - self._duplicates

    @property
    def _duplicates(self) -> int:
        return self.rejected.get("duplicate", 0)

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

    def show(self, side: Sequence[SideRecord]) -> None:
        """Keep the first refused row of each reason; call it after `count` of the same step."""
        if self.rejected.keys() <= self.first_rejected.keys():
            return
        for record in side:
            self.first_rejected.setdefault(record.reason, record)

    def finish(self, plan: BarPlan, open_bars: Sequence[BarBlock], *, arrivals: bool, ordered: bool) -> None:
        """Say what is still open, and what a reader of the report may wonder about."""
        self.bars = {
            str(plan.levels[p].timeframe): self.bars.get(str(plan.levels[p].timeframe), 0) for p in plan.published
        }
        self.open = {str(plan.levels[block.level].timeframe): len(block) for block in open_bars}
        if not arrivals and self.ticks:
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
