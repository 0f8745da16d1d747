"""Live bars are shown from time to time: what closed in between was shown as what it came to, and that was it."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import polars as pl

from barloom.engine.blocks import TickBatch
from barloom.engine.engine import Engine
from barloom.kafka.runtime.lives import PendingLives
from barloom.kafka.state.changelog import NOTHING_OPEN, ChangelogWriter
from barloom.kafka.state.replica import Replica
from barloom.store.layout import Layout
from barloom.time.calendars import resolve
from catalogue.market import at, nanos, ticks_to_bars


def tick(symbol: str, time: str, offset: int) -> TickBatch:
    """One tick, received when it happened."""
    columns = {
        "symbol": [symbol],
        "at": [nanos(at(time))],
        "price": pl.Series([Decimal(10)], dtype=pl.Decimal(18, 2)),
        "size": pl.Series([Decimal(1)], dtype=pl.Decimal(18, 0)),
    }
    return TickBatch(pl.DataFrame(columns), np.array([offset]), np.array([nanos(at(time))]))


def test_no_heartbeat_follows_the_final_of_its_slot() -> None:
    """Beats of two keys wait to be shown when a tick closes their slot; it was one key's last, the other beats on."""
    plan = ticks_to_bars("1m", gap="carry", heartbeat=True, carry_limit="2m").plan
    engine, pending = Engine(plan, resolve(plan.calendar)), PendingLives()
    for batch in (tick("A", "2025-01-06T10:00:10", 0), tick("B", "2025-01-06T10:00:20", 1)):
        pending.add(engine.step(batch).lives)
    step = engine.advance(nanos(at("2025-01-06T10:01:05")))
    pending.settle(step.finals)
    pending.add(step.lives)
    step = engine.step(tick("C", "2025-01-06T10:02:00", 2))
    assert [nanos(at("2025-01-06T10:01"))] * 2 == step.finals[-1].start.tolist()

    pending.settle(step.finals)
    assert [] == list(pending.drain(engine))


def test_a_heartbeat_waits_on_while_another_slot_closes() -> None:
    """A slot that was beaten and stays empty is taken back; the beat of the next one is still to be shown."""
    plan = ticks_to_bars("1m", delay="1m", heartbeat=True).plan
    engine, pending = Engine(plan, resolve(plan.calendar)), PendingLives()
    engine.step(tick("A", "2025-01-06T10:00:10", 0))
    for time in ("10:01:05", "10:02:05"):
        step = engine.advance(nanos(at(f"2025-01-06T{time}")))
        pending.settle([*step.finals, *step.retracted])
        pending.add(step.lives)
    step = engine.step(tick("B", "2025-01-06T10:03:00", 1))
    pending.settle([*step.finals, *step.retracted])

    assert [nanos(at("2025-01-06T10:01"))] == step.retracted[0].start.tolist()
    assert [nanos(at("2025-01-06T10:02"))] == [start for block in pending.drain(engine) for start in block.start]


def test_a_bar_that_closed_while_it_waited_is_not_shown() -> None:
    """The live minute waits to be shown when the clock closes it."""
    plan = ticks_to_bars("1m").plan
    engine, pending = Engine(plan, resolve(plan.calendar)), PendingLives()
    pending.add(engine.step(tick("A", "2025-01-06T10:00:10", 0)).lives)
    step = engine.advance(nanos(at("2025-01-06T10:01:05")))
    assert 1 == len(step.finals)
    pending.settle(step.finals)

    assert [] == list(pending.drain(engine))


def test_of_several_steps_the_latest_state_is_shown() -> None:
    """Two ticks of A in two steps are one live bar with both; a third, in a step alone, is shown by itself."""
    plan = ticks_to_bars("1m").plan
    engine, pending = Engine(plan, resolve(plan.calendar)), PendingLives()
    shown = []
    for group in (("10", "20"), ("30",)):
        for second in group:
            pending.add(engine.step(tick("A", f"2025-01-06T10:00:{second}", int(second))).lives)
        shown += [block.revision.tolist() for block in pending.drain(engine)]

    assert [[2], [3]] == shown


def test_a_successor_takes_no_heartbeat_back_whose_slot_was_closed() -> None:
    """It has read of the beat and, in a later part of the changelog, that its slot was closed with a final."""
    plan = ticks_to_bars("1m", gap="carry", heartbeat=True).plan
    engine, replica = Engine(plan, resolve(plan.calendar)), Replica(plan)
    writer = ChangelogWriter(Layout(plan), [NOTHING_OPEN])
    steps = [
        engine.step(tick("A", "2025-01-06T10:00:10", 0)),
        engine.advance(nanos(at("2025-01-06T10:01:05"))),
        engine.step(tick("B", "2025-01-06T10:02:00", 1)),
    ]
    assert nanos(at("2025-01-06T10:01")) in steps[2].finals[-1].start
    for step in steps:
        replica.apply(*writer.changes(step, engine.keys))
    successor, _ = replica.take_over()

    assert () == tuple(successor.advance(nanos(at("2025-01-06T10:02:30"))).retracted)
