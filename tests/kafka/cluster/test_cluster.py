"""Topics made, compared and altered on a real broker; what refuses us, and how that is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from barloom.clock import SystemClock
from barloom.environment import Secret
from barloom.errors import AccessRefused, BrokerUnreachable, DefinitionError, LoginRefused, TopicMismatch
from barloom.kafka.cluster.admin import Cluster
from barloom.kafka.cluster.topics import State
from kafka.kafka_cases import plan, settings
from waiting import until

if TYPE_CHECKING:
    from servers.broker import Broker
    from servers.secure_broker import SecureBroker
    from servers.topics import Topics


def reach(broker: Broker, topics: Topics, **given: object) -> Cluster:
    """The cluster, for bars and an application named after the test's own prefix."""
    name = f"{topics.prefix}bars"
    made = settings(name, **{"brokers": broker.bootstrap, "input": f"{topics.prefix}ticks", **given})
    return Cluster.reach(made, SystemClock())


@pytest.mark.needs("java")
def test_missing_topics_are_made_like_the_input_and_then_left_alone(broker: Broker, topics: Topics) -> None:
    """Once made they are as wanted; two instances that start together do not disturb each other."""
    topics.create("ticks", 3)
    wanted = plan(f"{topics.prefix}bars")
    one, other = reach(broker, topics), reach(broker, topics)
    missing = other.changes(wanted)
    inputs = one.ensure(wanted)
    other.create(missing)
    after = one.changes(wanted, inputs)

    assert (3, 1) == (inputs.partitions, inputs.replicas)
    assert {State.CREATE} == {change.state for change in missing}
    assert {State.UNCHANGED} == {change.state for change in after}
    assert {3} == {topic.partitions for topic in one.found(change.spec.name for change in after).values()}


@pytest.mark.needs("java")
def test_a_topic_on_which_bars_would_be_lost_is_refused(broker: Broker, topics: Topics) -> None:
    """The message says what is and what is wanted; what is safe to set can be set."""
    topics.create("ticks", 2)
    topics.create("bars_final_1s", 2, {"retention.ms": "1000"})
    topics.create("bars_late", 1)
    wanted = plan(f"{topics.prefix}bars")
    cluster = reach(broker, topics)
    made = [f"{topics.prefix}{name}" for name in ("ticks", "bars_final_1s", "bars_late")]
    until(lambda: len(cluster.found(made)) == len(made))  # a new topic is not everywhere at once
    with pytest.raises(TopicMismatch) as caught:
        cluster.ensure(wanted)
    lines = str(caught.value).splitlines()
    cluster.alter(cluster.changes(wanted))

    assert f"  {topics.prefix}bars_final_1s: retention.ms is 1s, wanted for ever" in lines
    assert f"  {topics.prefix}bars_late: partitions is 1, wanted 2, as the input has" in lines
    assert any(line.startswith(f"  {topics.prefix}bars_late: max.message.bytes is ") for line in lines)
    assert 3 == len([line for line in lines if " wanted " in line])
    name = f"{topics.prefix}bars_final_1s"
    until(lambda: cluster.found([name])[name].config["retention.ms"] == "-1")


@pytest.mark.needs("java")
def test_inputs_must_be_there_and_have_one_number_of_partitions(broker: Broker, topics: Topics) -> None:
    """A key has one partition in all of them."""
    topics.create("a", 2)
    topics.create("b", 3)
    prefix = topics.prefix

    with pytest.raises(TopicMismatch, match="differ in their number of partitions"):
        reach(broker, topics, input=[f"{prefix}a", f"{prefix}b"]).inputs()
    with pytest.raises(TopicMismatch, match=f"'{prefix}c' is not there"):
        reach(broker, topics, input=[f"{prefix}a", f"{prefix}c"]).inputs()

    assert topics.names() == [f"{prefix}a", f"{prefix}b"]


def test_no_broker_is_told_after_the_patience() -> None:
    """With what befell the connection, and where to look."""
    with pytest.raises(BrokerUnreachable, match="Connection refused") as caught:
        Cluster.reach(settings(), SystemClock(), patience=0.5)

    assert caught.value.retriable
    assert "check kafka.brokers" in str(caught.value)


def test_an_unknown_raw_setting_is_a_mistake_of_the_definition() -> None:
    """Before anything is connected."""
    with pytest.raises(DefinitionError, match=r"fetch\.mim\.bytes"):
        Cluster.reach(settings(client={"fetch.mim.bytes": 1}), SystemClock())


def login(broker: SecureBroker, user: str, password: str, mechanism: str = "SCRAM-SHA-512") -> dict[str, object]:
    """``[kafka.security]`` for a user of the secure broker."""
    return {
        "protocol": "SASL_SSL",
        "mechanism": mechanism,
        "user": user,
        "password": Secret.of(password),
        "ca": str(broker.ca),
    }


@pytest.mark.needs("java")
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_wrong_password_is_told_at_once_and_not_shown(secure_broker: SecureBroker, mechanism: str) -> None:
    """It does not wait for a broker that will not let us in."""
    made = settings(brokers=secure_broker.bootstrap, security=login(secure_broker, "barloom", "hunter2", mechanism))
    with pytest.raises(LoginRefused, match="check user, password and mechanism") as caught:
        Cluster.reach(made, SystemClock(), patience=60)

    assert "hunter2" not in str(caught.value)
    assert not caught.value.retriable


@pytest.mark.needs("java")
def test_an_unknown_certificate_is_told(secure_broker: SecureBroker) -> None:
    """Without the authority that signed it, the broker's certificate proves nothing."""
    security = {**login(secure_broker, "barloom", "barloom-secret")}
    del security["ca"]
    made = settings(brokers=secure_broker.bootstrap, security=security)

    with pytest.raises(LoginRefused, match="check ca, certificate and key"):
        Cluster.reach(made, SystemClock(), patience=60)


@pytest.mark.needs("java")
def test_what_an_access_rule_forbids_says_which_is_needed(secure_broker: SecureBroker, secure_topics: Topics) -> None:
    """A user without any ACL cannot even see the input."""
    secure_topics.create("ticks", 1)
    name = f"{secure_topics.prefix}bars"
    made = settings(
        name,
        brokers=secure_broker.bootstrap,
        input=f"{secure_topics.prefix}ticks",
        security=login(secure_broker, "stranger", "stranger-secret"),
    )

    with pytest.raises(
        AccessRefused, match=rf"fix: allow the user of .* DESCRIBE of topic '{secure_topics.prefix}ticks'"
    ):
        Cluster.reach(made, SystemClock()).inputs()


@pytest.mark.needs("java")
def test_the_admin_makes_topics_over_tls(secure_broker: SecureBroker, secure_topics: Topics) -> None:
    """With right credentials everything is as without."""
    secure_topics.create("ticks", 1)
    name = f"{secure_topics.prefix}bars"
    made = settings(
        name,
        brokers=secure_broker.bootstrap,
        input=f"{secure_topics.prefix}ticks",
        security=login(secure_broker, "admin", "admin-secret", "PLAIN"),
    )

    assert 1 == Cluster.reach(made, SystemClock()).ensure(plan(name)).partitions
