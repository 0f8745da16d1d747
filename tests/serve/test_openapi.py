"""The description of the API is that of its handlers, and a client that tries all of it finds no fault."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from barloom.environment import Secret
from barloom.serve import Token
from barloom.serve.serving import OPERATIONS
from serve.conformance import text
from serve.serving import KEYS, serving

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

TOKEN = "a-token-that-is-long-enough"  # noqa: S105 - of a test


@pytest.fixture
def document(client: httpx.Client) -> dict[str, Any]:
    """The description."""
    found: dict[str, Any] = client.get("/v1/openapi.json").json()
    return found


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    """By its path, with what its handler says of itself, its parameters and its answers."""
    assert "3.1.0" == document["openapi"]
    assert {item.path for item in OPERATIONS} | {"/healthz"} == set(document["paths"])
    for path, item in document["paths"].items():
        described = item["get"]
        assert described["summary"], path
        assert all(parameter["description"] for parameter in described["parameters"]), path
        assert all(response["description"] for response in described["responses"].values()), path


def test_parameters_say_what_they_take(document: dict[str, Any]) -> None:
    """Their types, bounds and defaults, and whether they may be left out."""
    parameters = {item["name"]: item for item in document["paths"]["/v1/bars"]["get"]["parameters"]}

    assert (True, "string") == (parameters["timeframe"]["required"], parameters["timeframe"]["schema"]["type"])
    assert {"type": "integer", "minimum": 1, "maximum": 1_000_000, "default": 1000} == parameters["limit"]["schema"]
    assert {"json", "csv", "arrow", "parquet"} == set(parameters["format"]["schema"]["enum"])
    assert ("array", False) == (parameters["key"]["schema"]["type"], parameters["key"]["required"])
    assert "default" not in parameters["from"]["schema"]


def test_answers_have_their_media_types_and_statuses(document: dict[str, Any]) -> None:
    """Tables in every form; a missing bar and a store that does not run have bodies of their own."""
    bars = document["paths"]["/v1/bars"]["get"]["responses"]
    bar = document["paths"]["/v1/bar"]["get"]["responses"]

    assert {
        "application/json",
        "text/csv",
        "application/vnd.apache.arrow.stream",
        "application/vnd.apache.parquet",
    } == set(bars["200"]["content"])
    assert "#/components/schemas/BarMissing" == bar["404"]["content"]["application/json"]["schema"]["$ref"]
    assert {"$ref": "#/components/schemas/NotRunning"} in bar["503"]["content"]["application/problem+json"]["schema"][
        "anyOf"
    ]
    assert "401" not in bar


def test_tokens_are_described_where_they_are_asked_for(market: Path) -> None:
    """As bearer tokens, on every operation but those that say nothing of a store."""
    with serving({"a": market}, tokens=[Token("all", Secret.of(TOKEN))]) as client:
        document = client.get("/v1/openapi.json").json()

    assert {"type": "http", "scheme": "bearer"} == document["components"]["securitySchemes"]["token"]
    assert [{"token": []}] == document["paths"]["/v1/bars"]["get"]["security"]
    assert "security" not in document["paths"]["/healthz"]["get"]
    assert "401" in document["paths"]["/udf/history"]["get"]["responses"]


class Loaded(HTMLParser):
    """What a page loads, and the anchors in it."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.scripts = 0
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        named = dict(attrs)
        self.scripts += tag == "script"
        self.loads += [value for name, value in attrs if name == "src" and value]
        self.loads += [named["href"] or ""] if tag == "link" else []
        self.anchors |= {named["id"] or ""} if "id" in named else set()
        assert "style" not in named


def test_the_page_needs_nothing_of_others(client: httpx.Client, document: dict[str, Any]) -> None:
    """It loads its own style sheet and no script, and shows every operation."""
    response = client.get("/v1/docs")
    page = Loaded()
    page.feed(response.text)

    assert (["docs.css"], 0) == (page.loads, page.scripts)
    assert "style-src 'self'" in response.headers["content-security-policy"]
    assert {item["get"]["operationId"] for item in document["paths"].values()} == page.anchors
    assert "text/css; charset=utf-8" == client.get("/v1/docs.css").headers["content-type"]


LEFT_OUT = "positive_data_acceptance"
"""It takes every text for a time and a key, which no description can part from those that are none."""


@pytest.mark.parametrize("path", [item.path for item in OPERATIONS])
def test_a_client_that_tries_everything_finds_no_fault(market: Path, path: str) -> None:
    """Requests made of the description, good and bad ones, have the answers that it tells of."""
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import HealthCheck, given, settings  # noqa: PLC0415
    from schemathesis import checks  # noqa: PLC0415

    with serving({"trades": market}) as client:
        schema = schemathesis.openapi.from_dict(client.get("/v1/openapi.json").json())
        schema.config.update(base_url=str(client.base_url))
        strategy = schema[path]["GET"].as_strategy()
        chosen = [check for check in checks.CHECKS.get_all() if check.__name__ != LEFT_OUT]
        assert {"not_a_server_error", "response_schema_conformance"} <= {check.__name__ for check in chosen}

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=strategy)
        def tried(case: Any) -> None:  # noqa: ANN401 - a package without types
            case.call_and_validate(checks=chosen)

        tried()


def test_examples_of_the_description_work(client: httpx.Client) -> None:
    """With a key and times of the store; but for gaps, as its trades have no numbers."""
    real = {"timeframe": "1m", "key": text(KEYS[0]), "start": "2025-11-26T14:30:00Z", "symbol": "A,BTC/USD"}
    real |= {"resolution": "1", "from": "2025-11-26", "to": "2025-11-27", "group": "trades"}
    document = client.get("/v1/openapi.json").json()
    for path, item in document["paths"].items():
        seconds = {"from": "1764115200", "to": "1764288000"} if path.startswith("/udf") else {}
        named = {
            each["name"]: {**real, **seconds}[each["name"]] for each in item["get"]["parameters"] if each["required"]
        }

        assert (404 if path == "/v1/gaps" else 200) == client.get(path, params=named).status_code, path
