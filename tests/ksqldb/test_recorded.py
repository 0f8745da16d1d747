"""Everything that a real ksqlDB 8.5 server answered is understood: replayed over real HTTP, where it is present."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from barloom.errors import KsqlError, KsqlNotReady, KsqlRefused, KsqlUnauthorized
from barloom.ksqldb.reader.rows import parsed
from barloom.ksqldb.server.answers import store_state
from barloom.ksqldb.server.canonical import canonical
from barloom.ksqldb.server.differences import differences
from barloom.ksqldb.server.observed import explained, running, source
from ksqldb.planner import refused
from ksqldb.reading_sql import statements
from ksqldb.server_text import servers_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.ksqldb.server.client import KsqlClient
    from ksqldb.double import KsqlDouble

pytestmark = pytest.mark.needs("ksqldb")

KSQLDB = Path(__file__).resolve().parents[3] / "shared" / "ksqldb"
LINES = "application/vnd.ksqlapi.delimited.v1"
UNLIKE = {"bad_json", "empty_body", "create_stream_err_empty", "body_unknown_field"}
"""Requests that this client cannot make."""


def pairs() -> Iterator[tuple[str, dict[str, Any]]]:
    """The recorded pairs by name."""
    for path in sorted((KSQLDB / "recorded").glob("*.json")):
        if path.stem != "INDEX":
            yield path.stem, json.loads(path.read_text(), parse_float=Decimal)


def raw(body: object) -> str:
    """The text of an answer as it was on the line: exact numbers, and lines as lines."""
    if isinstance(body, dict) and "_lines" in body:
        return "\n".join(line if isinstance(line, str) else raw(line) for line in body["_lines"])
    return json.dumps(body, default=number)


class Number(float):
    """A decimal that JSON writes as it stands."""

    text: str

    def __repr__(self) -> str:
        return self.text


def number(value: object) -> Number:
    """The number of a decimal, with its text."""
    made = Number(str(value))
    made.text = str(value)
    return made


def asked(pair: dict[str, Any]) -> tuple[str, str, str]:
    """Method, path and statement of a request."""
    request = pair["request"]
    body = request["body"] if isinstance(request["body"], dict) else {}
    return request["method"], request["path"], body.get("ksql") or body.get("sql") or ""


def ask(client: KsqlClient, pair: dict[str, Any]) -> object:
    """Make the request of a pair."""
    _, path, sql = asked(pair)
    accept = {name.lower(): value for name, value in pair["request"]["headers"].items()}.get("accept")
    if path == "/ksql":
        return client.execute(sql)
    if path == "/query-stream" and accept == LINES:
        with client.push(sql) as query:
            return list(query)
    if path == "/query-stream":
        return client.pull(sql)
    page = {"/info": client.info, "/healthcheck": client.health, "/clusterStatus": client.cluster}[path]
    return page()


def serve(double: KsqlDouble, pair: dict[str, Any]) -> None:
    """Answer as the real server did."""
    body, status = pair["response_body"], pair["status"]
    double.rules.clear()
    accept = {name.lower(): value for name, value in pair["request"]["headers"].items()}.get("accept")
    if accept == LINES and status == HTTPStatus.OK:
        double.rule("", [*raw(body).split("\n"), "end"])
    else:
        double.rule("", (status, raw(body)))


def replayable() -> list[tuple[str, dict[str, Any]]]:
    """What this client can ask."""
    paths = {"/ksql", "/query-stream", "/info", "/healthcheck", "/clusterStatus"}
    return [
        (name, pair)
        for name, pair in pairs()
        if name not in UNLIKE and pair["request"]["path"] in paths and asked(pair)[:2] != ("GET", "/ksql")
    ]


def test_every_refusal_keeps_what_the_server_said(double: KsqlDouble, client: KsqlClient) -> None:
    """Code and reason of each recorded error are in the error, and its kind says whether to try again."""
    wrong, seen = [], 0
    for name, pair in replayable():
        if pair["status"] == HTTPStatus.OK or not isinstance(pair["response_body"], dict):
            continue
        if pair["request"]["path"] == "/clusterStatus":
            continue  # without heartbeats there is no such page, which is no error
        seen += 1
        serve(double, pair)
        try:
            ask(client, pair)
        except KsqlError as error:
            body = pair["response_body"]
            if (error.code, error.reason) != (body["error_code"], body["message"].strip()):
                wrong.append(f"{name}: {error.code} {error.reason}")
            kind = KsqlUnauthorized if pair["status"] == 401 else KsqlNotReady if passing(pair) else KsqlRefused
            if type(error) is not kind:
                wrong.append(f"{name}: {type(error).__name__}, not {kind.__name__}")
        else:
            wrong.append(f"{name}: no error")

    assert [] == wrong
    assert seen > 80


def passing(pair: dict[str, Any]) -> bool:
    """Whether another try may help, by the rules written down from the real server."""
    texts = ("Cannot determine which host", "Unable to execute pull query", "KafkaStreams is not running")
    texts += ("Timed out while waiting for a previous command", "Timeout while waiting for command topic consumer")
    message = pair["response_body"]["message"]
    return pair["response_body"]["error_code"] == 50302 or any(text in message for text in texts)


def test_every_other_answer_is_understood(double: KsqlDouble, client: KsqlClient) -> None:
    """Each recorded answer comes through as it was; rows have the types that their header names."""
    seen = 0
    for name, pair in replayable():
        if pair["status"] != HTTPStatus.OK:
            continue
        seen += 1
        serve(double, pair)
        answer = ask(client, pair)
        if pair["request"]["path"] == "/ksql":
            assert parsed(raw(pair["response_body"])) == answer, name

    assert seen > 130


def test_decimals_of_recorded_rows_have_their_scale(double: KsqlDouble, client: KsqlClient) -> None:
    """What came as 1.1 in a DECIMAL(18, 6) is 1.100000."""
    seen = 0
    for _, pair in replayable():
        if pair["request"]["path"] != "/query-stream" or not isinstance(pair["response_body"], list):
            continue
        serve(double, pair)
        rows = client.pull(asked(pair)[2])
        for row in rows.rows:
            for value, kind in zip(row, rows.header.types, strict=True):
                if kind.startswith("DECIMAL") and value is not None:
                    assert isinstance(value, Decimal)
                    assert -int(kind.rpartition(" ")[2].rstrip(")")) == value.as_tuple().exponent
                    seen += 1

    assert seen > 40


def test_states_of_stores_come_from_pull_queries_alone(double: KsqlDouble, client: KsqlClient) -> None:
    """Of all recorded answers to queries, exactly these mean that a store does not run."""
    found: dict[str, set[str]] = {}
    for _, pair in replayable():
        if pair["status"] != HTTPStatus.OK and pair["request"]["path"] == "/query-stream":
            serve(double, pair)
            with pytest.raises(KsqlError) as caught:
                ask(client, pair)
            state = store_state(caught.value)
            if state is not None:
                found.setdefault(state, set()).add((caught.value.reason or "")[:24])

    assert {
        "CREATED": {"KSQL is not yet ready to"},
        "NOT_RUNNING": {"The `R_B2` table isn't q", "The `R_SRC` table isn't "},
        "REBALANCING": {"Error starting pull quer", "Unable to execute pull q"},
    } == found


def created() -> Iterator[tuple[str, str, str]]:
    """Name, statement and the server's own text of each recorded statement that made something."""
    for name, pair in pairs():
        sql = asked(pair)[2]
        body = pair["response_body"]
        single = isinstance(body, list) and len(body) == 1 and sql.lstrip().startswith("CREATE") and "$" not in sql
        if single and body[0].get("@type") == "currentStatus" and sql.count("CREATE") == 1 and " WITH" in sql:
            yield name, sql, body[0]["statementText"]


