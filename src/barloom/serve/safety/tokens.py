"""Who may read what: bearer tokens with names, each limited to stores and keys by patterns."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import TYPE_CHECKING, Final

from barloom.environment import Secret
from barloom.errors import BadArguments, Problem
from barloom.telemetry.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from barloom.clock import Clock

__all__ = ["EVERYTHING", "Access", "Token", "Tokens"]

_log = get_logger(__name__)

_SHORTEST: Final = 16
_LOOK_EVERY: Final = 1.0
_ALL: Final = ("*",)
_SETTINGS: Final = ("token", "env", "file", "stores", "keys")
_BEARER: Final = "bearer "


@dataclass(frozen=True, slots=True)
class Access:
    """What a request may see: stores by their names, keys by their text, both by patterns such as ``BTC*``."""

    name: str
    stores: tuple[str, ...] = _ALL
    keys: tuple[str, ...] = _ALL

    def sees(self, store: str) -> bool:
        """Whether a store exists for it."""
        return any(fnmatchcase(store, pattern) for pattern in self.stores)

    def reaches(self, key: str) -> bool:
        """Whether it may read the bars of a key."""
        return not self.limited or any(fnmatchcase(key, pattern) for pattern in self.keys)

    @property
    def limited(self) -> bool:
        """Whether there are keys that it may not read."""
        return self.keys != _ALL


EVERYTHING: Final = Access("everybody")
"""Where no token is asked for."""


@dataclass(frozen=True, slots=True)
class Token:
    """A secret that lets its bearer read, by a name that may be told.

    `stores` and `keys` are patterns (``*`` stands for any text); a key is written as in addresses: ``OANDA,EURUSD``.
    """

    name: str
    secret: Secret
    stores: tuple[str, ...] = _ALL
    keys: tuple[str, ...] = _ALL


class Tokens:
    """The tokens that let in, from the program and from files, which are read anew when they change.

    A file is TOML with a table for each token::

        [desk]
        token = "a-long-random-text"
        stores = ["fx-*"]
        keys = ["EUR*", "USD*"]

        [archive]
        env = "ARCHIVE_TOKEN"

    `env` and `file` name where the secret stands instead. Raises `BadArguments` with everything that is wrong.
    """

    def __init__(self, given: Iterable[Token | str | Path], clock: Clock) -> None:
        listed = list(given)
        self._given = [item for item in listed if isinstance(item, Token)]
        self._files = [Path(item) for item in listed if not isinstance(item, Token)]
        self._clock = clock
        self._stamps = self._looks()
        self._known = self._read()
        self._next_look = clock.monotonic() + _LOOK_EVERY

    def __bool__(self) -> bool:
        """Whether a token is asked for."""
        return bool(self._given or self._files)

    def __repr__(self) -> str:
        return f"<Tokens {', '.join(access.name for _, access in self._known)}>"

    def of(self, authorization: str) -> Access | None:
        """What the bearer of an ``Authorization`` header may see; none where it lets nobody in."""
        self._renew()
        shown = authorization[len(_BEARER) :] if authorization[: len(_BEARER)].lower() == _BEARER else ""
        digest = _digest(shown.strip())
        found = [access for known, access in self._known if compare_digest(known, digest)]  # all, so that it tells none
        return found[0] if found and shown else None

    def _renew(self) -> None:
        """Read files that have changed; while one is wrong what was known goes on to count."""
        now = self._clock.monotonic()
        if not self._files or now < self._next_look:
            return
        self._next_look = now + _LOOK_EVERY
        stamps = self._looks()
        if stamps == self._stamps:
            return
        self._stamps = stamps
        try:
            self._known = self._read()
        except BadArguments as error:
            _log.error("the changed tokens cannot be read; those before go on to count", why=str(error))

    def _looks(self) -> list[tuple[int, int]]:
        return [_stamp(path) for path in self._files]

    def _read(self) -> list[tuple[bytes, Access]]:
        problems = list[Problem]()
        tokens = [*self._given, *(token for path in self._files for token in _of_file(path, problems))]
        known = [(_revealed(token, problems), Access(token.name, token.stores, token.keys)) for token in tokens]
        problems += _doubles(tokens)
        if problems:
            raise BadArguments(problems)
        return known


def _digest(text: str) -> bytes:
    return sha256(text.encode(errors="surrogateescape")).digest()


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_ino


def _revealed(token: Token, problems: list[Problem]) -> bytes:
    try:
        text = token.secret.reveal()
    except LookupError as error:
        problems.append(Problem(str(error), f"token {token.name}", "put the secret there, or name another place"))
        return b""
    if len(text) < _SHORTEST:
        fix = "make a long random one: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        problems.append(Problem(f"the secret has fewer than {_SHORTEST} letters", f"token {token.name}", fix))
    return _digest(text)


def _doubles(tokens: Sequence[Token]) -> Iterator[Problem]:
    names = [token.name for token in tokens]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem("two tokens have the same name", f"token {name}", "call one of them otherwise")


def _of_file(path: Path, problems: list[Problem]) -> Iterator[Token]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(Problem(f"it cannot be read: {error.strerror}", str(path), "name a file of tokens"))
        return
    except ValueError:  # what the parser says may hold a part of a secret
        problems.append(Problem("it is not TOML", str(path), 'write a table a token: [desk] and token = "…"'))
        return
    for name, settings in document.items():
        found = _of_table(name, settings, f"{path} [{name}]", problems)
        if found is not None:
            yield found


def _of_table(name: str, settings: object, where: str, problems: list[Problem]) -> Token | None:
    if not isinstance(settings, dict):
        problems.append(Problem("a token is a table", where, f'write [{name}] and below it token = "…"'))
        return None
    problems += [
        Problem(f"there is no setting {key!r}", where, f"leave it out; there are {', '.join(_SETTINGS)}")
        for key in settings
        if key not in _SETTINGS
    ]
    secret = _secret(settings)
    if secret is None:
        problems.append(Problem("it does not say one secret", where, "give one of token, env, file, as text"))
        return None
    return Token(name, secret, *(_patterns(settings, key, where, problems) for key in ("stores", "keys")))


def _secret(settings: Mapping[str, object]) -> Secret | None:
    makers = {"token": Secret.of, "env": Secret.env, "file": Secret.file}
    match [(make, settings[name]) for name, make in makers.items() if name in settings]:
        case [(make, str(text))]:
            return make(text)
        case _:
            return None


def _patterns(settings: Mapping[str, object], name: str, where: str, problems: list[Problem]) -> tuple[str, ...]:
    found = settings.get(name, list(_ALL))
    if isinstance(found, list) and found and all(isinstance(item, str) for item in found):
        return tuple(found)
    problems.append(Problem(f"{name} is no list of patterns", where, f'write {name} = ["EUR*"], or leave it out'))
    return _ALL
