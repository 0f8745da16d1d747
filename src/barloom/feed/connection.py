"""One websocket of a venue: connect, subscribe within its limits, keep alive, and notice that it is dead."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from barloom.errors import MissingExtra
from barloom.feed.intake import Moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from websockets.asyncio.client import ClientConnection

    from barloom.clock import Clock
    from barloom.feed.protocol import Channel, Venue

__all__ = ["Connection", "ConnectionLost", "Listener", "websocket_library"]

_LOOPBACK: Final = frozenset(("localhost", "127.0.0.1", "::1"))
_LARGEST: Final = 1 << 24
_QUEUE: Final = 256
_OPENING: Final = 10.0
_GOODBYE: Final = 0.5
_NO_ANSWER: Final = 1.0
"""After how many seconds without any message a subscription counts as made: some venues say nothing."""

_LOOK: Final = 0.1
_PAUSE: Final = 0.002


class ConnectionLost(Exception):
    """A connection came to its end; its text says how."""


class Listener(Protocol):
    """Who takes what comes."""

    def heard(self, text: bytes | str, when: Moment) -> bool:
        """A message; whether the connection is of no more use."""
        ...

    @property
    def is_full(self) -> bool:
        """Whether to wait before the next message."""
        ...


class Connection:
    """A connection for some symbols, from its opening to its end.

    `ready` is set when it was subscribed to all of them, `ending` when the venue said that it will be of no more use,
    and `heard` is when anything came last.
    """

    def __init__(
        self, venue: Venue, symbols: Sequence[str], channel: Channel, listener: Listener, clock: Clock
    ) -> None:
        self.ready = asyncio.Event()
        self.ending = asyncio.Event()
        self._venue = venue
        self._symbols = list(symbols)
        self._channel = channel
        self._listener = listener
        self._clock = clock
        self.heard = clock.monotonic()
        self._subscribed = False
        self._socket: ClientConnection | None = None
        self._sending = asyncio.Lock()

    async def run(self) -> None:
        """To its end. Raises `ConnectionLost`, always, but where it is cancelled."""
        library = websocket_library()
        url = self._venue.addresses.websocket + self._venue.connect(self._symbols, [self._channel])
        proxy = None if urlsplit(url).hostname in _LOOPBACK else True
        try:
            async with library.connect(
                url,
                proxy=proxy,
                compression=None,
                open_timeout=_OPENING,
                close_timeout=_GOODBYE,
                ping_interval=None,
                max_size=_LARGEST,
                max_queue=_QUEUE,
            ) as socket:
                await self._talk(socket)
        except (OSError, TimeoutError, library.WebSocketException) as error:
            raise ConnectionLost(_told(error)) from None

    async def add(self, symbols: Sequence[str]) -> None:
        """Subscribe to more symbols."""
        self._symbols += symbols
        await self._send(self._venue.subscribe(symbols, [self._channel]))

    async def remove(self, symbols: Sequence[str]) -> None:
        """Subscribe to fewer."""
        self._symbols = [symbol for symbol in self._symbols if symbol not in symbols]
        await self._send(self._venue.unsubscribe(symbols, [self._channel]))

    async def _talk(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.heard = self._clock.monotonic()
        beside = [asyncio.ensure_future(job) for job in (self._subscribe(), self._keep_alive(socket))]
        try:
            await self._read(socket)
        finally:
            for task in beside:
                task.cancel()
            outcomes = await asyncio.gather(*beside, return_exceptions=True)
            lost = next((found for found in outcomes if isinstance(found, ConnectionLost)), None)
        if lost is not None:
            raise lost
        raise ConnectionLost(_closing(socket))

    async def _read(self, socket: ClientConnection) -> None:
        library = websocket_library()
        listener, now, monotonic = self._listener, self._clock.now, self._clock.monotonic
        with suppress(library.ConnectionClosed):
            while True:
                text = await socket.recv(decode=False)
                self.heard = monotonic()
                if listener.heard(text, Moment(now(), self.heard)):
                    self.ending.set()
                if self._subscribed:
                    self.ready.set()
                    self._subscribed = False
                while listener.is_full:
                    await asyncio.sleep(_PAUSE)
                    self.heard = monotonic()

    async def _subscribe(self) -> None:
        await self._send(self._venue.subscribe(self._symbols, [self._channel]))
        self._subscribed = True
        await asyncio.sleep(_NO_ANSWER)
        self.ready.set()

    async def _send(self, texts: Sequence[str]) -> None:
        socket = self._socket
        if socket is None:
            return
        async with self._sending:
            with suppress(websocket_library().ConnectionClosed):
                for text in texts:
                    await socket.send(text)
                    await asyncio.sleep(1 / self._venue.limits.messages)

    async def _keep_alive(self, socket: ClientConnection) -> None:
        ping = self._venue.ping
        pinged = self._clock.monotonic()
        while True:
            await asyncio.sleep(min(_LOOK, ping.every))
            now = self._clock.monotonic()
            if now - self.heard >= ping.silence:
                socket.transport.abort()
                message = f"nothing was heard for {ping.silence:g} s"
                raise ConnectionLost(message)
            if now - pinged >= ping.every:
                pinged = now
                await self._ping(socket, ping.text)

    async def _ping(self, socket: ClientConnection, text: str | None) -> None:
        with suppress(websocket_library().ConnectionClosed):
            if text is not None:
                await socket.send(text)
                return
            pong = await socket.ping()
            pong.add_done_callback(self._ponged)  # type: ignore[attr-defined]  # it is a future

    def _ponged(self, pong: asyncio.Future[float]) -> None:
        if not pong.cancelled() and pong.exception() is None:
            self.heard = self._clock.monotonic()


def _closing(socket: ClientConnection) -> str:
    code, reason = socket.close_code, socket.close_reason
    if code is None or code == 1006:  # noqa: PLR2004 - closed without a word
        return "it broke off"
    return f"the venue closed it ({code}{f' {reason}' if reason else ''})"


def _told(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no connection within {_OPENING:g} s"
    return f"{type(error).__name__}: {error}".rstrip(": ")


def websocket_library() -> ModuleType:
    """The library, which is asked for only where something is connected."""
    try:
        import websockets  # noqa: PLC0415
        import websockets.asyncio.client  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("feed", "live feeds of venues") from error
    return websockets
