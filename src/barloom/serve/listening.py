"""Listening: a server that runs in a thread beside whatever else the process does."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from barloom.errors import AddressUnusable, BadArguments, Problem
from barloom.telemetry.address import address_of, why_unusable
from barloom.telemetry.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from barloom.environment import Secret
    from barloom.serve.serving import Serving

__all__ = ["Endpoint", "Tls", "listen"]

_log = get_logger(__name__)

_LONGEST_HEAD: Final = 32_768
_GRACE: Final = 5
"""Seconds for which requests under way may end once the server stops."""


class Tls(NamedTuple):
    """A certificate with its chain, its private key (both files in PEM), and what opens the key."""

    certificate: str
    key: str
    password: Secret | None = None


class _Quiet(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # one of two, by what is installed
    """Logs no requests, whatever the process logs: addresses hold keys."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - passed on as they are
        super().__init__(*arguments, **named)
        self.access_log = False


class Endpoint:
    """A running server; use it in a ``with`` statement, or `close` it. `url` is where it answers."""

    def __init__(self, server: uvicorn.Server, bound: socket.socket, url: str) -> None:
        self._server = server
        self.url = url
        serve = server.serve(sockets=[bound])
        self._thread = Thread(target=asyncio.run, args=(serve,), name="barloom-serve", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer no more, and free the port; requests under way may end first."""
        self._server.should_exit = True
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def listen(
    serving: Serving, address: str, *, tls: Tls | None = None, open_to_all: bool = False, proxies: Iterable[str] = ()
) -> Endpoint:
    """Serve at ``HOST:PORT`` (port 0: a free one), in a thread, until it is closed.

    Beyond this machine only with tokens, or if it is to be `open_to_all`. `proxies` are the addresses of those in front
    of it, whose word on who asks is taken. Raises `BadArguments`, and `AddressUnusable` where nothing can listen there.
    """
    host, port = _checked(serving, address, open_to_all=open_to_all)
    server = _server(serving, tls, list(proxies))
    bound = _bound(host, port, address)
    url = f"{'http' if tls is None else 'https'}://{_written(bound)}"
    _log.info("bars are served", url=url, stores=",".join(serving.stores), guarded=serving.guarded)
    return Endpoint(server, bound, url)


def _checked(serving: Serving, address: str, *, open_to_all: bool) -> tuple[str, int]:
    """Host and port, where it is safe to listen there."""
    try:
        host, port = address_of(address)
    except ValueError as error:
        raise BadArguments([Problem(str(error), "--listen", "give an address such as 127.0.0.1:8080")]) from error
    if serving.guarded or open_to_all or _is_here(host):
        return host, port
    fix = "give --tokens FILE, listen at 127.0.0.1, or say --open, if everybody who reaches it may read"
    raise BadArguments([Problem("it can be reached from other machines, and asks for no token", address, fix)])


def _is_here(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _server(serving: Serving, tls: Tls | None, proxies: list[str]) -> uvicorn.Server:
    config = uvicorn.Config(
        serving,
        http=_Quiet,
        log_config=None,
        server_header=False,
        ws="none",
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        timeout_graceful_shutdown=_GRACE,
        ssl_certfile=None if tls is None else tls.certificate,
        ssl_keyfile=None if tls is None else tls.key,
        ssl_keyfile_password=None if tls is None or tls.password is None else tls.password.reveal(),
    )
    try:
        config.load()
    except (OSError, LookupError) as error:  # also those of certificates
        where = "TLS" if tls is None else f"TLS {tls.certificate}"
        fix = "name a certificate and its key, both as PEM"
        raise BadArguments([Problem(f"it cannot be used: {error}", where, fix)]) from error
    return uvicorn.Server(config)


def _bound(host: str, port: int, address: str) -> socket.socket:
    """A socket that listens, so that whoever comes from now on is answered."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(place)
            bound.listen()
        except OSError:
            bound.close()
            raise
    except OSError as error:
        message = f"bars cannot be served at {address}: {why_unusable(error, host, port, '--listen')}"
        raise AddressUnusable(message) from error
    return bound


def _written(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
