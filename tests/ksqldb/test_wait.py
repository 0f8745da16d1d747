"""Waiting: ready means that the query runs and a probe answers; faults say what was seen, and nothing hangs."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from barloom.errors import KsqlNotServing, KsqlUnauthorized
from barloom.ksqldb.server.wait import Ready, WaitPolicy
from barloom.testing.clock import EPOCH
from ksqldb.double import LOST, NO_HOST, NOT_READY, REBALANCING, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.ksqldb.compile.script import Script
    from barloom.ksqldb.server.wait import Progress, Waiter
    from barloom.testing.clock import FakeClock
    from ksqldb.double import KsqlDouble

ROW = ["b1", "EURUSD", 1795215000000, 1795215001000, "2026-11-20T22:50:00.000", 1.1, 3]
OVERFLOW = {
    "timestamp": 1795312506993,
    "errorMessage": "org.apache.kafka.streams.errors.StreamsException: Exception caught in process. taskId=1_0\n"
    "\tat org.apache.kafka.streams.Thing.run(Thing.java:1)\n"
    "Caused by: io.confluent.ksql.util.KsqlException: Numeric field overflow",
    "type": "USER",
}


def test_a_table_that_answers_is_ready(double: KsqlDouble, waiter: Waiter, script: Script) -> None:
    """A query with tasks and a row in the answer are enough, at the first look."""
    double.deploy()
    double.rows["BARS_FINAL_1S"] = [ROW]

    assert Ready("BARS_FINAL_1S", 0.0) == waiter.entity(script.entity("BARS_FINAL_1S"))


def test_a_stream_that_only_declares_a_topic_needs_no_query(double: KsqlDouble, waiter: Waiter, script: Script) -> None:
    """Single and derived entities are waited for by the same call."""
    double.deploy()

    assert [0.0, 0.0] == [waiter.entity(script.entity(name)).seconds for name in ("TICKS", "BARS_FINAL_1S_S")]


def test_a_first_empty_answer_is_not_believed(
    double: KsqlDouble, waiter: Waiter, script: Script, clock: FakeClock
) -> None:
    """After a restart the first answers are empty although there are rows: only one that stays empty counts."""
    double.deploy()

    ready = waiter.entity(script.entity("BARS_FINAL_1S"))

    assert 0.5 <= ready.seconds < 3
    assert clock.monotonic() == ready.seconds


def test_a_slow_start_is_waited_for(double: KsqlDouble, waiter: Waiter, seen: list[Progress]) -> None:
    """Refused connections and 503s while the server starts are progress, not errors."""
    double.rule("", LOST, until=2.5)
    double.rule("", NOT_READY, until=4.0)

    seconds = waiter.server()

    assert 4.0 <= seconds < 6.1
    assert "the ksqlDB server" == seen[0].entity
    assert ["no answer yet: KSQL is not yet ready to serve requests.", "healthy"] == [it.state for it in seen[1:]]
    assert seen[-1].ready


def test_a_restart_is_waited_for(double: KsqlDouble, waiter: Waiter, script: Script, seen: list[Progress]) -> None:
    """503, then no host, then no lag known, then an empty answer, then rows: the sequence of a real restart."""
    double.deploy()
    double.rule("", NOT_READY, times=3)
    double.rule("query-stream", REBALANCING, times=2)
    double.rule("query-stream", NO_HOST, times=2)
    double.rule("query-stream", lambda _: double.pull("BARS_LIVE_1M"), times=1)
    double.rule("query-stream", lambda _: (200, [*double.pull("BARS_LIVE_1M")[1], ROW]))

    waiter.entity(script.entity("BARS_LIVE_1M"))

    assert ["KSQL", "Error", "Unable"] == [it.state.split(": ")[1].split()[0] for it in seen[:3]]
    assert ["answers, without rows so far", "answers"] == [it.state for it in seen[3:]]


def test_no_queries_yet_is_waited_for(double: KsqlDouble, waiter: Waiter, script: Script, seen: list[Progress]) -> None:
    """An empty SHOW QUERIES right after a start is retried."""
    double.deploy()
    query = double.queries.pop("BARS_FINAL_1S")
    double.rows["BARS_FINAL_1S"] = [ROW]

    def start(_: object) -> tuple[int, object]:
        double.queries["BARS_FINAL_1S"] = query
        return 200, [{"@type": "queries", "queries": []}]

    double.rule("SHOW QUERIES", (200, [{"@type": "queries", "queries": []}]), times=2)
    double.rule("SHOW QUERIES", start, times=1)
    double.rule("query-stream", REBALANCING, times=2)
    waiter.entity(script.entity("BARS_FINAL_1S"))

    assert ["no answer yet", "no query writes to it", "answers"] == [it.state.split(":")[0] for it in seen]


def test_a_query_without_tasks_is_not_ready(
    double: KsqlDouble, waiter: Waiter, script: Script, seen: list[Progress]
) -> None:
    """RUNNING is said from the first instant; the tasks come later."""
    double.deploy()
    query = double.queries["BARS_FINAL_1S"]
    query.tasks = 0
    double.rows["BARS_FINAL_1S"] = [ROW]

    def assign(_: object) -> tuple[int, object]:
        answer = double.explain(query.id)
        query.tasks = 2
        return answer

    double.rule("EXPLAIN", assign, times=1)
    waiter.entity(script.entity("BARS_FINAL_1S"))

    assert [f"query {query.id} has no tasks yet", "answers"] == [it.state for it in seen]


def test_a_new_error_of_a_query_ends_the_waiting(
    double: KsqlDouble, waiter: Waiter, script: Script, clock: FakeClock
) -> None:
    """ERROR after RUNNING: the first new error fails at once, with the server's reason and without its stack trace."""
    double.deploy()
    query = double.queries["BARS_FINAL_1S"]

    def fail(_: object) -> tuple[int, object]:
        query.errors = [OVERFLOW]
        return REBALANCING

    double.rule("query-stream", fail, times=1)
    with pytest.raises(KsqlNotServing) as caught:
        waiter.entity(script.entity("BARS_FINAL_1S"))

    assert clock.monotonic() <= 2
    assert ("bars_final_1s", "bars_final_1s") == (caught.value.entity, caught.value.topic)
    assert "Numeric field overflow" in (caught.value.reason or "")
    assert "Thing.java" not in str(caught.value)
    assert "2020-01-01T00:00:00Z  no answer yet: Error starting pull query" in str(caught.value)
    assert EPOCH == caught.value.states[0][0]


