"""Safe by default: who is let in, what is refused and told, and what no log says."""

from __future__ import annotations

import logging
import socket
import ssl
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import trustme

import barloom as bl
from barloom.environment import Secret
from barloom.errors import AddressUnusable, BadArguments
from barloom.read.bucket import TimeBucket
from barloom.serve import Limits, Token
from barloom.serve.safety.tokens import Tokens
from barloom.testing import FakeClock
from serve.conformance import text
from serve.serving import KEYS, serving
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "a-token-that-is-long-enough"  # noqa: S105 - of a test
OTHER = "another-token-long-enough-too"
BARS = "/v1/bars?timeframe=1d"


def bearer(token: str) -> dict[str, str]:
    """The header that shows a token."""
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def guarded(market: Path) -> Iterator[httpx.Client]:
    """Two stores; one token may read everything, another the keys of broker A in the store called fx."""
    tokens = [
        Token("all", Secret.of(TOKEN)),
        Token("desk", Secret.of(OTHER), stores=("f*",), keys=("A,*",)),
    ]
    with serving({"fx": market, "other": market}, tokens=tokens) as client:
        yield client


@pytest.mark.parametrize("shown", [None, "Bearer wrong", f"Basic {TOKEN}", "Bearer", TOKEN, "Bearer \xff\xfe"])
def test_without_a_known_token_nothing_is_told(guarded: httpx.Client, shown: str | None) -> None:
    """401 for every path but those that say nothing of a store."""
    headers = [] if shown is None else [(b"authorization", shown.encode("latin-1"))]
    for path in ("/v1/stores", f"{BARS}&store=fx", "/udf/config", "/nothing"):
        response = guarded.get(path, headers=headers)

        assert (401, 'Bearer realm="barloom"') == (response.status_code, response.headers["www-authenticate"])
        assert "fx" not in response.text
    for path in ("/healthz", "/v1/openapi.json", "/v1/docs"):
        assert 200 == guarded.get(path, headers=headers).status_code


def test_a_token_reads_what_its_patterns_match(guarded: httpx.Client) -> None:
    """Other stores are not there, other keys are refused, and left out where all are asked for."""
    asked = {"timeframe": "1d", "store": "fx"}

    assert ["fx"] == [item["store"] for item in guarded.get("/v1/stores", headers=bearer(OTHER)).json()["stores"]]
    assert ["fx", "other"] == [
        item["store"] for item in guarded.get("/v1/stores", headers=bearer(TOKEN)).json()["stores"]
    ]
    assert 404 == guarded.get(f"{BARS}&store=other", headers=bearer(OTHER)).status_code
    assert ["A,BTC/USD", text(KEYS[1])] == guarded.get("/v1/keys", params=asked, headers=bearer(OTHER)).json()["keys"]
    all_bars = guarded.get("/v1/bars", params=asked, headers=bearer(OTHER)).json()["bars"]
    assert {"A"} == {bar["broker"] for bar in all_bars}
    for path, more in (
        ("/v1/bars", {}),
        ("/v1/bar", {"start": "2025-11-26"}),
        ("/v1/explain", {"start": "2025-11-26"}),
    ):
        named = {**asked, **more, "key": text(KEYS[2])}
        assert 403 == guarded.get(path, params=named, headers=bearer(OTHER)).status_code
    refused = guarded.get("/v1/rejected", params={"store": "fx"}, headers=bearer(OTHER)).json()["rejected"]
    assert {"A"} == {row["broker"] for row in refused}
    holds = guarded.get("/v1/status", params={"store": "fx"}, headers=bearer(OTHER)).json()["holds"]
    assert {} == holds["positions"]
    assert ["A,BTC/USD"] == [
        item["symbol"] for item in guarded.get("/udf/search?query=btc", headers=bearer(OTHER)).json()
    ]
    unknown = guarded.get("/udf/symbols", params={"symbol": f"fx:{text(KEYS[2])}"}, headers=bearer(OTHER))
    assert (404, {"s": "error", "errmsg": "unknown_symbol"}) == (unknown.status_code, unknown.json())


def test_tokens_of_a_file_are_read_anew(tmp_path: Path) -> None:
    """A token that is taken out lets nobody in any more; while a file is wrong the tokens before count."""
    file, clock = tmp_path / "tokens.toml", FakeClock()
    file.write_text(f'[desk]\ntoken = "{TOKEN}"\nkeys = ["A*"]\n')
    tokens = Tokens([file], clock)

    def lets_in(token: str) -> str | None:
        clock.sleep(2)
        found = tokens.of(f"Bearer {token}")
        return None if found is None else found.name

    assert ("desk", None) == (lets_in(TOKEN), lets_in(OTHER))
    file.write_text("[desk\n")
    assert "desk" == lets_in(TOKEN)
    file.write_text(f'[new]\ntoken = "{OTHER}"\n# longer than before\n')
    assert (None, "new") == (lets_in(TOKEN), lets_in(OTHER))
    assert TOKEN not in repr(tokens)


