"""States that version 0.1 has written are continued: nothing is published twice, and no child counts twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from barloom.engine.seen import ENTRY
from barloom.time.always import AlwaysOpen
from properties.running import Run
from properties.test_bars_as_input import START, declared
from reference import MINUTE, Row


def minute(symbol: str, number: int, offset: int) -> Row:
    """A candle."""
    return Row((symbol,), START + number * MINUTE, offset, {"price": Decimal(number), "volume": Decimal(1)})


def as_written_by_0_1(state: dict[Any, Any], shorter: int) -> dict[Any, Any]:
    """The same state without what 0.1 did not write: the rule in the time, and marks that live beyond the deadline."""
    old = {}
    for place, value in state.items():
        if place == ("entry", b"time"):
            saved = msgspec.json.decode(value)
            del saved["beyond"]
            old[place] = msgspec.json.encode(saved)
        elif place[0] == "entry" and place[1].startswith(ENTRY):
            rows = [[key, token, expires - shorter, text] for key, token, expires, text in msgspec.json.decode(value)]
            old[place] = msgspec.json.encode(rows)
        else:
            old[place] = value
    return old


@pytest.mark.parametrize("restarts", [1, 2])
def test_what_was_final_stays_final(restarts: int) -> None:
    """At 10:03 version 0.1 had published the three minutes of A, with two of them: its third is late now, too."""
    bars, _ = declared(0)
    run = Run(bars.plan, AlwaysOpen())
    run.feed([minute("A", 0, 0), minute("A", 1, 1), minute("B", 2, 2)])
    published = run.engine
    # What 0.1 did at 10:03, as the clock does it a nanosecond later now.
    published.time.now += 1  # the state of an older version
    run.advance(START)
    assert ["A", "B"] == [bar.key[0] for bar in run.finals["3m"]]
    published.time.now -= 1
    run.advance(START)
    run.state = as_written_by_0_1(run.state, 1)
    for _ in range(restarts):
        run.crash()
        run.advance(START)
    run.feed([minute("A", 2, 3)])

    assert ["late"] == [refused.reason for refused in run.refused]
    assert ["A", "B"] == [bar.key[0] for bar in run.finals["3m"]]


@pytest.mark.parametrize("restarts", [1, 2])
def test_a_child_counts_once(restarts: int) -> None:
    """Taken in by 0.1, it comes again when stream time stands at its parent's deadline, after one or two restarts."""
    bars, _ = declared(60)
    run = Run(bars.plan, AlwaysOpen())
    run.feed([minute("A", 0, 0), minute("A", 2, 1)])
    run.state = as_written_by_0_1(run.state, 1)
    for number in range(restarts):
        run.crash()
        run.feed([minute("B", 3, 2 + number)])
    run.feed([minute("A", 2, 9)])

    assert ["duplicate"] * restarts == [refused.reason for refused in run.refused]