def test_the_servers_own_text_is_no_drift() -> None:
    """What the server writes down of each recorded statement says the same as the statement itself."""
    found = {name: differences(canonical(sql), canonical(text)) for name, sql, text in created()}

    assert {} == {name: told for name, told in found.items() if told}
    assert len(found) >= 25


def test_the_doubles_text_of_a_statement_is_the_servers() -> None:
    """Letter by letter, for all recorded statements of the kinds that barloom writes: the other tests rest on it."""
    found = {}
    for name, sql, text in created():
        with suppress(AssertionError):  # CREATE OR REPLACE, CREATE STREAM AS and a source without properties
            found[name] = (servers_text(sql), text)

    assert {} == {name: pair for name, pair in found.items() if pair[0] != pair[1]}
    assert len(found) >= 25


def test_the_double_refuses_what_the_server_refused(double: KsqlDouble, client: KsqlClient) -> None:
    """A windowed stream grouped by its one key, a reserved word without quotes, a dash in an id without quotes."""
    by_name = dict(pairs())
    sources = {}
    for name in ("one_key_deploy_1", "one_key_deploy_2", "one_key_deploy_3"):
        (statement,) = statements(asked(by_name[name])[2])
        assert refused(statement, sources) is None
        sources[statement.name] = statement

    rollup, cast, live = (
        refused(statements(asked(by_name[f"one_key_{name}"])[2])[0], sources)
        for name in ("rollup_refused", "rollup_cast_ok", "live_cast_ok")
    )
    assert (by_name["one_key_rollup_refused"]["response_body"]["message"], None, None) == (rollup, cast, live)
    for name in ("view", "distinct"):
        with pytest.raises(KsqlRefused, match="Syntax Error"):
            client.execute(asked(by_name[f"one_key_reserved_{name}"])[2])
    bare = by_name["one_key_dash_explain_bare"]
    with pytest.raises(KsqlRefused) as caught:
        client.execute(asked(bare)[2])
    assert bare["response_body"]["message"] == caught.value.reason
    assert double.requests


