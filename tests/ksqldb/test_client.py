"""The client over real HTTP: typed rows, credentials, and errors that keep what the server said."""

from __future__ import annotations

import socket
from base64 import b64encode
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from barloom.environment import Secret
from barloom.errors import DefinitionError, KsqlNotReady, KsqlRefused, KsqlUnauthorized, KsqlUnreachable
from barloom.ksqldb.server.address import KsqlServer
from barloom.ksqldb.server.answers import store_state
from barloom.ksqldb.server.client import KsqlClient
from ksqldb.double import COMMAND_TIMEOUT, LOST, NO_HOST, NOT_READY, REBALANCING, refusal
from waiting import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from ksqldb.double import KsqlDouble

HEADER = '{"queryId":"q","columnNames":["A","B"],"columnTypes":["%s","BIGINT"]}'


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("DECIMAL(18, 6)", "1.1", Decimal("1.100000")),
        (
            "DECIMAL(38, 2)",
            "123456789012345678901234567890123456.78",
            Decimal("123456789012345678901234567890123456.78"),
        ),
        ("DECIMAL(4, 2)", "7", Decimal("7.00")),
        ("DECIMAL(18, 6)", "-1E-6", Decimal("-0.000001")),
        ("TIMESTAMP", '"2026-11-20T22:50:00.123"', datetime(2026, 11, 20, 22, 50, 0, 123_000, UTC)),
        ("DATE", '"2026-11-20"', date(2026, 11, 20)),
        ("TIME", '"22:50:01"', time(22, 50, 1)),
        ("DOUBLE", "0.5", 0.5),
        ("BYTES", '"AAE="', b"\x00\x01"),
        ("BOOLEAN", "true", True),
        ("STRING", '"ü"', "ü"),
        ("ARRAY<INTEGER>", "[1, 2]", [1, 2]),
        ("DECIMAL(18, 6)", "null", None),
    ],
)
def test_values_have_the_types_the_server_names(
    double: KsqlDouble, client: KsqlClient, kind: str, text: str, value: object
) -> None:
    """Decimals are exact to the last of 38 digits and have their scale, timestamps are in UTC, null is none."""
    double.rule("query-stream", (200, f"[{HEADER % kind},[{text},5]]"))

    rows = client.pull("SELECT a, b FROM t;")

    assert [{"A": value, "B": 5}] == rows.records
    assert repr(value) == repr(rows.records[0]["A"])


def test_a_missing_key_is_no_row(double: KsqlDouble, client: KsqlClient) -> None:
    """An answer with nothing but its header has no rows."""
    double.rule("query-stream", (200, f"[{HEADER % 'STRING'}]"))

    assert 0 == len(client.pull("SELECT a, b FROM t WHERE a = 'x';"))


def test_properties_go_with_the_statement(double: KsqlDouble, client: KsqlClient) -> None:
    """Stream properties are part of the request: a server keeps no session."""
    double.rule("CREATE", (200, []))

    client.execute("CREATE STREAM x (a INT);", {"processing.guarantee": "exactly_once_v2"})

    assert {"processing.guarantee": "exactly_once_v2"} == double.requests[0].properties


def test_an_error_keeps_code_reason_and_statement(double: KsqlDouble, client: KsqlClient) -> None:
    """What the server said is in the error, and in its message for a person."""
    double.rule("CREATE", refusal("line 1:18: Syntax Error"))

    with pytest.raises(KsqlRefused) as caught:
        client.execute("CREATE STREAM x (size INT);")

    assert (40001, "line 1:18: Syntax Error", "CREATE STREAM x (size INT);") == (
        caught.value.code,
        caught.value.reason,
        caught.value.statement,
    )
    assert f"the ksqlDB server {double.url} refuses: line 1:18: Syntax Error (40001)\n  in: CREATE STREAM x" in str(
        caught.value
    )
    assert not caught.value.retriable


def test_a_half_applied_request_tells_what_was_applied(double: KsqlDouble, client: KsqlClient) -> None:
    """Where the second of two statements fails, the first stays, and the error says so."""
    first = {"@type": "currentStatus", "statementText": "CREATE STREAM A (X INTEGER);"}
    double.rule("CREATE", refusal("Failed to guarantee existence of topic b", 50000, 500, [first]))

    with pytest.raises(KsqlRefused, match=r"applied before it, and kept: CREATE STREAM A") as caught:
        client.execute("CREATE STREAM a (x INT); CREATE STREAM b (x INT);")

    assert ("CREATE STREAM A (X INTEGER);",) == caught.value.applied


