"""The ladder: which finer timeframe each one is made from, delays, gaps and the rest."""

from __future__ import annotations

import pytest

import barloom as bl
from barloom.plan.barplan import Gap
from barloom.time.timeframe import DAY, MINUTE, SECOND
from plan.plan_cases import Quote, problems_of


@pytest.mark.parametrize(
    ("base", "rollups", "children"),
    [
        ("1s", ["1m", "1h", "1d", "1w", "1mo"], {"1m": "1s", "1h": "1m", "1d": "1h", "1w": "1d", "1mo": "1d"}),
        ("1s", ["1mo", "5s", "7s", "15s"], {"5s": "1s", "7s": "1s", "15s": "5s", "1mo": "15s"}),
        ("1m", ["4h", "65m", "3mo", "12mo", "1w"], {"65m": "1m", "4h": "1m", "1w": "4h", "3mo": "4h", "12mo": "3mo"}),
        ("1d", ["1mo", "2mo", "3mo", "6mo"], {"1mo": "1d", "2mo": "1mo", "3mo": "1mo", "6mo": "3mo"}),
    ],
)
def test_child_is_the_coarsest_that_tiles(base: str, rollups: list[str], children: dict[str, str]) -> None:
    """Each level is made from the coarsest finer one of which it is a whole multiple; months never from weeks."""
    levels = bl.from_(Quote).tumbling(base).ohlcv("bid").rollup(*rollups).named("bars").plan.levels

    actual = {str(level.timeframe): str(levels[level.child].timeframe) for level in levels if level.child is not None}
    assert children == actual
    assert levels[0].child is None


def test_delays_are_inherited_upwards() -> None:
    """An unlisted delay is the next finer's."""
    query = bl.from_(Quote).tumbling("1s", delay="2s").ohlcv("bid").rollup("1m", bl.timeframe("1h", delay="5m"), "1d")

    assert [2 * SECOND, 2 * SECOND, 5 * MINUTE, 5 * MINUTE] == [level.delay for level in query.named("b").plan.levels]


def test_gaps_are_not_inherited() -> None:
    """A timeframe's own policy alone decides its empty slots."""
    query = bl.from_(Quote).tumbling("1s", gap="null").ohlcv("bid").rollup(bl.timeframe("1m", gap="carry"), "1h")

    assert [Gap.NULL, Gap.CARRY, Gap.OMIT] == [level.gap for level in query.named("b").plan.levels]


def test_other_settings_of_a_timeframe() -> None:
    """Carry limit, heartbeat and retention belong to one timeframe."""
    hour = bl.timeframe("1h", gap="carry", carry_limit="2d", heartbeat=True, retention="1w")
    levels = bl.from_(Quote).tumbling("1s", retention="1h").ohlcv("bid").rollup(hour).named("b").plan.levels

    assert (DAY, False, 60 * MINUTE) == (levels[0].carry_limit, levels[0].heartbeat, levels[0].retention)
    assert (2 * DAY, True, 7 * DAY) == (levels[1].carry_limit, levels[1].heartbeat, levels[1].retention)


def test_clock_and_headers() -> None:
    """The rarer settings reach the plan."""
    query = bl.from_(Quote).tumbling("1s").ohlcv("bid").pass_headers("trace", "origin")
    plan = query.clock("off", max_ahead="1m", live_within="5m").named("b").plan
    usual = bl.from_(Quote).tumbling("1s").ohlcv("bid").named("b").plan

    assert (False, MINUTE, 5 * MINUTE) == (plan.clock, plan.max_ahead, plan.live_within)
    assert ("trace", "origin") == plan.pass_headers
    assert (True, 10 * SECOND, MINUTE) == (usual.clock, usual.max_ahead, usual.live_within)


def test_a_misfit_hides_no_other_mistake_of_its_timeframe() -> None:
    """A timeframe that nothing tiles is checked like any other."""
    seven = bl.timeframe("7m", delay="1s", retention="0s", gap="carri")  # type: ignore[arg-type]
    query = bl.from_(Quote).tumbling("2m", delay="2s").ohlcv("bid").rollup(seven)

    assert [
        "7m is no whole multiple of any finer timeframe (2m)",
        "the delay of 7m (1s) is shorter than that of 2m (2s)",
        "0s is too short",
        "unknown gap policy 'carri'",
    ] == [item.what for item in problems_of(lambda: query.named("bars"))]
