"""The options that say which ksqlDB server is meant and how long to wait for it, and the work that they lead to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - the command line reads the annotations
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Group, Parameter

from barloom.cli.formats import UsageError
from barloom.cli.screen import err
from barloom.environment import Secret, variable
from barloom.ksqldb import KsqlServer, WaitPolicy
from barloom.time.timeframe import SECOND, parse_duration

if TYPE_CHECKING:
    from barloom.ksqldb import Progress

__all__ = ["NO_SERVER", "NO_WAIT", "ServerOptions", "WaitOptions", "policy_of", "progress", "server_of", "told"]

_SERVER = Group("Server", sort_key=2)
_WAITING = Group("Waiting", sort_key=3)
_URL: Final = "BARLOOM_KSQLDB_URL"
_USER: Final = "BARLOOM_KSQLDB_USER"
_PASSWORD: Final = "BARLOOM_KSQLDB_PASSWORD"  # noqa: S105 - the name of a variable
_TOKEN: Final = "BARLOOM_KSQLDB_TOKEN"  # noqa: S105


@Parameter(name="*", group=_SERVER)
@dataclass(frozen=True)
class ServerOptions:
    """Where the server is, and who asks. Secrets come from files or from the environment, never from the line."""

    url: Annotated[str | None, Parameter(help=f"The server's address (or {_URL}): http://localhost:8088.")] = None
    user: Annotated[str | None, Parameter(help=f"Log in as (or {_USER}); the password is in {_PASSWORD}.")] = None
    password_file: Annotated[Path | None, Parameter(help=f"A file with the password, instead of {_PASSWORD}.")] = None
    token_file: Annotated[Path | None, Parameter(help=f"A file with a bearer token, instead of {_TOKEN}.")] = None
    ca: Annotated[Path | None, Parameter(help="A PEM file of the authorities to trust.")] = None
    certificate: Annotated[Path | None, Parameter(help="A PEM file with the client's own certificate.")] = None
    certificate_key: Annotated[Path | None, Parameter(help="A PEM file with its key.")] = None
    request_timeout: Annotated[str, Parameter(help="How long one answer may take.")] = "30s"


@Parameter(name="*", group=_WAITING)
@dataclass(frozen=True)
class WaitOptions:
    """How long to wait."""

    entity_timeout: Annotated[str, Parameter(help="How long one stream or table may take to work.")] = "90s"
    timeout: Annotated[str, Parameter(help="How long all of it may take.")] = "5m"


NO_SERVER: Final = ServerOptions()
NO_WAIT: Final = WaitOptions()


def server_of(options: ServerOptions) -> KsqlServer:
    """The server that is meant; `UsageError` where none is."""
    url = options.url or variable(_URL)
    if not url:
        message = f"say which ksqlDB server: --url http://localhost:8088, or the environment variable {_URL}"
        raise UsageError(message)
    return KsqlServer(
        url=url,
        user=options.user or variable(_USER),
        password=_secret(options.password_file, _PASSWORD),
        token=_secret(options.token_file, _TOKEN),
        ca=options.ca,
        certificate=options.certificate,
        certificate_key=options.certificate_key,
        timeout=_seconds(options.request_timeout, "--request-timeout"),
    )


def policy_of(options: WaitOptions) -> WaitPolicy:
    """How long is waited."""
    return WaitPolicy(
        entity=_seconds(options.entity_timeout, "--entity-timeout"), overall=_seconds(options.timeout, "--timeout")
    )


def told(text: str) -> None:
    """A line of progress, on standard error."""
    err().print(text, soft_wrap=True)


def progress(seen: Progress) -> None:
    """What was seen while waiting, on standard error."""
    mark = "ok" if seen.ready else ".."
    told(f"{mark} {seen.entity}: {seen.state} ({seen.seconds:.1f} s)")


def _secret(file: Path | None, name: str) -> Secret | None:
    if file is not None:
        return Secret.file(file)
    return Secret.env(name) if variable(name) else None


def _seconds(text: str, option: str) -> float:
    try:
        return parse_duration(text) / SECOND
    except ValueError as error:
        message = f"{option}: {error}"
        raise UsageError(message) from None
