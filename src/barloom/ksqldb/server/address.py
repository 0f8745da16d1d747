"""Where a ksqlDB server is, and how to prove who asks."""

from __future__ import annotations

import ssl
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from barloom.errors import BadArguments, KsqlUnauthorized, MissingExtra, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

    import httpx

    from barloom.environment import Secret

__all__ = ["KsqlServer", "http_library"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KsqlServer:
    """A ksqlDB server: `url` such as ``https://ksqldb.example:8088``, and how it is spoken to.

    `user` and `password` are for basic authentication, `token` for a bearer token; a secret is read anew for each
    request. `ca` is a file of the authorities to trust instead of the system's; `certificate` and `certificate_key` are
    the client's own. `connect_timeout` and `timeout` (of one answer) are seconds.
    """

    url: str
    user: str | None = None
    password: Secret | None = None
    token: Secret | None = None
    ca: Path | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None
    connect_timeout: float = 5.0
    timeout: float = 30.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", self.url.rstrip("/"))
        problems = list(self._problems())
        if problems:
            raise BadArguments(problems)

    def _problems(self) -> Iterator[Problem]:
        parts = urlsplit(self.url)
        where = "the ksqlDB server"
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            yield Problem(f"{self.url!r} is no address", where, "write it like http://localhost:8088")
        if parts.username is not None or parts.password is not None:
            yield Problem(
                "the address holds credentials", where, "give the user and the password apart from the address"
            )
        if self.token is not None and self.user is not None:
            yield Problem("both a user and a token are given", where, "give one of them")
        if (self.user is None) != (self.password is None):
            yield Problem("a user needs a password, and a password a user", where, "give both, or neither")
        if self.certificate is None and self.certificate_key is not None:
            yield Problem("a client key without its certificate", where, "give the certificate too")

    def sign(self, request: httpx.Request) -> httpx.Request:
        """The request with its credentials. `KsqlUnauthorized` where a secret cannot be read."""
        try:
            if self.token is not None:
                request.headers["Authorization"] = f"Bearer {self.token.reveal()}"
            elif self.password is not None:
                pair = f"{self.user}:{self.password.reveal()}".encode()
                request.headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        except LookupError as error:
            message = f"the credentials for the ksqlDB server {self.url} are missing: {error.args[0]}"
            raise KsqlUnauthorized(message) from error
        return request

    def trust(self) -> ssl.SSLContext | bool:
        """How the server's certificate is checked. `BadArguments` where a file is none of certificates."""
        if self.url.startswith("http:"):
            return False  # there is no certificate to check, and reading those of the authorities takes a while
        if self.ca is None and self.certificate is None:
            return True
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.certificate_key)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(str(path) for path in (self.ca, self.certificate, self.certificate_key) if path)
            fix = "give PEM files of certificates, and the key that belongs to the client's"
            raise BadArguments([Problem(f"cannot be used: {error}", files, fix)]) from error
        return context

    def who(self) -> str:
        """As whom the server is asked, for people."""
        if self.token is not None:
            return f"the token ({self.token.origin})"
        if self.password is not None:
            return f"user {self.user!r} with its password ({self.password.origin})"
        return "a request without credentials"


def http_library() -> ModuleType:
    """The package httpx; `MissingExtra` where it is not installed."""
    try:
        import httpx  # noqa: PLC0415 - an optional part
    except ImportError as error:
        raise MissingExtra("ksql", "talking to ksqlDB") from error
    return httpx
