"""The door: which requests are let in at all, and what every answer says to browsers."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from barloom.serve.api.endpoint import problem_content, send_content

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Door"]

_HERE: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_SAID: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_POLICY: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_STRICT: Final = (b"strict-transport-security", b"max-age=31536000")
_ANY: Final = "*"
_VIOLATION: Final = 1008
"""The code with which a socket is closed whose request is against the rules."""


class Door:
    """Refuses requests that name another host, and those that come from pages of other origins.

    A page of a stranger can make a browser ask for ``http://localhost:8080``, also under a name of his own (DNS
    rebinding). So a request has to name this machine, by an address or by one of `hosts`, and a request that says where
    its page came from (`Origin`) has to come from here, or from one of `origins`. ``*`` among the hosts leaves that to
    an application that this one is mounted in.
    """

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str] = (), origins: Iterable[str] = ()) -> None:
        self._app = app
        named = {host.lower() for host in hosts}
        self._any = _ANY in named
        self._hosts = _HERE | named
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        hosts = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"]
        origin = next((value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"origin"), None)
        saying = _saying(send, secure=scope["scheme"] in ("https", "wss"))
        if len(hosts) != 1 or not self._is_here(hosts[0]):
            await _refuse(scope, saying, 421, _OTHER_HOST)
        elif origin is not None and origin not in self._origins and origin.partition("://")[2] != hosts[0]:
            await _refuse(scope, saying, 403, _OTHER_ORIGIN)
        else:
            await self._app(scope, receive, saying)

    def _is_here(self, host: str) -> bool:
        """Whether a host is this machine: by a name that it is known by, or by any address."""
        name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
        if self._any or name in self._hosts:
            return True
        try:
            ip_address(name.removeprefix("[").removesuffix("]"))
        except ValueError:
            return False
        return True


_OTHER_HOST: Final = "the request names a host that this server is not known by; it is named with --host"
_OTHER_ORIGIN: Final = "the request comes from a page of another origin; it is let in with --cors"


async def _refuse(scope: Scope, send: Send, status: int, detail: str) -> None:
    if scope["type"] == "websocket":  # before it was accepted: the client is answered 403
        await send({"type": "websocket.close", "code": _VIOLATION, "reason": detail})
        return
    await send_content(scope, send, problem_content(status, detail), {})


def _saying(send: Send, *, secure: bool) -> Send:
    """Adds to every answer what keeps browsers from doing more with it than showing it."""

    async def said(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = message["headers"]
            own = any(name == _POLICY[0] for name, _ in headers)
            message["headers"] = [*headers, *_SAID, *([] if own else [_POLICY]), *([_STRICT] if secure else [])]
        await send(message)

    return said