def test_errors_that_were_overcome_do_not_end_the_waiting(double: KsqlDouble, waiter: Waiter, script: Script) -> None:
    """What a query met earlier and read on after is handed back; for one that was just made, every error is new."""
    double.deploy()
    double.queries["BARS_FINAL_1S"].errors = [OVERFLOW]
    double.rows["BARS_FINAL_1S"] = [ROW]

    assert [1795312506993] == [it.at for it in waiter.entity(script.entity("BARS_FINAL_1S")).old_errors]
    with pytest.raises(KsqlNotServing, match="Numeric field overflow"):
        waiter.entity(script.entity("BARS_FINAL_1S"), fresh=True)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"errors": [OVERFLOW], "position": 59}, r"ticks\[0\] to 59, and 1 more offsets are there; it failed at 2026"),
        ({"errors": [OVERFLOW], "position": 0}, "has read nothing so far; it failed at 2026-11-22T"),
        ({"position": 40}, r"ticks\[0\] to 40, and 19 more offsets are there"),
    ],
)
def test_a_query_that_does_not_get_on_is_not_ready(  # noqa: PLR0913, PLR0917 - a case and its surroundings
    double: KsqlDouble,
    waiter_of: Callable[..., Waiter],
    script: Script,
    clock: FakeClock,
    query: dict[str, object],
    told: str,
) -> None:
    """Its position stands still while its input has records: RUNNING, with tasks and answers, it works no more.

    An error from before the waiting began is the reason, also where no new one comes.
    """
    double.deploy()
    double.rows["BARS_FINAL_1S"] = [ROW]
    for name, value in query.items():
        setattr(double.queries["BARS_FINAL_1S"], name, value)

    with pytest.raises(KsqlNotServing, match=told):
        waiter_of(entity=20.0).entity(script.entity("BARS_FINAL_1S"))
    assert 20 == clock.monotonic()


