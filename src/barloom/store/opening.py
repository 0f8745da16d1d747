"""Opening a store: new or known, of this definition and this format, by one writer or by readers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from rocksdict import Options, Rdict

from barloom.errors import StoreError, StoreFormat, StoreMismatch
from barloom.plan.document import from_document, plan_document
from barloom.plan.identity import continues, differences, fingerprint
from barloom.store.backend import Family
from barloom.store.barstore import BarStore
from barloom.store.memory import MemoryBackend
from barloom.store.rocksdb import RocksBackend

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barloom.plan.barplan import BarPlan
    from barloom.store.backend import Backend
    from barloom.time.calendar import Calendar

__all__ = [
    "COPY_OF_TOPICS",
    "FORMAT",
    "FORMAT_KEY",
    "is_store",
    "memory_store",
    "open_backend",
    "open_backend_for_reading",
    "open_for_reading",
    "open_store",
]

FORMAT: Final = 3
"""The format this version writes. A change of codec, keys or families is a new number and a line in `_MIGRATIONS`."""

_READABLE: Final = 1
"""The oldest format that is read as it is: in format 1 each refused row stands by itself, up to 2 there is no log."""

_MIGRATIONS: Final[Mapping[int, Callable[[Backend], None]]] = {
    1: lambda backend: _renumber(backend, 2),
    2: lambda backend: _renumber(backend, 3),
}
"""How a store of an older format becomes one of the next; each step is one batch that also writes the new number."""

FORMAT_KEY: Final = b"format"
"""Where a database says what it is."""

COPY_OF_TOPICS: Final = b"copy of topics"
"""What stands there in a reader's copy, which holds messages and not the records of a store."""

_PLAN_KEY: Final = b"plan"
_FINGERPRINT_KEY: Final = b"fingerprint"
_KNOWN: Final = {"default", *(family.value for family in Family)}
_FIRST: Final = _KNOWN - {Family.LOG.value}
"""What there was in the oldest format that is read."""

_LEFT_BY_A_CRASH: Final = ("LOCK", "LOG", "IDENTITY", "MANIFEST-", "OPTIONS-", "rocksdict-config.json")


def memory_store(plan: BarPlan, *, calendar: Calendar | None = None) -> BarStore:
    """A store that lives as long as the process."""
    return BarStore(plan, MemoryBackend(), calendar=calendar)


def open_store(path: str | Path, plan: BarPlan, *, calendar: Calendar | None = None) -> BarStore:
    """The store of a definition for its one writer; made when the directory is missing or empty.

    Raises `StoreLocked` where another writer has it, `StoreMismatch` where it holds bars of another definition,
    `StoreFormat` where the directory is something else, damaged or of another format, `StoreFull` without room.
    """
    backend = open_backend(path)
    try:
        _prepare(backend, plan)
    except BaseException:
        backend.close()
        raise
    return BarStore(plan, backend, calendar=calendar)


def open_backend(path: str | Path) -> RocksBackend:
    """What lies under the store at `path`, for its one writer; made when the directory is missing or empty.

    Says nothing of what is in it. Raises `StoreLocked`, `StoreFormat` and `StoreFull` as `open_store` does.
    """
    directory = Path(path)
    _check_directory(directory)
    _make(directory)
    return RocksBackend(directory)


def open_for_reading(path: str | Path, *, calendar: Calendar | None = None) -> BarStore:
    """A store to read from, while its writer runs or not; the definition is the one it was made with.

    Raises `StoreFormat` where there is no store, or one that is damaged or of another format.
    """
    backend = open_backend_for_reading(path)
    try:
        _refuse_empty(backend, Path(path))
        _check_format(backend)
        return BarStore(_stored_plan(backend), backend, calendar=calendar)
    except BaseException:
        backend.close()
        raise


def open_backend_for_reading(path: str | Path) -> RocksBackend:
    """What lies under the store at `path`, while its writer runs or not; a reader's copy of Kafka topics is one too.

    Says nothing of what is in it. Raises `StoreFormat` where there is no store.
    """
    directory = Path(path)
    if _is_being_made(directory):
        raise StoreFormat(_holds_nothing(directory))
    if not is_store(directory):
        message = f"{directory} is not a store of bars; `barloom run --store {directory}` makes one"
        raise StoreFormat(message)
    return RocksBackend(directory, reading=True)


def is_store(path: str | Path) -> bool:
    """Whether a directory holds a store (of any definition and format)."""
    directory = Path(path)
    return (directory / "CURRENT").is_file() and _families(directory) >= {Family.META.value, Family.FINAL.value}


def _is_being_made(directory: Path) -> bool:
    """Whether a writer has begun to make a store there, and is not done or was stopped."""
    if (directory / "CURRENT").is_file():
        return (found := _families(directory)) <= _KNOWN and not found >= _FIRST
    return directory.is_dir() and all(map(_left_by_a_crash, names := _names(directory))) and bool(names)


def _names(directory: Path) -> list[str]:
    return sorted(item.name for item in directory.iterdir())


def _holds_nothing(directory: Path) -> str:
    return (
        f"the store {directory} holds nothing yet: it is just being made, or the run that made it was stopped at once; "
        "the next `barloom run` continues there"
    )


