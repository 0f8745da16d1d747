"""The doctor: each fault is in its own line, with what was seen and how to mend it, and the whole ends in time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from barloom.ksqldb.server.address import KsqlServer
from barloom.ksqldb.server.client import KsqlClient
from barloom.ksqldb.server.doctor import Finding, Health, examine
from barloom.serde.registry import Registry as SchemaRegistry
from barloom.serde.registry import RegistrySettings
from ksqldb.double import NOT_READY, REBALANCING, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.ksqldb.compile.script import Script
    from barloom.testing.clock import FakeClock
    from ksqldb.double import KsqlDouble

HOST = {
    "hostAlive": True,
    "hostStoreLags": {"stateStoreLags": {"Q#S": {"lagByPartition": {"0": {"offsetLag": 0}}}}},
}


class Registry:
    """A schema registry with the same id for every key."""

    def __init__(self, **more: dict[int, int]) -> None:
        self.more = more

    def versions_of(self, subject: str) -> dict[int, int]:
        """One version, but for those that are told otherwise."""
        return self.more.get(subject.replace("-", "_"), {1: 1 if subject.endswith("-key") else 2})


@pytest.fixture
def findings(client: KsqlClient, script: Script, clock: FakeClock) -> Callable[..., dict[str, Finding]]:
    """Examine, and give what was found by the check's title."""

    def run(**how: object) -> dict[str, Finding]:
        return {it.check: it for it in examine(client, script, clock=clock, **how)}

    return run


def wrong(found: dict[str, Finding]) -> list[str]:
    """The titles of what is wrong."""
    return [title for title, it in found.items() if it.health is Health.WRONG]


def test_a_sound_pipeline_is_sound(double: KsqlDouble, findings: Callable[..., dict[str, Finding]]) -> None:
    """Every check is ok where nothing is wrong."""
    double.deploy()
    double.cluster = {"h:1": HOST}

    found = findings(subjects=Registry())

    assert {Health.OK} == {it.health for it in found.values()}
    assert len(found) >= 18


def broken_statement(old: str, new: str, name: str = "BARS_FINAL_1M") -> Callable[[KsqlDouble], None]:
    """Change the text of a statement on the server."""

    def change(double: KsqlDouble) -> None:
        assert old in double.statements[name]
        double.statements[name] = double.statements[name].replace(old, new)

    return change


def described(name: str, **values: object) -> Callable[[KsqlDouble], None]:
    """Change what DESCRIBE says of a source."""

    def change(double: KsqlDouble) -> None:
        answer = double.describe(name)
        answer[1][0]["sourceDescription"].update(values)
        double.rule(f"DESCRIBE {name.lower()} ", answer)

    return change


def query(name: str, **values: object) -> Callable[[KsqlDouble], None]:
    """Change what is known of a query."""

    def change(double: KsqlDouble) -> None:
        for field, value in values.items():
            setattr(double.queries[name], field, value)

    return change


FAILED = [{"timestamp": 1795312506993, "errorMessage": "x.y.SumException: overflow\n\tat a.b", "type": "USER"}]


