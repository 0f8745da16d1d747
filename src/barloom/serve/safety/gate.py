"""The gate behind the door: how much one client may ask for at once, and who it is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers

from barloom.serve.api.endpoint import ACCESS, problem_content, send_content
from barloom.telemetry.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send

    from barloom.serve.safety.tokens import Tokens
    from barloom.serve.settings import Limits

__all__ = ["Gate", "path_of"]

_log = get_logger(__name__)

_ASKED: Final = "this server asks for a token: Authorization: Bearer …"
_UNKNOWN: Final = "the token is not known here"
_VIOLATION: Final = 1008


class Gate:
    """Counts the requests of each client, refuses bodies that nobody asked for, and finds out what a token may see.

    What a request may see stands in its scope. `free` are the paths that everybody may ask for.
    """

    def __init__(self, app: ASGIApp, *, tokens: Tokens, limits: Limits, free: Collection[str]) -> None:
        self._app = app
        self._tokens = tokens
        self._limits = limits
        self._free = frozenset(free)
        self._busy: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        client = (scope.get("client") or ("",))[0]
        if self._busy[client] >= self._limits.at_once:
            detail = f"you have {self._limits.at_once} requests under way, and no more are answered at once"
            await _refuse(scope, send, 429, detail, **{"retry-after": "1"})
            return
        self._busy[client] += 1
        try:
            await self._known(scope, receive, send)
        finally:
            self._busy[client] -= 1
            if not self._busy[client]:
                del self._busy[client]

    async def _known(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if self._is_large(headers):
            await _refuse(scope, send, 413, f"a request has a body of at most {self._limits.body} bytes, told ahead")
            return
        if self._tokens and path_of(scope) not in self._free:
            shown = headers.get("authorization", "")
            access = self._tokens.of(shown)
            if access is None:
                _log.info("a request without a known token was refused", client=(scope.get("client") or ("",))[0])
                detail = _UNKNOWN if shown else _ASKED
                await _refuse(scope, send, 401, detail, **{"www-authenticate": 'Bearer realm="barloom"'})
                return
            scope[ACCESS] = access
        await self._app(scope, receive, send)

    def _is_large(self, headers: Headers) -> bool:
        length = headers.get("content-length", "0")
        told = "transfer-encoding" not in headers and length.isascii() and length.isdigit()
        return not told or int(length) > self._limits.body


def path_of(scope: Scope) -> str:
    """The path below where the application is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


async def _refuse(scope: Scope, send: Send, status: int, detail: str, **headers: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _VIOLATION, "reason": detail})
        return
    await send_content(scope, send, problem_content(status, detail), headers)
