"""``barloom ksql …`` against the server double: what a person and a script are told."""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from barloom.cli import main
from barloom.clock import SystemClock
from barloom.front.load import load
from barloom.ksqldb.compile.phases import compile_script
from barloom.testing.clock import FakeClock
from barloom.time.instants import to_datetime
from ksqldb.double import REBALANCING, KsqlDouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DEFINITION = """
[event]
key = ["broker", "symbol"]
timestamp = "ts"
[event.fields]
broker = "string"
symbol = "string"
ts = "timestamp"
bid = "decimal(18, 6)"
[bars]
name = "bars"
base = "1s"
delay = "2s"
rollup = ["1m"]
[bars.select]
high = "max(bid)"
n = "count()"
"""
NAMES = ["bars_live_1m", "bars_final_1m", "bars_final_1s_s", "bars_final_1s", "ticks"]


@pytest.fixture
def definition(tmp_path: Path) -> str:
    """A definition that ksqlDB can do."""
    path = tmp_path / "bars.toml"
    path.write_text(DEFINITION)
    return str(path)


@pytest.fixture
def double(definition: str) -> Iterator[KsqlDouble]:
    """A server without anything."""
    with KsqlDouble(compile_script(load(definition).plan, allow_degraded=["all"]), FakeClock()) as server:
        now = to_datetime(SystemClock().now()).replace(tzinfo=None).isoformat()
        server.ticks = [(part, 0, now) for part in range(3)]
        yield server


