"""The options of ``barloom serve``: what is served, who may read, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Group, Parameter

from barloom.cli.formats import UsageError
from barloom.environment import Secret, variable
from barloom.serve import Limits, Tls, Token

__all__ = ["NO_LIMITS", "NO_SAFETY", "LimitOptions", "SafetyOptions", "named"]

_SAFETY = Group("Who may read", sort_key=2)
_LIMITS = Group("How much", sort_key=3)
_USUAL: Final = Limits()
_PASSWORD: Final = "BARLOOM_TLS_PASSWORD"  # noqa: S105 - the name of a variable


@Parameter(name="*", group=_SAFETY)
@dataclass(frozen=True)
class SafetyOptions:
    """Who may read. Secrets come from files or from the environment, never from the line."""

    tokens: Annotated[
        tuple[Path, ...],
        Parameter(negative="", show_default=False, help="A TOML file of tokens, read again when it changes."),
    ] = ()
    token_env: Annotated[
        tuple[str, ...],
        Parameter(negative="", show_default=False, help="An environment variable that holds a token."),
    ] = ()
    open: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Let everybody read who reaches the address, without a token."),
    ] = False
    host: Annotated[
        tuple[str, ...],
        Parameter(negative="", show_default=False, help="A name by which the server is called: bars.example.com."),
    ] = ()
    cors: Annotated[
        tuple[str, ...],
        Parameter(negative="", show_default=False, help="An origin whose pages may read: https://charts.example.com."),
    ] = ()
    proxy: Annotated[
        tuple[str, ...],
        Parameter(negative="", show_default=False, help="The address of a proxy in front; who asks, it says."),
    ] = ()
    tls_certificate: Annotated[Path | None, Parameter(help="A PEM file with the certificate and its chain.")] = None
    tls_key: Annotated[Path | None, Parameter(help=f"A PEM file with its key; its password is in {_PASSWORD}.")] = None

    @property
    def all_tokens(self) -> list[Token | Path]:
        """The tokens of files and of the environment."""
        return [*self.tokens, *(Token(name, Secret.env(name)) for name in self.token_env)]

    @property
    def tls(self) -> Tls | None:
        """The certificate, if there is one."""
        if self.tls_certificate is None and self.tls_key is None:
            return None
        if self.tls_certificate is None or self.tls_key is None:
            message = "TLS takes both: --tls-certificate and --tls-key"
            raise UsageError(message)
        password = Secret.env(_PASSWORD) if variable(_PASSWORD) else None
        return Tls(str(self.tls_certificate), str(self.tls_key), password)


@Parameter(name="*", group=_LIMITS)
@dataclass(frozen=True)
class LimitOptions:
    """How much is answered at most."""

    max_rows: Annotated[int, Parameter(help="Rows in one answer.")] = _USUAL.rows
    max_seconds: Annotated[float, Parameter(help="Seconds of work for one answer.")] = _USUAL.seconds
    max_at_once: Annotated[int, Parameter(help="Requests of one client under way at the same time.")] = _USUAL.at_once

    @property
    def limits(self) -> Limits:
        """The same for the server."""
        return Limits(rows=self.max_rows, seconds=self.max_seconds, at_once=self.max_at_once)


NO_SAFETY: Final = SafetyOptions()
NO_LIMITS: Final = LimitOptions()


def named(given: str) -> tuple[str, str]:
    """``NAME=WHAT`` as both; what comes without a name is called by the last part of its path."""
    name, equals, what = given.partition("=")
    if equals and "/" not in name:
        return name, what
    return Path(given).resolve().stem, given
