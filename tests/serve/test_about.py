"""What there is: stores, timeframes, keys, refused rows, how a store is, and its calendar."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import barloom as bl
from barloom.plan.barplan import FieldKind
from barloom.store.opening import memory_store
from serve.conformance import text
from serve.serving import HALF_DAY, KEYS, serving
from store import bars

if TYPE_CHECKING:
    from pathlib import Path

    import httpx


def test_stores_say_what_their_bars_have(client: httpx.Client) -> None:
    """Key, columns with their scales, timeframes, calendar."""
    (store,) = client.get("/v1/stores").json()["stores"]

    assert ("trades", "store", "RUNNING", "XNYS") == tuple(
        store[name] for name in ("store", "kind", "state", "calendar")
    )
    assert ["broker", "symbol"] == [column["name"] for column in store["key"]]
    assert ("volume", "decimal", 2) == tuple(store["columns"][4].values())
    assert ["1s", "1m", "1h", "1d", "1w", "1mo"] == store["timeframes"]


def test_timeframes_say_what_they_are_made_of(client: httpx.Client) -> None:
    """From fine to coarse; months are made of days."""
    found = client.get("/v1/timeframes").json()["timeframes"]

    assert [("1s", None), ("1m", "1s"), ("1h", "1m"), ("1d", "1h"), ("1w", "1d"), ("1mo", "1d")] == [
        (item["timeframe"], item["made_of"]) for item in found
    ]
    assert 2_000_000_000 == found[0]["delay_ns"]


@pytest.mark.parametrize(
    ("prefix", "keys"),
    [
        ("", list(KEYS)),
        ("A", list(KEYS[:2])),
        ("A,", list(KEYS[:2])),
        ("A,BTC/", [KEYS[0]]),
        ("A,ÄÖ\\,", [KEYS[1]]),
        ("B\\\\,x", [KEYS[2]]),
        ("B\\", [KEYS[2]]),
        ("C", []),
        ("\x00", []),
    ],
)
def test_keys_are_found_by_their_beginning(client: httpx.Client, prefix: str, keys: list[tuple[str, str]]) -> None:
    """Of the text of a key, with its escapes; all of them without."""
    found = client.get("/v1/keys", params={"timeframe": "1m", "prefix": prefix}).json()

    assert ([text(key) for key in keys], None) == (found["keys"], found["next"])


def test_keys_come_page_by_page(client: httpx.Client) -> None:
    """With a cursor until all were there."""
    found, cursor = list[str](), None
    while cursor is not None or not found:
        page = client.get("/v1/keys", params={"timeframe": "1m", "limit": 1} | ({"cursor": cursor} if cursor else {}))
        found, cursor = [*found, *page.json()["keys"]], page.json()["next"]
        assert 1 == len(page.json()["keys"])

    assert [text(key) for key in KEYS] == found


def test_a_key_of_numbers_is_found_too() -> None:
    """Where the first field is no text the prefix is one of its text."""
    plan = bars.plan(("number", FieldKind.INTEGER), ("long", FieldKind.BOOLEAN), ("strike", FieldKind.DECIMAL))
    with memory_store(plan) as store:
        rows = bars.Keys((7, True, Decimal("1.500")), (70, False, Decimal("-2.000")), (8, True, Decimal(3)))
        store.commit(bars.commit(rows, finals=(bars.block([(0, 1, 1, 1, 1), (1, 1, 2, 1, 1), (2, 1, 3, 1, 1)]),)))
        with serving({"a": store}) as client:
            found = client.get("/v1/keys", params={"timeframe": "1s", "prefix": "7"}).json()["keys"]
            bar = client.get("/v1/bar", params={"timeframe": "1s", "key": "70,false,-2.000", "start": "1000"}).json()

    assert ["7,true,1.500", "70,false,-2.000"] == found
    assert (70, False, "-2.000", "0.02") == tuple(bar["bar"][name] for name in ("number", "long", "strike", "close"))


def test_refused_rows_are_listed_with_their_reasons(client: httpx.Client) -> None:
    """The last trade of every key came too late for its second; page by page, and by reason."""
    asked = {"limit": 2, "reason": "late"}
    first = client.get("/v1/rejected", params=asked).json()
    second = client.get("/v1/rejected", params={**asked, "cursor": first["next"]}).json()
    none = client.get("/v1/rejected", params={"reason": "future"}).json()

    assert [key[1] for key in KEYS] == [row["symbol"] for row in (*first["rejected"], *second["rejected"])]
    assert ("2025-12-01T14:30:01.000000000Z", "late") == tuple(
        first["rejected"][0][name] for name in ("event_time", "reason")
    )
    assert "1s 2025-12-01T14:30:01Z" in first["rejected"][0]["missed"]
    assert ([], None, None) == (none["rejected"], none["next"], second["next"])


def test_status_says_how_far_a_store_is(client: httpx.Client, market: Path) -> None:
    """The same as `Store.status`."""
    found, known = client.get("/v1/status").json(), bl.Store(market).status()

    assert ("2025-12-01T14:30:20Z", "RUNNING") == (found["stream_time"], found["state"])
    assert dict(known.finals) == found["holds"]["finals"]
    assert {"late": 3} == found["holds"]["rejected"]


def test_explain_says_why_a_bar_is_not_final(client: httpx.Client) -> None:
    """In words, and part by part."""
    asked = {"timeframe": "1m", "key": text(KEYS[0]), "start": "2025-12-01T14:30:00Z"}
    found = client.get("/v1/explain", params=asked).json()

    assert ("live", False, "1s", 60) == tuple(found[name] for name in ("state", "final", "child", "expected"))
    assert ("2025-12-01T14:31:02Z", 42_000_000_000) == (found["closes_at"], found["needed_ns"])
    assert "live, not final yet" in found["text"]


def test_the_calendar_has_the_sessions_of_a_range(client: httpx.Client) -> None:
    """Wednesday, no Thanksgiving, and Friday until 13:00 in New York; an hour of slots begins at the open."""
    asked = {"from": "2025-11-26", "to": "2025-11-29", "timeframe": "1h"}
    found = client.get("/v1/calendar", params=asked).json()

    assert [("2025-11-26", False), (HALF_DAY, True)] == [
        (item["date"], item["early_close"]) for item in found["sessions"]
    ]
    assert {"open": "2025-11-28T14:30:00Z", "close": "2025-11-28T18:00:00Z", "phase": "regular"} in found["sessions"][
        1
    ]["segments"]
    assert ["2025-11-28T14:30:00Z", "2025-11-28T15:30:00Z", "2025-11-28T16:30:00Z", "2025-11-28T17:30:00Z"] == [
        slot["start"] for slot in found["slots"] if slot["trading_date"] == HALF_DAY
    ]
    assert "2025-11-28T18:00:00Z" == found["slots"][-1]["end"]


def test_too_long_a_calendar_is_refused(client: httpx.Client) -> None:
    """Seconds of a year are more than one answer holds, and years that the exchange does not tell of are none."""
    long = client.get("/v1/calendar?from=2024-01-01&to=2025-01-01&timeframe=1s")
    unknown = client.get("/v1/calendar?from=1700-01-01&to=1700-01-02")

    assert (400, 400) == (long.status_code, unknown.status_code)
    assert "ask for less time" in long.json()["detail"]
    assert "calendar 'XNYS'" in unknown.json()["detail"]


def test_the_health_of_the_server_needs_no_store(client: httpx.Client) -> None:
    """It lives."""
    assert (200, "ok\n") == (client.get("/healthz").status_code, client.get("/healthz").text)
