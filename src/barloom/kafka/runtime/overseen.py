"""Calls of the client that are to end in time and may not: one that does not is left behind."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final, NamedTuple

from barloom.errors import BrokerUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Overseen"]

_LOOK: Final = 0.1
"""Seconds between two looks whether the time is over."""


class _Answer(NamedTuple):
    error: BaseException | None = None


class Overseen:
    """Makes one call after another in a thread of its own.

    librdkafka's `send_offsets_to_transaction` takes a time-out and ignores it where the group's coordinator went away
    (confluentinc/librdkafka issues 5456 and 5511): after a restart of the brokers it may never come back.
    """

    def __init__(self, name: str) -> None:
        self.lost = False
        """Whether a call did not end: its object must not be called again."""
        self._calls: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._answers: SimpleQueue[_Answer] = SimpleQueue()
        Thread(target=self._work, name=name, daemon=True).start()

    def call(self, function: Callable[[], object], is_over: Callable[[], bool]) -> None:
        """Make the call and raise what it raises; a retriable `BrokerUnreachable` where its time is over before."""
        self._calls.put(function)
        answer = self._answer()
        while answer is None:
            if is_over():
                self.lost = True
                message = "the cluster did not answer in time"
                raise BrokerUnreachable(message, retriable=True)
            answer = self._answer()
        if answer.error is not None:
            raise answer.error

    def _answer(self) -> _Answer | None:
        try:
            return self._answers.get(timeout=_LOOK)
        except Empty:
            return None

    def close(self) -> None:
        """Call no more."""
        self._calls.put(None)

    def _work(self) -> None:
        while (function := self._calls.get()) is not None:
            try:
                function()
            except BaseException as error:  # noqa: BLE001 - it is raised by who waits
                self._answers.put(_Answer(error))
            else:
                self._answers.put(_Answer())
