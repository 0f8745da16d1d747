"""What the answers of a ksqlDB server mean: which error it is, and whether another try may help."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from barloom.errors import KsqlError, KsqlNotReady, KsqlRefused, KsqlUnauthorized, KsqlUnreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.ksqldb.server.address import KsqlServer

__all__ = ["already_there", "broken_off", "error_of", "gone_already", "store_state"]

_STARTING: Final = 50302
_UNAUTHORIZED: Final = (401, 403)
_GATEWAYS: Final = (502, 503, 504)
_MUCH: Final = 300

_PASSING: Final[tuple[tuple[str, str | None], ...]] = (
    ("Cannot determine which host contains the required partitions", "REBALANCING"),
    ("Unable to execute pull query", "REBALANCING"),
    ("KafkaStreams is not running", None),
    ("Timed out while waiting for a previous command to execute", None),
    ("Timeout while waiting for command topic consumer", None),
)
"""Texts of answers that another try may change, and the state of the store that they tell of."""

_STATE: Final = re.compile(r"State is ([A-Z_]+)")
_NOT_QUERYABLE: Final = "isn't queryable"
_CHANGES: Final = re.compile(r"\s*(CREATE|DROP|INSERT|TERMINATE|PAUSE|RESUME|ALTER)\b", re.IGNORECASE)
_NOT_SENT: Final = frozenset({"ConnectError", "ConnectTimeout"})
"""Errors of the HTTP client, an extra, after which the server has not heard of the request."""


def error_of(
    server: KsqlServer, status: int, body: object, statement: str | None, *, applied: tuple[str, ...] = ()
) -> KsqlError:
    """The error that an answer tells of. `body` is the decoded JSON, or a text where it was none."""
    found: Mapping[str, Any] = body if isinstance(body, dict) else {}
    code = found.get("error_code")
    reason = str(found.get("message") or (body if isinstance(body, str) else "") or f"HTTP {status}").strip()
    where = f"the ksqlDB server {server.url}"
    if status in _UNAUTHORIZED:
        text = f"{where} refuses {server.who()}: {reason} ({code or status}); check the user, password or token"
        return KsqlUnauthorized(text, code=code, reason=reason, statement=statement)
    passing = next((item for item in _PASSING if item[0] in reason), None)
    if code == _STARTING or passing is not None or (code is None and status in _GATEWAYS):
        text = f"{where} is not ready: {_short(reason)} ({code or status})"
        error = KsqlNotReady(text, code=code, reason=reason, statement=statement)
        error.state = "CREATED" if code == _STARTING else _state(reason) or (passing[1] if passing else None)
        return error
    return _refusal(where, status, found, reason, statement, applied)


def _refusal(  # noqa: PLR0913, PLR0917 - what the message is made of
    where: str,
    status: int,
    found: Mapping[str, Any],
    reason: str,
    statement: str | None,
    applied: tuple[str, ...],
) -> KsqlRefused:
    code = found.get("error_code")
    done = applied or tuple(str(entity.get("statementText")) for entity in found.get("entities") or ())
    text = f"{where} refuses: {reason} ({code or status})"
    if code is None:
        text += "; is this the address of a ksqlDB server?"
    if statement is not None:
        text += f"\n  in: {_short(statement)}"
    if done:
        text += f"\n  applied before it, and kept: {'; '.join(_short(item) for item in done)}"
    error = KsqlRefused(text, code=code, reason=reason, statement=statement)
    error.applied = done
    return error


def store_state(error: KsqlError) -> str | None:
    """The state of a table's store, where the answer to a pull query means that it is not running; none otherwise."""
    if isinstance(error, KsqlNotReady):
        return error.state
    if isinstance(error, KsqlRefused) and _NOT_QUERYABLE in (error.reason or ""):
        return "NOT_RUNNING"
    return None


def broken_off(server: KsqlServer, error: Exception, statement: str | None) -> KsqlUnreachable:
    """The error of a request without an answer, or with a part of one."""
    what = str(error) or type(error).__name__
    text = f"the ksqlDB server {server.url} gives no answer: {what}; check the address, and whether it runs"
    if statement is not None and _CHANGES.match(statement) and type(error).__name__ not in _NOT_SENT:
        text += f"\n  whether this was done is not known: {_short(statement)}"
    return KsqlUnreachable(text, reason=what, statement=statement)


def already_there(error: KsqlError) -> bool:
    """Whether the server says that what was to be made exists."""
    return "with the same name already exists" in (error.reason or "")


def gone_already(error: KsqlError) -> bool:
    """Whether the server says that what was named is not there."""
    reason = error.reason or ""
    return "does not exist" in reason or "Could not find STREAM/TABLE" in reason


def _state(reason: str) -> str | None:
    match = _STATE.search(reason)
    return match[1] if match else None


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _MUCH else flat[: _MUCH - 1] + "…"
