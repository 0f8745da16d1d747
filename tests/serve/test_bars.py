"""`/v1/bars`: pages, orders and forms; what is asked for wrongly is told."""

from __future__ import annotations

import io
from decimal import Decimal
from itertools import chain, product
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from barloom.engine.frames import bar_schema
from barloom.read.bucket import TimeBucket
from serve.conformance import text
from serve.serving import KEYS, NEW_YORK, serving, told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

Parameters = dict[str, Any]


def pages(client: httpx.Client, **parameters: object) -> Iterator[list[dict[str, Any]]]:
    """All pages, by the cursor in JSON; the header says the same address."""
    asked: Parameters = dict(parameters)
    while True:
        response = client.get("/v1/bars", params=asked)
        assert 200 == response.status_code, response.text
        body = response.json()
        yield body["bars"]
        assert (body["next"] is None) == ("next" not in response.links)
        if body["next"] is None:
            return
        linked = client.get(f"/v1/bars{response.links['next']['url']}").json()
        asked["cursor"] = body["next"]
        assert client.get("/v1/bars", params=asked).json() == linked


def names(bars: list[dict[str, Any]]) -> list[tuple[object, object]]:
    """Which bars they are."""
    return [(bar["symbol"], bar["start"]) for bar in bars]


@pytest.mark.parametrize(
    ("parameters", "limit"),
    list(
        product(
            (
                {},
                {"key": [text(KEYS[0])]},
                {"key": [text(KEYS[2]), text(KEYS[0])]},
                {"order": "desc"},
                {"from": "2025-11-26T14:31:00Z", "to": "2025-12-01T14:30:05Z"},
                {"from": "2025-11-26T14:31:00Z", "to": "2025-12-01T14:30:05Z", "order": "desc"},
                {"last": 2},
                {"last": 2, "order": "desc"},
                {"countback": 3, "to": "2025-12-01T14:30:05Z"},
            ),
            (2, 3, 5, 1_000),
        )
    ),
)
def test_pages_hold_every_bar_once(client: httpx.Client, parameters: Parameters, limit: int) -> None:
    """However small the pages are, together they are the whole, in its order."""
    asked = {"timeframe": "1s", **parameters}
    most = max(limit, parameters.get("last", 0), parameters.get("countback", 0))

    (whole,) = pages(client, limit=1_000, **asked)
    parts = list(pages(client, limit=limit, **asked))

    assert whole
    assert names(whole) == names(list(chain.from_iterable(parts)))
    assert all(len(part) <= most for part in parts)


def test_several_keys_come_in_their_order_each_once(client: httpx.Client, market: Path) -> None:
    """However they are given; without any, all of them."""
    with TimeBucket.open(market, "1h") as bucket:
        expected = [told(bar) for key in KEYS for bar in bucket.range(key)]

    for keys in ([KEYS[2], KEYS[0], KEYS[1], KEYS[0]], []):
        body = client.get("/v1/bars", params={"timeframe": "1h", "key": [text(key) for key in keys]}).json()

        assert expected == body["bars"]


def test_backwards_the_bars_of_a_key_are_turned_round(client: httpx.Client) -> None:
    """Keys keep their order."""
    up = client.get("/v1/bars", params={"timeframe": "1m"}).json()["bars"]
    down = client.get("/v1/bars", params={"timeframe": "1m", "order": "desc"}).json()["bars"]

    assert [bar for key in KEYS for bar in reversed(up) if (bar["broker"], bar["symbol"]) == key] == down


def test_countback_counts_from_a_time(client: httpx.Client) -> None:
    """The newest that begin before it, whatever lies between: Wednesday's close, and Friday's half day."""
    asked = {"timeframe": "1s", "key": text(KEYS[0]), "to": "2025-12-01T14:30:00Z", "countback": 3}

    starts = [bar["start"] for bar in client.get("/v1/bars", params=asked).json()["bars"]]

    assert ["2025-11-26T20:59:59Z", "2025-11-28T14:30:00Z", "2025-11-28T17:59:59Z"] == starts


