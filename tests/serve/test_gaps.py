"""What is missing in the numbers of keys, over HTTP."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import barloom as bl
from barloom.environment import Secret
from barloom.read.bucket import TimeBucket
from serve.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

TOKEN = "a-token-that-is-long-enough"  # noqa: S105 - of a test


class Numbered(bl.Event):
    """A trade with a number."""

    symbol: str = bl.key()
    id: int = bl.sequence()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)


BARS = bl.from_(Numbered).tumbling("1m").select(close=bl.last("price")).rollup("5m").named("numbered")
ROWS = (
    ("A", 1, "09:00:10"),
    ("A", 2, "09:00:30"),
    ("A", 5, "09:02:10"),
    ("A", 9, "09:07:20"),
    ("B,C", 1, "09:00:20"),
    ("B,C", 3, "09:00:40"),
    ("B,C", 2, "09:00:30"),
)
"""A lacks 3 and 4 between 09:00:30 and 09:02:10, and 6 to 8 until 09:07:20; 2 of B,C came after all, and in time."""


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of these rows."""
    path = tmp_path_factory.mktemp("numbered") / "state"
    rows = [{"symbol": s, "id": n, "at": f"2025-11-10T{at}Z", "price": "1.00"} for s, n, at in ROWS]
    BARS.run(pl.DataFrame(rows), path)
    return path


@pytest.fixture(scope="module")
def asker(numbered: Path) -> Iterator[httpx.Client]:
    """A client of a server of it."""
    with serving({"numbered": numbered}) as found:
        yield found


def spans(found: dict[str, Any]) -> list[tuple[str, int, int]]:
    """The keys and numbers of an answer."""
    return [(gap["key"], gap["first"], gap["last"]) for gap in found["gaps"]]


def test_a_gap_says_which_numbers_when_and_the_bars(asker: httpx.Client) -> None:
    """With the totals of numbers by state."""
    found = asker.get("/v1/gaps").json()

    assert {
        "key": "A",
        "first": 3,
        "last": 4,
        "count": 2,
        "start": "2025-11-10T09:00:30Z",
        "end": "2025-11-10T09:02:10Z",
        "bars": {
            "1m": {"first": "2025-11-10T09:00:00Z", "last": "2025-11-10T09:02:00Z"},
            "5m": {"first": "2025-11-10T09:00:00Z", "last": "2025-11-10T09:00:00Z"},
        },
        "state": "open",
    } == found["gaps"][0]
    assert ("A", 6, 8) == spans(found)[1]
    assert (5, None) == (found["numbers"]["open"], found["next"])


def test_the_gaps_are_those_of_a_bucket(asker: httpx.Client, numbered: Path) -> None:
    """Numbers, times and states alike, in the same order."""
    with TimeBucket.open(numbered, "1m") as bucket:
        known = [(*gap.key, gap.first, gap.last, gap.state) for gap in bucket.gaps()]

    found = asker.get("/v1/gaps").json()["gaps"]

    assert known == [(gap["key"], gap["first"], gap["last"], gap["state"]) for gap in found]


def test_gaps_are_chosen_by_key_and_state(asker: httpx.Client) -> None:
    """A comma in a key of one field is as it is; a key without any gap has none; an unknown state is refused."""
    assert [("A", 3, 4), ("A", 6, 8)] == spans(asker.get("/v1/gaps", params={"key": "A"}).json())
    assert [] == spans(asker.get("/v1/gaps", params={"key": "B,C", "state": "open"}).json())
    assert [] == spans(asker.get("/v1/gaps", params={"key": "Z"}).json())
    assert 5 == sum(asker.get("/v1/gaps", params={"state": "open"}).json()["numbers"].values())
    assert 400 == asker.get("/v1/gaps", params={"state": "lost"}).status_code


def test_gaps_come_page_by_page(asker: httpx.Client) -> None:
    """Each once, and every page has the totals of all."""
    asked = {"key": "A", "limit": 1}
    first = asker.get("/v1/gaps", params=asked).json()
    second = asker.get("/v1/gaps", params={**asked, "cursor": first["next"]}).json()

    assert [("A", 3, 4)] == spans(first)
    assert ([("A", 6, 8)], None) == (spans(second), second["next"])
    assert first["numbers"] == second["numbers"] == {"open": 5}


def test_without_a_sequence_nobody_knows(client: httpx.Client) -> None:
    """That is told, as what a place does not have."""
    answer = client.get("/v1/gaps")

    assert 404 == answer.status_code
    assert "declares no sequence" in answer.json()["detail"]


def test_a_token_of_some_keys_sees_their_gaps_alone(numbered: Path) -> None:
    """Neither others' gaps nor their totals; asking for another key is refused."""
    tokens = [bl.serve.Token("desk", Secret.of(TOKEN), keys=("B*",))]
    with serving({"a": numbered}, tokens=tokens, headers={"authorization": f"Bearer {TOKEN}"}) as client:
        found = client.get("/v1/gaps").json()
        assert "A" not in {key for key, _, _ in spans(found)}
        assert "open" not in found["numbers"]
        assert 403 == client.get("/v1/gaps", params={"key": "A"}).status_code
