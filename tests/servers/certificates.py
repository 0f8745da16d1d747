"""Certificates for servers on loopback, made by the tool that every Java has."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, NamedTuple

from servers.artifacts import ServerFailed

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "for-tests-only"  # noqa: S105


class Certificate(NamedTuple):
    """A self-signed certificate for 127.0.0.1 and localhost."""

    keystore: Path
    """PKCS12 with the private key, opened by `PASSWORD`."""
    ca: Path
    """What clients should trust, as PEM."""


def make_certificate(directory: Path) -> Certificate:
    """A new certificate in that directory.

    Raises:
        ServerFailed: keytool could not make it.

    """
    directory.mkdir(parents=True, exist_ok=True)
    made = Certificate(directory / "server.p12", directory / "ca.pem")
    opened = ["-alias", "server", "-keystore", str(made.keystore), "-storepass", PASSWORD]
    described = ["-dname", "CN=localhost", "-ext", "SAN=ip:127.0.0.1,dns:localhost", "-ext", "BC=ca:true"]
    _keytool("-genkeypair", "-keyalg", "EC", "-validity", "30", "-storetype", "PKCS12", *described, *opened)
    _keytool("-exportcert", "-rfc", "-file", str(made.ca), *opened)
    return made


def _keytool(*arguments: str) -> None:
    done = subprocess.run(["keytool", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        message = f"keytool could not make a certificate:\n{done.stdout}{done.stderr}"
        raise ServerFailed(message)
