"""Waiting until a server, a stream or a table really works.

ksqlDB calls a query RUNNING from the first instant and through nearly every fault. So a table counts as ready when its
query has tasks, gets on with what it reads, and a pull query on it is answered; an empty answer only when it stays
empty, because the first ones after a restart are. A new error ends the waiting, and one from before has to be overcome.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from barloom.errors import KsqlError, KsqlNotServing, KsqlRefused, KsqlUnauthorized, KsqlUnreachable
from barloom.ksqldb.compile.names import query_name
from barloom.ksqldb.compile.script import EntityKind
from barloom.ksqldb.reader.lookup import any_row
from barloom.ksqldb.server.answers import store_state
from barloom.ksqldb.server.observed import explained, running, source
from barloom.time.instants import written

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from random import Random

    from barloom.clock import Clock
    from barloom.ksqldb.compile.script import Entity
    from barloom.ksqldb.server.client import KsqlClient
    from barloom.ksqldb.server.observed import QueryDetails, QueryError, RunningQuery, Source

__all__ = ["Progress", "Ready", "WaitPolicy", "Waiter"]

_SERVER: Final = "the ksqlDB server"
_KEPT: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitPolicy:
    """How long to wait, in seconds: for one stream or table, for all, for one answer, and between two looks.

    The pause doubles from `first_pause` to `longest_pause`, and chance shortens it. `settle` is how long a table's
    answer must stay empty to be believed, and `history` how long to look for the oldest ticks.
    """

    entity: float = 90.0
    overall: float = 300.0
    request: float = 10.0
    first_pause: float = 0.2
    longest_pause: float = 2.0
    settle: float = 0.5
    history: float = 5.0

    def pause(self, attempt: int, random: Random) -> float:
        """How long to wait before the look after `attempt` others."""
        most = min(self.first_pause * 2.0 ** min(attempt, 30), self.longest_pause)
        return random.uniform(self.first_pause, max(most, self.first_pause))


class Progress(NamedTuple):
    """Something new that was seen of an entity, and how many seconds after waiting for it began."""

    entity: str
    topic: str
    state: str
    seconds: float
    ready: bool


class Ready(NamedTuple):
    """An entity that works, after how many seconds; `old_errors` are those its query had before."""

    entity: str
    seconds: float
    old_errors: tuple[QueryError, ...] = ()


class _State(NamedTuple):
    """What one look found: a text for people, and whether that is all that was waited for."""

    text: str
    ready: bool = False


class _Watch:
    """What was seen of one entity since waiting for it began."""

    def __init__(self, name: str, topic: str, clock: Clock, *, fresh: bool) -> None:
        self.name = name
        self.topic = topic
        self.fresh = fresh
        self.old_errors: tuple[QueryError, ...] | None = () if fresh else None
        self.empty_since: float | None = None
        self.unanswered: KsqlError | None = None
        self.positions: Mapping[tuple[str, int], int] | None = None
        self.states: deque[tuple[int, str]] = deque(maxlen=_KEPT)
        self._clock = clock
        self._began = clock.monotonic()

    @property
    def seconds(self) -> float:
        return self._clock.monotonic() - self._began

    def saw(self, state: str) -> bool:
        """Keep what was seen; whether it is something new."""
        if self.states and self.states[-1][1] == state:
            return False
        self.states.append((self._clock.now(), state))
        return True

    def new_errors(self, errors: tuple[QueryError, ...]) -> tuple[QueryError, ...]:
        if self.old_errors is None:
            self.old_errors = errors
        return tuple(error for error in errors if error not in self.old_errors)

    def fail(self, what: str, reason: str | None = None, cause: Exception | None = None) -> NoReturn:
        """Give up."""
        where = "" if self.topic == self.name else f" (topic {self.topic})"
        where = f" {self.topic}" if self.name == _SERVER else where
        told = "".join(f"\n  {written(at)}  {state}" for at, state in self.states)
        text = f"{self.name}{where} {what}" + (f"; last seen:{told}" if told else "")
        states = tuple(self.states)
        raise KsqlNotServing(text, entity=self.name, topic=self.topic, states=states, reason=reason) from cause


class Waiter:
    """Waits for a server and for what a script made on it.

    The overall time begins when the waiter is made. `random` spreads the looks of several waiters.
    """

    def __init__(
        self,
        client: KsqlClient,
        *,
        clock: Clock,
        random: Random,
        policy: WaitPolicy | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._random = random
        self.policy = policy or WaitPolicy()
        self._on_progress = on_progress
        self._end = clock.monotonic() + self.policy.overall

    def server(self) -> float:
        """Wait until the server answers and is healthy; how many seconds that took.

        `KsqlUnreachable` where it does not in time, `KsqlNotServing` where it answers and is not healthy in time,
        `KsqlUnauthorized` at once.
        """
        watch = _Watch(_SERVER, self._client.server.url, self._clock, fresh=False)
        try:
            self._wait(watch, self._look_at_server)
        except KsqlNotServing as error:
            if watch.unanswered is None:
                raise
            raise KsqlUnreachable(str(error), reason=watch.unanswered.reason) from watch.unanswered
        return watch.seconds

    def entities(self, entities: Iterable[Entity], *, fresh: Collection[str] = ()) -> list[Ready]:
        """Wait for one after the other; `fresh` names those that were just made, whose errors all are new."""
        return [self.entity(entity, fresh=entity.name in fresh) for entity in entities]

    def entity(self, entity: Entity, *, fresh: bool = False) -> Ready:
        """Wait until a stream or table works. `KsqlNotServing` where it fails, or does not work in time."""
        watch = _Watch(entity.quoted_name, entity.topic, self._clock, fresh=fresh)
        self._wait(watch, lambda it: self._look_at(entity, it))
        return Ready(entity.name, watch.seconds, watch.old_errors or ())

    def _wait(self, watch: _Watch, look: Callable[[_Watch], _State]) -> None:
        attempt = 0
        own = self._clock.monotonic() + self.policy.entity
        end = min(own, self._end)
        for_all = f", when the {self.policy.overall:g} s for all of it were over" if self._end < own else ""
        while True:
            state = self._seen(watch, look)
            if watch.saw(state.text) and self._on_progress is not None:
                self._on_progress(Progress(watch.name, watch.topic, state.text, watch.seconds, state.ready))
            if state.ready:
                return
            left = end - self._clock.monotonic()
            if left <= 0:
                watch.fail(f"was not ready after {watch.seconds:.0f} s{for_all}")
            self._clock.sleep(min(self.policy.pause(attempt, self._random), left))
            attempt += 1

    def _seen(self, watch: _Watch, look: Callable[[_Watch], _State]) -> _State:
        watch.unanswered = None
        try:
            return look(watch)
        except (KsqlUnauthorized, KsqlNotServing):
            raise
        except KsqlError as error:
            passing = error.retriable or (watch.fresh and store_state(error) is not None)
            if not passing:
                watch.fail(f"cannot become ready: {error.reason or error}", error.reason, error)
            watch.unanswered = error
            return _State(f"no answer yet: {_line(error.reason or str(error))}")

    def _look_at_server(self, _watch: _Watch) -> _State:
        status = self._client.info(timeout=self.policy.request).get("serverStatus", "RUNNING")
        if status != "RUNNING":
            return _State(f"server is {status}")
        health = self._client.health(timeout=self.policy.request)
        if health.get("isHealthy", True):
            return _State("healthy", ready=True)
        ill = [name for name, part in (health.get("details") or {}).items() if not part.get("isHealthy")]
        return _State(f"server is not healthy: {', '.join(ill)}")

    def _look_at(self, entity: Entity, watch: _Watch) -> _State:
        found = source(self._client, entity.quoted_name, timeout=self.policy.request)
        if found is None:
            if watch.fresh:
                return _State("not there yet")
            watch.fail("does not exist; deploy it first")
        _check_shape(entity, found, watch)
        if found.partitions == 0:
            return _State("its topic is not there")
        if not entity.derived:
            return _State("declared", ready=True)
        listed = running(self._client, timeout=self.policy.request)
        queries = listed.get(entity.name) or list(found.queries)
        if not queries:
            return self._without_query(entity, watch, others=bool(listed))
        state = self._look_at_query(queries[0], found, watch)
        if state is not None:
            return state
        return self._probe(entity, watch) if entity.kind is EntityKind.TABLE else _State("RUNNING", ready=True)

    def _without_query(self, entity: Entity, watch: _Watch, *, others: bool) -> _State:
        """Right after a start the server may know of no query at all, and then it answers none either."""
        gone = others
        if not others and entity.kind is EntityKind.TABLE:
            try:
                self._client.pull(any_row(entity), timeout=self.policy.request)
            except KsqlRefused as error:
                gone = store_state(error) is not None
        if gone and not watch.fresh:
            watch.fail("does nothing: its query was terminated; drop it and what reads from it, and deploy again")
        return _State("no query writes to it")

    def _look_at_query(self, query: RunningQuery, found: Source, watch: _Watch) -> _State | None:
        """What a query lacks; none where it works."""
        details = explained(self._client, query.id, timeout=self.policy.request)
        new = watch.new_errors(details.errors)
        if new:
            newest = new[-1]
            watch.saw(f"query {query.id} failed at {written(newest.at * 1_000_000)}: {newest.message}")
            _failed_query(watch, query, newest.message)
        if query.fault == "PAUSED":
            watch.fail(f"does nothing: its query is paused; run RESUME {query_name(query.id)};")
        if query.fault == "ERROR":
            watch.saw(f"query {query.id} is ERROR")
            _failed_query(watch, query, "the server gives no reason; its log does")
        if query.fault is not None:
            return _State(f"query {query.id} is {query.fault}")
        if not details.tasks:
            return _State(f"query {query.id} has no tasks yet")
        return _progress_of(query, found, details, watch)

    def _probe(self, entity: Entity, watch: _Watch) -> _State:
        """Ask for a row."""
        rows = self._client.pull(any_row(entity), timeout=self.policy.request)
        if len(rows):
            return _State("answers", ready=True)
        now = self._clock.monotonic()
        if watch.empty_since is None:
            watch.empty_since = now
        if now - watch.empty_since < self.policy.settle:
            return _State("answers, without rows so far")
        return _State("answers, and has no rows", ready=True)


def _progress_of(query: RunningQuery, found: Source, details: QueryDetails, watch: _Watch) -> _State | None:
    """Where a query does not get on; none where it has read on, or all there is, in every partition.

    One that has failed before must have read something, and to the end; of any other the last offset of a partition
    may be the end of a transaction, which is no record.
    """
    before, watch.positions = watch.positions, watch.positions or {item[:2]: item.position for item in found.offsets}
    failed = details.errors[-1] if details.errors else None
    why = "" if failed is None else f"; it failed at {written(failed.at * 1_000_000)}: {failed.message}"
    if failed is not None and not found.offsets:
        return _State(f"query {query.id} has read nothing so far{why}")
    for item in found.offsets:
        unread = item.unread(0 if failed is not None else 1)
        if unread and (before is None or before.get(item[:2]) == item.position):
            return _State(
                f"query {query.id} has read {item.topic}[{item.partition}] to {item.position}, and {unread} more"
                f" offsets are there{why}"
            )
    return None


def _failed_query(watch: _Watch, query: RunningQuery, reason: str) -> NoReturn:
    watch.fail(f"does not work: its query {query.id} fails with {reason}", reason)


def _check_shape(entity: Entity, found: Source, watch: _Watch) -> None:
    """What no waiting changes."""
    if found.topic != entity.topic:
        watch.fail(f"is on topic {found.topic!r}, not on {entity.topic!r}; drop it and deploy again")
    ours, theirs = {*entity.key_columns, *entity.columns}, {*found.key_columns, *found.columns}
    if ours != theirs:
        other = ", ".join(f"{name} {kind}" for name, kind in sorted(ours ^ theirs))
        watch.fail(f"has other columns than the definition ({other}); drop it and deploy again")


def _line(text: str) -> str:
    return text.splitlines()[0]
