"""A real Apache Kafka that wants TLS, a user with a password, and an ACL for everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from servers.broker import Broker
from servers.certificates import PASSWORD, Certificates, make_certificates

if TYPE_CHECKING:
    from pathlib import Path

ADMIN = "admin"
"""The user who may do everything."""
PASSWORDS = {ADMIN: "admin-secret", "barloom": "barloom-secret", "stranger": "stranger-secret"}
"""All users, known to PLAIN and to both kinds of SCRAM; but for the admin they may do nothing without an ACL."""

_SASL = "org.apache.kafka.common.security"
_LOGIN_HOLDS = 3_000
_SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")


class SecureBroker(Broker):
    """A broker with an authoriser and two listeners.

    One is SASL_SSL: PLAIN, SCRAM, and OAUTHBEARER with unsigned tokens. With SCRAM-SHA-256 and OAUTHBEARER clients have
    to log in again every few seconds. The other is SSL and wants a client's certificate.
    """

    PORTS = 3

    @property
    def mutual(self) -> str:
        """The address of the listener that wants a client's certificate; that of `certificates` is `ADMIN`'s."""
        return f"127.0.0.1:{self.ports[2]}"

    @property
    def certificates(self) -> Certificates:
        """What the broker and its clients show each other."""
        return Certificates.within(self.directory)

    @property
    def ca(self) -> Path:
        """The certificate that clients trust, as PEM."""
        return self.certificates.ca

    def client(self, user: str = "barloom", mechanism: str = "SCRAM-SHA-512") -> dict[str, str | int | float | bool]:
        """Settings of a librdkafka client for one of `PASSWORDS`; with OAUTHBEARER any name, unsigned."""
        settings: dict[str, str | int | float | bool] = {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": str(self.ca),
            "sasl.mechanism": mechanism,
        }
        if mechanism == "OAUTHBEARER":
            return {
                **settings,
                "enable.sasl.oauthbearer.unsecure.jwt": "true",
                "sasl.oauthbearer.config": f"principal={user}",
            }
        return {**settings, "sasl.username": user, "sasl.password": PASSWORDS[user]}

    def settings(self) -> dict[str, str]:
        """The lines of ``server.properties``."""
        listener = "listener.name.clients"
        clients = f"CLIENTS://{self.bootstrap},MUTUAL://{self.mutual}"
        users = " ".join(f'user_{user}="{password}"' for user, password in PASSWORDS.items())
        own = f'username="{ADMIN}" password="{PASSWORDS[ADMIN]}"'
        return {
            **super().settings(),
            "listeners": f"{clients},CONTROLLER://127.0.0.1:{self.ports[1]}",
            "advertised.listeners": clients,
            "listener.security.protocol.map": "CLIENTS:SASL_SSL,MUTUAL:SSL,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "CLIENTS",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "sasl.enabled.mechanisms": ",".join(["PLAIN", *_SCRAM, "OAUTHBEARER"]),
            f"{listener}.plain.sasl.jaas.config": f"{_SASL}.plain.PlainLoginModule required {own} {users};",
            **{
                f"{listener}.{name.lower()}.sasl.jaas.config": f"{_SASL}.scram.ScramLoginModule required;"
                for name in _SCRAM
            },
            f"{listener}.oauthbearer.sasl.jaas.config": f"{_SASL}.oauthbearer.OAuthBearerLoginModule required "
            f'unsecuredLoginStringClaim_sub="{ADMIN}";',
            f"{listener}.scram-sha-256.connections.max.reauth.ms": str(_LOGIN_HOLDS),
            f"{listener}.oauthbearer.connections.max.reauth.ms": str(_LOGIN_HOLDS),
            "listener.name.mutual.ssl.client.auth": "required",
            "ssl.principal.mapping.rules": "RULE:^CN=([^,]+),.*$/$1/",
            "ssl.keystore.type": "PKCS12",
            "ssl.keystore.location": str(self.certificates.keystore),
            "ssl.keystore.password": PASSWORD,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.ca),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{ADMIN};User:ANONYMOUS",  # the controller's listener knows no names
            "allow.everyone.if.no.acl.found": "false",
            **self._more,
        }

    def _prepare(self) -> None:
        if not self.ca.exists():
            make_certificates(self.directory, ADMIN)
        super()._prepare()

    def _users_at_format(self) -> list[str]:
        return [
            argument
            for mechanism in _SCRAM
            for user, password in PASSWORDS.items()
            for argument in ("--add-scram", f"{mechanism}=[name={user},password={password}]")
        ]
