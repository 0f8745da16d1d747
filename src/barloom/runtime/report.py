"""What a run did, for its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from barloom.engine.blocks import Reason
from barloom.plan.ladder import written
from barloom.store.refused import first_of_each, in_order
from barloom.time.instants import to_datetime
from barloom.time.instants import written as instant
from barloom.time.timeframe import MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from barloom.engine.blocks import BarBlock, Step
    from barloom.engine.times.late_keys import LateKey
    from barloom.plan.barplan import BarPlan
    from barloom.runtime.mover import Mover
    from barloom.source.protocol import Progress, SourceBatch
    from barloom.store.protocol import SideRecord

__all__ = ["RunProgress", "RunReport"]

_MANY_LATE = 0.01
_ENOUGH_TO_TELL = 100
_MOST_LATE = 0.1
_FEW = 3
_A_LONG_DELAY = MINUTE


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is: rows read so far, how much of the input, stream time, and seconds since it began.

    `stream_time` is a UTC datetime, `stream_time_ns` the same to the nanosecond.
    """

    ticks: int
    input: Progress
    stream_time_ns: int | None
    seconds: float

    @property
    def stream_time(self) -> datetime | None:
        """Where the stream stands, in UTC, down to the microsecond that holds it."""
        return None if self.stream_time_ns is None else to_datetime(self.stream_time_ns)


