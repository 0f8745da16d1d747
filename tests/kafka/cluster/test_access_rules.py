"""The access rules that the operations guide calls enough are enough, and each of them is needed, on a real broker."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

import barloom as bl
from barloom.clock import SystemClock
from barloom.errors import AccessRefused
from barloom.kafka.cluster.admin import Cluster
from barloom.kafka.cluster.topics import Difference, State
from barloom.kafka.letters.replay import replay
from barloom.kafka.reader.opening import open_reader
from barloom.kafka.state.forgetting import forget, known_of
from barloom.kafka.state.standing import standing
from barloom.plan.identity import topics as topics_of
from kafka.secure_desk import Right, SecureDesk, guide, rights_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers.secure_broker import SecureBroker
    from servers.topics import Topics

pytestmark = [pytest.mark.needs("java"), pytest.mark.needs("maven")]

RUNNING = rights_of("run")
LASTING = [
    right for right in RUNNING if right.operation != "CREATE" and (right.name, right.operation) != ("<app>_", "READ")
]
"""Those without which a running instance cannot go on; topics are made, and state is read, at a start only."""


@pytest.fixture
def desks(secure_broker: SecureBroker, secure_topics: Topics) -> Iterator[Callable[[str], SecureDesk]]:
    """Makes desks, each with a user who may do nothing yet."""
    made: list[SecureDesk] = []

    def make(name: str) -> SecureDesk:
        made.append(SecureDesk(secure_broker, secure_topics, name))
        return made[-1]

    yield make
    for desk in made:
        desk.close()


def named(right: Right, failure: BaseException | None) -> bool:
    """Whether an error says which right is missing."""
    return isinstance(failure, AccessRefused) and f"{right.operation} of" in str(failure)


def test_the_table_is_read() -> None:
    """All that it tells: a row that is written otherwise would not be tested."""
    assert (8, 8) == (len(RUNNING), len(set(RUNNING)))
    assert {"run", "topics apply", "status", "dlq replay", "reset", "reader", "bars", "feed publish"} == {
        right.who for right in guide()
    }


def test_an_instance_needs_each_of_its_rights(desks: Callable[[str], SecureDesk]) -> None:
    """With all but one it ends and names that one; with all of them it publishes finals and dead letters."""
    with ExitStack() as stack:
        begun = {}
        for place, missing in enumerate([*RUNNING, None]):
            desk = desks(f"{place}-")
            desk.allow(right for right in RUNNING if right != missing)
            desk.send((1, 2, 3), 0, b"\xff")
            begun[missing] = stack.enter_context(desk.running(desk.settings()))
        finals, letters = desk.records("bars_final_1m", 2), desk.records("desk_dlq", 1)
        whole = begun.pop(None)
        ends = {missing: instance.ended() for missing, instance in begun.items()}

    assert (2, 1, None) == (len(finals), len(letters), whole.failure)
    assert [] == [(missing, why) for missing, why in ends.items() if not named(missing, why)]


def test_a_right_that_is_taken_away_ends_an_instance(desks: Callable[[str], SecureDesk]) -> None:
    """It names the right and stops by itself: it neither hangs nor tries for ever."""
    with ExitStack() as stack:
        begun = {}
        for place, right in enumerate(LASTING):
            desk = desks(f"{place}-")
            desk.allow(RUNNING)
            desk.send((1, 2))
            begun[right] = desk, stack.enter_context(desk.running(desk.settings()))
        for right, (desk, _) in begun.items():
            assert len(desk.records("bars_final_1m", 1)) == 1
            desk.withdraw(right)
            desk.send((10, 20))
        ends = {right: instance.ended() for right, (_, instance) in begun.items()}

    assert [] == [(right, why) for right, why in ends.items() if not named(right, why)]


def test_people_need_each_of_their_rights(desks: Callable[[str], SecureDesk]) -> None:
    """Every command and reader works with the rights in the table, and names the one that is missing."""
    desk = desks("")
    desk.allow([*RUNNING, *rights_of("dlq replay")])
    desk.send((1, 2, 3), 0, b"\xff", b"\xfe")
    with desk.running(desk.settings()):
        desk.records("bars_final_1m", 2)
        desk.records("desk_dlq", 2)
    replay(desk.settings(), topics_of(desk.plan(), desk.names["app"]), lambda letter: letter.offset == 0, SystemClock())
    for right in [*RUNNING, *rights_of("dlq replay")]:
        desk.withdraw(right)
    wrong = []
    for who, act in actions(desk).items():
        rights = rights_of(who)
        desk.allow(rights)
        for right in rights:
            desk.withdraw(right)
            why = refusal(act)
            wrong += [] if named(right, why) else [(right, why)]
            desk.allow([right])
        why = refusal(act)
        wrong += [] if why is None else [(who, why)]
        for right in rights:
            desk.withdraw(right)

    assert not wrong, wrong


def refusal(act: Callable[[], object]) -> AccessRefused | None:
    """What access rules have against it."""
    try:
        act()
    except AccessRefused as error:
        return error
    return None


def actions(desk: SecureDesk) -> dict[str, Callable[[], object]]:
    """What the people of the table do."""
    settings, plan, clock = desk.settings(), desk.plan(), SystemClock()
    names = topics_of(plan, settings.app)

    def apply() -> None:
        cluster = Cluster.reach(settings, clock)
        changes = cluster.changes(plan)
        cluster.create([replace(change, state=State.CREATE) for change in changes])
        longer = Difference("retention.ms", "1", str(10**9), grave=True, safe=True)
        cluster.alter([replace(change, differences=(longer,)) for change in changes])

    def read() -> None:
        with open_reader(plan, settings) as reader:
            reader.wait_running(30)

    def receive() -> None:
        with bl.kafka.BarReader(plan, settings, "1m", group=desk.names["group"], at_end="stop") as reader:
            assert len(list(reader)) == 2

    def begin_anew() -> None:
        cluster = Cluster.reach(settings, clock)
        forget(cluster, known_of(cluster, plan, settings))

    return {
        "topics apply": apply,
        "status": partial(standing, settings, names),
        "dlq replay": partial(replay, settings, names, lambda _: True, clock),
        "reader": read,
        "bars": receive,
        "reset": begin_anew,
    }
