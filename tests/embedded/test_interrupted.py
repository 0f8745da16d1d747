"""Ctrl-C ends a run between two commits, and its report says how things stand there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import barloom as bl
from barloom.store.barstore import BarStore
from catalogue.market import tick, ticks_to_bars

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from barloom.store.protocol import Commit

ROWS = [tick(f"2025-01-06T10:00:{second:02}", 10) for second in range(10)]


def test_the_report_lists_what_is_open(tmp_path: Path) -> None:
    """As the last commit left it, for every timeframe."""

    def feed() -> Iterator[dict[str, Any]]:
        yield from ROWS
        raise KeyboardInterrupt

    report = bl.run(ticks_to_bars("1s", "1m", "5m", delay="2s"), feed(), tmp_path / "s")

    assert report.interrupted
    # Stream time is 10:00:09; with two seconds of delay the slots of 7, 8 and 9 are open.
    assert {"1s": 3, "1m": 1, "5m": 1} == report.open
    assert {"1s": 7, "1m": 0, "5m": 0} == report.bars


def test_a_step_that_was_interrupted_has_not_happened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted in its third commit, the run stands after its second: of the second key nothing was read."""
    commit, done = BarStore.commit, 0

    def interrupted(self: BarStore, change: Commit) -> None:
        nonlocal done
        if done == 2:
            raise KeyboardInterrupt
        done += 1
        commit(self, change)

    monkeypatch.setattr(BarStore, "commit", interrupted)
    path = tmp_path / "ticks.csv"
    lines = [f"{'B' if row['at'].second > 5 else 'A'},{row['at'].isoformat()},10,1" for row in ROWS]
    path.write_text("\n".join(["symbol,at,price,size", *lines, ""]))
    report = bl.run(ticks_to_bars("1s", "1m", delay="2s"), str(path), tmp_path / "s", batch_rows=3)

    assert report.interrupted
    assert {"1s": 3, "1m": 1} == report.open


def test_before_the_first_commit_nothing_is_open(tmp_path: Path) -> None:
    """And nothing was written."""

    def feed() -> Iterator[dict[str, Any]]:
        raise KeyboardInterrupt
        yield  # pragma: no cover

    report = bl.run(ticks_to_bars("1s"), feed(), tmp_path / "s")

    assert (True, {}, {"1s": 0}) == (report.interrupted, report.open, report.bars)