@pytest.fixture
def run(definition: str, double: KsqlDouble, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command of ``barloom ksql`` on the definition and the server: exit code, output and errors."""

    def command(name: str, *more: str) -> tuple[int, str, str]:
        allowed = ["--allow-degraded", "all"] if name in ("plan", "deploy") else []
        code = main(["ksql", name, definition, "--url", double.url, *allowed, *more])
        return code, *capsys.readouterr()

    return command


def test_plan_deploy_plan(double: KsqlDouble, run: Callable[..., tuple[int, str, str]]) -> None:
    """What is planned is done, shown as it goes, and then nothing is left to do."""
    assert run("plan")[1].endswith("5 create, 0 unchanged, 0 drifted.\n")

    code, out, progress = run("deploy")

    assert (0, "5 statements created, 0 unchanged; all of it works.\n") == (code, out)
    assert "create bars_final_1m\n" in progress
    assert "ok bars_live_1m: answers, and has no rows (" in progress
    code, out, _ = run("plan", "--json")
    assert ["unchanged"] * 5 == [item["verdict"] for item in json.loads(out)["statements"]]
    assert (0, 5) == (code, len(double.asked("CREATE")))


@pytest.mark.parametrize("name", ["plan", "deploy"])
def test_nothing_is_left_out_in_silence(
    name: str, definition: str, double: KsqlDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    """What ksqlDB does not keep has to be given up by name before anything gets to the server."""
    assert 2 == main(["ksql", name, definition, "--url", double.url])

    assert "to go on without: --allow-degraded clock,completeness,side-output\n" in capsys.readouterr().err
    assert not double.requests


def test_drift_is_shown_and_not_deployed(double: KsqlDouble, run: Callable[..., tuple[int, str, str]]) -> None:
    """Exit code 1 for both, and the reason in both."""
    double.deploy()
    double.statements["TICKS"] = double.statements["TICKS"].replace("PARTITIONS=3", "PARTITIONS=6")

    code, out, _ = run("plan")
    assert 1 == code
    assert "ticks" in out
    assert "PARTITIONS is 6, not 3" in out
    code, _, errors = run("deploy")
    assert 1 == code
    assert "ticks: PARTITIONS is 6, not 3\n  fix: drop these" in errors


def test_wait_and_status(double: KsqlDouble, run: Callable[..., tuple[int, str, str]]) -> None:
    """Both say that all is well, or which part is not."""
    double.deploy()

    assert (0, "All of it works: 5 statements.\n") == run("wait")[:2]
    assert 0 == run("status")[0]
    double.queries["BARS_FINAL_1M"].state = "PAUSED"
    code, _, errors = run("wait")
    assert 12 == code
    assert "bars_final_1m does nothing: its query is paused; run RESUME CTAS_BARS_FINAL_1M_" in errors
    code, out, _ = run("status", "--json")
    assert 1 == code
    assert "PAUSED" == {item["name"]: item["state"] for item in json.loads(out)["entities"]}["BARS_FINAL_1M"]


def test_waiting_ends_in_time(double: KsqlDouble, run: Callable[..., tuple[int, str, str]]) -> None:
    """The time-outs of the command line are kept, and the last state is told."""
    double.deploy()
    double.rule("query-stream", REBALANCING)

    code, _, errors = run("wait", "--entity-timeout", "300ms")

    assert 12 == code
    assert "bars_final_1s was not ready after 0 s; last seen:" in errors


def test_the_doctor_ends_with_a_code(double: KsqlDouble, run: Callable[..., tuple[int, str, str]]) -> None:
    """0 where nothing is wrong, 1 where something is, with the way to mend it."""
    double.deploy()

    code, out, _ = run("doctor")
    assert 0 == code
    assert "ok       every stream and table is there" in out
    assert out.endswith("21 ok, 0 wrong, 2 unknown.\n")
    double.queries["BARS_LIVE_1M"].properties.clear()
    code, out, _ = run("doctor")
    assert 1 == code
    assert "WRONG    emission, offsets and exactly once are set" in out
    assert "mend: drop it and what reads from it" in out


def test_nothing_is_dropped_without_a_name(double: KsqlDouble, run: Callable[..., tuple[int, str, str]]) -> None:
    """Without names it shows what is there; with them it drops those, and topics only by theirs."""
    double.deploy()

    code, out, _ = run("drop")
    assert 0 == code
    assert NAMES == [line.split()[0] for line in out.splitlines()[2:7]]
    assert not double.asked("DROP")
    code, out, _ = run("drop", "--drop", "bars_live_1m", "--delete-topic", "bars_live_1m")
    assert (0, "dropped bars_live_1m and topic bars_live_1m\n1 statement dropped.\n") == (code, out)
    code, _, errors = run("drop", "--drop", "ticks")
    assert 2 == code
    assert "bars_final_1s would be left without its source" in errors
    assert 1 == len(double.asked("DROP"))


def test_everything_is_dropped_at_once(double: KsqlDouble, run: Callable[..., tuple[int, str, str]]) -> None:
    """--all names every statement, --all-topics the topics of bars with them; the ticks' topic has to be named."""
    double.deploy()

    code, out, _ = run("drop", "--all", "--all-topics")

    assert (0, True) == (code, out.endswith("5 statements dropped.\n"))
    assert {"ticks"} == double.topics
    assert [name.partition(" ")[0] for name in NAMES] == [sql.split()[2].rstrip(";") for sql in double.asked("DROP")]


@pytest.mark.parametrize("names", [(), ("--all",), ("--drop", "bars_live_1m"), ("--drop", "`BARS_LIVE_1M`")])
def test_dropping_nothing_says_so(
    double: KsqlDouble, run: Callable[..., tuple[int, str, str]], names: tuple[str, ...]
) -> None:
    """Where nothing is there, nothing was dropped, which is no error."""
    code, out, _ = run("drop", *names)

    assert 0 == code
    assert out.startswith("Nothing was dropped: nothing of ")
    assert not double.asked("DROP")


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("drop", ("--drop", "bars_live_2m"), "'bars_live_2m' is none of the definition's"),
        ("plan", ("--allow-degraded", "clok"), "'clok' is nothing that could be left out"),
        ("plan", ("--partitions", "0"), "0 partitions"),
        ("plan", ("--source", "a b"), "'a b' cannot name a topic"),
        ("status", ("--user", "alice"), "a user needs a password"),
        ("plan", ("--source", "bars_final_1s"), "'bars_final_1s' is what the bars of 1s are called here"),
    ],
)
def test_a_wrong_argument_is_no_problem_of_the_definition(
    run: Callable[..., tuple[int, str, str]], name: str, arguments: tuple[str, ...], told: str
) -> None:
    """What was typed is wrong, and the definition stays as it is."""
    code, _, errors = run(name, *arguments)

    assert 2 == code
    assert errors.startswith("barloom: 1 problem in what was asked for\n")
    assert told in errors


