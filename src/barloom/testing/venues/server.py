"""The servers of a venue double: one port for its websocket and its HTTP, within one event loop."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from barloom.errors import MissingExtra
from barloom.testing.venues.answers import split
from barloom.testing.venues.frames import framed
from barloom.testing.venues.protocols.exchange import Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from websockets.asyncio.server import Server, ServerConnection
    from websockets.http11 import Request, Response

    from barloom.testing.venues.answers import Answers
    from barloom.testing.venues.clock import VenueClock
    from barloom.testing.venues.history import History
    from barloom.testing.venues.protocols.exchange import Exchange, Form, Reply
    from barloom.testing.venues.trades import MarketTrade

__all__ = ["Client", "VenueServer"]

_FULL: Final = 1 << 20
"""How many bytes may wait for a client before the market waits for it."""

_LOG: Final = logging.getLogger("barloom.testing.venues")
_LOG.setLevel(logging.CRITICAL)  # the troubles are meant, and are no errors of this server
_OPEN: Final = 1  # websockets.protocol.State.OPEN
_SILENT: Final = ("heartbeat",)
"""Channels that say nothing about a trade."""


@dataclass(eq=False, slots=True)
class Client:
    """One connection."""

    connection: ServerConnection
    listener: Listener
    since: float
    sent: int = 0
    spoken: bool = False
    forms: dict[str, list[Form]] = field(default_factory=dict)

    def say(self, texts: Iterable[str]) -> None:
        """Send messages."""
        data = b"".join(framed(text) for text in texts)
        if data and self.connection.state == _OPEN and not self.connection.transport.is_closing():
            self.connection.transport.write(data)
            self.spoken = True

    def sort(self, told: Sequence[str]) -> None:
        """Note which forms each symbol has; quotes come before the trade."""
        self.forms = {}
        for form in sorted(self.listener.forms, key=lambda form: form.channel in told):
            if form.channel not in _SILENT:
                self.forms.setdefault(form.symbol, []).append(form)


class VenueServer:
    """Listens on a port of loopback; what is said and when is decided by others."""

    def __init__(self, exchange: Exchange, history: History, answers: Answers, clock: VenueClock) -> None:
        self.exchange, self._history, self._answers, self._clock = exchange, history, answers, clock
        self.clients: set[Client] = set()
        self.connections = 0
        self.heard: set[str] = set()
        self.given_up: set[str] = set()
        self.changed = asyncio.Event()
        self.refusals = 0
        self._held: list[ServerConnection] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: Server | None = None

    async def start(self, port: int, pings: float | None) -> int:
        """Listen; the port, also where 0 was asked for."""
        try:
            from websockets.asyncio.server import serve  # noqa: PLC0415 - an optional part
        except ImportError:
            raise MissingExtra("feed", "a venue double") from None
        self._server = await serve(
            self._connected,
            "127.0.0.1",
            port,
            process_request=self._requested,
            compression=None,
            ping_interval=pings,
            logger=_LOG,
            max_size=None,
        )
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def stop(self) -> None:
        """End all connections, and listen no more."""
        for connection in [*(client.connection for client in self.clients), *self._held]:
            connection.transport.abort()
        for task in self._tasks:
            task.cancel()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _requested(self, connection: ServerConnection, request: Request) -> Response | None:
        path, query = split(request.path)
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return await self._answered(connection, request.path)
        if self.refusals:
            self.refusals -= 1
            self._answers.closed = self.refusals > 0
            return _response(503, "Service Unavailable")
        listener = Listener(path, query)
        texts = self.exchange.connected(listener, self._history, self._clock.venue())
        if texts is None:
            return _response(404, f"no websocket of {self.exchange.name} listens at {path}")
        connection.listener, connection.hello = listener, texts  # type: ignore[attr-defined]
        return None

    async def _answered(self, connection: ServerConnection, target: str) -> Response:
        reply = await self._answers.answer(target)
        if reply is None:
            connection.transport.abort()
            await asyncio.sleep(0)
            return _response(503, "")
        return _response(reply.status, reply.body, reply)

    async def _connected(self, connection: ServerConnection) -> None:
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - an optional part

        listener: Listener = connection.listener  # type: ignore[attr-defined]
        self.connections += 1
        client = Client(connection, listener, self._clock.monotonic())
        self.clients.add(client)
        client.say(connection.hello)  # type: ignore[attr-defined]
        self._resort(client)
        try:
            async for message in connection:
                if client in self.clients:
                    text = message if isinstance(message, str) else message.decode()
                    texts = self.exchange.hear(listener, text, self._history, self._clock.venue())
                    self._resort(client)
                    client.say(texts)
        except ConnectionClosed:
            pass
        finally:
            self.forget(client)

    def _resort(self, client: Client) -> None:
        client.sort(self.exchange.told)
        self.given_up |= client.listener.left
        self._listen()

    def _listen(self) -> None:
        forms = (form for client in self.clients for form in client.listener.forms)
        self.heard = {form.symbol for form in forms if form.channel in self.exchange.told}
        self.given_up -= self.heard
        self.changed.set()

    def forget(self, client: Client) -> None:
        """Say nothing more to a client."""
        self.clients.discard(client)
        self._listen()

    def tell(self, trades: Sequence[MarketTrade]) -> None:
        """Send trades, in this order, to all who have asked for their symbols."""
        for client in self.clients:
            texts: list[str] = []
            for group in _by_symbol(trades):
                forms = client.forms.get(group[0].symbol, ())
                parts = [group] if len(forms) < 2 else [[trade] for trade in group]  # noqa: PLR2004 - one form, or more
                texts += (text for part in parts for form in forms for text in self.exchange.trades(form, part))
                client.sent += len(group) if forms else 0
            client.say(texts)

    async def drained(self) -> None:
        """Wait until no client has much left to read."""
        await asyncio.sleep(0)
        for client in list(self.clients):
            if client.connection.transport.get_write_buffer_size() > _FULL:
                with suppress(ConnectionError):
                    await client.connection.drain()

    def beat(self) -> None:
        """Send the heartbeats."""
        for client in self.clients:
            if self.exchange.quiet and client.spoken:
                client.spoken = False
                continue
            client.say(self.exchange.beat(client.listener, self._history, self._clock.venue()))
            client.spoken = False

    def each(self, texts: Callable[[Client], Iterable[str]]) -> None:
        """Say something to every client."""
        for client in self.clients:
            client.say(texts(client))

    def silence(self) -> None:
        """Say nothing more on the connections that stand, and read nothing either."""
        for client in list(self.clients):
            client.connection.transport.pause_reading()
            self._held.append(client.connection)
            self.forget(client)

    def cut(self, clients: Iterable[Client], half: bytes = b"") -> None:
        """Break connections without a word, or in the middle of one."""
        for client in list(clients):
            if half:
                client.connection.transport.write(half)
            client.connection.transport.close()
            self.forget(client)

    def close(self, clients: Iterable[Client]) -> None:
        """Close connections in good order, as a venue does it that has said so before."""
        for client in list(clients):
            client.say(self.exchange.closing(client.listener, self._clock.venue()))
            self.forget(client)
            task = asyncio.ensure_future(client.connection.close(1001, "going away"))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


def _by_symbol(trades: Sequence[MarketTrade]) -> Iterable[list[MarketTrade]]:
    group: list[MarketTrade] = []
    for trade in trades:
        if group and group[0].symbol != trade.symbol:
            yield group
            group = []
        group.append(trade)
    if group:
        yield group


def _response(status: int, body: str, reply: Reply | None = None) -> Response:
    from websockets.datastructures import Headers  # noqa: PLC0415 - an optional part
    from websockets.http11 import Response as Answer  # noqa: PLC0415 - an optional part

    data = body.encode()
    headers = Headers([("Connection", "close"), ("Content-Length", str(len(data))), *(reply.headers if reply else ())])
    names = {status.value: status.phrase for status in HTTPStatus}
    return Answer(status, names.get(status, "Unknown"), headers, data)
