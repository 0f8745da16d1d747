"""The PEM files of an encrypted line, looked at before they are used: which of them is wrong, and how."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

from barloom.errors import DefinitionError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["missing", "trusting"]

_NO_PASSWORD: Final = ""
"""Without any OpenSSL would ask for the password of a key on the terminal."""


def trusting(
    ca: Path | None,
    certificate: Path | None = None,
    key: Path | None = None,
    password: str | None = None,
    *,
    where: str,
) -> ssl.SSLContext:
    """Lines to servers whose certificate `ca` has signed (none: an authority that the machine trusts).

    `certificate` with its `key` says who we are. `where` is the table that names the files, for messages.
    Raises `DefinitionError` with every file that is missing or does not hold what it should.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    problems = missing(ca, certificate, key, where=where)
    if not problems:
        problems = [*_unless_authority(context, ca, where), *_unless_pair(context, certificate, key, password, where)]
    if problems:
        raise DefinitionError(problems)
    return context


def missing(ca: Path | None, certificate: Path | None, key: Path | None, *, where: str) -> list[Problem]:
    """Which of the files are not there."""
    return [
        Problem(f"the file {path} is not there", f"{where}.{name}", "give the path of a PEM file")
        for name, path in (("ca", ca), ("certificate", certificate), ("key", key))
        if path is not None and not path.is_file()
    ]


def _unless_authority(context: ssl.SSLContext, ca: Path | None, where: str) -> Iterable[Problem]:
    try:
        if ca is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(ca)
    except OSError as error:
        fix = "give the PEM file of the authority that signed the server's certificate"
        yield Problem(f"{ca} holds no certificate that can be read ({_plain(error)})", f"{where}.ca", fix)


def _unless_pair(
    context: ssl.SSLContext, certificate: Path | None, key: Path | None, password: str | None, where: str
) -> Iterable[Problem]:
    if certificate is None:
        return
    try:
        context.load_cert_chain(certificate, key, password or _NO_PASSWORD)
    except OSError as error:
        what = f"{certificate} and {key} cannot be used together ({_plain(error)})"
        fix = "give a certificate and its own key as PEM files, and key_password where the key is encrypted"
        yield Problem(what, f"{where}.certificate", fix)


def _plain(error: OSError) -> str:
    """OpenSSL's reason, or the system's."""
    reason = getattr(error, "reason", None) or error.strerror or str(error)
    return str(reason).lower().replace("_", " ")
