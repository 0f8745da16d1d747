"""Whatever stands in an address, the answer is no fault of the server, and says what was wrong."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from barloom.serve.api.asking import asked
from barloom.serve.api.refusals import Refused
from barloom.serve.serving import OPERATIONS
from serve.conformance import text
from serve.serving import KEYS

if TYPE_CHECKING:
    import httpx

    from barloom.serve.api.operations import Operation

SENSIBLE = (
    *("1m", "1s", "1d", "1w", "trades", "1", "1D", "60", "csv", "arrow", "parquet", "json", "ms", "number", "desc"),
    *("2025-11-26", "2025-11-26T14:30:00Z", "1764167400", "1764167400000", "0", "-1", "A,BTC/USD", "null", "true"),
    *("9223372036854775807", "-9223372036854775808", "1" * 40, "1e400", "nan", "0001-01-01T00:00:00Z", "9999-12-31"),
    *(
        "2262-04-11T23:47:16.854775807Z",
        "1677-09-21",
        "A",
        "A,",
        "\\",
        ",",
        "",
        "%",
        "+",
        "\x00",
        "\ud7ff",
        "é",
        "k",
        "bAA",
    ),
)
VALUES = st.sampled_from(SENSIBLE) | st.text(max_size=12) | st.integers().map(str)
RAW = st.binary(max_size=24).map(lambda data: quote(data, safe="&=;,"))


@st.composite
def queries(draw: st.DrawFn, operation: Operation) -> str:
    """Parameters of an operation, most of them with values that mean something, some with others or twice."""
    import msgspec  # noqa: PLC0415

    names = [field.encode_name for field in msgspec.structs.fields(operation.kind)]
    real = {"timeframe": "1m", "key": text(KEYS[0]), "symbol": "A,BTC/USD", "resolution": "1", "group": "trades"}
    real |= {"start": "2025-11-26T14:30:00Z", "from": "1764115200", "to": "1764633600"}
    pairs = [
        (name, draw(VALUES) if draw(st.booleans()) else real.get(name)) for name in names if draw(st.integers(0, 3))
    ]
    pairs += (
        [(draw(st.sampled_from(names) if names else st.just("x")), draw(VALUES))]
        if draw(st.integers(0, 9)) == 0
        else []
    )
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs if value is not None)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.path)
def test_no_parameters_make_a_fault(client: httpx.Client, operation: Operation) -> None:
    """Each operation answers, or refuses with a problem in words."""

    @settings(max_examples=150, suppress_health_check=list(HealthCheck))
    @given(query=queries(operation) | RAW)
    @example(query="")
    def tried(query: str) -> None:
        response = client.get(f"{operation.path}?{query}")

        assert response.status_code in {200, 400, 404, 410, 422}, (query, response.text)
        if response.status_code != 200 and operation.path != "/v1/bar":
            body = response.json()
            assert body.get("detail") or body.get("errmsg")

    tried()


@settings(max_examples=300)
@given(
    header=st.text(st.characters(codec="latin-1", exclude_characters="\r\n\x00"), max_size=30),
    name=st.sampled_from(("accept", "accept-encoding", "if-none-match", "origin", "authorization", "range")),
)
def test_no_header_makes_a_fault(client: httpx.Client, header: str, name: str) -> None:
    """Whatever a client says that it takes, has or is."""
    value = header.strip(" \t").encode("latin-1")
    if not all(32 <= byte != 127 for byte in value):
        return
    response = client.get("/v1/bars?timeframe=1d", headers=[(name.encode(), value)])

    assert response.status_code in {200, 304, 403, 406}


@given(query=st.binary(max_size=60))
def test_parameters_are_read_or_refused(query: bytes) -> None:
    """Any bytes of a query are parameters, or the request is told what is wrong."""
    for operation in OPERATIONS:
        with suppress(Refused):
            assert isinstance(asked(operation.kind, query), operation.kind)