def test_everything_wrong_with_tokens_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the place, and without any secret."""
    monkeypatch.delenv("NOT_THERE", raising=False)
    file = tmp_path / "tokens.toml"
    file.write_text(
        '[short]\ntoken = "secret-word"\n[two]\ntoken = "x"\nenv = "y"\n[unset]\nenv = "NOT_THERE"\n'
        f'[typo]\ntoken = "{TOKEN}"\nkey = ["A"]\n[wrong]\ntoken = "{TOKEN}"\nstores = "fx"\n[[list]]\n'
    )
    broken = tmp_path / "broken.toml"
    broken.write_text(f'token = "{TOKEN}')

    with pytest.raises(BadArguments) as refused:
        bl.serve.app({}, tokens=[file, broken, tmp_path / "nowhere.toml", Token("short", Secret.of(TOKEN))])

    told = str(refused.value)
    for part in ("fewer than 16", "one secret", "NOT_THERE is not set", "no setting 'key'", "no list of patterns"):
        assert part in told
    for part in ("a token is a table", "is not TOML", "cannot be read", "two tokens have the same name"):
        assert part in told
    assert "secret-word" not in told
    assert TOKEN not in told


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:1234", 200),
        ("LOCALHOST", 200),
        ("127.0.0.1", 200),
        ("[::1]:8080", 200),
        ("192.168.1.7:8080", 200),
        ("bars.example.com", 200),
        ("bars.example.com:443", 200),
        ("evil.example.com", 421),
        ("localhost.evil.example.com", 421),
        ("bars.example.com.", 421),
        ("", 421),
    ],
)
def test_a_request_has_to_name_this_host(market: Path, host: str, status: int) -> None:
    """Also on loopback: a page elsewhere may have a name that leads here (DNS rebinding)."""
    with serving({"a": market}, hosts=["bars.example.com"]) as client:
        assert status == client.get(BARS, headers={"host": host}).status_code


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://charts.example.com", 200),
        ("https://charts.example.com.evil.com", 403),
        ("http://charts.example.com", 403),
        ("null", 403),
        ("http://localhost:1", 403),
    ],
)
def test_a_page_of_another_origin_is_refused(market: Path, origin: str, status: int) -> None:
    """But for those that are let in, which are told so; a page from here may always ask."""
    with serving({"a": market}, cors=["https://charts.example.com"]) as client:
        here = f"http://{client.base_url.host}:{client.base_url.port}"
        response = client.get(BARS, headers={"origin": origin})
        own = client.get(BARS, headers={"origin": here})

    assert (status, 200) == (response.status_code, own.status_code)
    assert (origin if status == 200 else None) == response.headers.get("access-control-allow-origin")


def test_a_page_that_is_let_in_may_show_a_token(market: Path) -> None:
    """Its browser asks first, without a token, and is told which headers it may send and see."""
    tokens, cors = [Token("all", Secret.of(TOKEN))], ["https://charts.example.com"]
    asking = {"access-control-request-method": "GET", "access-control-request-headers": "authorization"}
    with serving({"a": market}, tokens=tokens, cors=cors) as client:
        ahead = client.options(BARS, headers={**asking, "origin": cors[0]})
        stranger = client.options(BARS, headers={**asking, "origin": "https://evil.example.com"})
        then = client.get(BARS, headers={**bearer(TOKEN), "origin": cors[0]})

    assert (200, 403, 200) == (ahead.status_code, stranger.status_code, then.status_code)
    assert "authorization" in ahead.headers["access-control-allow-headers"].lower()
    assert "etag" in then.headers["access-control-expose-headers"].lower()


def test_every_answer_tells_browsers_to_do_nothing_with_it(client: httpx.Client) -> None:
    """Refusals and faults, too."""
    for path in (BARS, "/v1/bars", "/nothing", "/v1/docs"):
        headers = client.get(path).headers

        assert ("nosniff", "DENY") == (headers["x-content-type-options"], headers["x-frame-options"])
        assert "default-src 'none'" in headers["content-security-policy"]
        assert ("no-referrer", "same-origin") == (headers["referrer-policy"], headers["cross-origin-resource-policy"])
        assert "server" not in headers


def test_other_methods_are_refused(client: httpx.Client) -> None:
    """Nothing can be written; HEAD is GET without its body."""
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert 405 == client.request(method, BARS).status_code
    head, get = client.head(BARS), client.get(BARS)
    assert (b"", get.headers["etag"]) == (head.content, head.headers["etag"])


def test_bodies_are_refused_where_they_are_large(client: httpx.Client) -> None:
    """Or do not say how large they are."""
    large = client.request("GET", BARS, content=b"x" * 70_000)
    endless = client.request("GET", BARS, content=iter([b"x"]))
    small = client.request("GET", BARS, content=b"x")

    assert (413, 413, 200) == (large.status_code, endless.status_code, small.status_code)


@contextmanager
def held(market: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Iterator[tuple[httpx.Client, Event, Event]]:  # noqa: ANN401
    """A server in which reading bars waits: a client, what lets it go on, and what says that one waits."""
    going_on, waiting = Event(), Event()
    refresh = TimeBucket.refresh

    def slow(bucket: TimeBucket[Any]) -> None:
        waiting.set()
        going_on.wait(60)
        refresh(bucket)

    monkeypatch.setattr(TimeBucket, "refresh", slow)
    with serving({"a": market}, **settings) as client:
        yield client, going_on, waiting


def test_a_client_has_so_many_requests_at_once(market: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is refused, and told when to ask again; once they are answered it may ask again."""
    with held(market, monkeypatch, limits=Limits(at_once=1)) as (client, going_on, waiting):
        answers = list[int]()
        other = Thread(target=lambda: answers.append(client.get(BARS).status_code))
        other.start()
        waiting.wait(60)
        refused = client.get("/v1/stores")
        going_on.set()
        other.join()
        until(lambda: client.get("/v1/stores").status_code == 200)

    assert (429, "1", [200]) == (refused.status_code, refused.headers["retry-after"], answers)


