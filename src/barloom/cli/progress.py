"""A progress bar for long work: on a terminal only, on standard error, so that results can be piped."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from barloom.cli.formats import count, duration, moment
from barloom.cli.screen import err, spinner
from barloom.time.timeframe import MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from barloom.clock import Clock
    from barloom.runtime.report import RunProgress

__all__ = ["progress_of_run"]


@contextmanager
def progress_of_run(title: str, clock: Clock) -> Iterator[Callable[[RunProgress], None] | None]:
    """What to hand to `run` as `on_progress`; none where nobody looks."""
    if not err().is_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn  # noqa: PLC0415

    columns = (
        SpinnerColumn(spinner()),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.fields[told]}", markup=False),
    )
    with Progress(*columns, console=err(), transient=True) as bar:
        task = bar.add_task(title, total=None, told="")

        def tell(run: RunProgress) -> None:
            bar.update(task, completed=run.input.done, total=run.input.total, told=_told(run, clock))

        yield tell


def _told(run: RunProgress, clock: Clock) -> str:
    speed = count(round(run.ticks / run.seconds)) if run.seconds else "-"
    told = f"{count(run.ticks)} ticks  {speed} ticks/s"
    told = f"{told}  {run.input.told}" if run.input.told else told
    if run.stream_time_ns is None:
        return told
    lag = clock.now() - run.stream_time_ns
    behind = f"  lag {duration(lag - lag % (SECOND if lag < MINUTE else MINUTE))}" if lag > 0 else ""
    return f"{told}  at {moment(run.stream_time_ns - run.stream_time_ns % SECOND)}{behind}"
