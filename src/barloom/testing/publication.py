"""What one step of the engine writes: bars, refused rows and state, as records for one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from barloom.engine.blocks import Reason
from barloom.engine.frames import bar_frame
from barloom.runtime.side import hole_records
from barloom.store.protocol import SideRecord
from barloom.testing.changelog import state_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from barloom.engine.blocks import BarBlock, Keys, Rejected, Step, Values
    from barloom.plan.barplan import BarPlan
    from barloom.testing.log import Record
    from barloom.testing.progress import InMemoryWindowProgressStore
    from barloom.time.calendar import Calendar

__all__ = ["FinalRepeatedError", "Outgoing", "Publisher", "Topics"]


class FinalRepeatedError(AssertionError):
    """A slot became final a second time, or before an earlier slot of its key: the engine broke its promise."""


class Outgoing(NamedTuple):
    """A record on its way."""

    topic: str
    key: object
    value: object


@dataclass(frozen=True, slots=True)
class Topics:
    """The names of the topics of one definition."""

    plan: BarPlan

    @property
    def ticks(self) -> str:
        """The input."""
        return f"{self.plan.name}_ticks"

    @property
    def rejected(self) -> str:
        """The side output."""
        return f"{self.plan.name}_late"

    @property
    def changelog(self) -> str:
        """The state."""
        return f"{self.plan.name}_changelog"

    @property
    def closed(self) -> str:
        """Slots that are decided for all keys of a partition."""
        return f"{self.plan.name}_closed"

    def final(self, level: int) -> str:
        """Closed bars of a level."""
        return self.plan.topic("final", self.plan.levels[level].timeframe)

    def live(self, level: int) -> str:
        """Open bars of a level, each followed by its final."""
        return self.plan.topic("live", self.plan.levels[level].timeframe)

    def __iter__(self) -> Iterator[str]:
        yield from (self.ticks, self.rejected, self.changelog, self.closed)
        for level in self.plan.published:
            yield from (self.live(level), self.final(level))


class Publisher:
    """Turns steps into records, and watches that each slot has one final, in slot order."""

    def __init__(self, plan: BarPlan, calendar: Calendar, progress: InMemoryWindowProgressStore) -> None:
        self.plan = plan
        self.calendar = calendar
        self.topics = Topics(plan)
        self._progress = progress
        self._newest: dict[tuple[object, str], int] = {}

    def records(self, step: Step, keys: Keys, polled: Sequence[Record]) -> Iterator[Outgoing]:
        """Everything the step says."""
        for block in step.finals:
            yield from self._bars(block, keys, self.topics.final)
        for block in (*step.lives, *step.finals):
            yield from self._bars(block, keys, self.topics.live)
        for gone in step.retracted:
            for key, start in zip(keys.rows(gone.key), gone.start.tolist(), strict=True):
                yield Outgoing(self.topics.live(gone.level), (key, start), None)
        for hole in hole_records(self.plan, step.holes):
            yield Outgoing(self.topics.rejected, hole.offset, hole)
        for closed in step.closed:
            timeframe = str(self.plan.levels[closed.level].timeframe)
            yield Outgoing(self.topics.closed, (timeframe, closed.after), closed)
        if step.rejected is not None:
            yield from (
                Outgoing(self.topics.rejected, record.offset, record) for record in self._refused(step.rejected, polled)
            )
        for name, value in state_changes(self.plan, step, keys):
            yield Outgoing(self.topics.changelog, name, value)

    def invalid(self, record: Record, message: str) -> Outgoing:
        """A row that could not be read as the event."""
        return Outgoing(
            self.topics.rejected,
            record.offset,
            SideRecord(record.offset, _origin(record), record.offset + 1, "invalid", message, str(record.value)),
        )

    def mark_finals(self, step: Step, keys: Keys) -> None:
        """Called once the step is committed; raises `FinalRepeatedError` where it published what it must not."""
        for block in step.finals:
            timeframe = str(self.plan.levels[block.level].timeframe)
            for key, start in zip(keys.rows(block.key), block.start.tolist(), strict=True):
                before = self._newest.get((key, timeframe))
                if not self._progress.try_mark_finalized(key, timeframe, start):
                    message = f"a second final of {key} {timeframe} at {start}"
                    raise FinalRepeatedError(message)
                if before is not None and start < before:
                    message = f"the final of {key} {timeframe} at {start} came after the one at {before}"
                    raise FinalRepeatedError(message)
                self._newest[key, timeframe] = start

    def _bars(self, block: BarBlock, keys: Keys, topic: Callable[[int], str]) -> Iterator[Outgoing]:
        if block.level not in self.plan.published or not len(block):
            return
        rows = bar_frame(self.plan, self.calendar, keys, block).rows(named=True)
        for key, start, row in zip(keys.rows(block.key), block.start.tolist(), rows, strict=True):
            yield Outgoing(topic(block.level), (key, start), row)

    def _refused(self, rejected: Rejected, polled: Sequence[Record]) -> Iterator[SideRecord]:
        by_offset = {record.offset: record for record in polled}
        names = [str(level.timeframe) for level in self.plan.levels]
        for row, offset in enumerate(rejected.offset.tolist()):
            record = by_offset[offset]
            missed = {
                name: int(values.numbers[row])
                for name, values in zip(names, rejected.missed, strict=True)
                if values.valid is None or values.valid[row]
            }
            reason = Reason(rejected.reason[row]).name.lower()
            yield SideRecord(
                offset,
                _origin(record),
                offset + 1,
                reason,
                reason,
                str(record.value),
                by=int(rejected.by[row]),
                missed=missed,
                by_clock=bool(rejected.by_clock[row]),
                first_number=_number(rejected.first, row),
                last_number=_number(rejected.last, row),
            )


def _number(values: Values | None, row: int) -> int | None:
    if values is None or (values.valid is not None and not values.valid[row]):
        return None
    return int(values.numbers[row])


def _origin(record: Record) -> str:
    return f"{record.topic}[{record.partition}]"
