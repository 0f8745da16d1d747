"""Putting a script onto a server: stage by stage, each only when the one before it really works."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from barloom.errors import KsqlError, KsqlRefused, KsqlTooOld
from barloom.ksqldb.server.answers import already_there
from barloom.ksqldb.server.compare import Verdict, compare
from barloom.ksqldb.server.history import oldest_ticks, too_old
from barloom.ksqldb.server.observed import source
from barloom.time.timeframe import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from random import Random

    from barloom.clock import Clock
    from barloom.ksqldb.compile.script import Entity, Script
    from barloom.ksqldb.server.client import KsqlClient
    from barloom.ksqldb.server.compare import Comparison
    from barloom.ksqldb.server.wait import Waiter, WaitPolicy

__all__ = ["Deployer", "Step"]


class Step(NamedTuple):
    """What was done for an entity, and how many seconds it then took to work."""

    entity: Entity
    verdict: Verdict
    seconds: float


class Deployer:
    """Deploys scripts. Nothing is replaced or dropped, and a run that broke off is continued by the next."""

    def __init__(
        self,
        client: KsqlClient,
        waiter: Waiter,
        *,
        clock: Clock,
        random: Random,
        on_step: Callable[[str], None] | None = None,
    ) -> None:
        self._client = client
        self._waiter = waiter
        self._clock = clock
        self._random = random
        self._on_step = on_step

    @property
    def _policy(self) -> WaitPolicy:
        return self._waiter.policy

    def deploy(self, script: Script, *, reuse: Collection[str] = (), lose_history: bool = False) -> list[Step]:
        """Create what is not there, and wait until all of it works.

        `reuse` names topics that may exist already although a new query is to fill them; with `lose_history` ticks may
        be older than what the pipeline keeps. Raises `KsqlDrifted` before anything is done, `KsqlTooOld` before there
        is a query, `KsqlRefused` with what was `applied`, or `KsqlNotServing`.
        """
        self._waiter.server()
        found = compare(self._client, script)
        found.check(reuse)
        verdicts = {item.entity.name: item.verdict for item in found.items}
        made: list[str] = []
        steps: list[Step] = []
        for stage in script.stages():
            if stage[0].stage == 1 and not lose_history:
                self._check_history(script, found)
            for entity in stage:
                if verdicts[entity.name] is Verdict.CREATE:
                    self._create(entity, script, made)
                    made.append(entity.name)
            for entity in stage:
                ready = self._waiter.entity(entity, fresh=entity.name in made)
                steps.append(Step(entity, verdicts[entity.name], ready.seconds))
        return steps

    def _check_history(self, script: Script, found: Comparison) -> None:
        """Ticks that are there already must be young enough for the queries that are to read them."""
        new = any(item.entity.derived for item in found.of(Verdict.CREATE))
        if not new or script.of("source").topic not in found.topics:
            return
        try:
            oldest = oldest_ticks(self._client, script, clock=self._clock, seconds=self._policy.history)
        except KsqlError as error:
            self._say(f"not known: how old the ticks are ({error.reason or error})")
            return
        told = too_old(script, oldest, self._clock.now())
        if told is not None:
            days = 2 + (self._clock.now() - (oldest.time or 0)) // DAY
            name = script.of("source").quoted_name
            longer = f"drop {name} (`barloom ksql drop`) and give --retention {days}d (also to the topic)"
            fix = f"{longer}, or --lose-history to go on without those bars"
            message = f"{told}\n  fix: {fix}"
            raise KsqlTooOld(message)

    def _say(self, text: str) -> None:
        if self._on_step is not None:
            self._on_step(text)

    def _create(self, entity: Entity, script: Script, made: list[str]) -> None:
        self._say(f"create {entity.quoted_name}")
        try:
            self._run(entity, script)
        except KsqlRefused as error:
            raise _half_done(error, entity, script, made) from error

    def _run(self, entity: Entity, script: Script) -> None:
        """After an answer that got lost, or tells of a time-out, the server is asked whether the statement ran."""
        end = self._clock.monotonic() + self._policy.entity
        attempt = 0
        while True:
            try:
                if attempt == 0 or source(self._client, entity.quoted_name) is None:
                    self._client.execute(entity.sql, script.settings)
            except KsqlError as error:
                if attempt and already_there(error):
                    return
                if not error.retriable or self._clock.monotonic() >= end:
                    raise
            else:
                return
            self._clock.sleep(self._policy.pause(attempt, self._random))
            attempt += 1


def _half_done(error: KsqlRefused, entity: Entity, script: Script, made: list[str]) -> KsqlRefused:
    """The server's refusal, with where the deployment stands."""
    place = 1 + script.entities.index(entity)
    text = f"{error}\n  statement {place} of {len(script.entities)} ({entity.quoted_name}) was not done"
    if made:
        text += f"; made before it, and kept: {', '.join(script.entity(name).quoted_name for name in made)}"
    failure = KsqlRefused(
        f"{text}\n  fix: mend the cause and deploy again; what is in place stays as it is",
        code=error.code,
        reason=error.reason,
        statement=error.statement,
    )
    failure.applied = tuple(script.entity(name).sql for name in made)
    return failure
