"""A Kafka cluster as its administrator sees it: reached or not, which topics are there, and making them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from barloom.errors import (
    AccessRefused,
    BrokerError,
    DefinitionError,
    LoginRefused,
    MissingExtra,
    Problem,
    TopicMismatch,
)
from barloom.kafka.cluster.clients import admin_config
from barloom.kafka.cluster.failures import ALLOW, client_error
from barloom.kafka.cluster.rights import lacking, working_rights
from barloom.kafka.cluster.topics import Found, State, compared, readable, wanted_topics
from barloom.kafka.config.settings import BARLOOM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import Future
    from threading import Event

    from confluent_kafka import KafkaError
    from confluent_kafka.admin import AdminClient

    from barloom.clock import Clock
    from barloom.kafka.cluster.topics import TopicChange, TopicSpec
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan

__all__ = ["Cluster", "Inputs"]

_CALL: Final = 15.0
_LOOK: Final = 0.2
_SETTLES: Final = 3.0
_TIMESTAMPS: Final = "message.timestamp.type"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the input topics have in common; each one's kind of timestamps (none: not allowed to know), and its id."""

    partitions: int
    replicas: int
    timestamps: Mapping[str, str | None]
    ids: Mapping[str, str] = field(default_factory=dict)


class Cluster:
    """The administrator's connection. Made by `reach`."""

    def __init__(self, settings: KafkaSettings, admin: AdminClient, clock: Clock) -> None:
        self._settings = settings
        self.clock = clock
        self.admin = admin

    @classmethod
    def reach(cls, settings: KafkaSettings, clock: Clock, *, patience: float = 10.0, stop: Event | None = None) -> Self:
        """Connect within `patience` seconds, or until `stop` is set.

        Raises `BrokerUnreachable`, or at once `LoginRefused` where the broker is there and does not let us in.
        """
        try:
            from confluent_kafka import KafkaException  # noqa: PLC0415 - an extra
            from confluent_kafka.admin import AdminClient  # noqa: PLC0415
        except ImportError:
            extra, purpose = "kafka", "running on Kafka"
            raise MissingExtra(extra, purpose) from None
        seen: list[BrokerError] = []
        doing = f"reaching {settings.brokers}"

        def hear(error: KafkaError) -> None:
            if error.name() != "_ALL_BROKERS_DOWN":  # what befell each of them says more
                seen.append(client_error(error, doing))

        try:
            admin = AdminClient(admin_config(settings, error_cb=hear))
        except KafkaException as error:
            fix = "write it as librdkafka's CONFIGURATION.md does"
            raise DefinitionError([Problem(error.args[0].str(), "kafka.client", fix)]) from None
        until = clock.monotonic() + patience
        while True:
            try:
                admin.list_topics(timeout=_LOOK)
            except KafkaException as error:
                admin.poll(0)
                late = clock.monotonic() > until or (stop is not None and stop.is_set())
                _give_up(seen or [client_error(error, doing)], late=late)
            else:
                return cls(settings, admin, clock)

    def inputs(self) -> Inputs:
        """The input topics. `TopicMismatch` where one is missing or their numbers of partitions differ.

        Raises `DefinitionError` where bars are not made of them here.
        """
        if self._settings.written_by != BARLOOM:
            what = f"the topics of {self._settings.app!r} are made and written by {self._settings.written_by}"
            fix = "leave it out to run the definition here, with bars of another name; see barloom ksql for a pipeline"
            raise DefinitionError([Problem(what, "kafka.written_by", fix)])
        names = self._settings.input
        found = self.awaited(names)
        missing = [name for name in names if name not in found]
        if missing:
            message = (
                f"the input topic {missing[0]!r} is not there (or an access rule hides it)\n"
                "    fix: create it with as many partitions as instances shall ever share the work"
            )
            raise TopicMismatch(message)
        counts = {name: topic.partitions for name, topic in found.items()}
        if len(set(counts.values())) > 1:
            told = ", ".join(f"{name!r} has {count}" for name, count in counts.items())
            message = (
                f"the input topics differ in their number of partitions: {told}\n"
                "    fix: a key must have one partition in all of them, so give them the same number"
            )
            raise TopicMismatch(message)
        return Inputs(
            max(counts.values()),
            max(topic.replicas for topic in found.values()),
            {name: topic.config.get(_TIMESTAMPS) for name, topic in found.items()},
            {name: topic.id for name, topic in found.items()},
        )

    def awaited(self, names: Sequence[str]) -> dict[str, Found]:
        """The same as `found`, but what is missing may just have been made, which not every broker knows at once."""
        until = self.clock.monotonic() + _SETTLES
        while True:
            found = self.found(names)
            if len(found) == len(set(names)) or self.clock.monotonic() > until:
                return found
            self.clock.sleep(_LOOK / 2)

    def found(self, names: Iterable[str], operation: str = "DESCRIBE") -> dict[str, Found]:
        """Those of the topics that are there; their configuration is empty where we may not see it.

        `operation` is what they are looked at for, for messages; it has to bring DESCRIBE with it.
        """
        from confluent_kafka import TopicCollection  # noqa: PLC0415 - an extra

        futures: Mapping[str, Future[Any]] = self.admin.describe_topics(
            TopicCollection(list(names)), request_timeout=_CALL
        )
        there = {}
        for name, future in futures.items():
            try:
                there[name] = future.result()
            except Exception as error:  # noqa: BLE001 - sorted out by kind
                self._unless_missing(error, f"looking at topic {name!r}", f"{operation} of topic {name!r}")
        configs = self._configs(there)
        return {
            name: Found(len(each.partitions), len(each.partitions[0].replicas), configs[name], str(each.topic_id))
            for name, each in there.items()
        }

    def _unless_missing(self, error: Exception, doing: str, right: str) -> None:
        failure = self._told(error, doing, right)
        if not isinstance(failure, TopicMismatch):
            raise failure from None

    def _told(self, error: Exception, doing: str, right: str = "") -> BrokerError:
        from confluent_kafka import KafkaException  # noqa: PLC0415 - an extra

        if not isinstance(error, KafkaException):
            raise error
        return client_error(error, doing, right)

    def _configs(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        from confluent_kafka.admin import ConfigResource  # noqa: PLC0415 - an extra

        resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
        found: dict[str, dict[str, str]] = {}
        asked = self.admin.describe_configs(resources, request_timeout=_CALL) if resources else {}
        for resource, future in asked.items():
            found[resource.name] = {}
            try:
                entries: Mapping[str, Any] = future.result()
            except Exception as error:  # noqa: BLE001 - sorted out by kind
                failure = self._told(error, f"looking at the settings of topic {resource.name!r}")
                if not isinstance(failure, AccessRefused):
                    raise failure from None
            else:
                found[resource.name] = {name: entry.value for name, entry in entries.items()}
        return found

    def changes(self, plan: BarPlan, inputs: Inputs | None = None) -> list[TopicChange]:
        """What is to be done so that every topic of `plan` is as wanted."""
        given = inputs or self.inputs()
        return self._compared(wanted_topics(plan, self._settings, given.partitions, given.replicas))

    def create(self, changes: Iterable[TopicChange]) -> None:
        """Make what is missing; another instance that is faster is no harm."""
        from confluent_kafka import KafkaError  # noqa: PLC0415 - an extra
        from confluent_kafka.admin import NewTopic  # noqa: PLC0415

        specs = [change.spec for change in changes if change.state is State.CREATE]
        new = [NewTopic(spec.name, spec.partitions, spec.replicas, config=dict(spec.config)) for spec in specs]
        made = self.admin.create_topics(new, operation_timeout=_CALL, request_timeout=2 * _CALL) if new else {}
        for name, future in made.items():
            try:
                future.result()
            except Exception as error:  # noqa: BLE001 - sorted out by kind
                first = error.args[0] if error.args else None
                if not (isinstance(first, KafkaError) and first.code() == KafkaError.TOPIC_ALREADY_EXISTS):
                    raise self._told(error, f"creating topic {name!r}", f"CREATE of topic {name!r}") from None

    def alter(self, changes: Iterable[TopicChange]) -> None:
        """Set what can be set without losing anything; the rest stays as it is."""
        from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource  # noqa: PLC0415 - an extra

        resources = []
        for change in changes:
            entries = [
                ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
                for name, value in change.alterable.items()
            ]
            if entries:
                resources.append(
                    ConfigResource(ConfigResource.Type.TOPIC, change.spec.name, incremental_configs=entries)
                )
        asked = self.admin.incremental_alter_configs(resources, request_timeout=_CALL) if resources else {}
        for resource, future in asked.items():
            try:
                future.result()
            except Exception as error:  # noqa: BLE001 - sorted out by kind
                right = f"ALTER_CONFIGS of topic {resource.name!r}"
                raise self._told(error, f"altering topic {resource.name!r}", right) from None

    def ensure(self, plan: BarPlan, agreed: Callable[[], object] | None = None) -> Inputs:
        """Make the topics that are missing, and refuse with `TopicMismatch` those on which bars would be lost.

        `agreed` is called before anything is made, and what it raises leaves the cluster as it was. Raises
        `AccessRefused` with every right to topics that an instance needs and does not have.
        """
        self.require_rights(plan)
        inputs = self.inputs()
        wanted = wanted_topics(plan, self._settings, inputs.partitions, inputs.replicas)
        if self.provide(wanted, agreed):
            self.require_rights(plan)
        return inputs

    def provide(self, wanted: Sequence[TopicSpec], agreed: Callable[[], object] | None = None) -> bool:
        """Make those of the topics that are missing, and say whether there were any.

        Raises `TopicMismatch` for those on which something would be lost; `agreed` is called before any is made.
        """
        changes = self._compared(wanted)
        _refuse(changes)
        if all(change.state is not State.CREATE for change in changes):
            return False
        if agreed is not None:
            agreed()
        self.create(changes)
        self.awaited([spec.name for spec in wanted])
        _refuse(self._compared(wanted))
        return True

    def _compared(self, wanted: Sequence[TopicSpec]) -> list[TopicChange]:
        return compared(wanted, self.found(spec.name for spec in wanted))

    def require_rights(self, plan: BarPlan) -> None:
        """`AccessRefused` with every right to topics that an instance needs and does not have."""
        self.require(working_rights(plan, self._settings), "an instance")

    def require(self, wanted: Mapping[str, tuple[str, ...]], who: str) -> None:
        """`AccessRefused` with every right to topics that is missing; `who` does the operations, for messages."""
        if lacks := lacking(wanted, self._allowed(wanted)):
            told = "".join(f"\n  {right}" for right in lacks)
            message = f"access rules forbid what {who} does; it lacks{told}\n    fix: {ALLOW} these"
            raise AccessRefused(message)

    def _allowed(self, names: Iterable[str]) -> dict[str, set[str]]:
        """What the user may do with each topic, where the brokers say so."""
        from confluent_kafka import TopicCollection  # noqa: PLC0415 - an extra

        asked = self.admin.describe_topics(
            TopicCollection(list(names)), include_authorized_operations=True, request_timeout=_CALL
        )
        found = {}
        for name, future in asked.items():
            try:
                operations = future.result().authorized_operations
            except Exception as error:  # noqa: BLE001 - sorted out by kind
                if isinstance(self._told(error, ""), AccessRefused):
                    found[name] = set[str]()
            else:
                if operations is not None:
                    found[name] = {operation.name for operation in operations}
        return found


def _refuse(changes: Sequence[TopicChange]) -> None:
    """`TopicMismatch` that names everything on which bars would be lost or wrong."""
    told = [
        f"  {change.spec.name}: {item.name} is {readable(item.name, item.found)},"
        f" wanted {readable(item.name, item.wanted)}"
        for change in changes
        for item in change.differences
        if item.grave
    ]
    if told:
        fix = "    fix: barloom topics plan shows the commands that mend it; barloom topics apply does what is safe"
        raise TopicMismatch("\n".join(["topics are not as the definition needs them:", *told, fix]))


def _give_up(seen: Sequence[BrokerError], *, late: bool) -> None:
    """The plainest of the errors so far: a refused login at once, the others when it is late."""
    for error in seen:
        if isinstance(error, LoginRefused):
            raise error
    if late:
        raise seen[-1]
