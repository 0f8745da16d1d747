"""A server beside a writer: new bars are seen, a store that is rebuilt is served, one that is gone or fails is told."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

import barloom as bl
from barloom.errors import StoreError, StoreFormat, StoreNotRunning
from barloom.read.bucket import TimeBucket
from barloom.serve.stores.holding import Directory
from barloom.store.memory import MemoryBackend
from barloom.store.opening import memory_store, open_store
from barloom.testing import FakeClock
from barloom.time.instants import to_datetime
from kafka.reader.messages import Log, open_copy
from serve.serving import KEYS, NEW_YORK, make_market, serving
from store import bars
from waiting import until

if TYPE_CHECKING:
    from pathlib import Path

PLAN = bars.plan()
BARS = "/v1/bars?timeframe=1s&key=A"


def starts(client: httpx.Client) -> list[tuple[str, bool]]:
    """The bars of A: the second of their start, and whether they are final."""
    found = client.get(BARS)
    assert 200 == found.status_code, found.text
    return [(bar["start"][-3:-1], bar["final"]) for bar in found.json()["bars"]]


def test_what_another_process_commits_is_seen(tmp_path: Path) -> None:
    """A live bar, and then its final."""
    with open_store(tmp_path / "state", PLAN) as store:
        keys = bars.Keys(("A",))
        store.commit(bars.commit(keys, finals=(bars.block([(0, 5, 1, 1, 1)]),), at=6))
        with serving({"a": tmp_path / "state"}) as client:
            before = starts(client)
            store.commit(bars.commit(keys, lives=(bars.block([(0, 6, 1, 1, 1)], final=False),), at=7))
            until(lambda: starts(client) == [("05", True), ("06", False)])
            finals = (bars.block([(0, 6, 2, 1, 1)]),)
            store.commit(bars.commit(keys, finals=finals, retracted=(bars.gone(0, 0, 6),), at=9))
            until(lambda: starts(client) == [("05", True), ("06", True)])

    assert [("05", True)] == before


def test_a_store_that_is_rebuilt_is_served(tmp_path: Path) -> None:
    """The new one takes the place of the old one without a request that fails."""
    state = make_market(tmp_path / "state")
    changed = NEW_YORK.plan
    with serving({"a": state}) as client:
        asked = {"timeframe": "1d", "key": "A,BTC/USD", "start": "2025-11-26T14:30:00Z"}
        before = client.get("/v1/bar", params=asked).json()["bar"]["volume"]
        rows = [{"broker": "A", "symbol": "BTC/USD", "at": "2025-11-26T15:00:00Z", "price": "1", "size": "7"}]
        NEW_YORK.rebuild(rows, state)
        assert changed == NEW_YORK.plan

        def volume() -> str:
            response = client.get("/v1/bar", params=asked)
            assert 200 == response.status_code
            found: str = response.json()["bar"]["volume"]
            return found

        until(lambda: volume() != before)
        keys = client.get("/v1/keys?timeframe=1d").json()["keys"]

    assert ("4.55", "7.00", ["A,BTC/USD"]) == (before, "7.00", keys)


def test_while_a_store_is_being_replaced_the_one_before_answers(tmp_path: Path) -> None:
    """And afterwards the new one; the old one is released once nobody reads from it."""
    clock = FakeClock()
    state = make_market(tmp_path / "state")
    holding = Directory(state, clock)
    before = holding.now()
    state.rename(tmp_path / "old")
    clock.sleep(1)
    meanwhile = holding.now()
    make_market(state)
    clock.sleep(1)
    after = holding.now()
    reading = list(before.scanner.keys(0))
    clock.sleep(120)
    assert after is holding.now()
    with pytest.raises(StoreError):
        list(before.scanner.keys(0))
    holding.close()

    assert (True, False, len(KEYS)) == (meanwhile is before, after is before, len(reading))


def test_a_store_that_cannot_be_read_is_opened_anew(market: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure that passes is not told to the client; one that stays is, with topic, state and time."""
    failures = [1]
    get = TimeBucket.get

    def failing(bucket: TimeBucket[Any], *asked: object) -> object:
        if failures:
            failures.pop()
            raise StoreNotRunning("trades_final_1d", "ERROR", to_datetime(0))
        return get(bucket, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(TimeBucket, "get", failing)
    asked = {"timeframe": "1d", "key": "A,BTC/USD", "start": "2025-11-26T14:30:00Z"}
    with serving({"a": market}) as client:
        passing = client.get("/v1/bar", params=asked)
        failures[:] = [1] * 10
        lasting = client.get("/v1/bar", params=asked)
        failures.clear()
        again = client.get("/v1/bar", params=asked)

    assert (200, 503, 200) == (passing.status_code, lasting.status_code, again.status_code)
    assert {
        "topic": "trades_final_1d",
        "state": "ERROR",
        "at": "1970-01-01T00:00:00Z",
    }.items() <= lasting.json().items()
    assert "1" == lasting.headers["retry-after"]


@pytest.mark.parametrize("state", ["CREATED", "RESTORING", "REBALANCING", "PENDING_SHUTDOWN", "ERROR"])
def test_topics_that_are_not_read_yet_are_not_running(state: str) -> None:
    """503 with the state; `status` answers in every one of them."""
    copy = open_copy(PLAN, MemoryBackend())
    Log(PLAN).bars((0, 5, 1, 1, 1)).reached(9).into(copy)
    copy.state = state
    with serving({"a": copy}) as client:
        paths = (
            BARS,
            "/v1/bar?timeframe=1s&key=A&start=5000",
            "/v1/keys?timeframe=1s",
            "/v1/explain?timeframe=1s&key=A&start=5000",
        )
        found = [client.get(path) for path in paths]
        standing = client.get("/v1/status").json()
        told = client.get("/udf/history?symbol=A&resolution=1S&from=0&to=10")

    assert {(503, state, "bars_final_1s")} == {
        (response.status_code, response.json()["state"], response.json()["topic"]) for response in found
    }
    assert ("topics", state, None) == tuple(standing[name] for name in ("kind", "state", "holds"))
    assert (503, "error") == (told.status_code, told.json()["s"])


def test_a_key_that_may_be_in_another_partition_is_not_held() -> None:
    """A reader of some partitions cannot say that there is no bar of it."""
    copy = open_copy(PLAN, MemoryBackend(), whole=False)
    Log(PLAN).bars((0, 5, 1, 1, 1)).reached(9).into(copy)
    with serving({"a": copy}) as client:
        answers = [client.get("/v1/bars?timeframe=1s&key=B"), client.get("/v1/bar?timeframe=1s&key=B&start=5000")]

    assert [(503, "NOT_HELD")] * 2 == [(answer.status_code, answer.json()["state"]) for answer in answers]


def test_what_is_cut_off_from_its_topics_says_since_when() -> None:
    """In every answer."""
    copy = open_copy(PLAN, MemoryBackend())
    Log(PLAN).bars((0, 5, 1, 1, 1)).reached(9).into(copy)
    copy.as_of = 8_000_000_000
    with serving({"a": copy}) as client:
        told = [
            client.get(f"/v1/{path}").json()["as_of"]
            for path in (
                "bars?timeframe=1s",
                "bar?timeframe=1s&key=A&start=5000",
                "bar?timeframe=1s&key=A&start=6000",
                "status",
            )
        ]

    assert ["1970-01-01T00:00:08Z"] * 4 == told


def test_there_has_to_be_a_store(tmp_path: Path) -> None:
    """A directory without one is told at the start."""
    with pytest.raises(StoreFormat, match="is not a store of bars"):
        bl.serve.app({"a": tmp_path})
    with pytest.raises(bl.BadArguments, match="no name for a store"):
        bl.serve.app({"a b": tmp_path})


def test_an_application_of_ones_own_mounts_it() -> None:
    """As any ASGI application, below a path; links of pages and documents lead there."""

    async def asked(app: Starlette) -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://own.example.com/market/v1/") as client:
            first = await client.get("bars?timeframe=1s&limit=1")
            return [first, await client.get(f"bars{first.links['next']['url']}"), await client.get("docs")]

    with memory_store(PLAN) as store:
        finals = (bars.block([(0, 5, 1, 1, 1), (0, 6, 1, 1, 1)]),)
        store.commit(bars.commit(bars.Keys(("A",)), finals=finals, at=9))
        served = bl.serve.app({"a": store}, hosts=["*"])
        first, second, page = asyncio.run(asked(Starlette(routes=[Mount("/market", served)])))

    assert [1, 1] == [len(answer.json()["bars"]) for answer in (first, second)]
    assert (200, True) == (page.status_code, 'href="openapi.json"' in page.text)


def test_many_clients_beside_a_writer_see_no_wrong_bar(tmp_path: Path) -> None:
    """While bars are committed and compacted, every answer is a bar as some commit had it, and finals never change."""
    count = 40
    with open_store(tmp_path / "state", PLAN) as store:
        keys = bars.Keys(("A",))
        store.commit(bars.commit(keys, finals=(bars.block([(0, 0, 100, 1, 1)]),), at=3))
        with serving({"a": tmp_path / "state"}) as client, ThreadPoolExecutor(8) as pool:
            stop = Event()

            def reading(_: int) -> list[list[tuple[int, str]]]:
                seen = []
                while not stop.is_set():
                    answer = client.get(BARS)
                    assert 200 == answer.status_code, answer.text
                    seen.append([(int(bar["start"][-3:-1]), bar["close"]) for bar in answer.json()["bars"]])
                return seen

            readers = [pool.submit(reading, number) for number in range(8)]
            for slot in range(1, count):
                store.commit(bars.commit(keys, finals=(bars.block([(0, slot, 100 + slot, 1, 1)]),), at=slot + 3))
                if slot % 10 == 0:
                    store.compact()
            until(lambda: len(client.get(BARS).json()["bars"]) == count)
            stop.set()
            answers = [answer for reader in readers for answer in reader.result()]

    whole = [(slot, f"{100 + slot}"[:1] + f".{slot:02}") for slot in range(count)]
    assert answers
    assert all(answer == whole[: len(answer)] for answer in answers)