@pytest.mark.parametrize(
    ("fault", "title", "seen"),
    [
        (lambda it: setattr(it, "healthy", False), "the server answers and is healthy", "not healthy: commandRunner"),
        (lambda it: it.statements.pop("BARS_LIVE_1M"), "every stream and table is there", "bars_live_1m is not there"),
        (described("BARS_LIVE_1M", topic="x"), "every stream and table is there", "bars_live_1m is on topic x"),
        (described("TICKS", keyFormat="KAFKA"), "keys and values are AVRO everywhere", "formats KAFKA and AVRO"),
        (described("TICKS", timestamp=""), "exactly one event time each", "ticks takes none, not TS"),
        (described("TICKS", partitions=1), "as many partitions in every topic", "ticks has 1, not 3"),
        (
            broken_statement("KEY_SCHEMA_FULL_NAME='barloom.BarKey', ", ""),
            "one name for the schema of the key",
            "bars_final_1m has a name of its own",
        ),
        (
            broken_statement("BARS_FINAL_1S_S.SYMBOL\nEMIT", "BARS_FINAL_1S_S.SYMBOL, WINDOWSTART\nEMIT"),
            "grouped by the key alone",
            "bars_final_1m groups by broker, symbol, WINDOWSTART",
        ),
        (broken_statement("SIZE 1 MINUTES", "SIZE 5 MINUTES"), "one window a query, kept long enough", "of 300000 ms"),
        (broken_statement(" , GRACE PERIOD 0 SECONDS", ""), "one window a query, kept long enough", "does not state"),
        (broken_statement("RETENTION 7 DAYS", "RETENTION 1 DAYS"), "one window a query, kept long enough", "86400000"),
        (broken_statement("SUM(BARS_FINAL_1S_S.N)", "COUNT(*)"), "counts are added up", "counts its children"),
        (
            lambda it: it.queries.pop("BARS_LIVE_1M"),
            "a query of its own for each table",
            "0 queries write to bars_live",
        ),
        (query("BARS_LIVE_1M", properties={}), "emission, offsets and exactly once are set", "emit.interval"),
        (query("BARS_LIVE_1M", state="PAUSED"), "queries work, not just RUNNING", "is PAUSED"),
        (query("BARS_LIVE_1M", tasks=0), "queries work, not just RUNNING", "has no tasks"),
        (query("BARS_LIVE_1M", errors=FAILED), "queries work, not just RUNNING", "(USER): SumException: overflow"),
        (
            lambda it: it.rule("query-stream .*live", REBALANCING),
            "every table answers a pull query",
            "Cannot determine",
        ),
    ],
)
def test_a_fault_is_found_in_its_line(
    double: KsqlDouble,
    findings: Callable[..., dict[str, Finding]],
    fault: Callable[[KsqlDouble], object],
    title: str,
    seen: str,
) -> None:
    """What is wrong is in the line that it belongs to, with what was seen and what to do."""
    double.deploy()
    fault(double)

    found = findings()

    assert title in wrong(found)
    assert seen in found[title].seen
    assert found[title].mend


def stray(double: KsqlDouble) -> None:
    """Somebody inserts into the minutes beside their own query."""
    listed = double.own(Request("POST /ksql SHOW QUERIES;", "", {}, {}))
    listed[1][0]["queries"].append(
        {
            "queryString": "INSERT INTO BARS_FINAL_1M SELECT * FROM OTHER EMIT CHANGES;",
            "sinks": ["BARS_FINAL_1M"],
            "id": "INSERTQUERY_99",
            "statusCount": {"RUNNING": 1},
        }
    )
    double.rule("SHOW QUERIES", listed)


def test_a_stray_insert_has_a_line_of_its_own(double: KsqlDouble, findings: Callable[..., dict[str, Finding]]) -> None:
    """It is named with what ends it, and the table still has one query of its own."""
    double.deploy()
    stray(double)

    found = findings()

    assert ["nobody else writes into it"] == wrong(found)
    told = "query INSERTQUERY_99 inserts into bars_final_1m; TERMINATE INSERTQUERY_99; ends it"
    assert told == found["nobody else writes into it"].seen


def test_records_that_went_before_they_were_read_are_told(
    double: KsqlDouble, findings: Callable[..., dict[str, Finding]]
) -> None:
    """A topic that begins behind where its query stands has lost what lies between."""
    double.deploy()
    double.queries["BARS_FINAL_1M"].first = 70

    found = findings()["nothing was deleted unread"]

    assert Health.WRONG is found.health
    assert "10 offsets of bars_final_1s[0] went before bars_final_1m read them" == found.seen


