"""Over HTTP every place answers what its bucket answers: stores at rest and being written, topics, ksqlDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from barloom.ksqldb.reader.bucket import KsqlTimeBucket
from barloom.ksqldb.server.address import KsqlServer
from barloom.ksqldb.server.client import KsqlClient
from barloom.read.bucket import TimeBucket
from barloom.store.memory import MemoryBackend
from barloom.store.opening import memory_store, open_store
from barloom.testing import FakeClock
from kafka.reader.messages import Log, open_copy
from ksqldb.double import KsqlDouble
from ksqldb.test_ksqldb import KEY, row, script
from serve.conformance import Place, ReaderCases
from serve.serving import KEYS, serving
from store import bars
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from barloom.read.bar import Bar
    from barloom.store.barstore import BarStore

FINALS = [(0, 5, 123, 7, 2), (0, 6, 124, 8, 3), (1, 5, -99, 0, 1)]
LIVE = [(0, 7, 125, 9, 1)]
STARTS = tuple(f"1970-01-01T00:00:{second:02}Z" for second in (3, 4, 5, 6, 7, 8, 9, 10))
NAMES = (("A",), ("B",), ("nobody",))


def filled(store: BarStore) -> BarStore:
    """Finals of A and B, a live bar of A; rows since second 4, stream time 9."""
    entries = {b"time": bars.times(9, first=4)}
    lives = (bars.block(LIVE, final=False),)
    store.commit(bars.commit(bars.Keys(("A",), ("B",)), finals=(bars.block(FINALS),), lives=lives, entries=entries))
    return store


class TestStoreInHand(ReaderCases):
    """The store of a writer in the same process."""

    @pytest.fixture
    def place(self) -> Iterator[Place]:
        """In memory."""
        with filled(memory_store(bars.plan())) as store, serving({"a": store}) as client:
            yield Place(client, TimeBucket(store, "1s"), "1s", NAMES, STARTS)


class TestStoreBesideItsWriter(ReaderCases):
    """A directory whose writer runs."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Place]:
        """On disk."""
        with filled(open_store(tmp_path / "state", bars.plan())) as store, serving({"a": tmp_path / "state"}) as client:
            yield Place(client, TimeBucket(store, "1s"), "1s", NAMES, STARTS)


class TestStoreAtRest(ReaderCases):
    """A directory that nobody writes, of composite keys on an exchange."""

    @pytest.fixture
    def place(self, market: Path) -> Iterator[Place]:
        """One-minute bars around Thanksgiving: open, closed, in the future."""
        starts = ("2025-11-26T14:30:00Z", "2025-11-26T14:31:00Z", "2025-11-27T14:30:00Z", "2025-11-28T17:59:00Z")
        more = ("2025-11-28T18:00:00Z", "2025-12-01T14:30:00Z", "2025-12-02T14:30:00Z")
        with serving({"a": market}) as client, TimeBucket.open(market, "1m") as bucket:
            yield Place(client, bucket, "1m", KEYS, (*starts, *more))


class TestTopics(ReaderCases):
    """A reader's copy of topics."""

    @pytest.fixture
    def place(self) -> Iterator[Place]:
        """The same bars as messages."""
        copy = open_copy(bars.plan(), MemoryBackend())
        Log(bars.plan()).bars(*FINALS).bars(*LIVE, final=False).reached(9, first=4).into(copy)
        with serving({"a": copy}) as client:
            yield Place(client, TimeBucket(copy, "1s"), "1s", NAMES, STARTS)


class Pipeline:
    """A pipeline of ksqlDB with a table of minutes."""

    def __init__(self, double: KsqlDouble) -> None:
        self.plan = double.script.plan
        self._double = double

    def bucket(self) -> KsqlTimeBucket[Bar]:
        """Bars that the server is asked for."""
        client = KsqlClient(KsqlServer(url=self._double.url, connect_timeout=PATIENCE, timeout=PATIENCE))
        return KsqlTimeBucket(client, self._double.script, "1m", clock=FakeClock())

    def buckets(self) -> dict[str, KsqlTimeBucket[Bar]]:
        """By timeframe."""
        return {"1m": self.bucket()}


class TestKsqldb(ReaderCases):
    """Tables of ksqlDB, which answer the same row to every question here."""

    LACKING = ("slots", "filled", "expected_slots", "partial", "revision")

    @pytest.fixture
    def place(self) -> Iterator[Place]:
        """One live bar."""
        with KsqlDouble(script(), FakeClock()) as double:
            double.deploy()
            double.rows["BARS_LIVE_1M"] = [row(double, HIGH=1.1, N=3, MEAN_SUM=3.2, MEAN_COUNT=3)]
            pipeline = Pipeline(double)
            with serving({"a": pipeline}) as client, pipeline.bucket() as bucket:
                yield Place(client, bucket, "1m", (KEY,), ("2026-11-20T22:50:00Z",))

    def same(self, bars: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What ksqlDB does not keep is null among many bars, and missing in one."""
        assert all(bar[name] is None for bar in bars for name in self.LACKING)
        return [{name: value for name, value in bar.items() if name not in self.LACKING} for bar in bars]

    def test_what_ksqldb_does_not_have_is_said(self, place: Place) -> None:
        """Keys are not listed, and nothing is explained: 404 with the reason, and no fault."""
        for response in (place.ask("/v1/keys"), place.ask("/v1/explain", KEY, start=place.starts[0])):
            assert 404 == response.status_code
            assert "ksqlDB" in response.json()["detail"]