def test_a_statement_that_failed_as_it_ran_is_an_error(double: KsqlDouble, client: KsqlClient) -> None:
    """Status 200 with a command that ended in ERROR is no success; those before it are applied."""
    done = {"statementText": "CREATE A", "commandStatus": {"status": "SUCCESS", "message": "Stream created"}}
    failed = {"statementText": "CREATE B", "commandStatus": {"status": "ERROR", "message": "no such topic"}}
    double.rule("CREATE", (200, [done, failed]))

    with pytest.raises(KsqlRefused, match="no such topic") as caught:
        client.execute("CREATE A; CREATE B;")

    assert ("CREATE A",) == caught.value.applied


@pytest.mark.parametrize(
    ("answer", "state"), [(NOT_READY, "CREATED"), (REBALANCING, "REBALANCING"), (NO_HOST, "REBALANCING")]
)
def test_answers_that_pass_say_so(
    double: KsqlDouble, client: KsqlClient, answer: tuple[int, object], state: str
) -> None:
    """Starting, rebalancing and restoring servers are not ready, which another try may change."""
    double.rule("query-stream", answer)

    with pytest.raises(KsqlNotReady, match="is not ready") as caught:
        client.pull("SELECT * FROM t;")

    assert caught.value.retriable
    assert state == store_state(caught.value)


def test_a_stores_own_state_is_read_from_the_answer(double: KsqlDouble, client: KsqlClient) -> None:
    """Where the server names the state of Kafka Streams, that is the store's."""
    double.rule("query-stream", refusal("KafkaStreams is not running. State is PENDING_SHUTDOWN."))

    with pytest.raises(KsqlNotReady) as caught:
        client.pull("SELECT * FROM t;")

    assert "PENDING_SHUTDOWN" == store_state(caught.value)


@pytest.mark.parametrize("answer", [refusal("T does not exist."), COMMAND_TIMEOUT])
def test_other_answers_say_nothing_of_a_store(
    double: KsqlDouble, client: KsqlClient, answer: tuple[int, object]
) -> None:
    """A table that does not exist, or a busy command topic, is no store in another state."""
    double.rule("query-stream", answer)

    with pytest.raises((KsqlNotReady, KsqlRefused)) as caught:
        client.pull("SELECT * FROM t;")

    assert store_state(caught.value) is None


def test_a_gateway_without_a_server_behind_it_is_not_ready(double: KsqlDouble, client: KsqlClient) -> None:
    """A 503 in HTML comes from a proxy, and passes like the server's own."""
    double.rule("info", (503, "<html>no upstream</html>"))

    with pytest.raises(KsqlNotReady, match="no upstream"):
        client.info()


def test_something_else_at_the_address_is_named(double: KsqlDouble, client: KsqlClient) -> None:
    """A web server that is none of ksqlDB is refused in words that say what to check."""
    double.rule("info", (404, "not found"))

    with pytest.raises(KsqlRefused, match="is this the address of a ksqlDB server"):
        client.info()


def test_a_lost_answer_leaves_open_what_was_done(double: KsqlDouble, client: KsqlClient) -> None:
    """Where the connection breaks, the error says that it is not known whether the statement ran."""
    double.rule("CREATE", LOST)

    with pytest.raises(KsqlUnreachable, match="whether this was done is not known: CREATE STREAM x"):
        client.execute("CREATE STREAM x (a INT);")


def test_nothing_is_left_open_that_changes_nothing_or_was_never_sent(double: KsqlDouble, client: KsqlClient) -> None:
    """A question that got no answer, and a statement for a server that is not there."""
    double.rule("SHOW", LOST)

    with pytest.raises(KsqlUnreachable) as caught:
        client.execute("SHOW QUERIES;")
    assert "not known" not in str(caught.value)
    with KsqlClient(KsqlServer(url="http://127.0.0.1:9")) as away, pytest.raises(KsqlUnreachable) as caught:
        away.execute("CREATE STREAM x (a INT);")
    assert "not known" not in str(caught.value)


