"""Calls of the client that are to end in time and may not: one that does not is left behind."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from barloom.errors import BrokerUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Overseen"]


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

    def call(self, function: Callable[[], object], patience: float) -> None:
        """Make the call and raise what it raises; a retriable `BrokerUnreachable` where it takes more seconds."""
        self._calls.put(function)
        try:
            answer = self._answers.get(timeout=patience)
        except Empty:
            self.lost = True
            message = f"the cluster did not answer within {patience:.0f} s"
            raise BrokerUnreachable(message, retriable=True) from None
        if answer.error is not None:
            raise answer.error

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
