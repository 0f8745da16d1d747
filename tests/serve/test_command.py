"""`barloom serve` as a user or a script calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from barloom.cli import main
from barloom.cli.exits import Exit
from barloom.cli.serving.options import named
from serve.serving import make_market
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = str(Path(__file__).resolve().parents[2] / "src")
TOKEN = "a-token-that-is-long-enough"  # noqa: S105 - of a test


@contextmanager
def started(*words: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The command in a process of its own, and what it says once it serves."""
    process = subprocess.Popen(
        [sys.executable, "-m", "barloom", "serve", "--listen", "127.0.0.1:0", "--json", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": SOURCES, **variables},
    )
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline()]
        while lines[-1] not in ("}\n", ""):
            lines.append(process.stdout.readline())
        yield process, json.loads("".join(lines))
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, Exit.OK), (signal.SIGINT, Exit.INTERRUPTED)])
def test_it_serves_until_it_is_told_to_stop(market: Path, number: signal.Signals, code: Exit) -> None:
    """It says where, answers, and ends in good order."""
    with started("--store", f"a={market}", "--store", f"b={market}") as (process, said):
        stores = httpx.get(f"{said['url']}/v1/stores", trust_env=False).json()["stores"]
        process.send_signal(number)
        process.wait(PATIENCE)

        assert ({"schema": 1, "command": "serve"}, ["a", "b"], False) == (
            said["barloom"],
            said["stores"],
            said["guarded"],
        )
        assert ["a", "b"] == [store["store"] for store in stores]
        assert code == process.returncode


def test_tokens_come_from_files_and_the_environment(market: Path, tmp_path: Path) -> None:
    """Never from the line; no log shows one."""
    file = tmp_path / "tokens.toml"
    file.write_text(f'[desk]\ntoken = "{TOKEN}"\n')
    words = ("--store", str(market), "--tokens", str(file), "--token-env", "MY_TOKEN")
    with started(*words, MY_TOKEN=f"{TOKEN}-too") as (process, said):
        answers = [
            httpx.get(f"{said['url']}/v1/keys?timeframe=1m", headers={"authorization": shown}, trust_env=False)
            for shown in (f"Bearer {TOKEN}", f"Bearer {TOKEN}-too", f"Bearer {TOKEN}-other")
        ]
        process.terminate()
        out, err = process.communicate(timeout=PATIENCE)

    assert [200, 200, 401] == [answer.status_code for answer in answers]
    assert said["guarded"]
    assert TOKEN not in out + err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], Exit.USAGE, "nothing to serve"),
        (["--store", "nowhere"], Exit.STORE, "is not a store of bars"),
        (["--store", "state", "--store", "a/state"], Exit.USAGE, "two things to serve are called 'state'"),
        (["--store", "a b=state"], Exit.USAGE, "no name for a store"),
        (["--store", "state", "--listen", "0.0.0.0:0"], Exit.USAGE, "asks for no token"),
        (["--store", "state", "--listen", "8080"], Exit.USAGE, "HOST:PORT"),
        (["--store", "state", "--listen", "203.0.113.7:1", "--open"], Exit.ADDRESS, "not an address of this machine"),
        (["--store", "state", "--tokens", "nowhere.toml"], Exit.USAGE, "cannot be read"),
        (["--store", "state", "--token-env", "NOT_THERE"], Exit.USAGE, "NOT_THERE is not set"),
        (["--store", "state", "--tls-certificate", "a.pem"], Exit.USAGE, "--tls-key"),
        (["--ksqldb", "bars.toml"], Exit.USAGE, "--url http://localhost:8088"),
    ],
)
def test_what_cannot_be_served_is_told(  # noqa: PLR0913, PLR0917 - the columns of the table, and fixtures
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: Exit,
    said: str,
) -> None:
    """At the start, with what to do."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NOT_THERE", raising=False)
    make_market(tmp_path / "state")
    (tmp_path / "bars.toml").write_text(
        '[event]\nkey = ["s"]\ntimestamp = "at"\n[event.fields]\ns = "string"\nat = "timestamp"\np = "decimal(9, 2)"\n'
        '[bars]\nname = "b"\nbase = "1m"\nohlcv = { price = "p" }\n'
    )

    assert code == main(["serve", *words])
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "name", "what"),
    [
        ("a=state", "a", "state"),
        ("state", "state", "state"),
        ("data/state/", "state", "data/state/"),
        ("bars.toml", "bars", "bars.toml"),
        ("a=x=y", "a", "x=y"),
        ("dir/a=b", "a=b", "dir/a=b"),
    ],
)
def test_what_is_served_has_a_name(given: str, name: str, what: str) -> None:
    """Its own, or the last part of its path."""
    assert (name, what) == named(given)
