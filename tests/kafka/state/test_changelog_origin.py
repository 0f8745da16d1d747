"""Which definition may continue a changelog, without any server."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from barloom.errors import StoreMismatch
from barloom.kafka.state.changelog import Meta
from barloom.kafka.state.origin import refuse_unless_ours
from barloom.plan.document import plan_document
from barloom.time.timeframe import MINUTE, SECOND
from catalogue.market import ticks_to_bars


def test_another_clock_is_the_same_definition() -> None:
    """Also where the changelog's fingerprint is an older version's, which counted its settings."""
    plan = replace(ticks_to_bars("1s").plan, live_within=5 * SECOND)
    written = msgspec.json.encode(Meta("as it was counted once", plan_document(plan)))

    for other in (plan, replace(plan, live_within=MINUTE), replace(plan, clock=False), replace(plan, clock_after=1)):
        refuse_unless_ours(written, other, "bars_changelog")
    with pytest.raises(StoreMismatch, match="max_ahead was 10s, is 1s"):
        refuse_unless_ours(written, replace(plan, max_ahead=SECOND), "bars_changelog")
