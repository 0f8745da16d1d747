"""Plan and deployment: create, unchanged or drifted by the server's own text, stage by stage, continued."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from barloom.errors import KsqlDrifted, KsqlNotServing, KsqlRefused, KsqlUnauthorized
from barloom.ksqldb.server.compare import Verdict, compare
from barloom.ksqldb.server.deploy import Deployer
from ksqldb.double import COMMAND_TIMEOUT, LOST, NOT_READY, REBALANCING, refusal

if TYPE_CHECKING:
    from barloom.ksqldb.compile.script import Script
    from barloom.ksqldb.server.client import KsqlClient
    from barloom.ksqldb.server.wait import Waiter
    from barloom.testing.clock import FakeClock
    from ksqldb.double import KsqlDouble

ALL = ["TICKS", "BARS_FINAL_1S", "BARS_FINAL_1S_S", "BARS_FINAL_1M", "BARS_LIVE_1M"]
SERVERS_TEXT = (
    "CREATE TABLE BARS_FINAL_1M WITH (CLEANUP_POLICY='compact,delete', KAFKA_TOPIC='bars_final_1m', KEY_FORMAT='AVRO', "
    "KEY_SCHEMA_FULL_NAME='barloom.BarKey', PARTITIONS=3, REPLICAS=1, RETENTION_MS=604800000, VALUE_FORMAT='AVRO') AS "
    "SELECT\n  BARS_FINAL_1S_S.BROKER BROKER,\n  BARS_FINAL_1S_S.SYMBOL SYMBOL,\n"
    "  FROM_UNIXTIME(BARS_FINAL_1S_S.WINDOWSTART) BUCKET_START,\n  MAX(BARS_FINAL_1S_S.HIGH) HIGH,\n"
    "  SUM(BARS_FINAL_1S_S.N) N\nFROM BARS_FINAL_1S_S BARS_FINAL_1S_S\n"
    "WINDOW TUMBLING ( SIZE 1 MINUTES , RETENTION 7 DAYS , GRACE PERIOD 0 SECONDS ) \n"
    "GROUP BY BARS_FINAL_1S_S.BROKER, BARS_FINAL_1S_S.SYMBOL\nEMIT FINAL;"
)


@pytest.fixture
def deployer(client: KsqlClient, waiter: Waiter, clock: FakeClock) -> Deployer:
    """A deployer on the tests' clock."""
    return Deployer(client, waiter, clock=clock, random=Random(1))


def verdicts(client: KsqlClient, script: Script) -> dict[str, str]:
    """What would be done, by name."""
    return {item.entity.name: item.verdict.value for item in compare(client, script).items}


def test_an_empty_server_gets_everything_in_order(double: KsqlDouble, deployer: Deployer, script: Script) -> None:
    """One statement a request, in the order of dependency, with all stream properties, and without IF NOT EXISTS."""
    steps = deployer.deploy(script)

    created = [request for request in double.requests if "CREATE" in request.sql]
    assert [entity.sql for entity in script.entities] == [request.sql for request in created]
    assert all(dict(script.settings) == request.properties for request in created)
    assert not double.asked("IF NOT EXISTS")
    assert [(name, Verdict.CREATE) for name in ALL] == [(step.entity.name, step.verdict) for step in steps]


def test_a_stage_waits_for_the_one_before(double: KsqlDouble, deployer: Deployer, script: Script) -> None:
    """The stream over a table's topic is not created before the table answers."""
    double.rule("query-stream .*bars_final_1s", REBALANCING, times=3)

    deployer.deploy(script)

    asked = [request.sql for request in double.requests]
    answered = [place for place, sql in enumerate(asked) if sql.startswith("SELECT * FROM bars_final_1s ")]
    created = next(place for place, sql in enumerate(asked) if sql.startswith("CREATE STREAM bars_final_1s_s"))
    assert 5 == len(answered)
    assert max(answered) < created


def test_a_stage_that_fails_ends_the_deployment(double: KsqlDouble, deployer: Deployer, script: Script) -> None:
    """Nothing is built on a table whose query fails."""

    def fail(_: object) -> tuple[int, object]:
        error = {"timestamp": 1, "errorMessage": "a.b.MissingSourceTopicException: gone", "type": "USER"}
        double.queries["BARS_FINAL_1S"].errors = [error]
        return double.explain(double.queries["BARS_FINAL_1S"].id)

    double.rule("EXPLAIN", fail, times=1)
    with pytest.raises(KsqlNotServing, match=r"bars_final_1s does not work: .* MissingSourceTopicException: gone"):
        deployer.deploy(script)
    assert not double.asked("CREATE STREAM bars_final_1s_s")


def test_deploying_again_does_nothing(double: KsqlDouble, deployer: Deployer, script: Script) -> None:
    """What stands unchanged is left alone, and still waited for."""
    double.deploy()

    steps = deployer.deploy(script)

    assert [Verdict.UNCHANGED] * 5 == [step.verdict for step in steps]
    assert not double.asked("CREATE")