@pytest.mark.parametrize("errors", [[], [OVERFLOW]])
def test_a_query_that_reads_on_is_ready(
    double: KsqlDouble, waiter: Waiter, script: Script, clock: FakeClock, errors: list[dict[str, object]]
) -> None:
    """A backlog that is worked off is no fault, however long it still is."""
    double.deploy()
    query = double.queries["BARS_FINAL_1S"]
    query.position, query.end, query.errors = 100, 5000, errors
    double.rows["BARS_FINAL_1S"] = [ROW]

    def read_on(_: object) -> tuple[int, object]:
        query.position += 50
        return double.describe("BARS_FINAL_1S")

    double.rule("DESCRIBE bars_final_1s ", read_on)
    waiter.entity(script.entity("BARS_FINAL_1S"))

    assert clock.monotonic() <= 1


def test_one_partition_that_stands_still_is_seen_beside_others(
    double: KsqlDouble, waiter_of: Callable[..., Waiter], script: Script
) -> None:
    """The ticks are read on into the query's own topic, and its aggregation meets the same record for ever."""
    double.deploy()
    double.rows["BARS_FINAL_1S"] = [ROW]
    read = iter(range(100, 10_000, 10))

    def describe(_: object) -> tuple[int, object]:
        answer = double.describe("BARS_FINAL_1S")
        ticks = {"partition": 0, "logStartOffset": 0, "logEndOffset": 9000, "consumerOffset": next(read)}
        own = {"partition": 0, "logStartOffset": 1, "logEndOffset": 8, "consumerOffset": 1}
        topics = [{"kafkaTopic": "ticks", "offsets": [ticks]}, {"kafkaTopic": "x-repartition", "offsets": [own]}]
        answer[1][0]["sourceDescription"]["queryOffsetSummaries"] = [{"groupId": "g", "topicSummaries": topics}]
        return answer

    double.rule("DESCRIBE bars_final_1s ", describe)
    with pytest.raises(KsqlNotServing, match=r"has read x-repartition\[0\] to 1, and 6 more"):
        waiter_of(entity=20.0).entity(script.entity("BARS_FINAL_1S"))


def test_a_terminated_query_ends_the_waiting(
    double: KsqlDouble, waiter: Waiter, script: Script, clock: FakeClock
) -> None:
    """No waiting brings it back: where other queries are known at once, and where none is by the table's answer."""
    double.deploy()
    del double.queries["BARS_FINAL_1M"]

    with pytest.raises(KsqlNotServing, match="bars_final_1m does nothing: its query was terminated; drop it and what"):
        waiter.entity(script.entity("BARS_FINAL_1M"))
    double.queries.clear()
    with pytest.raises(KsqlNotServing, match="bars_final_1m does nothing: its query was terminated"):
        waiter.entity(script.entity("BARS_FINAL_1M"))
    assert 0 == clock.monotonic()


@pytest.mark.parametrize(("state", "told"), [("PAUSED", "run RESUME CTAS_"), ("ERROR", "fails with")])
def test_a_query_that_stands_still_ends_the_waiting(  # noqa: PLR0913, PLR0917 - a case and its surroundings
    double: KsqlDouble, waiter: Waiter, script: Script, clock: FakeClock, state: str, told: str
) -> None:
    """PAUSED and ERROR do not pass by themselves, whatever the pull query answers."""
    double.deploy()
    double.queries["BARS_FINAL_1S"].state = state
    double.rows["BARS_FINAL_1S"] = [ROW]

    with pytest.raises(KsqlNotServing, match=told):
        waiter.entity(script.entity("BARS_FINAL_1S"))
    assert 0 == clock.monotonic()