def test_half_an_answer_is_none(double: KsqlDouble, client: KsqlClient) -> None:
    """An answer that breaks off within its JSON gives no rows, but an error."""
    double.rule("query-stream", (200, f"[{HEADER % 'STRING'},[1"))

    with pytest.raises(KsqlUnreachable):
        client.pull("SELECT * FROM t;")


def test_an_error_within_the_rows_is_raised(double: KsqlDouble, client: KsqlClient) -> None:
    """A query that fails after its first rows gives an error, not fewer rows."""
    late = '{"@type":"generic_error","error_code":50000,"message":"it broke"}'
    double.rule("query-stream", (200, f"[{HEADER % 'BIGINT'},[1,2],{late}]"))

    with pytest.raises(KsqlRefused, match="it broke"):
        client.pull("SELECT * FROM t;")


def test_no_server_is_one_clear_message() -> None:
    """A port where nothing listens is unreachable, and the address is in the message."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

    with KsqlClient(KsqlServer(url=url)) as client, pytest.raises(KsqlUnreachable, match=url):
        client.info()


def test_an_answer_that_does_not_come_ends_in_time(double: KsqlDouble, client: KsqlClient) -> None:
    """A server that accepts and then says nothing is given up after the time asked for."""
    double.rule("info", lambda _: LOST if double.gone.wait(PATIENCE) else NOT_READY)

    with pytest.raises(KsqlUnreachable, match="timed out"):
        client.info(timeout=0.05)
    double.gone.set()


def test_the_right_password_is_accepted(double: KsqlDouble) -> None:
    """Basic authentication sends user and password, umlauts included, as UTF-8."""
    double.login = b64encode("alice:wünder".encode()).decode()
    server = KsqlServer(url=double.url, user="alice", password=Secret.of("wünder"))

    with KsqlClient(server) as client:
        assert "8.5.0-0" == client.info()["version"]


def test_a_wrong_password_names_the_user_and_not_the_password(double: KsqlDouble) -> None:
    """Who was refused and where the password came from are told, the password is not."""
    double.login = b64encode(b"alice:wonder").decode()
    server = KsqlServer(url=double.url, user="alice", password=Secret.of("hunter2"))

    with KsqlClient(server) as client, pytest.raises(KsqlUnauthorized) as caught:
        client.execute("SHOW QUERIES;")

    assert 40100 == caught.value.code
    assert "refuses user 'alice' with its password (given by the program)" in str(caught.value)
    assert "hunter2" not in str(caught.value) + repr(server)


def test_a_renewed_token_counts_from_the_next_request_on(double: KsqlDouble, tmp_path: Path) -> None:
    """A token in a file is read anew each time."""
    file = tmp_path / "token"
    file.write_text("old\n")
    double.token = "new"  # noqa: S105 - no secret
    with KsqlClient(KsqlServer(url=double.url, token=Secret.file(file))) as client:
        with pytest.raises(KsqlUnauthorized, match=f"the token \\(file {file}\\)"):
            client.info()
        file.write_text("new\n")

        assert "RUNNING" == client.info()["serverStatus"]


def test_a_password_that_is_not_there_is_named(double: KsqlDouble, tmp_path: Path) -> None:
    """A missing file of a secret is an error of the credentials, before anything is sent."""
    server = KsqlServer(url=double.url, token=Secret.file(tmp_path / "none"))

    with KsqlClient(server) as client, pytest.raises(KsqlUnauthorized, match="cannot be read"):
        client.info()
    assert [] == double.requests


def test_all_mistakes_of_an_address_are_told_at_once() -> None:
    """The problems of a server's settings are collected."""
    with pytest.raises(DefinitionError) as caught:
        KsqlServer(url="ftp://alice:x@host", user="alice")

    assert [
        "'ftp://alice:x@host' is no address",
        "the address holds credentials",
        "a user needs a password, and a password a user",
    ] == [problem.what for problem in caught.value.problems]


def test_a_file_that_holds_no_certificates_is_named(tmp_path: Path) -> None:
    """What cannot be trusted is said by its path."""
    file = tmp_path / "ca.pem"
    file.write_text("nothing")

    with pytest.raises(DefinitionError, match=r"ca\.pem"):
        KsqlClient(KsqlServer(url="https://localhost", ca=file))
