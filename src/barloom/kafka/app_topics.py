"""The topics of an application: what is missing or differs, and making it so."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from barloom.clock import SystemClock
from barloom.errors import AccessRefused, LoginRefused, RegistryUnavailable
from barloom.kafka.cluster.admin import Cluster
from barloom.kafka.cluster.topics import State
from barloom.kafka.runtime.registered import differing_schemas, differing_state
from barloom.kafka.state.origin import refuse_another_definition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.clock import Clock
    from barloom.kafka.cluster.admin import Inputs
    from barloom.kafka.cluster.topics import TopicChange
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan

__all__ = ["AppTopics", "Applied", "TopicPlan"]

_SETTLES: Final = 5.0


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """Every topic of an application beside the one that is there.

    `another_definition` is what is there of another definition, such as a field of another type, and `unseen` why some
    of that could not be looked at.
    """

    changes: Sequence[TopicChange]
    another_definition: Sequence[str] = ()
    unseen: Sequence[str] = ()

    @property
    def all_is_well(self) -> bool:
        """Whether nothing is missing, and nothing differs."""
        return not self.another_definition and all(change.state is State.UNCHANGED for change in self.changes)


@dataclass(frozen=True, slots=True)
class Applied(TopicPlan):
    """What is left after topics were made and altered; `created` and `altered` are their names."""

    created: Sequence[str] = ()
    altered: Sequence[str] = ()


class AppTopics:
    """The topics of one application. The cluster is asked when a method is called, and raises `BrokerError`."""

    def __init__(self, plan: BarPlan, settings: KafkaSettings, clock: Clock | None = None) -> None:
        self._plan = plan
        self._settings = settings
        self._clock = clock or SystemClock()

    @cached_property
    def _cluster(self) -> Cluster:
        return Cluster.reach(self._settings, self._clock)

    @cached_property
    def _inputs(self) -> Inputs:
        return self._cluster.inputs()

    def plan(self) -> TopicPlan:
        """What is missing or differs, also from what another definition wrote; nothing is changed."""
        changes = self._cluster.changes(self._plan, self._inputs)
        another: list[str] = []
        unseen: list[str] = []
        for look in (differing_state, differing_schemas):
            try:
                another += look(self._plan, self._settings)
            except (AccessRefused, LoginRefused, RegistryUnavailable) as error:
                unseen.append(str(error))
        return TopicPlan(changes, another, unseen)

    def apply(self) -> Applied:
        """Make what is missing and set what loses nothing; never delete, and never add partitions.

        Raises `StoreMismatch` for a definition that could not go on with the state of the application.
        """
        before = self._cluster.changes(self._plan, self._inputs)
        unseen = []
        try:
            refuse_another_definition(self._plan, self._settings)
        except AccessRefused as error:
            unseen.append(str(error))
        self._cluster.create(before)
        self._cluster.alter(before)
        created = [change.spec.name for change in before if change.state is State.CREATE]
        altered = [change.spec.name for change in before if change.alterable]
        return Applied(self._settled({*created, *altered}), (), unseen, created, altered)

    def _settled(self, done: set[str]) -> list[TopicChange]:
        """What is left to do, once every broker knows what was done; that takes a moment."""
        until = self._clock.monotonic() + _SETTLES
        while True:
            after = self._cluster.changes(self._plan, self._inputs)
            left = (item for item in after if item.spec.name in done and (item.state is State.CREATE or item.alterable))
            if self._clock.monotonic() > until or not any(left):
                return after
            self._clock.sleep(0.1)
