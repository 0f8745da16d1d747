"""A real Apache Kafka that wants TLS, a user with a password, and an ACL for everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from servers.broker import Broker
from servers.certificates import PASSWORD, Certificate, make_certificate

if TYPE_CHECKING:
    from pathlib import Path

ADMIN = "admin"
"""The user who may do everything."""
PASSWORDS = {ADMIN: "admin-secret", "barloom": "barloom-secret", "stranger": "stranger-secret"}
"""All users, known to PLAIN and to both kinds of SCRAM; but for the admin they may do nothing without an ACL."""

_SASL = "org.apache.kafka.common.security"
_SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")


class SecureBroker(Broker):
    """A broker with one SASL_SSL listener (PLAIN, SCRAM, OAUTHBEARER with unsigned tokens) and an authoriser."""

    @property
    def ca(self) -> Path:
        """The certificate that clients trust, as PEM."""
        return self._certificate.ca

    @property
    def _certificate(self) -> Certificate:
        return Certificate(self.directory / "server.p12", self.directory / "ca.pem")

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
        users = " ".join(f'user_{user}="{password}"' for user, password in PASSWORDS.items())
        own = f'username="{ADMIN}" password="{PASSWORDS[ADMIN]}"'
        return {
            **super().settings(),
            "listeners": f"CLIENTS://{self.bootstrap},CONTROLLER://127.0.0.1:{self.ports[1]}",
            "advertised.listeners": f"CLIENTS://{self.bootstrap}",
            "listener.security.protocol.map": "CLIENTS:SASL_SSL,CONTROLLER:PLAINTEXT",
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
            "ssl.keystore.type": "PKCS12",
            "ssl.keystore.location": str(self._certificate.keystore),
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
            make_certificate(self.directory)
        super()._prepare()

    def _users_at_format(self) -> list[str]:
        return [
            argument
            for mechanism in _SCRAM
            for user, password in PASSWORDS.items()
            for argument in ("--add-scram", f"{mechanism}=[name={user},password={password}]")
        ]