@dataclass(slots=True)
class RunReport:
    """What a run did.

    `ticks` are rows read, `bars` finals written and `open` slots left open by timeframe, `filtered` rows that ``where``
    left out, `rejected` rows in the side output by reason, `notes` what the user should know, `seconds` how long it
    took, `stream_time` where the stream stands (a UTC datetime; `stream_time_ns` to the nanosecond), `interrupted`
    whether it was told to stop. On Kafka `dead_letters` of the rejected are messages that could not be read, and are no
    rows of the side output; `tombstones` are messages without a value, which are passed over, and `marks` those that
    say up to when the input is complete. Not on Kafka
    `first_rejected` holds the first row of each reason. `rounded` says how many values of a field were rounded to its
    places, by field. `feed` has what live feeds say of each symbol: its last number, holes filled and given up, ….
    """

    ticks: int = 0
    bars: dict[str, int] = field(default_factory=dict)
    open: dict[str, int] = field(default_factory=dict)
    filtered: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    stream_time_ns: int | None = None
    interrupted: bool = False
    dead_letters: int = 0
    tombstones: int = 0
    marks: int = 0
    rounded: dict[str, int] = field(default_factory=dict)
    first_rejected: dict[str, SideRecord] = field(default_factory=dict)
    feed: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    _latest: int = field(default=0, init=False, repr=False, compare=False)

    @property
    def stream_time(self) -> datetime | None:
        """Where the stream stands, in UTC, down to the microsecond that holds it."""
        return None if self.stream_time_ns is None else to_datetime(self.stream_time_ns)

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
            self.add_rounded(batch.rounded)
        self.notes += [note for note in step.notes if note not in self.notes]
        self.filtered += rows.pop("filtered", 0)
        rows.pop("accepted", None)
        for reason, number in rows.items():
            if number:
                self.rejected[reason] = self.rejected.get(reason, 0) + number
        self.rejected = in_order(self.rejected)
        if step.rejected is not None:
            late = step.rejected.by[step.rejected.reason == Reason.LATE]
            self._latest = max(self._latest, int(late.max(initial=0)))
        for block in step.finals:
            name = str(plan.levels[block.level].timeframe)
            self.bars[name] = self.bars.get(name, 0) + len(block)
        self.stream_time_ns = step.stream_time

    def add_rounded(self, rounded: Mapping[str, int]) -> None:
        """Add values that were rounded, by field."""
        for name, number in rounded.items():
            self.rounded[name] = self.rounded.get(name, 0) + number

    def show(self, side: Sequence[SideRecord]) -> None:
        """Keep the first refused row of each reason; call it after `count` of the same step."""
        if self.rejected.keys() <= self.first_rejected.keys():
            return
        for record in first_of_each(side):
            self.first_rejected.setdefault(record.reason, record)

    def finish(  # noqa: PLR0913 - what is known at the end, by name
        self,
        plan: BarPlan,
        open_bars: Sequence[BarBlock],
        *,
        arrivals: bool,
        ordered: bool,
        late_by_clock: int = 0,
        limits: Sequence[int] = (),
        mover: Mover | None = None,
        late_keys: Sequence[LateKey] = (),
        before: tuple[int, int | None] = (0, None),
    ) -> None:
        """Say what is still open, and what a reader of the report may wonder about.

        `limits` are the times after which rows without a time of arrival could not be stamped, `mover` the row behind
        which most were late, `late_by_clock` how many rows the clock made late and no row, `late_keys` the keys of
        which nearly all rows were late, `before` how many the stream time of earlier runs made late, and that time.
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
        if self._many_late(late_by_clock) and 2 * before[0] > self.rejected["late"] and before[1] is not None:
            self.notes.append(self._about_earlier_runs(before[0], before[1]))
        elif not ordered and self._many_late(late_by_clock):
            self.notes.append(self._about_order(late_by_clock))
        if mover is not None and self._many_late(late_by_clock):
            self.notes.append(_about_mover(mover))
        behind = [late for late in late_keys if mover is None or late.key != mover.key]
        if behind:
            self.notes.append(_about_keys(behind, earlier=mover is None))

    def _many_late(self, by_clock: int) -> bool:
        late = self.rejected.get("late", 0) - by_clock
        return late >= max(_ENOUGH_TO_TELL, _MANY_LATE * self.ticks) or late >= max(_FEW, _MOST_LATE * self.ticks)

    def _about_earlier_runs(self, late: int, start: int) -> str:
        return (
            f"{late:,} of {self.ticks:,} rows were late: earlier runs of this store had come to {instant(start)}, "
            "which sorting does not change. Where these are rows that were read before, nothing is lost: a file that "
            "was written anew, if only with other line ends, is another file. Otherwise make the bars anew from all of "
            "the input, with barloom rebuild"
        )

    def _about_order(self, by_clock: int) -> str:
        """What to do about rows that came after later ones; a delay where one of a minute would have been enough."""
        sorting = 'order = "time" under [source] sorts it while reading'
        enough = self._latest // SECOND * SECOND + SECOND
        longer = f", or declare a delay longer by {written(enough)}" if enough <= _A_LONG_DELAY else ""
        late = self.rejected["late"] - by_clock
        return (
            f"{late:,} of {self.ticks:,} rows were late: the input is not in time order, as "
            f"where one symbol's rows stand behind another's; {sorting}{longer}"
        )


def _about_mover(mover: Mover) -> str:
    return (
        f"{mover.late:,} of the late rows came after row {mover.origin.row:,} of {mover.origin.name} had "
        f"moved time to its stamp, {instant(mover.stamp)}; where that is wrong, correct it and make the bars "
        "anew with barloom rebuild, or set the store back with barloom stream-time set-back"
    )


def _about_keys(late: Sequence[LateKey], *, earlier: bool) -> str:
    """Keys that would have been in time by their own rows, and the setting that goes by these."""
    named = ", ".join("/".join(map(str, one.key)) for one in late[:_FEW])
    more = f" and {len(late) - _FEW:,} more" if len(late) > _FEW else ""
    rows, missed = sum(one.late + one.accepted for one in late), sum(one.late for one in late)
    ahead = "an earlier run had come further; where that was by other keys, " if earlier else "other keys were ahead: "
    return (
        f"{missed:,} of the {rows:,} rows of {named}{more} were late, since {ahead}"
        'time = "key" under [bars], in Python tumbling(time="key"), gives every key a time of its own, so that they '
        "count; bars that are there already are made anew with barloom rebuild"
    )


def _limits_told(plan: BarPlan, limits: Sequence[int]) -> str:
    first, last = (instant(limit // SECOND * SECOND) for limit in (limits[0], limits[-1]))
    when = first if first == last else f"{first} to {last}"
    return (
        f"rows have no time of arrival: none may be stamped more than {plan.max_ahead / SECOND:g} s after it was first "
        f"read ({when}), which is kept for later runs; name the column as [source] arrival if the input has one"
    )