def test_records_that_cannot_be_decoded_are_seen_by_positions(
    double: KsqlDouble, findings: Callable[..., dict[str, Finding]]
) -> None:
    """81 were read and 80 went on, as a real server had it with one that was none: a filter would look the same."""
    double.deploy()
    answer = double.describe("BARS_FINAL_1S")
    topics = [
        {
            "kafkaTopic": name,
            "offsets": [{"partition": 0, "logStartOffset": 0, "logEndOffset": end, "consumerOffset": end}],
        }
        for name, end in (("ticks", 81), ("_confluent-ksql-q_CTAS_1-Aggregate-GroupBy-repartition", 80))
    ]
    answer[1][0]["sourceDescription"]["queryOffsetSummaries"] = [{"groupId": "g", "topicSummaries": topics}]
    double.rule("DESCRIBE bars_final_1s EXT", answer)

    found = findings()["every record could be read"]

    assert Health.UNKNOWN is found.health
    assert "of 81 offsets that bars_final_1s read at least 1 went no further" in found.seen


def test_the_processing_log_says_which_records_were_passed_over(
    double: KsqlDouble, findings: Callable[..., dict[str, Finding]]
) -> None:
    """Where the server keeps it in a topic: by query, how often, and the last reason. Those of others are not ours."""
    double.deploy()
    query_id = double.queries["BARS_FINAL_1S"].id
    double.rule("DESCRIBE KSQL_PROCESSING_LOG", double.describe("TICKS"))
    rows = [
        [f"processing.{name}.KsqlTopic.Source.deserializer", {"DESERIALIZATIONERROR": {"ERRORMESSAGE": why}}]
        for name, why in ((query_id, "no magic byte"), ("CTAS_OTHER_5", "else"), (query_id, "unknown schema id 9"))
    ]
    header = {"queryId": "t", "columnNames": ["LOGGER", "MESSAGE"], "columnTypes": ["STRING", "STRUCT<X STRING>"]}
    double.rule("FROM KSQL_PROCESSING_LOG", [json.dumps(each) for each in (header, *rows)] + [""])

    found = findings()["every record could be read"]

    assert Health.WRONG is found.health
    assert f"the processing log names {query_id} 2 times, the last: unknown schema id 9" == found.seen


def test_a_query_that_reads_past_its_stage_is_found(
    double: KsqlDouble, findings: Callable[..., dict[str, Finding]]
) -> None:
    """The order is table, stream, next table: a query straight from the ticks is another pipeline."""
    double.deploy()
    answer = double.explain(double.queries["BARS_LIVE_1M"].id)
    answer[1][0]["queryDescription"]["sources"] = ["TICKS"]
    double.rule("EXPLAIN CTAS_BARS_LIVE", answer)

    found = findings()

    assert "bars_live_1m reads from ticks, not from bars_final_1s_s" == found["table, stream, next table"].seen


def test_columns_that_differ_are_found(double: KsqlDouble, findings: Callable[..., dict[str, Finding]]) -> None:
    """A stream with fewer columns than its table's topic would register another schema."""
    double.deploy()
    fields = double.describe("BARS_FINAL_1S_S")[1][0]["sourceDescription"]["fields"]
    described("BARS_FINAL_1S_S", fields=fields[:-1])(double)

    found = findings()["each stream has its table's columns"]

    assert Health.WRONG is found.health
    assert found.seen.startswith("bars_final_1s_s has BROKER VARCHAR, SYMBOL VARCHAR, BUCKET_START TIMESTAMP")


def test_records_to_read_are_no_verdict(double: KsqlDouble, findings: Callable[..., dict[str, Finding]]) -> None:
    """One look cannot tell whether a queue grows: the number is told, and that it is not known."""
    double.deploy()
    double.queries["BARS_LIVE_1M"].position = 35

    found = findings()["nothing waits to be read"]

    assert Health.UNKNOWN is found.health
    assert "bars_live_1m is 50 records behind" in found.seen