def test_what_is_not_there_is_said_at_once(waiter: Waiter, script: Script, clock: FakeClock) -> None:
    """Nobody waits for a table that was never deployed."""
    with pytest.raises(KsqlNotServing, match=r"bars_live_1m does not exist; deploy it first"):
        waiter.entity(script.entity("BARS_LIVE_1M"))
    assert 0 == clock.monotonic()


def test_a_permanent_error_ends_the_waiting(
    double: KsqlDouble, waiter: Waiter, script: Script, clock: FakeClock
) -> None:
    """A refusal that no time mends fails at once, with its text."""
    double.deploy()
    double.rule("query-stream", refusal("Line: 1, Col: 8: SELECT column 'NOPE' cannot be resolved."))

    with pytest.raises(KsqlNotServing, match="cannot become ready: Line: 1, Col: 8"):
        waiter.entity(script.entity("BARS_FINAL_1S"))
    assert 0 == clock.monotonic()


def test_other_columns_end_the_waiting(double: KsqlDouble, waiter: Waiter, script: Script) -> None:
    """A table of the name with other columns is another table."""
    double.deploy()
    other = double.describe("BARS_FINAL_1S")
    other[1][0]["sourceDescription"]["fields"][-1]["schema"]["type"] = "INTEGER"
    double.rule("DESCRIBE", other)

    with pytest.raises(KsqlNotServing, match=r"other columns than the definition \(N BIGINT, N INT\)"):
        waiter.entity(script.entity("BARS_FINAL_1S"))


def test_a_wrong_password_is_not_waited_for(double: KsqlDouble, waiter: Waiter, clock: FakeClock) -> None:
    """Credentials do not become right by waiting."""
    double.login = "x"

    with pytest.raises(KsqlUnauthorized, match="check the user, password or token"):
        waiter.server()
    assert 0 == clock.monotonic()


def test_the_time_of_an_entity_ends(double: KsqlDouble, waiter: Waiter, script: Script, clock: FakeClock) -> None:
    """After 90 s the error names the entity, its topic and the last states with their times."""
    double.deploy()
    double.rule("query-stream", REBALANCING)

    with pytest.raises(KsqlNotServing) as caught:
        waiter.entity(script.entity("BARS_LIVE_1M"))

    assert 90 == clock.monotonic()
    assert str(caught.value).startswith("bars_live_1m was not ready after 90 s; last seen:\n  2020-01-01T00:00:00Z  no")
    assert "bars_live_1m" == caught.value.topic


def test_the_overall_time_ends(
    double: KsqlDouble, waiter_of: Callable[..., Waiter], script: Script, clock: FakeClock
) -> None:
    """Several entities share one limit, and the error says that it was this one."""
    double.deploy()
    double.rule("query-stream .*1s", REBALANCING, until=80.0)
    double.rule("query-stream .*1m", REBALANCING)
    waiter = waiter_of(overall=100.0)

    told = r"^bars_final_1m was not ready after \d+ s, when the 100 s for all of it were over; last seen:"
    with pytest.raises(KsqlNotServing, match=told):
        waiter.entities([script.entity("BARS_FINAL_1S"), script.entity("BARS_FINAL_1M")])
    assert 100 == clock.monotonic()


def test_an_unhealthy_server_is_named_by_its_part(double: KsqlDouble, waiter_of: Callable[..., Waiter]) -> None:
    """/healthcheck answers 200 also for an unhealthy server; the part that is ill is in the error."""
    double.healthy = False

    with pytest.raises(KsqlNotServing, match="server is not healthy: commandRunner"):
        waiter_of(entity=5.0).server()


def test_pauses_grow_and_keep_within_their_limits() -> None:
    """Exponential from 200 ms to 2 s, spread by chance."""
    policy = WaitPolicy()
    random = Random(7)
    pauses = [[policy.pause(attempt, random) for _ in range(200)] for attempt in range(12)]

    assert [0.2] * 200 == pauses[0]
    assert all(0.2 <= pause <= 0.2 * 2**attempt for attempt in range(4) for pause in pauses[attempt])
    assert all(0.2 <= pause <= 2.0 for some in pauses[4:] for pause in some)
    assert max(pauses[11]) > 1.8
