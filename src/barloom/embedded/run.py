"""The embedded runtime: a source, the engine and a store of one's own, nothing else installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

from barloom.clock import SystemClock
from barloom.embedded.ahead import one_ahead
from barloom.embedded.pipeline import Pipeline
from barloom.errors import CalendarError, DefinitionError, SourceError
from barloom.plan.bounds import bounded
from barloom.plan.load import plan_of
from barloom.runtime.choices import check_choice
from barloom.runtime.liveness import Liveness
from barloom.runtime.overrides import OverrideFile
from barloom.runtime.rejections import KEPT, RejectLimit, check_rejected
from barloom.runtime.report import RunProgress, RunReport
from barloom.source.feeds.word import word_of
from barloom.source.files.source import FileSource
from barloom.source.open import open_source
from barloom.source.protocol import PolledSource, Progress, Standing
from barloom.store.opening import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from barloom.clock import Clock
    from barloom.plan.barplan import BarPlan
    from barloom.plan.bounds import Bound
    from barloom.plan.load import Declared
    from barloom.source.protocol import Source, SourceBatch

__all__ = ["RunProgress", "RunReport", "RunSettings", "ending", "run"]

_BATCH_ROWS = 100_000


class RunSettings(TypedDict, total=False):
    """The settings of `run`, for those who hand them on."""

    at_end: Literal["keep", "close"]
    complete_from: Bound | None
    complete_until: Bound | None
    strict: bool
    max_rejected: int | str | None
    resume: Literal["skip", "new"] | None
    batch_rows: int
    live_interval: float
    overrides: str | Path | None
    on_progress: Callable[[RunProgress], None] | None
    clock: Clock | None


def run(  # noqa: PLR0913 - the settings of a run, by name
    bars: Declared,
    source: Any,  # noqa: ANN401 - whatever `open_source` understands: paths, globs, "-", iterables, frames
    store: str | Path,
    *,
    at_end: Literal["keep", "close"] = "keep",
    complete_from: Bound | None = None,
    complete_until: Bound | None = None,
    strict: bool = False,
    max_rejected: int | str | None = None,
    resume: Literal["skip", "new"] | None = None,
    batch_rows: int = _BATCH_ROWS,
    live_interval: float = 0.25,
    overrides: str | Path | None = None,
    on_progress: Callable[[RunProgress], None] | None = None,
    clock: Clock | None = None,
) -> RunReport:
    """Read a source to its end into a store and say what was done.

    Files continue where the last run stopped, and so does a frame that begins with the rows it had before. A source
    that cannot be replayed (standard input, an iterable) needs `resume` on a second run: ``skip`` passes over as many
    rows as were read before, ``new`` takes all of them as new, those of a frame too.
    An iterable that waits between its rows is followed live: every `live_interval` seconds what has come is committed
    and the clock closes quiet slots, unless the iterable has said by `BEHIND` (or a `caught_up` of its own) that rows
    are still to come, until it says `CAUGHT_UP`. One that says nothing is believed to be caught up when it waits, has
    given an accepted row in this run, and its last one was no older than `live_within` when it came.

    `at_end` ``close`` makes the slots that are open at the end final (marked
    partial), ``keep`` leaves them open for the next run. Ctrl-C ends the run between two commits.

    `complete_from` and `complete_until` say of which span the input has every row, in place of those of ``[source]``: a
    time, or a timeframe whose slot holds the first or last row. The first counts with the first row that a store takes
    in. By the second, slots that end until then become final, and not partial, when the input has ended.

    `overrides` is a file that changes sessions of the calendar (see `barloom.time.Overrides`). It is read again when it
    changes; each content takes effect at the stream time reached by then and is kept in the store. A later content that
    cannot be applied is noted, and the calendar in force stays.

    `max_rejected` is how many rows may be refused: a number of them, or a share such as ``"5%"``. With it a run that
    refused more, or every row, raises `TooManyRejected` at its end, which shows the first of each reason and holds the
    report; without it the report alone tells (`refused`, `first_rejected`).

    Raises `SourceError`, `StoreError`, `CalendarError` or, with `strict`, `BadRow`; what was committed before stays.
    """
    check_choice("at_end", at_end, ("keep", "close"))
    check_choice("resume", resume, (None, "skip", "new"))
    _check_number("batch_rows", batch_rows, 1)
    _check_number("live_interval", live_interval, 0)
    plan = plan_of(bars)
    limit = RejectLimit.of(max_rejected)
    asked = bounded(plan, complete_from, complete_until)
    clock = clock or SystemClock()
    opened: Source = (
        source
        if hasattr(source, "replayable")
        else open_source(plan, source, at_end=ending(asked, at_end, clock.now()), clock=clock)
    )
    with open_store(store, plan) as held:
        pipeline = Pipeline(asked, held)
        loop = _Loop(pipeline, clock, on_progress, strict=strict)
        if overrides is not None:
            loop.watch(OverrideFile(overrides))
        try:
            positions = _positions(opened, pipeline, resume)
            if isinstance(opened, PolledSource):
                loop.follow(opened, opened.follow(positions, batch_rows, live_interval))
            else:
                loop.read(one_ahead(opened.open(positions, batch_rows)))
            pipeline.end(clock.now(), close=at_end == "close")
        except KeyboardInterrupt:
            pipeline.report.interrupted = True
        report = pipeline.finish(clock.now())
        report.seconds = loop.seconds()
        report.notes += loop.notes()
        if isinstance(opened, Standing):
            report.feed = opened.standing()
    if max_rejected is not None and not report.interrupted:
        check_rejected(report, limit, KEPT)
    return report


def ending(plan: BarPlan, at_end: Literal["keep", "close"], now: int) -> Literal["keep", "close"]:
    """Whether files are taken as whole, with a last line that has no end: also where they are complete by now."""
    until = plan.source.complete_until
    return "close" if isinstance(until, int) and until <= now else at_end


def _check_number(name: str, value: float, least: int) -> None:
    whole = isinstance(value, int) or name == "live_interval"
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not whole or value < least:
        message = f"{name}={value!r}: it is a {'whole ' if least else ''}number, at least {least}"
        raise ValueError(message)


def _positions(source: Source, pipeline: Pipeline, resume: str | None) -> dict[str, bytes]:
    """Where to open the source."""
    held = dict(pipeline.positions)
    if isinstance(source, FileSource) and resume == "new":
        return source.renew(held)
    if source.replayable or not held:
        return held
    if resume is None:
        message = (
            f"{source.name} cannot be rewound and this store has read from such an input before; say what this run "
            'gives it: resume="skip" (--resume skip: the same rows once more, of which those read before are passed '
            'over) or resume="new" (--resume new: only rows that it has not seen)'
        )
        raise SourceError(message)
    return held if resume == "skip" or not isinstance(source, PolledSource) else source.renew(held)


class _Loop:
    """Reads a source into a pipeline, one way or the other."""

    def __init__(
        self,
        pipeline: Pipeline,
        clock: Clock,
        on_progress: Callable[[RunProgress], None] | None,
        *,
        strict: bool,
    ) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._on_progress = on_progress
        self._strict = strict
        self._began = clock.monotonic()
        self._liveness = Liveness(pipeline.plan, pipeline.calendar)
        self._overrides: OverrideFile | None = None

    def notes(self) -> list[str]:
        """Where the clock closed too much, or nothing, which may not be what was meant."""
        return self._liveness.notes(self._pipeline.time, self._pipeline.late_by_clock)

    def watch(self, file: OverrideFile) -> None:
        """Apply an override file now, and again whenever it changes."""
        self._override(file)
        self._overrides = file

    def _override(self, file: OverrideFile) -> None:
        text = file.news()
        if text is not None:
            self._pipeline.override(text, file.name)

    def _look_at_overrides(self) -> None:
        if self._overrides is None:
            return
        try:
            self._override(self._overrides)
        except (CalendarError, DefinitionError) as error:
            note = f"the new content of {self._overrides.name} was not applied: {error}"
            if note not in self._pipeline.report.notes:
                self._pipeline.report.notes.append(note)

    def seconds(self) -> float:
        """How long it has been going."""
        return self._clock.monotonic() - self._began

    def read(self, batches: Iterable[SourceBatch]) -> None:
        """To the end, as fast as it goes."""
        for batch in batches:
            self._look_at_overrides()
            self._pipeline.take(batch, strict=self._strict)
            self._tell(batch.progress)

    def follow(self, source: PolledSource, batches: Iterator[SourceBatch | None]) -> None:
        """As rows come; while none do, and none is known to be on its way, the clock moves on."""
        progress = Progress(0, None)
        while True:
            asked_at = self._clock.now()  # what arrives after this may not be seen yet when nothing is given
            said_before = word_of(source)
            try:
                batch = next(batches)
            except StopIteration:
                self._liveness.heard(word_of(source))
                return
            self._liveness.heard(word_of(source))
            self._look_at_overrides()
            if batch is not None:
                self._liveness.took(batch, self._pipeline.take(batch, strict=self._strict))
                progress = batch.progress
            elif self._is_caught_up(said_before, word_of(source)):
                self._pipeline.tick(asked_at)
            self._tell(progress)

    def _is_caught_up(self, before: bool | None, now: bool | None) -> bool:  # noqa: FBT001 - what the source said
        """It is where that was its word also before it was asked: rows that came in between were not looked for."""
        return self._liveness.caught_up(now) and before == now

    def _tell(self, progress: Progress) -> None:
        if self._on_progress is not None:
            report = self._pipeline.report
            self._on_progress(RunProgress(report.ticks, progress, report.stream_time_ns, self.seconds()))