def test_keys_with_several_ids_are_found(double: KsqlDouble, findings: Callable[..., dict[str, Finding]]) -> None:
    """The id is part of the key's bytes, which choose the partition."""
    double.deploy()

    found = findings(subjects=Registry(ticks_key={1: 7}, bars_live_1m_value={1: 2, 2: 9}))["one schema id for all keys"]

    assert Health.WRONG is found.health
    assert "bars_live_1m-value has 2 versions; the keys have the ids 1, 7" == found.seen


def test_a_real_registry_is_asked_for_all_versions(double: KsqlDouble) -> None:
    """The numbers of a subject's schemas come by version; a subject that is not there has none."""
    double.rule("GET /subjects/ticks-key/versions$", (200, [1, 3]))
    double.rule("GET /subjects/ticks-key/versions/1$", (200, {"id": 7, "version": 1}))
    double.rule("GET /subjects/ticks-key/versions/3$", (200, {"id": 9, "version": 3}))
    double.rule("GET /subjects/other-key/versions$", (404, {"error_code": 40401, "message": "not found"}))
    registry = SchemaRegistry(RegistrySettings(double.url))

    assert {1: 7, 3: 9} == registry.versions_of("ticks-key")
    assert {} == registry.versions_of("other-key")
    registry.close()


def test_a_slow_registry_leaves_its_line_unknown(
    double: KsqlDouble, findings: Callable[..., dict[str, Finding]], clock: FakeClock
) -> None:
    """The registry has what is left of the time, and no more."""
    double.deploy()

    class Slow(Registry):
        def versions_of(self, subject: str) -> dict[int, int]:
            clock.move("3s")
            return super().versions_of(subject)

    assert Health.UNKNOWN is findings(subjects=Slow())["one schema id for all keys"].health
    assert clock.monotonic() <= 12


def test_a_dead_host_is_found(double: KsqlDouble, findings: Callable[..., dict[str, Finding]]) -> None:
    """Where the server keeps watch of its hosts, one without a heartbeat is wrong."""
    double.deploy()
    double.cluster = {"h:1": HOST, "h:2": {"hostAlive": False}}

    assert "no heartbeat from h:2" == findings()["the stores have no lag"].seen


def test_a_server_that_does_not_answer_ends_at_once(
    double: KsqlDouble, findings: Callable[..., dict[str, Finding]]
) -> None:
    """The first line says what is wrong, all others are unknown."""
    double.rule("", NOT_READY)

    found = findings()

    assert ["the server answers and is healthy"] == wrong(found)
    assert {Health.UNKNOWN} == {it.health for title, it in found.items() if title not in wrong(found)}
    assert 1 == len(double.requests)


def test_slow_answers_leave_the_rest_unknown(
    double: KsqlDouble, findings: Callable[..., dict[str, Finding]], clock: FakeClock
) -> None:
    """After nine seconds nothing more is asked: what was not seen is unknown, never ok and never wrong."""
    double.deploy()

    def slow(request: object) -> object:
        clock.move("2s")
        return double.own(request)

    double.rule("", slow)
    found = findings()

    assert clock.monotonic() <= 12
    assert [] == wrong(found)
    assert Health.UNKNOWN is found["every table answers a pull query"].health
    assert Health.UNKNOWN is found["queries work, not just RUNNING"].health


def test_what_is_not_deployed_is_not_called_sound(findings: Callable[..., dict[str, Finding]]) -> None:
    """On an empty server one line says that nothing is there, and the others that nothing was seen."""
    found = findings()

    assert ["every stream and table is there"] == wrong(found)
    assert "not seen of ticks, " in found["they are those of the definition"].seen
    assert "every table answers a pull query" not in [title for title, it in found.items() if it.health is Health.OK]


def test_an_address_without_a_server_is_one_line(script: Script, clock: FakeClock) -> None:
    """Nothing listens: the doctor says so, as for any other fault."""
    with KsqlClient(KsqlServer(url="http://127.0.0.1:9", connect_timeout=0.2)) as client:
        found = examine(client, script, clock=clock)

    assert Health.WRONG is found[0].health
    assert "gives no answer" in found[0].seen