def test_a_request_has_so_much_time(market: Path) -> None:
    """Beyond it the work ends, and the client is told."""
    with serving({"a": market}, limits=Limits(seconds=-1)) as client:
        response = client.get(BARS)

    assert 422 == response.status_code
    assert "takes longer" in response.json()["detail"]


def test_no_token_and_no_key_stands_in_a_log(
    guarded: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever happens, a fault included, of which the client is told nothing either."""
    caplog.set_level(logging.DEBUG)

    def broken(*_: object) -> None:
        message = f"a fault that knows {KEYS[0]}"
        raise RuntimeError(message)

    guarded.get(f"{BARS}&store=fx&key=A,SECRETKEY", headers=bearer("wrong-but-secret-token"))
    guarded.get(f"{BARS}&store=fx&key=A,SECRETKEY", headers=bearer(TOKEN))
    monkeypatch.setattr(TimeBucket, "get", broken)
    asked = {"store": "fx", "timeframe": "1d", "key": text(KEYS[0]), "start": "2025-11-26T14:30:00Z"}
    fault = guarded.get("/v1/bar", params=asked, headers=bearer(TOKEN))

    of_the_server = [record for record in caplog.records if not record.name.startswith("http")]
    said = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in of_the_server)
    assert (500, "this is a fault of barloom; its log says where") == (fault.status_code, fault.json()["detail"])
    assert "a request failed" in said
    for secret in (TOKEN, "wrong-but-secret-token", "SECRETKEY", "BTC/USD"):
        assert secret not in said


def test_beyond_this_machine_only_with_a_token_or_openly(market: Path) -> None:
    """An address that others reach is refused, unless asked for in words."""
    serving_all = bl.serve.app({"a": market})
    with_tokens = bl.serve.app({"a": market}, tokens=[Token("all", Secret.of(TOKEN))])
    for address in ("0.0.0.0:0", ":0", "[::]:0"):
        with pytest.raises(BadArguments, match="asks for no token"):
            bl.serve.listen(serving_all, address)
    with bl.serve.listen(serving_all, "0.0.0.0:0", open_to_all=True) as opened:
        assert opened.url.startswith("http://0.0.0.0:")
    with bl.serve.listen(with_tokens, "0.0.0.0:0"), pytest.raises(BadArguments, match="HOST:PORT"):
        bl.serve.listen(serving_all, "8080")
    serving_all.close()
    with_tokens.close()


def test_a_port_in_use_is_told(market: Path) -> None:
    """With what to do."""
    served = bl.serve.app({"a": market})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressUnusable, match=f"port {port} is in use; .*--listen"):
            bl.serve.listen(served, f"127.0.0.1:{port}")
    served.close()


def test_tls_is_spoken_with_a_certificate(market: Path, tmp_path: Path) -> None:
    """And browsers are told to stay with it."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    served = bl.serve.app({"a": market})
    tls = bl.serve.Tls(str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem"))

    with bl.serve.listen(served, "127.0.0.1:0", tls=tls) as endpoint:
        url = endpoint.url.replace("127.0.0.1", "localhost")
        trusting = ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))
        response = httpx.get(f"{url}{BARS}", verify=trusting, trust_env=False)
    with pytest.raises(BadArguments, match="TLS"):
        bl.serve.listen(served, "127.0.0.1:0", tls=bl.serve.Tls("nowhere.pem", "nowhere.pem"))
    served.close()

    assert (200, "max-age=31536000") == (response.status_code, response.headers["strict-transport-security"])
