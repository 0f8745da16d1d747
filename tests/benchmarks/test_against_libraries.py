"""The comparison of barloom's readers with libraries runs, and its awkward inputs are answered as it says."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def contests() -> Iterator[list[Any]]:
    """All that is compared."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield list(import_module("libraries.contests").ALL)


@pytest.fixture(scope="module")
def printed() -> str:
    """What the script prints for a few rows."""
    command = [sys.executable, str(BENCHMARKS / "against_libraries.py"), "--quick"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_barloom_answers_awkward_inputs_right(contests: list[Any]) -> None:
    """Each answer is one that was found by hand."""
    ask = import_module("libraries.contest").answers
    alone = [replace(contest, readers=contest.readers[:1]) for contest in contests if contest.cases]
    found = {contest.name: ask(contest)["barloom"] for contest in alone}

    assert {} == {
        (contest.name, case.name): found[contest.name][case.name]
        for contest in alone
        for case in contest.cases
        if found[contest.name][case.name] not in case.right
    }


def test_every_contest_is_printed(contests: list[Any], printed: str) -> None:
    """The script goes through all of them, with whatever libraries are there."""

    assert [] == [contest.title for contest in contests if f"### {contest.title}\n" not in printed]


def test_every_library_is_measured(contests: list[Any], printed: str) -> None:
    """Where the libraries are installed, none is left out."""
    left_out = [line for line in printed.splitlines() if " is left out: " in line]
    if left_out:
        pytest.skip("; ".join(sorted(set(left_out))))
    names = {reader.name for contest in contests for reader in contest.readers}

    assert [] == [name for name in sorted(names) if f"\n| {name} | " not in printed]
