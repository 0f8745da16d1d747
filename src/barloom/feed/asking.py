"""Requests to a venue's REST interface: within its limits, and again where the answer is none."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, Self, TypeAlias, TypeVar
from urllib.parse import urlsplit

from barloom.clock import SystemClock
from barloom.errors import MissingExtra, VenueUnavailable
from barloom.feed.budget import Budget
from barloom.feed.protocol import Answer, TooMany

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import ModuleType, TracebackType

    import httpx

    from barloom.clock import Clock
    from barloom.feed.protocol import Request, Venue

__all__ = ["Asker", "Patience", "Told"]

T = TypeVar("T")

Told: TypeAlias = "Callable[[str, str], None]"
"""Called with a symbol and what is wrong."""

_SLOWER: Final = frozenset((418, 429))
"""Too many requests, and banned for having gone on: nothing more is asked for a while."""

_SERVER: Final = 500
_BANNED: Final = 418
_LOOPBACK: Final = frozenset(("localhost", "127.0.0.1", "::1"))


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how patiently a question is asked again: `attempts` in all, each of at most `timeout` seconds.

    Between them lie `first` seconds, twice as many each time up to `longest`, less up to a half by chance. A venue that
    is asked too much and does not say for how long it wants to be left alone, is so for `slower` seconds, and for
    `banned` where it bans.
    """

    attempts: int = 8
    timeout: float = 10.0
    first: float = 0.5
    longest: float = 30.0
    slower: float = 5.0
    banned: float = 120.0

    def pause(self, turn: int, chance: float) -> float:
        """How long to wait before asking for the `turn`-th time again, from 1 on."""
        return float(min(self.first * 2 ** (turn - 1), self.longest)) * (1 - chance / 2)


class _Trouble(Exception):
    """An answer that is none, and how long the venue asks to wait (none: it does not say), or to be left alone."""

    def __init__(self, what: str, wait: float | None = None, *, everywhere: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.wait = wait
        self.everywhere = everywhere


class Asker:
    """Asks a venue over HTTP. Use it as an asynchronous context manager, or call `aclose`.

    `told` is called with everything that is not as it should be, `sleep` waits, `chance` gives numbers from 0 to 1.
    """

    def __init__(  # noqa: PLR0913 - what is of the outside comes in as arguments
        self,
        venue: Venue,
        told: Told,
        *,
        clock: Clock | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        patience: Patience | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        library = _http_library()
        self._venue = venue
        self._told = told
        self._clock = clock or SystemClock()
        self._sleep = sleep
        self._chance = chance
        self.patience = patience or Patience()
        self._budget = Budget(venue.limits, self._clock)
        self._failed: type[Exception] = library.HTTPError
        address = venue.addresses.rest
        self._http: httpx.AsyncClient = library.AsyncClient(
            base_url=address,
            transport=transport,
            headers={"User-Agent": "barloom"},
            trust_env=urlsplit(address).hostname not in _LOOPBACK,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def deadline(self, within: float | None) -> float:
        """The moment that lies so many seconds ahead; none is never."""
        return float("inf") if within is None else self._clock.monotonic() + within

    def past(self, deadline: float) -> bool:
        """Whether a moment is over."""
        return self._clock.monotonic() >= deadline

    def tell(self, symbol: str, what: str) -> None:
        """Pass on what is not as it should be."""
        self._told(symbol, what)

    async def pause(self, turn: int, deadline: float) -> None:
        """Wait before asking for the `turn`-th time again. Raises `VenueUnavailable` where the deadline is before."""
        await self._wait(self.patience.pause(turn, self._chance()), deadline)

    async def ask(self, symbol: str, request: Request, read: Callable[[Answer], T], deadline: float) -> T:
        """What `read` makes of the answer. Raises `VenueUnavailable` where none came, and `LookupError` of `read`."""
        what = ""
        for turn in range(1, self.patience.attempts + 1):
            await self._afford(symbol, request.weight, deadline)
            try:
                return read(await self._get(request, deadline))
            except _Trouble as trouble:
                what, wait = trouble.what, trouble.wait
                if trouble.everywhere and wait is not None:
                    self._budget.silence(wait)
            except TooMany as error:
                what, wait = str(error), self.patience.slower
                self._budget.silence(wait)
            except ValueError as error:
                what, wait = str(error), None
            self._told(symbol, what)
            if turn < self.patience.attempts:
                await self._wait(max(wait or 0.0, self.patience.pause(turn, self._chance())), deadline, what)
        message = f"{self._venue.name} does not answer for {symbol}, asked {self.patience.attempts} times: {what}"
        raise VenueUnavailable(message)

    async def _afford(self, symbol: str, weight: int, deadline: float) -> None:
        while seconds := self._budget.wait(symbol, weight):
            await self._wait(seconds, deadline, "its limits are reached")

    async def _wait(self, seconds: float, deadline: float, what: str = "its answers lack what is wanted") -> None:
        if self._clock.monotonic() + seconds > deadline:
            message = f"{self._venue.name} was not to be waited for any longer: {what}"
            raise VenueUnavailable(message)
        await self._sleep(seconds)

    async def _get(self, request: Request, deadline: float) -> Answer:
        timeout = min(self.patience.timeout, max(deadline - self._clock.monotonic(), 0.001))
        try:
            async with asyncio.timeout(timeout):  # of the whole answer: httpx's are of each piece of it
                found = await self._http.get(request.path, params=dict(request.params), timeout=timeout)
        except (self._failed, TimeoutError) as error:
            what = f"{request.path}: {type(error).__name__} {error}"
            raise _Trouble(what.rstrip()) from None
        status = found.status_code
        if status in _SLOWER:
            wait = _retry_after(found.headers)
            default = self.patience.banned if status == _BANNED else self.patience.slower
            wait = default if wait is None else wait
            what = f"{request.path}: status {status}, silence for {wait:g} s"
            raise _Trouble(what, wait, everywhere=True)
        if status >= _SERVER:
            what = f"{request.path}: status {status}"
            raise _Trouble(what, _retry_after(found.headers))
        return Answer(status, found.headers, found.content)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, where the header has some that make sense; it may name a moment, by the clock of the header ``Date``."""
    written = headers.get("Retry-After")
    if written is None or written.isdecimal():
        return None if written is None else float(written)
    try:
        return max((parsedate_to_datetime(written) - parsedate_to_datetime(headers["Date"])).total_seconds(), 0.0)
    except (KeyError, ValueError):
        return None


def _http_library() -> ModuleType:
    try:
        import httpx  # noqa: PLC0415 - only where something is asked
    except ImportError as error:
        raise MissingExtra("feed", "asking venues for their history") from error
    return httpx