def test_the_servers_own_text_is_no_drift(double: KsqlDouble, client: KsqlClient, script: Script) -> None:
    """Upper case, sorted properties, qualified columns and added defaults say the same."""
    double.deploy()
    double.statements["BARS_FINAL_1M"] = SERVERS_TEXT

    assert dict.fromkeys(ALL, "unchanged") == verdicts(client, script)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("GRACE PERIOD 0 SECONDS", "GRACE PERIOD 5 SECONDS", "GRACE PERIOD 5 SECONDS"),
        ("MAX(BARS_FINAL_1S_S.HIGH)", "MIN(BARS_FINAL_1S_S.HIGH)", "column high is MIN(high), not MAX(high)"),
        ("PARTITIONS=3", "PARTITIONS=1", "PARTITIONS is 1, not 3"),
        (
            "KEY_SCHEMA_FULL_NAME='barloom.BarKey', ",
            "",
            "KEY_SCHEMA_FULL_NAME is not there, and should be 'barloom.BarKey'",
        ),
        ("EMIT FINAL", "EMIT CHANGES", "EMIT is CHANGES, not FINAL"),
    ],
)
def test_another_statement_has_drifted(  # noqa: PLR0913, PLR0917 - a case and its surroundings
    double: KsqlDouble, client: KsqlClient, script: Script, old: str, new: str, told: str
) -> None:
    """A body that differs under the same name is found, and what differs is said."""
    double.deploy()
    double.statements["BARS_FINAL_1M"] = SERVERS_TEXT.replace(old, new)

    found = {item.entity.name: item for item in compare(client, script).items}

    assert Verdict.DRIFTED is found["BARS_FINAL_1M"].verdict
    assert told in "; ".join(found["BARS_FINAL_1M"].differences)


@pytest.mark.parametrize("name", ["ksql.streams.auto.offset.reset", "processing.guarantee"])
def test_properties_that_no_statement_shows_are_compared(
    double: KsqlDouble, client: KsqlClient, script: Script, name: str
) -> None:
    """A query that runs without exactly once, or from the latest offset, has drifted although its text is the same."""
    double.deploy()
    del double.queries["BARS_LIVE_1M"].properties[name]

    drifted = compare(client, script).of(Verdict.DRIFTED)

    assert [("BARS_LIVE_1M", (f"its query runs without {name}, which should be {script.settings[name]}",))] == [
        (item.entity.name, item.differences) for item in drifted
    ]


def test_a_property_counts_with_or_without_its_prefix(double: KsqlDouble, client: KsqlClient, script: Script) -> None:
    """SET 'auto.offset.reset' is the same property as ksql.streams.auto.offset.reset."""
    double.deploy()
    properties = double.queries["BARS_LIVE_1M"].properties
    properties["auto.offset.reset"] = properties.pop("ksql.streams.auto.offset.reset")

    assert "unchanged" == verdicts(client, script)["BARS_LIVE_1M"]


def test_a_table_without_its_query_has_drifted(double: KsqlDouble, client: KsqlClient, script: Script) -> None:
    """TERMINATE keeps the table and its text; nothing fills it any more."""
    double.deploy()
    del double.queries["BARS_FINAL_1M"]

    assert "drifted" == verdicts(client, script)["BARS_FINAL_1M"]


def test_drift_ends_a_deployment_before_it_begins(double: KsqlDouble, deployer: Deployer, script: Script) -> None:
    """Nothing is created beside a statement that is another one, and the message says what to do."""
    double.create(script.entity("TICKS"), {})
    double.statements["TICKS"] = double.statements["TICKS"].replace("'ts'", "'bid'")

    with pytest.raises(KsqlDrifted, match=r"ticks: TIMESTAMP is 'bid', not 'ts'\n  fix: drop these"):
        deployer.deploy(script)
    assert not double.asked("CREATE")


def test_a_topic_with_old_bars_is_not_written_behind(double: KsqlDouble, deployer: Deployer, script: Script) -> None:
    """A new query over old input would put all bars a second time behind those of its topic, so that is asked for."""
    double.topics |= {"ticks", "bars_final_1m"}

    with pytest.raises(KsqlDrifted, match="a second time: bars_final_1m\n"):
        deployer.deploy(script)
    assert not double.asked("CREATE")
    assert 5 == len(deployer.deploy(script, reuse=["bars_final_1m"]))


def test_a_refused_statement_tells_what_is_in_place(
    double: KsqlDouble, deployer: Deployer, client: KsqlClient, script: Script
) -> None:
    """Half of a deployment is kept, said so, and continued by the next run."""
    message = "Could not register schema for topic: incompatible; error code: 40901"
    double.rule("CREATE TABLE bars_final_1m", refusal(message), times=1)

    with pytest.raises(KsqlRefused) as caught:
        deployer.deploy(script)

    assert 3 == len(caught.value.applied)
    assert "statement 4 of 5 (bars_final_1m) was not done; made before it, and kept: ticks, bars_final_1s, " in str(
        caught.value
    )
    assert ["unchanged"] * 3 + ["create"] * 2 == list(verdicts(client, script).values())
    assert ["unchanged"] * 3 + ["create"] * 2 == [step.verdict.value for step in deployer.deploy(script)]


@pytest.mark.parametrize("answer", [COMMAND_TIMEOUT, LOST])
@pytest.mark.parametrize("done", [True, False])
def test_an_answer_that_leaves_it_open_is_asked_about(
    double: KsqlDouble, deployer: Deployer, script: Script, answer: object, *, done: bool
) -> None:
    """After a time-out or a lost answer the statement is repeated only where it was not done."""
    double.rule("CREATE TABLE bars_final_1s", answer, times=1, done_anyway=done)

    deployer.deploy(script)

    assert (1 if done else 2) == len(double.asked("CREATE TABLE bars_final_1s"))
    assert set(ALL) == set(double.statements)


def test_a_server_that_starts_is_waited_for(double: KsqlDouble, deployer: Deployer, script: Script) -> None:
    """A deployment may begin before the server is there."""
    double.rule("", NOT_READY, until=5.0)

    assert 5 == len(deployer.deploy(script))


def test_a_wrong_password_ends_a_deployment(double: KsqlDouble, deployer: Deployer, script: Script) -> None:
    """At once, and nothing is created."""
    double.login = "x"

    with pytest.raises(KsqlUnauthorized):
        deployer.deploy(script)
    assert 1 == len(double.requests)