def _refuse_empty(backend: Backend, directory: Path) -> None:
    if _is_empty(backend):
        raise StoreFormat(_holds_nothing(directory))


def _is_empty(backend: Backend) -> bool:
    return all(backend.first(family, b"") is None for family in Family)


def _families(directory: Path) -> set[str]:
    try:
        return set(Rdict.list_cf(str(directory), Options(raw_mode=True)))
    except Exception as error:
        message = f"the store {directory} is damaged: {error}"
        raise StoreFormat(message) from error


def _check_directory(directory: Path) -> None:
    """Refuse to write where something else stands."""
    if not directory.exists():
        return
    if not directory.is_dir():
        message = f"{directory} is a file, not a directory for a store; name another place"
        raise StoreFormat(message)
    if (directory / "CURRENT").exists():
        if not _families(directory) <= _KNOWN:
            message = f"{directory} holds a database of something else; name another directory for the store"
            raise StoreFormat(message)
        return
    foreign = [name for name in _names(directory) if not _left_by_a_crash(name)]
    if foreign:
        message = f"{directory} is not a store: it holds {foreign[0]!r}; name an empty or new directory"
        raise StoreFormat(message)


def _left_by_a_crash(name: str) -> bool:
    return name.startswith(_LEFT_BY_A_CRASH) or name.endswith((".dbtmp", ".log"))


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the store {directory} cannot be made: {error.strerror}"
        raise StoreError(message) from error


def _meta(backend: Backend, name: bytes) -> bytes | None:
    try:
        return backend.getter(Family.META)(name)
    except Exception as error:
        raise backend.failure(error) from error


def _prepare(backend: Backend, plan: BarPlan) -> None:
    """Write what the store is into a new one; check it in a known one."""
    if _meta(backend, FORMAT_KEY) is None:
        _refuse_unknown_content(backend)
    else:
        _migrate(backend)
        _check_definition(backend, plan)
    _describe(backend, plan)


def _describe(backend: Backend, plan: BarPlan) -> None:
    """Say format and definition; what does not make other bars (retention, the source) may have changed."""
    document = msgspec.json.encode(plan_document(plan))
    if _meta(backend, _PLAN_KEY) == document:
        return
    batch = backend.batch()
    batch.put(Family.META, FORMAT_KEY, str(FORMAT).encode())
    batch.put(Family.META, _PLAN_KEY, document)
    batch.put(Family.META, _FINGERPRINT_KEY, fingerprint(plan).encode())
    backend.write(batch)


def _refuse_unknown_content(backend: Backend) -> None:
    if not _is_empty(backend):
        message = f"the store {backend.name} does not say its format; it is damaged, or not one of barloom's"
        raise StoreFormat(message)


def _migrate(backend: Backend) -> None:
    """Bring an older format up to this one, step by step."""
    while (found := _format(backend)) != FORMAT:
        step = _MIGRATIONS.get(found)
        if step is None:
            break
        step(backend)
    _check_format(backend)


def _renumber(backend: Backend, number: int) -> None:
    batch = backend.batch()
    batch.put(Family.META, FORMAT_KEY, str(number).encode())
    backend.write(batch)


def _format(backend: Backend) -> int:
    written = _meta(backend, FORMAT_KEY)
    if written == COPY_OF_TOPICS:
        message = f"{backend.name} is a reader's copy of Kafka topics; open it with `bars.kafka(…).reader(…)`"
        raise StoreFormat(message)
    if written is None or not written.isdigit():
        message = f"the store {backend.name} does not say its format; it is damaged, or not one of barloom's"
        raise StoreFormat(message)
    return int(written)


def _check_format(backend: Backend) -> None:
    found = _format(backend)
    if found > FORMAT:
        message = (
            f"the store {backend.name} has format {found}, this version of barloom reads {FORMAT}; "
            "use the version that wrote it, or a newer one"
        )
        raise StoreFormat(message)
    if found < _READABLE:
        message = (
            f"the store {backend.name} has the older format {found}, this version of barloom writes {FORMAT}; "
            "make it anew beside the old one with `barloom rebuild`"
        )
        raise StoreFormat(message)


def _stored_plan(backend: Backend) -> BarPlan:
    document = _meta(backend, _PLAN_KEY)
    if document is None:
        message = f"the store {backend.name} does not say its definition; it is damaged"
        raise StoreFormat(message)
    try:
        return from_document(msgspec.json.decode(document))
    except ValueError as error:
        message = f"the definition in the store {backend.name} cannot be read: {error}; rebuild the store"
        raise StoreFormat(message) from error


def _check_definition(backend: Backend, plan: BarPlan) -> None:
    if _meta(backend, _FINGERPRINT_KEY) == fingerprint(plan).encode():
        return
    stored = _stored_plan(backend)
    if continues(stored, plan):
        return
    listed = "".join(f"\n  {change}" for change in differences(stored, plan))
    message = (
        f"the store {backend.name} was made by another definition:{listed}\n"
        "go on with the definition it was made with, or name a new directory, or bring it over: "
        "`barloom rebuild` reads the input anew into a store beside the old one and swaps them"
    )
    raise StoreMismatch(message)