def test_a_bar_has_all_digits_as_text_and_as_number(client: httpx.Client) -> None:
    """Text by default; as numbers with the digits of their scale; times in ISO 8601 or in milliseconds."""
    asked = {"timeframe": "1s", "key": text(KEYS[0]), "to": "2025-11-26T14:30:01Z"}
    (exact,) = client.get("/v1/bars", params=asked).json()["bars"]
    numbers = client.get("/v1/bars", params={**asked, "decimals": "number", "times": "ms"}).text
    styled = {"decimals": "number", "times": "ms", "start": "2025-11-26T14:30:00Z"}
    one = client.get("/v1/bar", params={"timeframe": "1s", "key": text(KEYS[0]), **styled})

    assert ("100.100", "100.300", "3.50") == (exact["open"], exact["high"], exact["volume"])
    assert ("2025-11-26T14:30:00Z", "2025-11-26T14:30:00.250000000Z") == (exact["start"], exact["open_time"])
    assert '"open":100.100,"high":100.300,' in numbers
    assert '"start":1764167400000,' in numbers
    assert '"open_time":1764167400250,' in numbers
    assert '"bars":[' + one.text.removeprefix('{"found":true,"bar":').partition("}")[0] in numbers


def frame_of(response: httpx.Response, form: str) -> pl.DataFrame:
    """A response as Polars reads it."""
    source = io.BytesIO(response.content)
    if form == "parquet":
        return pl.read_parquet(source)
    return pl.read_ipc_stream(source) if form == "arrow" else pl.read_csv(source, infer_schema=False)


@pytest.mark.parametrize("form", ["arrow", "parquet"])
def test_files_hold_what_a_frame_of_the_bucket_holds(client: httpx.Client, market: Path, form: str) -> None:
    """With their types: exact decimals, times in nanoseconds; also where there is no bar."""
    with TimeBucket.open(market, "1m") as bucket:
        expected = bucket.frame(KEYS)
    media = {"arrow": "application/vnd.apache.arrow.stream", "parquet": "application/vnd.apache.parquet"}[form]

    response = client.get("/v1/bars", params={"timeframe": "1m"}, headers={"accept": media})
    nothing = client.get("/v1/bars", params={"timeframe": "1m", "key": "nobody,x", "format": form})

    assert media == response.headers["content-type"]
    assert expected.equals(frame_of(response, form))
    assert bar_schema(NEW_YORK.plan) == frame_of(response, form).schema
    assert (0, bar_schema(NEW_YORK.plan)) == (frame_of(nothing, form).height, frame_of(nothing, form).schema)


def test_pyarrow_reads_what_polars_wrote(client: httpx.Client) -> None:
    """Arrow and Parquet, with decimals as such, and text as any reader knows it."""
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import ipc, parquet  # noqa: PLC0415

    asked = {"timeframe": "1s", "key": text(KEYS[0]), "to": "2025-11-26T14:30:01Z"}
    stream = client.get("/v1/bars", params={**asked, "format": "arrow"}).content
    file = client.get("/v1/bars", params={**asked, "format": "parquet"}).content

    for table in (ipc.open_stream(stream).read_all(), parquet.read_table(io.BytesIO(file))):
        assert [Decimal("100.100")] == table["open"].to_pylist()
        assert arrow.decimal128(18, 3) == table.schema.field("open").type
        assert arrow.timestamp("ns", "UTC") == table.schema.field("start").type
    assert arrow.large_string() == ipc.open_stream(stream).schema.field("symbol").type


def test_csv_is_what_an_export_writes(client: httpx.Client) -> None:
    """All digits, ISO times, one row a bar, and a head; texts that need it are quoted."""
    response = client.get("/v1/bars?timeframe=1m&last=1&key=A,ÄÖ\\, %26%3D?%23", headers={"accept": "text/csv"})
    frame = frame_of(response, "csv")

    assert "text/csv; charset=utf-8" == response.headers["content-type"]
    assert bar_schema(NEW_YORK.plan).names() == frame.columns
    assert [("A", "ÄÖ, &=?#", "2025-12-01T14:30:00Z", "103.200")] == frame.select(
        "broker", "symbol", "start", "close"
    ).rows()


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("*/*", "application/json"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
        ("text/*", "text/csv; charset=utf-8"),
        ("application/json;q=0.1, text/csv;q=0.2", "text/csv; charset=utf-8"),
        ("application/vnd.apache.parquet, application/json;q=0.9", "application/vnd.apache.parquet"),
    ],
)
def test_the_header_accept_chooses_a_form(client: httpx.Client, accept: str, media: str) -> None:
    """By weight; what is named goes before what is meant by a star."""
    response = client.get("/v1/bars", params={"timeframe": "1d"}, headers={"accept": accept})

    assert (200, media) == (response.status_code, response.headers["content-type"])


