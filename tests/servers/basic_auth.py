"""A door in front of an HTTP server that wants a name and a password, or a token, and passes on what it gets."""

from __future__ import annotations

import ssl
from base64 import b64encode
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER = "barloom"
PASSWORD = "registry-secret"  # noqa: S105
TOKEN = "registry-token"  # noqa: S105

_KEYS = {f"Basic {b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}", f"Bearer {TOKEN}"}


@contextmanager
def guarded(url: str, tls: tuple[Path, Path] | None = None) -> Iterator[str]:
    """The address of the door to that server: 401 without the right name and password or token.

    Args:
        url: The server behind.
        tls: A certificate and its key as PEM; the door then speaks https.

    """
    behind = urlsplit(url)

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Authorization") not in _KEYS:
                self._answer(401, b'{"error_code":40101,"message":"Unauthorized"}', "application/json")
                return
            connection = HTTPConnection(behind.hostname or "", behind.port)
            try:
                passed = {name: self.headers[name] for name in ("Content-Type", "Accept") if name in self.headers}
                connection.request(self.command, self.path, body, passed)
                answer = connection.getresponse()
                self._answer(answer.status, answer.read(), answer.headers.get("Content-Type", ""))
            finally:
                connection.close()

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as door:
        door.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            door.socket = context.wrap_socket(door.socket, server_side=True)
        Thread(target=door.serve_forever, daemon=True).start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{door.server_address[1]}{behind.path}"
        finally:
            door.shutdown()
