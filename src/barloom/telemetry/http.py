"""``/metrics``, ``/healthz`` and ``/readyz`` over HTTP, from a thread beside the loop."""

from __future__ import annotations

import socket
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, Self

from barloom.errors import AddressUnusable
from barloom.telemetry.address import address_of, why_unusable
from barloom.telemetry.logs import get_logger

if TYPE_CHECKING:
    from types import TracebackType

    from barloom.telemetry.metrics import Metrics

__all__ = ["Endpoint", "Healthy", "serve_metrics"]

_log = get_logger(__name__)
_PATIENCE: Final = 10
"""Seconds that a client may take for its request, so that a silent one holds no thread for ever."""

_PLAIN: Final = "text/plain; charset=utf-8"


class Healthy(Protocol):
    """What can say whether it is well: `barloom.telemetry.health.Health`."""

    def healthz(self) -> str | None:
        """Why it should be restarted; none when it is alive."""
        ...

    def readyz(self) -> str | None:
        """What it is waiting for; none when it is ready."""
        ...


class _Answer(NamedTuple):
    status: HTTPStatus
    body: bytes
    content_type: str = _PLAIN


class Endpoint:
    """A running server; use it in a ``with`` statement, or `close` it. `address` is where it listens."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self._server = server
        host, port = server.server_address[:2]
        self.address = f"[{host!s}]:{port}" if ":" in str(host) else f"{host!s}:{port}"
        self._thread = Thread(target=server.serve_forever, name="barloom-metrics", args=(0.1,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer no more and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve_metrics(metrics: Metrics, health: Healthy, address: str) -> Endpoint:
    """Listen at ``HOST:PORT`` (port 0: a free one; no host: every address of the machine).

    Raises `ValueError` for an address that is none, and `AddressUnusable` where nothing can listen there.
    """
    host, port = address_of(address)

    handler = type("_Handler", (_Handler,), {"metrics": metrics, "health": health})
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        server = type("_Server", (_Server,), {"address_family": found[0][0]})(found[0][4][:2], handler)
    except OSError as error:
        message = f"metrics cannot be served at {address}: {why_unusable(error, host, port, '--metrics')}"
        raise AddressUnusable(message) from error
    endpoint = Endpoint(server)
    _log.info("metrics are served", address=endpoint.address)
    return endpoint


def _answer(metrics: Metrics, health: Healthy, path: str, accept: str) -> _Answer:
    if path == "/metrics":
        body, content_type = metrics.exposition(accept)
        return _Answer(HTTPStatus.OK, body, content_type)
    checks = {"/healthz": health.healthz, "/readyz": health.readyz}
    if path not in checks:
        return _Answer(HTTPStatus.NOT_FOUND, b"there are /metrics, /healthz and /readyz\n")
    why_not = checks[path]()
    if why_not is None:
        return _Answer(HTTPStatus.OK, b"ok\n")
    return _Answer(HTTPStatus.SERVICE_UNAVAILABLE, f"{why_not}\n".encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_port = False  # two instances on one port would each answer half of the requests

    def server_bind(self) -> None:
        """Bind without looking up the machine's name, which may hang where names cannot be resolved."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - as its parent's
        """A client that went away is no news, and none may write a traceback to the terminal."""
        _log.debug("a request for metrics failed", client=str(client_address))


class _Handler(BaseHTTPRequestHandler):
    timeout = _PATIENCE
    server_version = "barloom"
    sys_version = ""

    metrics: Metrics
    health: Healthy

    def do_GET(self) -> None:
        status, body, content_type = _answer(
            self.metrics, self.health, self.path.partition("?")[0], self.headers.get("Accept", "")
        )
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as its parent's
        """Requests come every few seconds and are no news."""
