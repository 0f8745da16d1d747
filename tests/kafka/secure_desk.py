"""Applications on the secure broker, in threads of this process, each as a user of its own with its own rights."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from barloom.environment import Secret
from barloom.kafka.config.settings import KafkaSettings, kafka_settings
from barloom.kafka.runtime.running import run
from barloom.plan.toml import read_toml
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from barloom.plan.barplan import BarPlan
    from servers.secure_broker import SecureBroker
    from servers.topics import Topics

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "kafka-operations.md"
PASSWORD = "hunter2-of-the-desk"  # noqa: S105
DEFINITION = """
[event]
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
price = "decimal(12, 2)"
[bars]
name = "NAME"
base = "1m"
delay = "0s"
rollup = ["5m"]
ohlcv = { price = "price" }
"""
_ROW = re.compile(
    r"^\| (?P<who>[^|]+) \| (?P<kind>Topic|Group|TransactionalId) "
    r"\| `(?P<name>[^`]+)` \| (?P<pattern>literal|prefixed) \| (?P<operations>[A-Z_, ]+) \|",
    re.MULTILINE,
)
_RESOURCES = {
    "Topic": ResourceType.TOPIC,
    "Group": ResourceType.GROUP,
    "TransactionalId": ResourceType.TRANSACTIONAL_ID,
}
_MECHANISMS = {"SCRAM-SHA-256": ScramMechanism.SCRAM_SHA_256, "SCRAM-SHA-512": ScramMechanism.SCRAM_SHA_512}


class Right(NamedTuple):
    """One operation on one resource of the guide's table, and who needs it."""

    who: str
    kind: str
    name: str
    pattern: str
    operation: str

    def binding(self, user: str, names: Mapping[str, str]) -> AclBinding:
        """The access rule that gives it."""
        full = re.sub(r"<(\w+)>", lambda match: names[match[1]], self.name)
        pattern = ResourcePatternType[self.pattern.upper()]
        resource, operation = _RESOURCES[self.kind], AclOperation[self.operation]
        return AclBinding(resource, full, pattern, f"User:{user}", "*", operation, AclPermissionType.ALLOW)


def guide() -> list[Right]:
    """Every right of the guide's tables."""
    return [
        Right(row["who"].strip("` "), row["kind"], row["name"], row["pattern"], operation.strip())
        for row in _ROW.finditer(GUIDE.read_text())
        for operation in row["operations"].split(",")
    ]


def rights_of(*who: str) -> list[Right]:
    """The rights of some of those who are in the guide's tables."""
    return [right for right in guide() if right.who in who]


