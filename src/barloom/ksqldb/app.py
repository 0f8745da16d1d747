"""Bars as a pipeline of ksqlDB: what ``bars.ksqldb(…)`` gives."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from barloom.clock import SystemClock
from barloom.errors import BadArguments, Problem
from barloom.ksqldb.compile.phases import EVERYTHING, compile_script
from barloom.ksqldb.server.address import KsqlServer
from barloom.ksqldb.server.wait import Waiter, WaitPolicy
from barloom.read.bar import Bar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from barloom.clock import Clock
    from barloom.ksqldb.compile.script import Entity, Script
    from barloom.ksqldb.compile.settings import KsqlSettings
    from barloom.ksqldb.reader.bucket import KsqlTimeBucket
    from barloom.ksqldb.reader.status import Standing
    from barloom.ksqldb.server.client import KsqlClient
    from barloom.ksqldb.server.compare import Comparison
    from barloom.ksqldb.server.deploy import Step
    from barloom.ksqldb.server.doctor import Finding, Subjects
    from barloom.ksqldb.server.drop import Dropped
    from barloom.ksqldb.server.wait import Progress, Ready
    from barloom.plan.barplan import BarPlan

__all__ = ["KsqldbApp"]

B = TypeVar("B", bound=Bar)


@dataclass(frozen=True, slots=True)
class KsqldbApp:
    """A pipeline of ksqlDB: its bars, the settings of its statements, its server, and what is done with them.

    Methods that ask the server raise `KsqlError`, and `BadArguments` where none is named.
    """

    plan: BarPlan
    settings: KsqlSettings
    server: KsqlServer | None = None
    allow_degraded: tuple[str, ...] = ()
    clock: Clock = field(default_factory=SystemClock)

    @classmethod
    def of(
        cls, plan: BarPlan, settings: KsqlSettings, server: str | KsqlServer | None, allow_degraded: tuple[str, ...]
    ) -> Self:
        """A pipeline on a server that is given by its URL or whole."""
        return cls(plan, settings, KsqlServer(url=server) if isinstance(server, str) else server, allow_degraded)

    def script(self) -> Script:
        """The statements, and as text what ksqlDB's own command line accepts.

        Raises `KsqlUnsupported` with everything that the definition asks for and ksqlDB cannot do.
        """
        return compile_script(self.plan, self.settings, allow_degraded=self.allow_degraded)

    def changes(self) -> Comparison:
        """What a deployment would create, and what has drifted; nothing is changed."""
        from barloom.ksqldb.server.compare import compare  # noqa: PLC0415 - each method loads what it needs

        made = self.script()
        with self.connect() as client:
            return compare(client, made)

    def deploy(
        self,
        *,
        reuse_topic: Collection[str] = (),
        lose_history: bool = False,
        wait: WaitPolicy | None = None,
        on_step: Callable[[str], None] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> list[Step]:
        """Create what is missing, stage by stage, and wait until all of it works. Nothing is replaced or dropped.

        `reuse_topic` names topics that may exist already; with `lose_history` ticks may be older than what is kept.
        """
        from barloom.ksqldb.server.deploy import Deployer  # noqa: PLC0415

        made = self.script()
        with self.connect() as client:
            waiter = self._waiter(client, wait, on_progress)
            deployer = Deployer(client, waiter, clock=self.clock, random=SystemRandom(), on_step=on_step)
            return deployer.deploy(made, reuse=reuse_topic, lose_history=lose_history)

    def wait(
        self, policy: WaitPolicy | None = None, *, on_progress: Callable[[Progress], None] | None = None
    ) -> list[Ready]:
        """Wait until the server, every query and every table really work; `KsqlNotServing` where they do not."""
        made = self._deployed()
        with self.connect() as client:
            waiter = self._waiter(client, policy, on_progress)
            waiter.server()
            return waiter.entities(made.entities)

    def status(self) -> list[Standing]:
        """Where every stream, table and query stands."""
        from barloom.ksqldb.reader.status import standing  # noqa: PLC0415

        made = self._deployed()
        with self.connect() as client:
            return standing(client, made)

    def doctor(self, registry: str | None = None) -> list[Finding]:
        """Go through everything that is known to go wrong, within ten seconds; with a registry's URL that as well."""
        from barloom.ksqldb.server.doctor import examine  # noqa: PLC0415
        from barloom.serde.registry import Registry, RegistrySettings  # noqa: PLC0415
        from barloom.time.timeframe import SECOND  # noqa: PLC0415

        made = self._deployed()
        with ExitStack() as stack:
            client = stack.enter_context(self.connect())
            subjects: Subjects | None = None
            if registry is not None:
                known = Registry(RegistrySettings(registry, timeout=SECOND // 2), self.clock)
                stack.callback(known.close)
                subjects = known
            return examine(client, made, clock=self.clock, subjects=subjects)

    def present(self) -> list[Entity]:
        """What of the pipeline is on the server, in the order of dropping."""
        from barloom.ksqldb.server.drop import present  # noqa: PLC0415

        made = self._deployed()
        with self.connect() as client:
            there = present(client, made)
        return [entity for entity in reversed(made.entities) if entity.name in there]

    def drop(
        self,
        names: Collection[str] = (),
        delete_topics: Collection[str] = (),
        *,
        everything: bool = False,
        all_topics: bool = False,
    ) -> list[Dropped]:
        """Drop streams and tables by their names, downstream first, and delete topics that are named.

        `everything` names every statement, `all_topics` the topics of all bars, and never that of the ticks.
        """
        from barloom.ksqldb.server.drop import Dropper  # noqa: PLC0415

        made = self._deployed()
        chosen = [entity.quoted_name for entity in made.entities] if everything else names
        topics = [entity.topic for entity in made.entities if entity.derived] if all_topics else []
        with self.connect() as client:
            dropper = Dropper(client, clock=self.clock, random=SystemRandom(), policy=WaitPolicy())
            return dropper.drop(made, chosen, tuple(dict.fromkeys((*delete_topics, *topics))))

    @overload
    def bucket(self, timeframe: str) -> KsqlTimeBucket[Bar]: ...
    @overload
    def bucket(self, timeframe: str, *, bar: type[B]) -> KsqlTimeBucket[B]: ...
    def bucket(self, timeframe: str, *, bar: type[Any] = Bar) -> KsqlTimeBucket[Any]:
        """The live bars of a timeframe on the server; close it, or use it in a ``with`` statement."""
        from barloom.ksqldb.reader.bucket import KsqlTimeBucket  # noqa: PLC0415

        script = self._deployed()
        return KsqlTimeBucket(self.connect(), script, timeframe, bar=bar, clock=self.clock)

    def buckets(self) -> dict[str, KsqlTimeBucket[Bar]]:
        """The live bars of every timeframe that the server has; close each of them."""
        from barloom.ksqldb.reader.held import held_plan  # noqa: PLC0415

        return {str(level.timeframe): self.bucket(str(level.timeframe)) for level in held_plan(self.plan).levels}

    def connect(self) -> KsqlClient:
        """A client of the server, for statements and queries of one's own."""
        from barloom.ksqldb.server.client import KsqlClient  # noqa: PLC0415

        if self.server is None:
            fix = 'name it: bars.ksqldb("http://localhost:8088")'
            raise BadArguments([Problem("no ksqlDB server is named", "ksqldb", fix)])
        return KsqlClient(self.server)

    def _deployed(self) -> Script:
        """The script as it is on the server: what may be left out was left out when it got there."""
        return compile_script(self.plan, self.settings, allow_degraded=[*self.allow_degraded, EVERYTHING])

    def _waiter(
        self, client: KsqlClient, policy: WaitPolicy | None, on_progress: Callable[[Progress], None] | None
    ) -> Waiter:
        return Waiter(
            client, clock=self.clock, random=SystemRandom(), policy=policy or WaitPolicy(), on_progress=on_progress
        )
