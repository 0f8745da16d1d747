"""Who barloom is to the cluster, and how the line is protected: one place for every client, and for the registry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

from barloom.errors import DefinitionError, LoginRefused, Problem
from barloom.plan.suggest import one_of
from barloom.serde.certificates import missing, trusting
from barloom.telemetry.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from barloom.environment import Secret
    from barloom.kafka.config.tables import Table

    Token = tuple[str, float | datetime]
    """A bearer token, and until when it holds: seconds since the epoch, or an instant."""

__all__ = ["MECHANISMS", "PROTOCOLS", "SecuritySettings", "read_security", "revealed"]

PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
TLS: Final = ("ca", "certificate", "key", "key_password")
_NAMES: Final = ("protocol", "mechanism", "user", "password", "hook", *TLS)
_EXAMPLES: Final = {"hook": '"mypackage.login:token"', "user": '"…"', "password": '{ env = "NAME" }'}
_HOOK: Final = re.compile(r"[^\W\d][\w.]*:[^\W\d]\w*")
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SecuritySettings:
    """The checked settings. `hook` (``module:function``, or the function) returns a token and until when it holds."""

    protocol: str = "PLAINTEXT"
    mechanism: str | None = None
    user: str | None = None
    password: Secret | None = None
    hook: str | Callable[[], Token] | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    key_password: Secret | None = None

    @property
    def tls(self) -> bool:
        """Whether the line is encrypted."""
        return self.protocol.endswith("SSL")

    @property
    def secrets(self) -> Mapping[str, Secret]:
        """Where the secrets come from, by the setting."""
        found = {"password": self.password, "key_password": self.key_password}
        return {f"kafka.security.{name}": secret for name, secret in found.items() if secret is not None}

    def config(self) -> dict[str, object]:
        """What every librdkafka client is told.

        `DefinitionError` names all secrets and files that are missing or wrong; `LoginRefused` where the hook fails.
        """
        missed = missing(self.ca, self.certificate, self.key, where="kafka.security")
        secrets = revealed(self.secrets, missed)
        password = secrets.get("kafka.security.key_password")
        if self.ca is not None or self.certificate is not None:
            trusting(self.ca, self.certificate, self.key, password, where="kafka.security")
        given = {
            "security.protocol": self.protocol,
            "sasl.mechanism": self.mechanism,
            "sasl.username": self.user,
            "sasl.password": secrets.get("kafka.security.password"),
            "ssl.ca.location": None if self.ca is None else str(self.ca),
            "ssl.certificate.location": None if self.certificate is None else str(self.certificate),
            "ssl.key.location": None if self.key is None else str(self.key),
            "ssl.key.password": password,
        }
        config: dict[str, object] = {name: value for name, value in given.items() if value is not None}
        return config | ({} if self.hook is None else {"oauth_cb": _Tokens(self.hook)})


def revealed(secrets: Mapping[str, Secret], problems: Iterable[Problem] = ()) -> dict[str, str]:
    """The secrets by the setting that holds them; `DefinitionError` names every one that is not to be had."""
    found: dict[str, str] = {}
    missing = list(problems)
    for where, secret in secrets.items():
        try:
            found[where] = secret.reveal()
        except LookupError as error:
            missing.append(Problem(str(error), where, "set it where barloom runs"))
    if missing:
        raise DefinitionError(missing)
    return found


class _Tokens:
    """The callback of librdkafka, which wants the time as seconds since the epoch.

    The first token is asked for at once, so that a hook that fails is told before anything is connected. Later it is
    asked before the last token ends; while it fails then, that one is used for as long as it holds.
    """

    def __init__(self, hook: str | Callable[[], Token]) -> None:
        self._name = hook if isinstance(hook, str) else getattr(hook, "__qualname__", repr(hook))
        self._ask = _imported(hook) if isinstance(hook, str) else hook
        self._last = self._asked()
        self._used = False

    def __call__(self, _config: str) -> tuple[str, float]:
        if self._used:
            try:
                self._last = self._asked()
            except LoginRefused as error:
                _log.warning("no new token; the last one is used while it holds", reason=str(error))
        self._used = True
        return self._last

    def _asked(self) -> tuple[str, float]:
        try:
            text, until = self._ask()
            return str(text), until if isinstance(until, int | float) else until.timestamp()
        except Exception as error:
            message = (
                f"the hook {self._name!r} gives no token: {type(error).__name__}: {error}\n"
                "    fix: see that kafka.security.hook can be called here and returns (token, until)"
            )
            raise LoginRefused(message) from error


def _imported(hook: str) -> Callable[[], Token]:
    module, _, name = hook.partition(":")
    try:
        found: Callable[[], Token] = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        fix = "point to a function without arguments that returns (token, until)"
        raise DefinitionError([Problem(f"{hook!r} cannot be imported: {error}", "kafka.security.hook", fix)]) from None
    return found


def read_security(table: Table | None) -> SecuritySettings:
    """``[kafka.security]``, with what does not go together."""
    if table is None:
        return SecuritySettings()
    table.known(_NAMES)
    user, ca, mechanism = table.text("user"), table.path_of("ca"), None
    if "mechanism" in table:
        mechanism = table.word("mechanism", MECHANISMS, "PLAIN")
    sasl = mechanism is not None or "user" in table or "hook" in table
    plain = ("SSL" if "ca" in table else "PLAINTEXT") if not sasl else ("SASL_SSL" if "ca" in table else "")
    if sasl and not plain and "protocol" not in table:
        table.problem("credentials without a protocol", "protocol", "write SASL_SSL, or SASL_PLAINTEXT without TLS")
    settings = SecuritySettings(
        table.word("protocol", PROTOCOLS, plain or "SASL_SSL"),
        mechanism,
        user,
        table.secret("password"),
        _hook(table),
        ca,
        table.path_of("certificate"),
        table.path_of("key"),
        table.secret("key_password"),
    )
    _check_login(settings, table)
    _check_tls(settings, table)
    return settings


def _hook(table: Table) -> str | Callable[[], Token] | None:
    found = dict(table.items()).get("hook")
    if callable(found):
        return found
    text = table.text("hook")
    if text is not None and not _HOOK.fullmatch(text):
        table.problem(f"{text!r} is not module:function", "hook", 'write hook = "mypackage.login:token"')
    return text


def _check_login(settings: SecuritySettings, table: Table) -> None:
    if not settings.protocol.startswith("SASL"):
        for name in ("mechanism", "user", "password", "hook"):
            if name in table:
                fix = f"write protocol = 'SASL_SSL', or leave {name} out"
                table.problem(f"{settings.protocol} knows no {name}", name, fix)
        return
    if settings.mechanism is None:
        table.problem("SASL without a mechanism", "mechanism", f"write {one_of(MECHANISMS)}")
        return
    needed = ("hook",) if settings.mechanism == "OAUTHBEARER" else ("user", "password")
    for name in needed:
        if name not in table:
            table.problem(f"{settings.mechanism} without a {name}", name, f"add {name} = {_EXAMPLES[name]}")


def _check_tls(settings: SecuritySettings, table: Table) -> None:
    if not settings.tls:
        for name in TLS:
            if name in table:
                table.problem(f"{settings.protocol} knows no {name}", name, "write protocol = 'SSL' or 'SASL_SSL'")
    for one, other in (("certificate", "key"), ("key", "certificate")):
        if one in table and other not in table:
            table.problem(f"a {one} without its {other}", other, f"add {other} = …, the path of a PEM file")
