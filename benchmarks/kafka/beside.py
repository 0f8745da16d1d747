"""Work that goes on in a thread of its own beside what is measured."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def beside(work: Callable[[Event], None]) -> Iterator[None]:
    """Let it work until the end of the block, when the event that it is given is set."""
    stop = Event()
    thread = Thread(target=work, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
