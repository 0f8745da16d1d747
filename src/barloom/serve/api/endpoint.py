"""One operation as an ASGI application: parameters in, an answer or a problem out."""

from __future__ import annotations

import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import anyio.to_thread
import msgspec
from anyio import CapacityLimiter
from starlette.datastructures import Headers

from barloom.errors import BrokerError, KsqlError, StoreError, StoreNotRunning
from barloom.serve.api.answers import Content, content_of, etag_of, shrunk
from barloom.serve.api.asking import asked
from barloom.serve.api.forms import preferred
from barloom.serve.api.refusals import NotRunning, Problem, Refused, UdfError
from barloom.serve.stores.served import NotKept
from barloom.telemetry.logs import get_logger
from barloom.time.instants import nanos_of, written

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from barloom.serve.api.operations import Operation
    from barloom.serve.api.room import House

__all__ = ["ACCESS", "Endpoint", "problem_content", "send_content"]

_log = get_logger(__name__)

ACCESS: Final = "barloom.access"
"""Where the scope of a request says what it may see."""

_PROBLEM: Final = "application/problem+json"
_NOTHING: Final = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_PAGE_POLICY: Final = f"default-src 'none'; style-src 'self'; {_NOTHING}"
_FOR_GOOD: Final = "max-age=31536000, immutable"
_encode: Final = msgspec.json.Encoder().encode


class Endpoint:
    """Answers an operation; in a thread, unless it is quick."""

    def __init__(self, operation: Operation, house: House) -> None:
        self._operation = operation
        self._house = house
        self._tells = _udf_error if operation.tag == "udf" else _as_it_is
        self._limiter = CapacityLimiter(house.limits.threads)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = Headers(scope=scope)
        if self._operation.quick and self._house.catalogue.quick:
            sent = self._answer(scope, headers)
        else:
            sent = await anyio.to_thread.run_sync(self._answer, scope, headers, limiter=self._limiter)
        await _send(scope, send, *sent)

    def _answer(self, scope: Scope, headers: Headers) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        try:
            content = self._content(scope, headers)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is told what it may know
            content, more = _problem_of(error, self._operation.path)
            content = self._tells(content)
            return content.status, {"content-type": content.media, "cache-control": "no-store", **more}, content.body
        return self._sent(content, scope, headers)

    def _content(self, scope: Scope, headers: Headers) -> Content:
        parameters = asked(self._operation.kind, scope["query_string"])
        answer = self._operation.handler(parameters, self._house.room(scope.get(ACCESS)))
        return content_of(answer, preferred(headers.get("accept", "*/*")) if _is_table(answer) else None)

    def _sent(self, content: Content, scope: Scope, headers: Headers) -> tuple[int, dict[str, str], bytes]:
        tag = etag_of(content.body)
        told = {"etag": tag, "cache-control": self._lifetime(content), "vary": "Accept, Accept-Encoding"}
        if content.media.startswith("text/html"):
            told["content-security-policy"] = _PAGE_POLICY
        if content.onwards is not None:
            told["link"] = f'<{_next_address(scope, content.onwards)}>; rel="next"'
        if content.status == HTTPStatus.OK and _is_known(headers.get("if-none-match", ""), tag):
            return HTTPStatus.NOT_MODIFIED, told, b""
        body, packing = shrunk(content, headers.get("accept-encoding", ""))
        packed = {} if packing is None else {"content-encoding": packing}
        return content.status, {"content-type": content.media, **told, **packed}, body

    def _lifetime(self, content: Content) -> str:
        private = "private, " if self._house.tokens else ""
        return f"{private or 'public, '}{_FOR_GOOD}" if content.lasting else f"{private}no-cache"


def _is_table(answer: object) -> bool:
    return getattr(answer, "form", 0) is None


def _is_known(told: str, tag: str) -> bool:
    marks = {item.strip().removeprefix("W/") for item in told.split(",")}
    return "*" in marks or tag.removeprefix("W/") in marks


def _next_address(scope: Scope, cursor: str) -> str:
    """The address of the next page, from the path on: the same request with another cursor."""
    query = scope["query_string"].decode("latin-1")
    kept = [part for part in query.split("&") if part and not part.startswith("cursor=")]
    return f"?{'&'.join([*kept, f'cursor={cursor}'])}"


async def _send(scope: Scope, send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    if status != HTTPStatus.NOT_MODIFIED:
        headers["content-length"] = str(len(body))
    raw = [(name.encode(), value.encode("latin-1", errors="replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": int(status), "headers": raw})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def send_content(scope: Scope, send: Send, content: Content, headers: dict[str, str]) -> None:
    """Send an answer that is made outside of an operation, such as a refusal at the door."""
    told = {"content-type": content.media, "cache-control": "no-store", **headers}
    await _send(scope, send, content.status, told, content.body)


def problem_content(status: int, detail: str, parameter: str | None = None) -> Content:
    """A `Problem` as bytes."""
    body = Problem(HTTPStatus(status).phrase, status, detail, parameter)
    return Content(_encode(body), _PROBLEM, status)


def _problem_of(error: Exception, path: str) -> tuple[Content, dict[str, str]]:
    """What a client is told of an error, and headers that belong to it."""
    match error:
        case Refused():
            return problem_content(error.status, error.detail, error.parameter), error.headers
        case NotKept():
            return problem_content(404, str(error.args[0])), {}
        case StoreNotRunning():
            return _not_running(error), {"retry-after": "1"}
        case StoreError():
            return problem_content(503, "the store cannot be read"), {"retry-after": "1"}
        case BrokerError() | KsqlError():
            return problem_content(503 if error.retriable else 502, str(error)), {}
        case _:
            _tell(error, path)
            return problem_content(500, "this is a fault of barloom; its log says where"), {}


def _not_running(error: StoreNotRunning) -> Content:
    body = NotRunning(
        title=HTTPStatus.SERVICE_UNAVAILABLE.phrase,
        status=503,
        detail=str(error),
        topic=error.topic,
        state=error.state,
        at=written(nanos_of(error.at)),
    )
    return Content(_encode(body), _PROBLEM, 503)


def _tell(error: Exception, path: str) -> None:
    """Say where it happened; its text may hold a key, which no log shows."""
    places = "".join(traceback.format_tb(error.__traceback__))
    _log.error("a request failed", path=path, kind=type(error).__name__, places=places)


def _as_it_is(content: Content) -> Content:
    return content


def _udf_error(content: Content) -> Content:
    """A problem as the charting library reads it."""
    told = msgspec.json.decode(content.body, type=Problem)
    return content._replace(body=_encode(UdfError("error", told.detail)), media="application/json")