def test_old_ticks_end_a_deployment(double: KsqlDouble, run: Callable[..., tuple[int, str, str]]) -> None:
    """Before there is a query, with the way out; --lose-history goes on all the same."""
    double.topics.add("ticks")
    double.ticks = [(part, 0, "2020-01-01T00:00:00.000") for part in range(3)]

    code, _, errors = run("deploy")

    assert (12, True) == (code, "the oldest tick of topic 'ticks' is of 2020-01-01T00:00:00Z" in errors)
    assert not double.queries
    assert 0 == run("deploy", "--lose-history")[0]


def test_the_way_out_of_old_ticks_can_be_gone(double: KsqlDouble, run: Callable[..., tuple[int, str, str]]) -> None:
    """Their stream stands by then, with the retention that was too short: another one needs it dropped first."""
    double.topics.add("ticks")
    double.ticks = [(part, 0, "2020-01-01T00:00:00.000") for part in range(3)]

    _, _, errors = run("deploy")

    longer = re.search(r"fix: drop ticks \(`barloom ksql drop`\) and give (--retention) (\d+d)", errors)
    assert longer is not None
    assert (1, True) == ((told := run("deploy", *longer.groups()))[0], "RETENTION_MS" in told[2])
    assert 0 == run("drop", "--drop", "ticks")[0]
    assert 0 == run("deploy", *longer.groups())[0]


def test_credentials_come_from_the_environment(
    double: KsqlDouble, run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """User and password are taken from variables; a wrong one ends at once with its own exit code."""
    double.deploy()
    double.login = b64encode(b"alice:wonder").decode()
    monkeypatch.setenv("BARLOOM_KSQLDB_USER", "alice")
    monkeypatch.setenv("BARLOOM_KSQLDB_PASSWORD", "wonder")

    assert 0 == run("status")[0]
    monkeypatch.setenv("BARLOOM_KSQLDB_PASSWORD", "hunter2")
    code, _, errors = run("deploy")
    assert 8 == code
    assert "refuses user 'alice' with its password (environment variable BARLOOM_KSQLDB_PASSWORD)" in errors
    assert "hunter2" not in errors


def test_a_server_must_be_named(definition: str, capsys: pytest.CaptureFixture[str]) -> None:
    """There is no default address: a deployment is never aimed by accident."""
    assert 2 == main(["ksql", "deploy", definition, "--allow-degraded", "all"])
    assert "say which ksqlDB server: --url http://localhost:8088" in capsys.readouterr().err


def test_tests_do_not_see_the_servers_of_the_environment() -> None:
    """What a developer's shell names for another purpose is never deployed to."""
    assert [] == [name for name in os.environ if name.startswith("BARLOOM_KSQLDB_")]


def test_a_server_that_does_not_come_has_it_too(definition: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Waiting for a server ends in time, and names its address and what was seen of it."""
    waiting = ["--entity-timeout", "300ms", "--url", "http://127.0.0.1:9"]
    assert 7 == main(["ksql", "wait", definition, *waiting])
    told = capsys.readouterr().err
    assert "the ksqlDB server http://127.0.0.1:9 was not ready after 0 s; last seen:\n" in told
    assert "Connection refused" in told


def test_no_server_has_its_own_code(definition: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A script can tell a server that is not there from one that refuses."""
    assert 7 == main(["ksql", "status", definition, "--url", "http://127.0.0.1:9"])
    assert "gives no answer" in capsys.readouterr().err
