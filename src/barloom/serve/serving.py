"""`app`: everything that is served, as one ASGI application."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import Route

from barloom.clock import Clock, SystemClock
from barloom.serve.api.documents import documents
from barloom.serve.api.endpoint import Endpoint, problem_content
from barloom.serve.api.room import House
from barloom.serve.safety.door import Door
from barloom.serve.safety.gate import Gate, path_of
from barloom.serve.safety.tokens import Tokens
from barloom.serve.settings import Limits
from barloom.serve.stores.catalogue import Catalogue
from barloom.serve.udf.operations import UDF
from barloom.serve.v1.operations import V1

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from barloom.serve.safety.tokens import Token
    from barloom.serve.stores.catalogue import Servable

__all__ = ["Serving", "app"]

OPERATIONS: Final = (*V1, *UDF)
"""All that is answered, those asked most often first. Streams of changes have their place beside them."""

_EXPOSED: Final = ("ETag", "Link", "Retry-After")
_ASKED_WITH: Final = ("Authorization", "If-None-Match")
_NO_PATH: Final = 404
_ANSWERED: Final = ("GET", "HEAD")


class Serving:
    """Bars over HTTP: an ASGI application, made by `app`.

    Close it, or run it with its lifespan, and the stores that it opened are released.
    """

    def __init__(self, house: House, inner: ASGIApp) -> None:
        self._house = house
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or speak of the lifespan."""
        await self._inner(scope, receive, send)

    @property
    def guarded(self) -> bool:
        """Whether it asks for a token."""
        return bool(self._house.tokens)

    @property
    def stores(self) -> list[str]:
        """The names of what is served."""
        return self._house.catalogue.names

    def close(self) -> None:
        """Release the stores that were opened here."""
        self._house.catalogue.close()


def app(  # noqa: PLR0913 - the settings of a server, by name
    stores: Mapping[str, Servable],
    *,
    tokens: Iterable[Token | str | Path] = (),
    hosts: Iterable[str] = (),
    cors: Iterable[str] = (),
    limits: Limits | None = None,
    clock: Clock | None = None,
) -> Serving:
    """An ASGI application that serves stores by their names: ``/v1`` and ``/udf``.

    A store is the directory of one, a `barloom.kafka.Reader`, or a pipeline of ksqlDB. `tokens` are such, or files of
    them (TOML, a table a token); without any whoever reaches the server may read. `hosts` are the names by which it is
    called beside ``localhost`` and addresses; ``"*"`` leaves that to an application that this one is mounted in. `cors`
    are the origins whose pages may read, such as ``https://charts.example.com``.

    Raises `BadArguments` for tokens or names that are wrong, `StoreFormat` where there is no store.

    Example::

        import barloom as bl

        serving = bl.serve.app({"trades": "state"})
    """
    clock = clock or SystemClock()
    house = House(Catalogue(stores, clock), Tokens(tokens, clock), limits or Limits(), clock)
    operations = (*OPERATIONS, *documents(OPERATIONS, guarded=bool(house.tokens)))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        house.catalogue.close()

    endpoints = {item.path: Endpoint(item, house) for item in operations}
    routes = [Route(path, endpoint, methods=["GET"]) for path, endpoint in endpoints.items()]
    inner: ASGIApp = Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _no_route})
    inner = _Straight(inner, endpoints)
    free = [item.path for item in operations if not item.guarded]
    inner = Gate(inner, tokens=house.tokens, limits=house.limits, free=free)
    allowed = list(cors)
    if allowed:
        inner = CORSMiddleware(
            inner, allow_origins=allowed, allow_headers=_ASKED_WITH, expose_headers=_EXPOSED, max_age=3600
        )
    return Serving(house, Door(inner, hosts=hosts, origins=allowed))


class _Straight:
    """Leads what is asked most to its endpoint without looking at every route: that would be a twentieth of one bar."""

    def __init__(self, app: ASGIApp, endpoints: Mapping[str, Endpoint]) -> None:
        self._app = app
        self._endpoints = endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked = scope["type"] == "http" and scope["method"] in _ANSWERED
        endpoint = self._endpoints.get(path_of(scope)) if asked else None
        await (endpoint or self._app)(scope, receive, send)


def _no_route(_: Request, error: Exception) -> Response:
    """What is said of a path that there is not, or of another method than GET."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    detail = "there is nothing at this path; see /v1/docs" if status == _NO_PATH else "only GET and HEAD are answered"
    content = problem_content(status, detail)
    return Response(content.body, status, {**headers, "cache-control": "no-store"}, content.media)
