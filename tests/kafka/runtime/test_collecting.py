"""Garbage is looked for seldom while a definition runs, and as before when none does."""

from __future__ import annotations

import gc

from barloom.kafka.runtime.collecting import seldom_collected


def test_the_collector_is_as_before_after_the_last_of_several_runs() -> None:
    """Runs of one process may overlap in any order: the last one to end restores what the first one found."""
    before, frozen = gc.get_threshold(), gc.get_freeze_count()

    first, second = seldom_collected(), seldom_collected()
    first.__enter__()
    second.__enter__()
    during = gc.get_threshold()
    first.__exit__(None, None, None)
    still = gc.get_threshold()
    second.__exit__(None, None, None)

    assert (50_000, *before[1:]) == during == still
    assert before == gc.get_threshold()
    assert frozen == gc.get_freeze_count()
