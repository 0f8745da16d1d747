"""A publisher that is killed or stands still neither doubles nor drops a trade, and another takes over."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from kafka.publish.child import SYMBOLS, Publishing
from kafka.publish.trades import DEFINITION, Desk
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")
COUNT = 8000
KILLS = 8


@pytest.fixture
def desk(broker: Broker, topics: Topics) -> Desk:
    """Three partitions, each key with a time of its own."""
    return Desk(broker, topics)


@pytest.fixture
def start(desk: Desk, tmp_path: Path) -> Iterator[Callable[[str], Publishing]]:
    """Start a publisher by name; none stays behind the test."""
    text = DEFINITION.replace("NAME", desk.plan.name).replace("TIME", "key")
    definition = tmp_path / "trades.toml"
    kafka = f'[kafka]\nbrokers = "{desk.settings.brokers}"\ninput = "{desk.input}"\nformat = "json"\n'
    definition.write_text(f'{text}\n{kafka}commit_interval = "20ms"\nsession_timeout = "1s"\n')
    made: list[Publishing] = []

    def make(name: str) -> Publishing:
        made.append(Publishing(name, definition, COUNT))
        made[-1].start()
        return made[-1]

    yield make
    for process in made:
        if process.there:
            process.thaw()
            process.kill()


def until(done: Callable[[], bool], what: str, *processes: Publishing) -> None:
    """Wait; what the processes said is told where it takes too long."""
    end = time.monotonic() + 3 * PATIENCE
    while not done():
        said = "\n".join(process.said() for process in processes)
        assert time.monotonic() < end, f"not {what}:\n{said}"
        assert all(process.ended is None for process in processes), f"one ended:\n{said}"
        time.sleep(0.05)


def whole() -> dict[str, list[int]]:
    """Every trade of the market, once and in order."""
    return {symbol: list(range(1, COUNT + 1)) for symbol in SYMBOLS}


def published(desk: Desk) -> int:
    """The last number of the symbol that is least far."""
    if f"{desk.input}_positions" not in desk.topics.names():
        return 0
    found = desk.positions()
    return min(found.values()) if len(found) == len(SYMBOLS) else 0


def test_killed_again_and_again(desk: Desk, start: Callable[[str], Publishing]) -> None:
    """By kill -9 of whoever publishes at any moment, a standby beside it: each trade is there once, in order."""
    chance = random.Random(11)
    first, second = start("first"), start("second")
    until(lambda: published(desk) > 0, "begun", first, second)
    in_progress = 0
    for _ in range(KILLS):
        time.sleep(chance.uniform(0, 0.6))
        first.kill()
        at = published(desk)
        first.start()
        in_progress += at < COUNT
        if at < COUNT:
            until(lambda at=at: published(desk) > at, "taken over", first, second)  # type: ignore[misc]
        first, second = second, first
    until(lambda: published(desk) == COUNT, "come to the end", first, second)

    assert in_progress > KILLS // 2
    assert whole() == desk.numbers()


def test_one_that_stood_still_writes_no_more(desk: Desk, start: Callable[[str], Publishing]) -> None:
    """While it is frozen another takes over; thawed it is fenced, and stands by."""
    first = start("first")
    until(lambda: published(desk) > 0, "begun", first)
    second = start("second")
    for _ in range(3):
        first.freeze()
        before = published(desk)
        until(lambda at=before: published(desk) > at, "taken over", second)  # type: ignore[misc]
        first.thaw()
        time.sleep(0.5)
        first, second = second, first
    until(lambda: published(desk) == COUNT, "come to the end", first, second)

    assert whole() == desk.numbers()
    assert [0, 0] == [first.terminate(), second.terminate()]


def test_a_planned_stop_hands_over_at_once(desk: Desk, start: Callable[[str], Publishing]) -> None:
    """What was sent is committed, and the standby goes on without waiting for a session to time out."""
    first = start("first")
    until(lambda: published(desk) > 0, "begun", first)
    second = start("second")
    assert 0 == first.terminate()
    at = published(desk)
    until(lambda: published(desk) > at, "taken over", second)
    assert 0 == second.terminate()

    found = desk.numbers()
    assert {symbol: list(range(1, len(numbers) + 1)) for symbol, numbers in found.items()} == found
    assert {("kraken", symbol): len(numbers) for symbol, numbers in found.items()} == desk.positions()
