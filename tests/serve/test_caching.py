"""What may be kept: marks of bodies, for how long, and bodies that are packed."""

from __future__ import annotations

import gzip
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from barloom.environment import Secret
from barloom.serve import Token
from barloom.store.backend import Family
from barloom.store.log.head import put_head
from barloom.store.opening import memory_store
from serve.serving import serving
from store import bars

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from barloom.store.barstore import BarStore

TOKEN = "a-token-that-is-long-enough"  # noqa: S105 - of a test
RANGE = "/v1/bars?timeframe=1s&key=A"


@pytest.fixture
def store() -> Iterator[BarStore]:
    """Finals of A at 5 and 6, a live bar at 8; stream time 9, so that slots up to 7 are decided."""
    with memory_store(bars.plan()) as made:
        finals = (bars.block([(0, 5, 123, 7, 2), (0, 6, 124, 8, 3)]),)
        lives = (bars.block([(0, 8, 125, 9, 1)], final=False),)
        entries = {b"time": bars.times(9, first=4)}
        made.commit(bars.commit(bars.Keys(("A",)), finals=finals, lives=lives, entries=entries))
        yield made


@pytest.fixture
def numbered(store: BarStore) -> BarStore:
    """The same, in an epoch of a known name."""
    head = store.log.head()
    assert head is not None
    batch = store.backend.batch()
    put_head(batch, msgspec.structs.replace(head, epoch="first", commit=head.commit + 1), head)
    store.backend.write(batch)
    return store


def test_an_answer_that_is_known_is_not_sent_again(store: BarStore) -> None:
    """304 for its mark, also among others; a new bar has another mark."""
    with serving({"a": store}) as client:
        first = client.get(RANGE)
        tag = first.headers["etag"]
        known = client.get(RANGE, headers={"if-none-match": f'"other", {tag}'})
        lives = (bars.block([(0, 8, 126, 9, 2)], final=False),)
        store.commit(bars.commit(bars.Keys(("A",)), lives=lives))
        changed = client.get(RANGE, headers={"if-none-match": tag})

    assert (304, b"", tag) == (known.status_code, known.content, known.headers["etag"])
    assert 200 == changed.status_code
    assert tag != changed.headers["etag"]


def lifetime(client: httpx.Client, query: str = "") -> str:
    """What is said of keeping an answer."""
    response = client.get(f"{RANGE}{query}")
    assert 200 == response.status_code
    return response.headers["cache-control"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "no-cache"),
        ("&to=7000", "no-cache"),
        ("&epoch=first", "no-cache"),
        ("&epoch=first&last=1", "no-cache"),
        ("&epoch=first&to=7000", "public, max-age=31536000, immutable"),
        ("&epoch=first&to=6001", "public, max-age=31536000, immutable"),
        ("&epoch=first&to=7001", "no-cache"),
        ("&epoch=first&to=8000", "no-cache"),
        ("&epoch=first&to=7000&from=5000&limit=1", "public, max-age=31536000, immutable"),
    ],
)
def test_only_what_is_decided_may_be_kept_for_good(numbered: BarStore, query: str, said: str) -> None:
    """Where the address names the epoch, and a `to` by which every slot is decided."""
    with serving({"a": numbered}) as client:
        assert said == lifetime(client, query)


def test_with_tokens_every_answer_is_private(numbered: BarStore) -> None:
    """No cache on the way may give it to somebody else."""
    tokens = [Token("desk", Secret.of(TOKEN))]
    with serving({"a": numbered}, tokens=tokens, headers={"authorization": f"Bearer {TOKEN}"}) as client:
        assert "private, no-cache" == lifetime(client)
        assert "private, max-age=31536000, immutable" == lifetime(client, "&epoch=first&to=7000")


def test_a_store_without_an_epoch_is_never_kept(store: BarStore) -> None:
    """Nobody would know when its bars were made anew: so it is with one that an older version wrote, without a log."""
    batch = store.backend.batch()
    batch.delete_range(Family.LOG, b"", b"\xff" * 64)
    store.backend.write(batch)

    with serving({"a": store}) as client:
        assert None is client.get("/v1/stores").json()["stores"][0]["epoch"]
        assert "no-cache" == lifetime(client, "&to=7000")
        assert 410 == client.get(f"{RANGE}&epoch=first&to=7000").status_code


def raw(client: httpx.Client, path: str, accepted: str) -> tuple[str | None, bytes]:
    """How a body is packed, and its bytes as they came."""
    with client.stream("GET", path, headers={"accept-encoding": accepted}) as response:
        return response.headers.get("content-encoding"), b"".join(response.iter_raw())


def test_long_answers_are_packed(client: httpx.Client) -> None:
    """As the client takes them: gzip, zstd rather, or not at all; short ones and Parquet never."""
    path = "/v1/bars?timeframe=1s"
    plain = raw(client, path, "identity")
    packed = raw(client, path, "gzip, deflate;q=0.5")

    assert (None, "gzip") == (plain[0], packed[0])
    assert plain[1] == gzip.decompress(packed[1])
    assert (None, plain[1]) == raw(client, path, "gzip;q=0, br")
    assert None is raw(client, "/v1/keys?timeframe=1m", "gzip")[0]
    assert None is raw(client, f"{path}&format=parquet", "gzip")[0]
    assert client.get(path, headers={"accept-encoding": "gzip"}).headers["etag"] == client.get(path).headers["etag"]


def test_zstd_is_taken_where_it_is_installed(client: httpx.Client) -> None:
    """It is part of Python from 3.14 on, and a package before."""
    zstd = pytest.importorskip("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    path = "/v1/bars?timeframe=1s&format=arrow"

    packing, body = raw(client, path, "gzip, zstd")

    assert ("zstd", raw(client, path, "identity")[1]) == (packing, zstd.decompress(body))
