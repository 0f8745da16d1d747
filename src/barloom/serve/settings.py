"""How much a client may ask for."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What is answered at most; beyond it a request is refused, and told so.

    `rows` in one answer, `seconds` of work for one, `at_once` requests of one client, `body` bytes of a request,
    `threads` that read at the same time.
    """

    rows: int = 50_000
    seconds: float = 10.0
    at_once: int = 64
    body: int = 65_536
    threads: int = 4