def test_two_recorded_statements_are_never_the_same() -> None:
    """The comparison does tell statements apart: no two of the reference pipeline are equal."""
    texts = {name: text for name, _, text in created() if name.startswith("deploy_")}

    assert 14 == len(texts)
    assert [] == [
        (one, other)
        for one in texts
        for other in texts
        if one != other and not differences(canonical(texts[one]), canonical(texts[other]))
    ]


def test_descriptions_and_explanations_are_read(double: KsqlDouble, client: KsqlClient) -> None:
    """Every recorded DESCRIBE EXTENDED, EXPLAIN of a query and SHOW QUERIES becomes the project's own words."""
    seen = {"DESCRIBE": 0, "EXPLAIN": 0, "SHOW QUERIES;": 0}
    for _, pair in replayable():
        sql = asked(pair)[2]
        if pair["status"] != HTTPStatus.OK or not isinstance(pair["response_body"], list):
            continue
        serve(double, pair)
        if sql.startswith("DESCRIBE") and "EXTENDED" in sql:
            found = source(client, "x")
            assert found is not None
            assert found.topic
            canonical(found.statement)
            seen["DESCRIBE"] += 1
        elif sql.startswith("EXPLAIN C"):
            raw_errors = pair["response_body"][0]["queryDescription"]["queryErrors"]
            details = explained(client, "x")
            assert len(raw_errors) == len(details.errors)
            assert not any("\n" in error.message or "\tat " in error.message for error in details.errors)
            assert "earliest" == details.properties["auto.offset.reset"]
            seen["EXPLAIN"] += 1
        elif sql == "SHOW QUERIES;":
            assert len(pair["response_body"][0]["queries"]) == sum(len(found) for found in running(client).values())
            seen["SHOW QUERIES;"] += 1

    assert all(seen.values())


def test_recorded_faults_are_told_in_one_line(double: KsqlDouble, client: KsqlClient) -> None:
    """Of a stack trace remain what went wrong and its cause."""
    by_name = dict(pairs())
    told = {}
    for name in ("error_source_deleted_explain", "error_record_too_large_explain", "poison_overflow_explain"):
        serve(double, by_name[name])
        told[name] = explained(client, "x").errors[-1].message

    assert told["error_source_deleted_explain"].startswith("MissingSourceTopicException: One or more source topics")
    assert told["error_record_too_large_explain"].startswith("RecordTooLargeException: The message is 721 bytes")
    assert told["poison_overflow_explain"].startswith("KsqlFunctionException: Numeric field overflow: A field with")