class SecureDesk:
    """A user, an input topic, and what is made of it. Everything has a name of its own."""

    def __init__(self, broker: SecureBroker, topics: Topics, name: str = "", partitions: int = 1) -> None:
        self.broker = broker
        self._admin = topics.admin
        self._made: list[AclBinding] = []
        self._users: set[ScramMechanism] = set()
        self.prefix = f"{topics.prefix}{name}"
        self.user = f"user-of-{self.prefix}"
        self.input = topics.create(f"{name}ticks", partitions)
        self._producer = Producer({**broker.client("admin", "PLAIN"), "linger.ms": 1, "log_level": 0})

    @property
    def names(self) -> dict[str, str]:
        """What stands for the placeholders of the guide."""
        bars, app = self.prefix + "bars", self.prefix + "desk"
        return {"input": self.input, "bars": bars, "app": app, "group": app + "-people"}

    def plan(self) -> BarPlan:
        """Bars of 1m and 5m."""
        return read_toml(DEFINITION.replace("NAME", self.names["bars"]))

    def settings(self, security: Mapping[str, object] | None = None, **given: object) -> KafkaSettings:
        """As the desk's own user, with SCRAM-SHA-512, unless said otherwise."""
        least = {
            "brokers": self.broker.bootstrap,
            "app": self.names["app"],
            "input": self.input,
            "format": "json",
            "commit_interval": "50ms",
            "security": self.login() if security is None else security,
        }
        return kafka_settings({"kafka": {**least, **given}}, self.plan())

    def login(self, mechanism: str = "SCRAM-SHA-512", password: Secret | None = None) -> dict[str, object]:
        """``[kafka.security]`` of the desk's user."""
        self.know(mechanism)
        return {
            "protocol": "SASL_SSL",
            "mechanism": mechanism,
            "user": self.user,
            "password": password or Secret.of(PASSWORD),
            "ca": str(self.broker.ca),
        }

    def know(self, mechanism: str = "SCRAM-SHA-512", password: str = PASSWORD) -> None:
        """Make the user known to the broker, or give it another password; back when it holds."""
        kind = _MECHANISMS[mechanism]
        info = ScramCredentialInfo(kind, 4096)
        self._answered(
            self._admin.alter_user_scram_credentials(
                [UserScramCredentialUpsertion(self.user, info, password.encode())]  # type: ignore[arg-type]
            )
        )
        self._users.add(kind)
        client = {**self.broker.client("admin", mechanism), "sasl.username": self.user, "sasl.password": password}
        user = AdminClient({**client, "log_level": 0})
        for _ in awaited():
            with suppress(KafkaException):
                user.list_topics(timeout=0.5)
                return

    def allow(self, rights: Iterable[Right]) -> None:
        """Give the user rights."""
        bindings = [right.binding(self.user, self.names) for right in rights]
        self._answered(self._admin.create_acls(bindings))
        self._made += bindings
        self._settled(lambda known: known.issuperset(bindings))

    def withdraw(self, right: Right) -> None:
        """Take a right away again."""
        gone = right.binding(self.user, self.names)
        self._delete(gone)
        self._settled(lambda known: gone not in known)

    def _settled(self, right: Callable[[set[AclBinding]], bool]) -> None:
        """Wait until the broker goes by what the controller was told."""
        every = AclBindingFilter(
            ResourceType.ANY,
            None,
            ResourcePatternType.ANY,
            f"User:{self.user}",
            None,
            AclOperation.ANY,
            AclPermissionType.ANY,
        )
        for _ in awaited():
            if right(set(self._admin.describe_acls(every).result(PATIENCE))):
                return

    def _delete(self, made: AclBinding) -> None:
        exact = AclBindingFilter(
            made.restype,
            made.name,
            made.resource_pattern_type,
            made.principal,
            "*",
            made.operation,
            made.permission_type,
        )
        self._answered(self._admin.delete_acls([exact]))

    def close(self) -> None:
        """Let the broker forget the user and its rights."""
        for made in self._made:
            self._delete(made)
        for mechanism in self._users:
            self._answered(
                self._admin.alter_user_scram_credentials([UserScramCredentialDeletion(self.user, mechanism)])
            )

    @staticmethod
    def _answered(futures: Mapping[object, object]) -> None:
        for future in futures.values():
            future.result(timeout=PATIENCE)  # type: ignore[attr-defined]

    def send(self, minutes: Iterable[int], partition: int = 0, *values: bytes) -> None:
        """A tick in each of these minutes of a morning, then raw messages."""
        ticks = ({"symbol": f"S{partition}", "at": f"2025-11-10T09:{each:02}:00Z", "price": "1.5"} for each in minutes)
        for value in (*map(msgspec.json.encode, ticks), *values):
            self._producer.produce(self.input, value, b"S", partition)
        self._producer.flush(PATIENCE)

    def records(self, kind: str, number: int) -> list[bytes]:
        """The first committed records of a topic that comes to be, such as ``bars_final_1m``."""
        consumer = Consumer(
            {
                **self.broker.client("admin", "PLAIN"),
                "group.id": f"{self.prefix}{kind}-test",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "topic.metadata.refresh.interval.ms": 200,
                "allow.auto.create.topics": False,
            }
        )
        consumer.subscribe([self.prefix + kind])
        found: list[bytes] = []
        until = monotonic() + PATIENCE
        while len(found) < number and monotonic() < until:
            message = consumer.poll(0.1)
            if message is not None and message.error() is None:
                found.append(message.value() or b"")
        consumer.close()
        return found

    @contextmanager
    def running(self, settings: KafkaSettings, plan: BarPlan | None = None) -> Iterator[Instance]:
        """An instance; one that ended by itself says why in `Instance.failure`."""
        instance = Instance(plan or self.plan(), settings)
        try:
            yield instance
        finally:
            instance.stop()


class Instance:
    """An instance in a thread."""

    def __init__(self, plan: BarPlan, settings: KafkaSettings) -> None:
        self.failure: BaseException | None = None
        self._stop = Event()
        self._thread = Thread(target=self._work, args=(plan, settings), daemon=True)
        self._thread.start()

    def _work(self, plan: BarPlan, settings: KafkaSettings) -> None:
        try:
            run(plan, settings, stop=self._stop)
        except BaseException as error:  # noqa: BLE001 - told by the test
            self.failure = error

    @property
    def alive(self) -> bool:
        """Whether it goes on."""
        return self._thread.is_alive()

    def ended(self) -> BaseException | None:
        """Wait until it ends by itself; why it did."""
        self._thread.join(PATIENCE)
        assert not self.alive, "it is half alive"
        return self.failure

    def stop(self) -> None:
        """End it in good order."""
        self._stop.set()
        self._thread.join(PATIENCE)
        assert not self.alive, "it does not stop"


def awaited(seconds: float = 0.05) -> Iterator[None]:
    """A pause after each look, while there is patience."""
    until = monotonic() + PATIENCE
    while monotonic() < until:
        yield
        sleep(seconds)
