"""The schema registry: where it is, and who barloom is to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from barloom.time.timeframe import SECOND

if TYPE_CHECKING:
    from pathlib import Path

    from barloom.environment import Secret

__all__ = ["RegistrySettings"]


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """A registry with Confluent's API. `mode` is ``register``, or ``check`` where schemas are put there by others.

    `user` and `password` log in, or `token` (bearer); `ca`, `certificate` and `key` are PEM files. `timeout` is the
    time for one answer, in nanoseconds.
    """

    url: str
    mode: str = "register"
    user: str | None = None
    password: Secret | None = None
    token: Secret | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    key_password: Secret | None = None
    timeout: int = 5 * SECOND
