"""Push queries: rows as they come, until somebody cancels."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self

from barloom.ksqldb.reader.rows import Header, parsed
from barloom.ksqldb.server.address import http_library
from barloom.ksqldb.server.answers import broken_off, error_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    import httpx

    from barloom.errors import KsqlError, KsqlUnreachable
    from barloom.ksqldb.server.address import KsqlServer

__all__ = ["AsyncPush", "Push"]

_LINES: Final = "application/vnd.ksqlapi.delimited.v1"
_JSON: Final = "application/vnd.ksql.v1+json"
_OK: Final = 200


class _Query:
    """What both kinds of push queries know: the request, its limits, and what a line means."""

    def __init__(self, server: KsqlServer, sql: str, properties: Mapping[str, str], silence: float | None) -> None:
        self._server = server
        self._sql = sql
        self._properties = dict(properties)
        self._silence = silence
        self._library = http_library()
        self._limits: dict[str, float | None] = dict.fromkeys(("read", "write", "pool"), server.timeout)
        self._limits["connect"] = server.connect_timeout
        self._decode: Callable[[Sequence[Any]], tuple[object, ...]] | None = None
        self.header: Header | None = None
        self.cancelled = False

    def _request(self, http: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        return http.build_request(
            "POST",
            "/query-stream",
            json={"sql": self._sql, "properties": self._properties},
            headers={"Accept": _LINES, "Content-Type": _JSON},
            extensions={"timeout": self._limits},
        )

    def _begun(self) -> None:
        """The server has answered: from now on only silence between rows counts."""
        self._limits["read"] = self._silence

    def _row(self, line: str) -> tuple[object, ...] | None:
        """The row of a line; none for the header and for the empty line at the end."""
        if not line.strip():
            return None
        try:
            item = parsed(line)
        except ValueError as error:
            raise broken_off(self._server, error, self._sql) from error
        if isinstance(item, dict):
            if "columnNames" not in item:
                raise error_of(self._server, _OK, item, self._sql)
            self.header = Header.read(item)
            self._decode = self.header.decoder()
            return None
        if self._decode is None:
            message = "a row came before the header"
            raise broken_off(self._server, ValueError(message), self._sql)
        return self._decode(item)

    def _refused(self, status: int, text: str) -> KsqlError:
        try:
            body = parsed(text)
        except ValueError:
            body = text
        return error_of(self._server, status, body, self._sql)

    def _failed(self, error: Exception) -> KsqlUnreachable | None:
        """The error to raise; none where the query was cancelled, which looks the same on the line."""
        return None if self.cancelled else broken_off(self._server, error, self._sql)


class Push(_Query):
    """A push query that runs: iterate over it once for its rows. `header` names the columns from the first row on.

    Made by `KsqlClient.push`. Leaving its context, or `cancel` from any thread, ends it here and on the server.
    """

    def __init__(
        self, server: KsqlServer, http: httpx.Client, sql: str, properties: Mapping[str, str], silence: float | None
    ) -> None:
        super().__init__(server, sql, properties, silence)
        try:
            self._answer = http.send(self._request(http), stream=True)
        except self._library.HTTPError as error:
            raise broken_off(server, error, sql) from error
        if self._answer.status_code != _OK:
            text = self._answer.read().decode(errors="replace")
            self._answer.close()
            raise self._refused(self._answer.status_code, text)
        self._begun()
        self._rows = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()
        self._answer.close()

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        return self._rows

    def _read(self) -> Iterator[tuple[object, ...]]:
        try:
            for line in self._answer.iter_lines():
                row = self._row(line)
                if row is not None:
                    yield row
        except (self._library.HTTPError, self._library.StreamError, OSError) as error:
            failure = self._failed(error)
            if failure is not None:
                raise failure from error
        finally:
            self._answer.close()

    def cancel(self) -> None:
        """End the query; whoever waits for a row is told at once that there are no more."""
        self.cancelled = True
        stream = self._answer.extensions.get("network_stream")
        line = None if stream is None else stream.get_extra_info("socket")
        if line is not None:
            with suppress(OSError):  # it is closed already
                line.shutdown(socket.SHUT_RDWR)


class AsyncPush(_Query):
    """`Push` for asynchronous code: ``async with client.push_async(…) as rows: async for row in rows: …``.

    Leaving the context or cancelling the task ends the query, here and on the server.
    """

    def __init__(self, server: KsqlServer, sql: str, properties: Mapping[str, str], silence: float | None) -> None:
        super().__init__(server, sql, properties, silence)
        self._http: httpx.AsyncClient = self._library.AsyncClient(
            base_url=server.url, auth=server.sign, verify=server.trust(), trust_env=False
        )
        self._answer: httpx.Response | None = None

    async def __aenter__(self) -> Self:
        try:
            self._answer = await self._http.send(self._request(self._http), stream=True)
            text = "" if self._answer.status_code == _OK else (await self._answer.aread()).decode(errors="replace")
        except self._library.HTTPError as error:
            await self.cancel()
            raise broken_off(self._server, error, self._sql) from error
        except BaseException:
            await self.cancel()
            raise
        if self._answer.status_code != _OK:
            await self.cancel()
            raise self._refused(self._answer.status_code, text)
        self._begun()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cancel()

    async def cancel(self) -> None:
        """End the query."""
        self.cancelled = True
        if self._answer is not None:
            await self._answer.aclose()
        await self._http.aclose()

    async def __aiter__(self) -> AsyncIterator[tuple[object, ...]]:
        if self._answer is None:
            message = "enter the query's context first: async with client.push_async(…) as rows"
            raise RuntimeError(message)
        try:
            async for line in self._answer.aiter_lines():
                row = self._row(line)
                if row is not None:
                    yield row
        except (self._library.HTTPError, self._library.StreamError) as error:
            failure = self._failed(error)
            if failure is not None:
                raise failure from error
