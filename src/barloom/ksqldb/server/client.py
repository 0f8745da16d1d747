"""A client of ksqlDB's REST interface: statements, pull queries and push queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

from barloom.errors import KsqlRefused
from barloom.ksqldb.compile.names import query_name
from barloom.ksqldb.reader.push import AsyncPush, Push
from barloom.ksqldb.reader.rows import Header, Rows, parsed
from barloom.ksqldb.server.address import http_library
from barloom.ksqldb.server.answers import broken_off, error_of, gone_already

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    import httpx

    from barloom.ksqldb.server.address import KsqlServer

__all__ = ["KsqlClient"]

_JSON: Final = "application/vnd.ksql.v1+json"
_ARRAY: Final = "application/json"
_OK: Final = 200
_MISSING: Final = 404
_FAILED: Final = 50000
"""A statement that was accepted and failed as it ran has no code of its own; this is that of failures."""


class KsqlClient:
    """A connection to a ksqlDB server; use it as a context manager, or call `close`.

    Every call raises a `KsqlError`: `KsqlUnreachable` without an answer, `KsqlNotReady` where another try may help,
    `KsqlUnauthorized` and `KsqlRefused` otherwise. Nothing is retried here. Times-out are seconds; none means the
    server's own (`KsqlServer.timeout`). Proxies and passwords of the environment are not used.
    """

    def __init__(self, server: KsqlServer) -> None:
        self.server = server
        library = http_library()
        self._library = library
        self._http: httpx.Client = library.Client(
            base_url=server.url,
            auth=server.sign,
            verify=server.trust(),
            timeout=library.Timeout(server.timeout, connect=server.connect_timeout),
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def info(self, *, timeout: float | None = None) -> dict[str, Any]:
        """The server's ``version``, ``kafkaClusterId``, ``ksqlServiceId`` and ``serverStatus``."""
        found = self._get("/info", timeout)
        if "KsqlServerInfo" not in found:
            raise error_of(self.server, _OK, "the answer to /info is of something else", None)
        server: dict[str, Any] = found["KsqlServerInfo"]
        return server

    def health(self, *, timeout: float | None = None) -> dict[str, Any]:
        """The server's own check: ``isHealthy`` and ``details``. It is answered also by an unhealthy server."""
        return self._get("/healthcheck", timeout)

    def cluster(self, *, timeout: float | None = None) -> dict[str, Any] | None:
        """What each host of the cluster says of its stores, by host; none where heartbeats are switched off."""
        answer = self._send("GET", "/clusterStatus", None, _JSON, timeout)
        if answer.status_code == _MISSING:
            return None
        found: dict[str, Any] = self._decoded(answer, None)["clusterStatus"]
        return found

    def _get(self, path: str, timeout: float | None) -> dict[str, Any]:
        found = self._decoded(self._send("GET", path, None, _JSON, timeout), None)
        return found if isinstance(found, dict) else {}

    def execute(
        self, statement: str, properties: Mapping[str, str] | None = None, *, timeout: float | None = None
    ) -> list[dict[str, Any]]:
        """Run one or more statements, and return the server's answer to each.

        The server checks all of them before it runs the first; where one fails while it runs, those before it stay:
        they are the error's `applied`. `properties` count for this request only, as ``SET`` before it would.
        """
        if not statement.strip():
            message = "there is no statement"
            raise ValueError(message)
        body = {"ksql": statement, "streamsProperties": dict(properties or {})}
        answer = self._send("POST", "/ksql", body, _JSON, timeout, statement)
        entities: list[dict[str, Any]] = self._decoded(answer, statement)
        for position, entity in enumerate(entities):
            status = entity.get("commandStatus") or {}
            if status.get("status") == "ERROR":
                done = tuple(str(item["statementText"]) for item in entities[:position])
                failure = {"error_code": _FAILED, "message": status.get("message")}
                raise error_of(self.server, answer.status_code, failure, entity["statementText"], applied=done)
        return entities

    def describe(self, name: str, *, timeout: float | None = None) -> dict[str, Any] | None:
        """What the server knows of a stream or table (``DESCRIBE … EXTENDED``); none where there is none.

        `name` is written as in a statement: quoted where its case counts.
        """
        try:
            entity = self.execute(f"DESCRIBE {name} EXTENDED;", timeout=timeout)[0]
        except KsqlRefused as error:
            if gone_already(error):
                return None
            raise
        found: dict[str, Any] = entity["sourceDescription"]
        return found

    def explain(self, query_id: str, *, timeout: float | None = None) -> dict[str, Any]:
        """What the server knows of a running query (``EXPLAIN``), by its id: its properties, errors and tasks."""
        found: dict[str, Any] = self.execute(f"EXPLAIN {query_name(query_id)};", timeout=timeout)[0]["queryDescription"]
        return found

    def pull(self, sql: str, properties: Mapping[str, str] | None = None, *, timeout: float | None = None) -> Rows:
        """All rows of a pull query."""
        body = {"sql": sql, "properties": dict(properties or {})}
        items: list[Any] = self._decoded(self._send("POST", "/query-stream", body, _ARRAY, timeout, sql), sql)
        header = Header.read(items[0])
        decode = header.decoder()
        broken = next((item for item in items[1:] if isinstance(item, dict)), None)
        if broken is not None:
            raise error_of(self.server, _OK, broken, sql)
        return Rows(header, tuple(decode(item) for item in items[1:]))

    def push(
        self,
        sql: str,
        properties: Mapping[str, str] | None = None,
        *,
        silence: float | None = None,
    ) -> Push:
        """The rows of a push query (``EMIT CHANGES``) as they come, until it is cancelled or its ``LIMIT`` is reached.

        Where no row comes for `silence` seconds, `KsqlUnreachable`; none waits for ever.
        """
        return Push(self.server, self._http, sql, properties or {}, silence)

    def push_async(
        self,
        sql: str,
        properties: Mapping[str, str] | None = None,
        *,
        silence: float | None = None,
    ) -> AsyncPush:
        """`push` for asynchronous code; leaving its context or cancelling its task ends the query."""
        return AsyncPush(self.server, sql, properties or {}, silence)

    def _send(  # noqa: PLR0913, PLR0917 - one argument for each part of a request
        self, method: str, path: str, body: object, accept: str, timeout: float | None, statement: str | None = None
    ) -> httpx.Response:
        limits = self._library.USE_CLIENT_DEFAULT
        if timeout is not None:
            limits = self._library.Timeout(timeout, connect=min(timeout, self.server.connect_timeout))
        headers = {"Accept": accept} if body is None else {"Accept": accept, "Content-Type": _JSON}
        try:
            return self._http.request(method, path, json=body, headers=headers, timeout=limits)
        except self._library.HTTPError as error:
            raise broken_off(self.server, error, statement) from error

    def _decoded(self, answer: httpx.Response, statement: str | None) -> Any:  # noqa: ANN401 - whatever it holds
        try:
            body = parsed(answer.content)
        except ValueError as error:
            if answer.status_code == _OK:
                raise broken_off(self.server, error, statement) from error
            body = answer.text
        if answer.status_code != _OK:
            raise error_of(self.server, answer.status_code, body, statement)
        return body
