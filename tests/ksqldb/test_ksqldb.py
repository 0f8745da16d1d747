"""`KsqlTimeBucket` asks a server for live bars, and raises `StoreNotRunning` from the answers that mean it alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import barloom as bl
from barloom.errors import (
    DefinitionError,
    KsqlNotReady,
    KsqlRefused,
    KsqlUnauthorized,
    KsqlUnreachable,
    StoreNotRunning,
)
from barloom.ksqldb.compile.phases import compile_script
from barloom.ksqldb.reader.bucket import KsqlTimeBucket
from barloom.ksqldb.server.address import KsqlServer
from barloom.ksqldb.server.client import KsqlClient
from barloom.read.answers import NotFound, Why
from barloom.read.bucket import Found
from barloom.testing.clock import FakeClock
from ksqldb.double import COMMAND_TIMEOUT, LOST, NO_HOST, NOT_READY, REBALANCING, UNAUTHORIZED, KsqlDouble, refusal
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.ksqldb.compile.script import Script

KEY = ("b'1", "EURUSD")
START = "2026-11-20T22:50:00Z"
MS = 1_795_215_000_000


class Quote(bl.Event):
    """A quote."""

    broker: str = bl.key()
    symbol: str = bl.key()
    ts: datetime = bl.timestamp()
    bid: Decimal = bl.decimal(18, 6)
    qty: Decimal = bl.decimal(18, 2)


def script() -> Script:
    """High, count and a mean price that no DOUBLE holds."""
    bars = bl.from_(Quote).tumbling("1s", delay="2s")
    chosen = bars.select(high=bl.max("bid"), n=bl.count(), mean=bl.avg("bid", scale=20)).rollup("1m").named("bars")
    return compile_script(chosen.plan, allow_degraded=["all"])


@pytest.fixture
def double() -> Iterator[KsqlDouble]:
    """A server on which the bars are deployed."""
    with KsqlDouble(script(), FakeClock()) as server:
        server.deploy()
        yield server


@pytest.fixture
def bucket(double: KsqlDouble) -> Iterator[KsqlTimeBucket]:
    """The live 1m bars."""
    client = KsqlClient(KsqlServer(url=double.url, connect_timeout=PATIENCE, timeout=PATIENCE))
    with KsqlTimeBucket(client, double.script, "1m", clock=FakeClock()) as made:
        yield made


def row(double: KsqlDouble, **values: object) -> list[object]:
    """A row of the live table, with values by column name."""
    given = {
        "BROKER": "b'1",
        "SYMBOL": "EURUSD",
        "WINDOWSTART": MS,
        "WINDOWEND": MS + 60_000,
        "BUCKET_START": "2026-11-20T22:50:00.000",
        "BUCKET_END": "2026-11-20T22:51:00.000",
        "OPEN_TIME": "2026-11-20T22:50:00.007",
        "CLOSE_TIME": "2026-11-20T22:50:59.990",
        **values,
    }
    names = double.pull("bars_live_1m")[1][0]["columnNames"]
    return [given.get(name) for name in names]


def test_a_row_is_a_live_bar(double: KsqlDouble, bucket: KsqlTimeBucket) -> None:
    """Values are exact, times are in UTC, and the query names key and window."""
    double.rows["BARS_LIVE_1M"] = [row(double, HIGH=1.1, N=3, MEAN_SUM=3.2, MEAN_COUNT=3)]

    answer = bucket.get(KEY, START)

    assert isinstance(answer, Found)
    bar = answer.bar
    assert (Decimal("1.100000"), 3) == (bar.high, bar.n)
    assert (*KEY, "1m", False) == (bar.broker, bar.symbol, bar.timeframe, bar.final)
    assert datetime(2026, 11, 20, 22, 51, tzinfo=UTC) == bar.end
    assert (MS + 7) * 1_000_000 == bar.open_time_ns
    assert date(2026, 11, 20) == bar.trading_date
    assert [
        "SELECT * FROM bars_live_1m WHERE broker = 'b''1' AND symbol = 'EURUSD' AND WINDOWSTART = 1795215000000;"
    ] == (double.asked("query-stream"))


def test_quotients_are_divided_here(double: KsqlDouble, bucket: KsqlTimeBucket) -> None:
    """A mean has every digit that the definition asks for, from the sum and count in the row: 3.2 / 3."""
    double.rows["BARS_LIVE_1M"] = [row(double, HIGH=1.1, N=3, MEAN_SUM=3.2, MEAN_COUNT=3)]

    answer = bucket.get(KEY, START)

    assert isinstance(answer, Found)
    assert Decimal("1.06666666666666666667") == answer.bar.mean


def test_what_ksqldb_does_not_keep_is_no_attribute(double: KsqlDouble, bucket: KsqlTimeBucket) -> None:
    """There is no guess for completeness and revision."""
    double.rows["BARS_LIVE_1M"] = [row(double, HIGH=1.1, N=3, MEAN_SUM=3.2, MEAN_COUNT=3)]

    answer = bucket.get(KEY, START)

    assert isinstance(answer, Found)
    with pytest.raises(AttributeError, match="a bar has no 'revision'"):
        _ = answer.bar.revision


def test_no_row_is_not_found_and_never_for_good(bucket: KsqlTimeBucket) -> None:
    """A normal answer; ksqlDB does not say why."""
    answer = bucket.get(broker="b1", symbol="EURUSD", start=START)

    assert NotFound(Why.NO_ROW, decided=False) == answer
    assert "ksqlDB has no row for it, and does not say why" == str(answer)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (NOT_READY, "CREATED"),
        (REBALANCING, "REBALANCING"),
        (NO_HOST, "REBALANCING"),
        (refusal("KafkaStreams is not running. State is PENDING_SHUTDOWN."), "PENDING_SHUTDOWN"),
        (refusal("The `BARS_LIVE_1M` table isn't queryable. To derive a queryable table, …"), "NOT_RUNNING"),
    ],
)
def test_a_store_that_does_not_run_is_named(
    double: KsqlDouble, bucket: KsqlTimeBucket, answer: tuple[int, object], state: str
) -> None:
    """The error holds the topic, the store's state and the time, and the server's words are its cause."""
    double.rule("query-stream", answer)

    with pytest.raises(StoreNotRunning) as caught:
        bucket.get(KEY, START)

    assert ("bars_live_1m", state, datetime(2020, 1, 1, tzinfo=UTC)) == (
        caught.value.topic,
        caught.value.state,
        caught.value.at,
    )
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal("Exception while preparing statement: BARS_LIVE_1M does not exist."), KsqlRefused),
        (refusal("Line: 1, Col: 8: SELECT column 'NOPE' cannot be resolved."), KsqlRefused),
        (COMMAND_TIMEOUT, KsqlNotReady),
        (UNAUTHORIZED, KsqlUnauthorized),
        (LOST, KsqlUnreachable),
    ],
)
def test_other_answers_are_other_errors(
    double: KsqlDouble, bucket: KsqlTimeBucket, answer: object, error: type[Exception]
) -> None:
    """A missing table, a lost connection or a wrong password says nothing of a store."""
    double.rule("query-stream", answer)

    with pytest.raises(error):
        bucket.get(KEY, START)


class Minute(bl.Bar):
    """What an application needs of a bar."""

    symbol: str
    high: Decimal | None
    n: int


class Complete(bl.Bar):
    """What ksqlDB does not keep."""

    expected_slots: int


def minutes(double: KsqlDouble, *numbers: int) -> list[list[object]]:
    """Rows of minutes after the first, whose count is their number."""
    return [row(double, WINDOWSTART=MS + 60_000 * each, HIGH=1.1, N=each, MEAN_SUM=1, MEAN_COUNT=1) for each in numbers]


def test_bars_have_the_class_that_is_asked_for(double: KsqlDouble) -> None:
    """Checked when the bucket is made: also against what ksqlDB does not keep."""
    double.rows["BARS_LIVE_1M"] = minutes(double, 1)
    with KsqlClient(KsqlServer(url=double.url)) as client:
        answer = KsqlTimeBucket(client, double.script, "1m", bar=Minute).get(KEY, MS * 1_000_000 + 60_000_000_000)
        with pytest.raises(DefinitionError, match="the bars have no 'expected_slots'"):
            KsqlTimeBucket(client, double.script, "1m", bar=Complete)

    assert isinstance(answer, Found)
    assert (Minute, "EURUSD", Decimal("1.100000"), 1) == (
        type(answer.bar),
        answer.bar.symbol,
        answer.bar.high,
        answer.bar.n,
    )


def test_a_range_is_one_query(double: KsqlDouble, bucket: KsqlTimeBucket) -> None:
    """Half open, in slot order however the rows come; a bound within a millisecond counts from the next one."""
    double.rows["BARS_LIVE_1M"] = minutes(double, 2, 0, 1)

    found = list(bucket.range(KEY, START, (MS + 180_000) * 1_000_000 + 1))

    assert [(0, MS * 1_000_000), (1, (MS + 60_000) * 1_000_000), (2, (MS + 120_000) * 1_000_000)] == [
        (bar.n, bar.start_ns) for bar in found
    ]
    (asked,) = double.asked("query-stream")
    assert asked.endswith("AND WINDOWSTART >= 1795215000000 AND WINDOWSTART < 1795215180001;")
    list(bucket.range(KEY))
    assert "symbol = 'EURUSD';" in double.asked("query-stream")[-1]


def test_the_latest_are_looked_for_near_now_first(double: KsqlDouble, bucket: KsqlTimeBucket) -> None:
    """One query where they are there; further back, and at last without a bound, where they are not."""
    double.rows["BARS_LIVE_1M"] = minutes(double, 0, 1, 2)

    assert [1, 2] == [bar.n for bar in bucket.latest(KEY, 2)]
    now = 1_577_836_800_000
    assert [f"{now - 4 * 60_000};"] == [asked.partition("WINDOWSTART >= ")[2] for asked in double.asked("query-stream")]
    assert [0, 1, 2] == [bar.n for bar in bucket.latest(KEY, 4)]
    spans = [asked.partition("WINDOWSTART >= ")[2] for asked in double.asked("query-stream")[1:]]
    assert [*(f"{now - 8 * 60_000 * 16**step};" for step in range(3)), ""] == spans  # seven days are kept


def test_a_range_of_a_store_that_does_not_run(double: KsqlDouble, bucket: KsqlTimeBucket) -> None:
    """As for a single bar."""
    double.rule("query-stream", REBALANCING)

    with pytest.raises(StoreNotRunning):
        bucket.range(KEY)
    with pytest.raises(StoreNotRunning):
        bucket.latest(KEY)


def test_a_start_that_no_slot_has_is_refused_unasked(double: KsqlDouble, bucket: KsqlTimeBucket) -> None:
    """The grid is known here."""
    with pytest.raises(
        ValueError,
        match=r"no slot of 1m begins at .* begins at 2026-11-20T22:50:00Z, 1s earlier, and ends at .*, 59s later",
    ):
        bucket.get(KEY, "2026-11-20T22:50:01Z")
    assert [] == double.requests


def test_the_base_is_read_from_its_finals(double: KsqlDouble) -> None:
    """The base has no live table of its own."""
    with KsqlClient(KsqlServer(url=double.url)) as client:
        KsqlTimeBucket(client, double.script, "1s").get(KEY, START)

    assert double.asked("FROM bars_final_1s WHERE")


def test_a_timeframe_that_is_not_there_is_named(double: KsqlDouble) -> None:
    """What the definition does not have is the caller's mistake."""
    with KsqlClient(KsqlServer(url=double.url)) as client, pytest.raises(ValueError, match="has no timeframe '5m'"):
        KsqlTimeBucket(client, double.script, "5m")
