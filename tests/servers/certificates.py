"""Certificates for servers on loopback and for their clients, by an authority of their own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import trustme
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509 import load_pem_x509_certificate

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "for-tests-only"  # noqa: S105
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Pair(NamedTuple):
    """A certificate and its key, as PEM."""

    certificate: Path
    key: Path


class Certificates(NamedTuple):
    """What an authority has signed."""

    ca: Path
    """The authority, as PEM: what the others trust."""
    keystore: Path
    """PKCS12 of a server on 127.0.0.1 and localhost, opened by `PASSWORD`."""
    server: Pair
    """The same as PEM."""
    expired: Pair
    """Such a server's, no longer valid."""
    client: Pair
    """A client's."""

    @classmethod
    def within(cls, directory: Path) -> Certificates:
        """Where they are in a directory."""
        pairs = {
            name: Pair(directory / f"{name}.pem", directory / f"{name}.key") for name in ("server", "expired", "client")
        }
        return cls(directory / "ca.pem", directory / "server.p12", **pairs)


def make_certificates(directory: Path, client: str) -> Certificates:
    """New ones in that directory; `client` is the name of the client."""
    directory.mkdir(parents=True, exist_ok=True)
    made, authority, hosts = Certificates.within(directory), trustme.CA(), ("127.0.0.1", "localhost")
    server = authority.issue_cert(*hosts)
    _write(made.server, server)
    _write(made.expired, authority.issue_cert(*hosts, not_before=LONG_AGO, not_after=LONG_AGO.replace(month=2)))
    _write(made.client, authority.issue_cert(f"{client}@localhost", common_name=client))
    made.keystore.write_bytes(_pkcs12(server))
    authority.cert_pem.write_to_path(str(made.ca))
    return made


def _write(pair: Pair, issued: trustme.LeafCert) -> None:
    issued.cert_chain_pems[0].write_to_path(str(pair.certificate))
    issued.private_key_pem.write_to_path(str(pair.key))


def _pkcs12(issued: trustme.LeafCert) -> bytes:
    certificate = load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    encryption = BestAvailableEncryption(PASSWORD.encode())
    return serialize_key_and_certificates(b"server", key, certificate, None, encryption)  # type: ignore[arg-type]