@pytest.mark.parametrize(
    ("query", "status", "parameter", "said"),
    [
        ("", 400, "timeframe", "lacks timeframe"),
        ("timeframe=5m", 404, "timeframe", "no bars of '5m'"),
        ("timeframe=5 minutes", 404, "timeframe", "no bars of '5 minutes'"),
        ("timeframe=1m&timeframe=1h", 400, "timeframe", "twice"),
        ("timeframe=1m&form=csv", 400, "form", "did you mean 'format'"),
        ("timeframe=1m&format=xml", 400, "format", "format: "),
        ("timeframe=1m&limit=0", 400, "limit", "limit: "),
        ("timeframe=1m&limit=many", 400, "limit", "limit: "),
        ("timeframe=1m&limit=60000", 400, "limit", "at most 50000"),
        ("timeframe=1m&last=60000", 400, "last", "at most 50000"),
        ("timeframe=1m&order=up", 400, "order", "order: "),
        ("timeframe=1m&from=yesterday", 400, "from", "'yesterday' is not a time"),
        ("timeframe=1m&from=2025-11-10T12:00:00", 400, "from", "time zone"),
        ("timeframe=1m&from=2025-11-10T12:00:00+01:00", 400, "from", "%2B"),
        ("timeframe=1m&to=99999999999999999", 400, "to", "outside the times"),
        ("timeframe=1m&last=2&to=2025-11-10", 400, "last", "countback"),
        ("timeframe=1m&countback=2", 400, "countback", "give it as to="),
        ("timeframe=1m&key=A", 400, "key", "the key of a bar is (broker, symbol)"),
        ("timeframe=1m&cursor=x", 400, "cursor", "no cursor"),
        ("timeframe=1m&cursor=%FF%00", 400, "cursor", "no cursor"),
        ("timeframe=1m&epoch=old", 410, "epoch", "made anew"),
        ("timeframe=1m&store=other", 404, "store", "no store 'other'"),
    ],
)
def test_what_makes_no_sense_is_told(client: httpx.Client, query: str, status: int, parameter: str, said: str) -> None:
    """Which parameter, what is wrong with it, and how to mend it, as a problem in JSON."""
    response = client.get(f"/v1/bars?{query}")
    body = response.json()

    assert (status, "application/problem+json") == (response.status_code, response.headers["content-type"])
    assert (status, parameter) == (body["status"], body["parameter"])
    assert said in body["detail"]


def test_times_may_be_milliseconds(client: httpx.Client) -> None:
    """As `times=ms` answers them."""
    asked = {"timeframe": "1s", "key": text(KEYS[0]), "from": "1764167400000", "to": 1764167401000}

    assert ["2025-11-26T14:30:00Z"] == [bar["start"] for bar in client.get("/v1/bars", params=asked).json()["bars"]]


def test_a_form_that_is_not_there_is_not_acceptable(client: httpx.Client) -> None:
    """406 names those there are."""
    response = client.get("/v1/bars?timeframe=1m", headers={"accept": "image/png"})

    assert 406 == response.status_code
    assert "application/vnd.apache.arrow.stream" in response.json()["detail"]


def test_several_stores_are_told_apart(market: Path) -> None:
    """By name; without one the request is told to say which."""
    with serving({"one": market, "two": market}) as client:
        bars = client.get("/v1/bars?timeframe=1d&store=two").json()
        unsaid = client.get("/v1/bars?timeframe=1d")

    assert ("two", 9) == (bars["store"], len(bars["bars"]))
    assert (400, "say which store: store=one or store=two") == (unsaid.status_code, unsaid.json()["detail"])
