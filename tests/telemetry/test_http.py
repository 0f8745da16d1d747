"""The endpoint that Prometheus and Kubernetes ask."""

from __future__ import annotations

import socket
from http.client import HTTPConnection
from typing import NamedTuple

import pytest

from barloom.cli.exits import Exit, exit_of
from barloom.errors import AddressUnusable
from barloom.telemetry.address import address_of
from barloom.telemetry.health import Health
from barloom.telemetry.http import serve_metrics
from barloom.telemetry.metrics import Metrics, NoMetrics
from barloom.testing import FakeClock
from waiting import PATIENCE

HERE = "127.0.0.1:0"


class Got(NamedTuple):
    """An answer."""

    status: int
    body: str
    content_type: str


def ask(address: str, path: str, method: str = "GET", **headers: str) -> Got:
    """One request."""
    host, port = address_of(address)
    connection = HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return Got(answer.status, answer.read().decode(), answer.getheader("Content-Type") or "")
    finally:
        connection.close()


def test_metrics_are_what_was_counted() -> None:
    """Each request shows the present numbers, as text or as OpenMetrics where the client asks for it."""
    metrics = Metrics()
    with serve_metrics(metrics, Health(FakeClock()), HERE) as endpoint:
        metrics.ticks(0, 5)
        first = ask(endpoint.address, "/metrics")
        metrics.ticks(0, 2)
        second = ask(endpoint.address, "/metrics?name=x", Accept="application/openmetrics-text; version=1.0.0")

    assert (200, 200) == (first.status, second.status)
    assert 'barloom_ticks_total{partition="0"} 5.0' in first.body.splitlines()
    assert 'barloom_ticks_total{partition="0"} 7.0' in second.body.splitlines()
    assert first.content_type.startswith("text/plain")
    assert second.content_type.startswith("application/openmetrics-text")


def test_health_and_readiness_are_status_codes_with_the_reason() -> None:
    """200 and ok, or 503 and why."""
    clock = FakeClock()
    health = Health(clock, stalled=30)
    with serve_metrics(NoMetrics(), health, HERE) as endpoint:
        before = ask(endpoint.address, "/healthz"), ask(endpoint.address, "/readyz")
        health.owned([1])
        health.state(1, "RUNNING")
        clock.sleep(40)
        after = ask(endpoint.address, "/healthz"), ask(endpoint.address, "/readyz")

    assert [(200, "ok\n"), (503, "no partitions were assigned yet\n")] == [got[:2] for got in before]
    assert [(503, "no progress for 40 s\n"), (200, "ok\n")] == [got[:2] for got in after]


def test_other_paths_and_methods_are_refused() -> None:
    """Nothing else is there; HEAD gives no body."""
    with serve_metrics(NoMetrics(), Health(FakeClock()), HERE) as endpoint:
        found = ask(endpoint.address, "/etc/passwd").status, ask(endpoint.address, "/healthz", "POST").status
        head = ask(endpoint.address, "/healthz", "HEAD")

    assert (404, 501) == found
    assert (200, "") == head[:2]


def test_a_silent_client_does_not_stop_others_or_the_end() -> None:
    """A connection without a request holds neither the next request nor closing."""
    with (
        serve_metrics(NoMetrics(), Health(FakeClock()), HERE) as endpoint,
        socket.create_connection(address_of(endpoint.address)),
    ):
        got = ask(endpoint.address, "/healthz")

    assert 200 == got.status


def test_a_taken_port_is_an_error_that_names_it() -> None:
    """An instance that nobody can watch does not start in silence; after closing, the port is free again."""
    with serve_metrics(NoMetrics(), Health(FakeClock()), HERE) as endpoint:
        with pytest.raises(AddressUnusable, match=r"port \d+ is in use; stop what listens there") as caught:
            serve_metrics(NoMetrics(), Health(FakeClock()), endpoint.address)
        taken = endpoint.address
    serve_metrics(NoMetrics(), Health(FakeClock()), taken).close()

    assert f"metrics cannot be served at {taken}: " in str(caught.value)
    assert exit_of(caught.value) is Exit.ADDRESS


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("192.0.2.1:0", "192.0.2.1 is not an address of this machine"),  # RFC 5737: an address for documentation
        ("nowhere.invalid:0", "there is no host 'nowhere.invalid'"),  # RFC 6761: never resolved
    ],
)
def test_an_address_of_nobody_here_is_told_as_such(address: str, told: str) -> None:
    """It is neither a mistake of the input nor a port in use."""
    with pytest.raises(AddressUnusable, match=told):
        serve_metrics(NoMetrics(), Health(FakeClock()), address)
