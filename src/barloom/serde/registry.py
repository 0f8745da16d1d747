"""The schema registry (Confluent's API): schemas by number, and numbers for schemas."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from barloom.clock import SystemClock
from barloom.errors import AccessRefused, BrokerError, LoginRefused, MissingExtra, RegistryUnavailable, SchemaMismatch
from barloom.serde.avro.schema import AvroType, parse_schema
from barloom.serde.certificates import trusting
from barloom.serde.compatibility import report
from barloom.time.timeframe import SECOND

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from barloom.clock import Clock
    from barloom.environment import Secret

__all__ = ["Registry", "RegistrySettings"]

_ACCEPT: Final = "application/vnd.schemaregistry.v1+json"
_TRIES: Final = 3
_FIRST_PAUSE: Final = 0.1
_REMEMBERED: Final = 30.0
_MISSING: Final = 404
_CONFLICT: Final = 409
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_WRONG: Final = 400
_REFUSED: Final = re.compile("CERTIFICATE_VERIFY_FAILED|ALERT")


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """A registry with Confluent's API. `mode` is ``register``, or ``check`` where schemas are put there by others.

    `user` and `password` log in, or `token` (bearer); `ca`, `certificate` and `key` are PEM files. `timeout` is the
    time for one answer, in nanoseconds.
    """

    url: str
    mode: str = "register"
    user: str | None = None
    password: Secret | None = None
    token: Secret | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    key_password: Secret | None = None
    timeout: int = 5 * SECOND


class Registry:
    """A client that remembers what it was told.

    Every method raises `RegistryUnavailable` where nobody answers, after a few tries, and `LoginRefused` or
    `AccessRefused` where the registry does not let barloom in. Messages never hold a secret.
    """

    single: Final = False

    def __init__(self, settings: RegistrySettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._client: httpx.Client | None = None
        self._schemas: dict[int, AvroType] = {}
        self._unknown: dict[int, float] = {}

    def schema(self, number: int) -> tuple[AvroType, str]:
        """The schema with a number, and what messages call it.

        `LookupError` where there is none (that is remembered for half a minute), `SourceError` where it is not Avro.
        """
        where = f"the schema {number}"
        if number not in self._schemas:
            self._schemas[number] = self._fetched(number, where)
        return self._schemas[number], where

    def number(self, subject: str, schema: str) -> int:
        """The number under which messages of this schema go: registered, or (mode ``check``) looked up.

        `SchemaMismatch` says which field breaks which rule, or what has to be registered.
        """
        register = self._settings.mode == "register"
        path = f"/subjects/{subject}/versions" if register else f"/subjects/{subject}"
        status, answer = self._ask("POST", path, {"schema": schema, "schemaType": "AVRO"})
        if status < _WRONG:
            return int(answer["id"])
        raise SchemaMismatch(self._refusal(subject, schema, status, answer))

    def difference(self, subject: str, schema: str) -> str | None:
        """How the latest schema of a subject differs from another; none where it does not, or where there is none yet.

        Field by field where one cannot be read with the other. Nothing is registered.
        """
        status, answer = self._ask("POST", f"/subjects/{subject}", {"schema": schema, "schemaType": "AVRO"})
        if status < _WRONG:
            return None
        if status != _MISSING:
            self._check(status, answer, f"the schema of {subject}")
        status, latest = self._ask("GET", f"/subjects/{subject}/versions/latest")
        if status == _MISSING:
            return None
        self._check(status, latest, f"the latest schema of {subject}")
        where = f"version {latest.get('version')} of {subject!r} in the registry {self._shown()}"
        found = report(parse_schema(schema, subject), self._parsed(latest, where))
        listed = "".join(f"\n  {line}" for line in found)
        return f"{where} is not the schema that this definition writes" + (f":{listed}" if found else "")

    def versions_of(self, subject: str) -> dict[int, int]:
        """The schemas of a subject: their numbers by version; empty where there is no such subject."""
        path = f"/subjects/{subject}/versions"
        status, answer = self._ask("GET", path)
        if status == _MISSING:
            return {}
        self._check(status, answer, f"the versions of {subject}")
        found = {}
        for version in answer:
            status, schema = self._ask("GET", f"{path}/{version}")
            self._check(status, schema, f"version {version} of {subject}")
            found[int(version)] = int(schema["id"])
        return found

    def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def __repr__(self) -> str:
        return f"<registry {self._shown()}>"

    def _fetched(self, number: int, where: str) -> AvroType:
        absent = f"{where} is not in the registry {self._shown()}"
        if self._unknown.get(number, 0.0) > self._clock.monotonic():
            raise LookupError(absent)
        status, answer = self._ask("GET", f"/schemas/ids/{number}")
        if status == _MISSING:
            self._unknown[number] = self._clock.monotonic() + _REMEMBERED
            raise LookupError(absent)
        self._check(status, answer, f"the request for {where}")
        return self._parsed(answer, where)

    def _parsed(self, answer: Any, where: str) -> AvroType:  # noqa: ANN401 - JSON
        kind = answer.get("schemaType", "AVRO")
        if kind != "AVRO":
            message = f"{where} is {kind}, not Avro"
            raise LookupError(message)
        named: dict[str, AvroType] = {}
        for each in answer.get("references") or ():
            status, other = self._ask("GET", f"/subjects/{each['subject']}/versions/{each['version']}")
            self._check(status, other, f"the request for {each['subject']}, to which {where} refers")
            referred = self._parsed(other, f"{each['subject']} version {each['version']}")
            named |= {each["name"]: referred, referred.name: referred}
        return parse_schema(answer["schema"], where, named)

    def _refusal(self, subject: str, schema: str, status: int, answer: Any) -> str:  # noqa: ANN401 - JSON
        """Why a schema is not in its subject, or must not go there."""
        if status not in (_MISSING, _CONFLICT):
            self._check(status, answer, f"the schema of {subject}")
        status, latest = self._ask("GET", f"/subjects/{subject}/versions/latest")
        if status == _MISSING:
            return (
                f"the registry {self._shown()} has no subject {subject!r}, and mode = 'check' registers nothing: "
                f"register this schema there, or set mode = 'register' under [kafka.registry]: {schema}"
            )
        self._check(status, latest, f"the latest schema of {subject}")
        where = f"version {latest.get('version')} of {subject!r} in the registry {self._shown()}"
        found = report(parse_schema(schema, subject), self._parsed(latest, where))
        said = answer.get("message", "") if isinstance(answer, dict) else ""
        listed = "".join(f"\n  {line}" for line in found) or f"\n  the registry says: {said}"
        return (
            f"the schema that this definition writes does not go with {where}:{listed}\n"
            "give the bars another name (they are new topics), or let the registry's compatibility rule allow it"
        )

    def _check(self, status: int, answer: Any, what: str) -> None:  # noqa: ANN401 - JSON
        if status < _WRONG:
            return
        said = answer.get("message", "") if isinstance(answer, dict) else ""
        message = f"the registry {self._shown()} refuses {what}: {status} {said}".rstrip()
        raise BrokerError(message)

    def _ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """The status and the JSON of an answer; tried again, with growing pauses, while nobody answers."""
        client = self._opened()
        import httpx  # noqa: PLC0415 - an extra

        pause, failure = _FIRST_PAUSE, ""
        for attempt in range(_TRIES):
            if attempt:
                self._clock.sleep(pause)
                pause *= 2
            try:
                answer = client.request(method, path, json=body)
            except httpx.HTTPError as error:
                self._unless_insecure(error)
                failure = f"{type(error).__name__} {error}".strip()
                continue
            if answer.status_code not in _LATER:
                return answer.status_code, self._content(answer)
            failure = f"status {answer.status_code}"
        message = f"the schema registry {self._shown()} does not answer: {failure}"
        raise RegistryUnavailable(message)

    def _unless_insecure(self, error: BaseException | None) -> None:
        """A certificate that is refused, by us or by the registry, is no better a moment later."""
        while error is not None:
            if isinstance(error, ssl.SSLError) and _REFUSED.search(str(error)):
                message = (
                    f"the encrypted line to the schema registry {self._shown()} is not made: {error}\n"
                    "    fix: check ca, certificate and key in [kafka.registry], and in [kafka.security] else"
                )
                raise LoginRefused(message) from None
            error = error.__cause__ or error.__context__

    def _content(self, answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON
        if answer.status_code == _UNAUTHORIZED:
            self.close()  # the next request reads the secrets anew
            message = f"the schema registry {self._shown()} refuses the credentials: check [kafka.registry]"
            raise LoginRefused(message)
        if answer.status_code == _FORBIDDEN:
            message = f"the schema registry {self._shown()} forbids {answer.request.method} {answer.request.url.path}"
            raise AccessRefused(message)
        try:
            return answer.json()
        except ValueError:
            if answer.status_code < _WRONG:
                message = f"what answers at {self._shown()} is no schema registry: its answer is not JSON"
                raise BrokerError(message) from None
            return {}

    def _opened(self) -> httpx.Client:
        if self._client is None:
            try:
                import httpx  # noqa: PLC0415 - an extra
            except ImportError:
                extra, purpose = "kafka", "the schema registry"
                raise MissingExtra(extra, purpose) from None
            given = self._settings
            headers = {"Accept": _ACCEPT}
            if given.token is not None:
                headers["Authorization"] = f"Bearer {given.token.reveal()}"
            password = "" if given.password is None else given.password.reveal()
            self._client = httpx.Client(
                base_url=given.url,
                headers=headers,
                auth=None if given.user is None else httpx.BasicAuth(given.user, password),
                timeout=given.timeout / SECOND,
                verify=self._trust(),
                trust_env=False,  # the environment is read in one place only
            )
        return self._client

    def _trust(self) -> ssl.SSLContext:
        given = self._settings
        password = None if given.key_password is None else given.key_password.reveal()
        return trusting(given.ca, given.certificate, given.key, password, where="kafka.registry")

    def _shown(self) -> str:
        """The URL without a user or a password that may stand in it."""
        scheme, _, rest = self._settings.url.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"
