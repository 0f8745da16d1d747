"""A key that no bar has is told as such, with those that are like it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import barloom as bl
from barloom.cli import main
from barloom.cli.exits import Exit
from barloom.read.answers import NotFound

if TYPE_CHECKING:
    from pathlib import Path

AT = "2025-11-10T09:00:00Z"
BAR = ("--store", "state", "--timeframe", "1m")


def keyed(venue: str, symbol: str) -> tuple[str, ...]:
    """The options that name a key."""
    return ("--key", f"venue={venue}", "--key", f"symbol={symbol}")


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (("A", "ACNE"), "did you mean --key venue=A --key symbol=ACME?"),
        (("a", "acme"), "did you mean --key venue=A --key symbol=ACME?"),
        (("NYSE", "0"), "there are 2 keys, such as --key venue=A --key symbol=ACME, --key venue=B --key symbol=ZINC"),
    ],
)
@pytest.mark.parametrize("command", ["get", "explain", "chart", "export"])
def test_a_key_without_bars_names_those_like_it(
    store: Path, capsys: pytest.CaptureFixture[str], command: str, key: tuple[str, str], told: str
) -> None:
    """Whatever is asked of it."""
    del store
    given = {"get": (AT,), "explain": (AT,), "chart": (), "export": ("--out", "x.csv")}[command]
    main([command, *BAR, *keyed(*key), *given])

    assert f"No bar of 1m has the key {' '.join(key)}; {told}" in capsys.readouterr().out


def test_a_key_with_bars_is_not_called_unknown(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where the slot that is asked for has none."""
    del store
    assert main(["get", *BAR, *keyed("A", "ACME"), "2025-11-10T12:00:00Z"]) == Exit.NOT_FOUND
    assert "key" not in capsys.readouterr().out.replace("of this key yet", "")


def test_a_script_is_told_too(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By `key_known`, and the keys like it."""
    del store
    main(["get", *BAR, *keyed("A", "ACNE"), AT, "--json"])
    unknown = json.loads(capsys.readouterr().out)
    main(["get", *BAR, *keyed("A", "ACME"), "2025-11-10T12:00:00Z", "--json"])
    known = json.loads(capsys.readouterr().out)

    assert (unknown["key_known"], unknown["near_keys"]) == (False, [["A", "ACME"]])
    assert (known["key_known"], known["near_keys"]) == (True, [])


@pytest.mark.parametrize(("key", "known"), [(("A", "ACME"), True), (("A", "ACNE"), False), (("A", "ACM"), False)])
def test_python_is_told_whether_the_key_has_bars(store: Path, key: tuple[str, str], *, known: bool) -> None:
    """A key that begins like one with bars is another one."""
    with bl.TimeBucket.open(store, "1m") as bucket:
        answer = bucket.get(key, "2025-11-10T09:05:00Z" if not known else "2025-11-10T12:00:00Z")

        assert repr(bucket) == "<TimeBucket 1m of 'trades', RUNNING>"
    assert isinstance(answer, NotFound)
    assert answer.key_known is known
    assert ("there is no bar of this key" in str(answer)) is not known
