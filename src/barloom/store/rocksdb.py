"""The store on disk: one RocksDB, a column family for each room, one write batch for each commit."""

from __future__ import annotations

import shutil
import tempfile
from collections import deque
from contextlib import closing, suppress
from itertools import islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast

from rocksdict import (
    AccessType,
    BlockBasedOptions,
    Cache,
    Checkpoint,
    DBCompressionType,
    Options,
    Rdict,
    ReadOptions,
    WriteBatch,
    WriteOptions,
)

from barloom.errors import StoreError
from barloom.store.backend import Batch, Family
from barloom.store.failures import explained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rocksdict import ColumnFamily

__all__ = ["RocksBackend"]

T = TypeVar("T")

_MEBIBYTE: Final = 1 << 20
_BUFFERS: Final = {Family.FINAL: 32 * _MEBIBYTE, Family.OPEN: 16 * _MEBIBYTE}
_SMALL_BUFFER: Final = 2 * _MEBIBYTE
_CACHE: Final = 32 * _MEBIBYTE
_WAL: Final = 128 * _MEBIBYTE
_BLOOM_BITS: Final = 10
_BEYOND_ALL: Final = b"\xff" * 32
_SCAN_AHEAD: Final = 2 * _MEBIBYTE
_COPIED_AT_ONCE: Final = 10_000


class _RocksBatch:
    """A write batch that knows the column families."""

    def __init__(self, handles: dict[Family, ColumnFamily]) -> None:
        self.changes = WriteBatch(raw_mode=True)
        self._handles = handles

    def put(self, family: Family, key: bytes, value: bytes) -> None:
        self.changes.put(key, value, self._handles[family])

    def put_all(self, family: Family, keys: Sequence[bytes], values: Sequence[bytes]) -> None:
        # A deque of length zero drains the map in C: three times as fast as a loop here.
        deque(map(self.changes.put, keys, values, repeat(self._handles[family])), maxlen=0)

    def delete_all(self, family: Family, keys: Sequence[bytes]) -> None:
        deque(map(self.changes.delete, keys, repeat(self._handles[family])), maxlen=0)

    def delete_range(self, family: Family, lower: bytes, upper: bytes) -> None:
        self.changes.delete_range(lower, upper, self._handles[family])


class RocksBackend:
    """A RocksDB that is being written, or (`reading`) followed from beside its writer, who need not be running."""

    def __init__(self, path: Path, *, reading: bool = False) -> None:
        self._path = path
        self._reading = reading
        self._beside = Path(tempfile.mkdtemp(prefix="barloom-reader-")) if reading else None
        access = AccessType.secondary(str(self._beside)) if reading else AccessType.read_write()
        cache = Cache(_CACHE)
        options = _options()
        known = _there(path) if reading else set(Family)
        families = {family.value: _family_options(family, cache) for family in Family if family in known}
        if reading:  # a mapped table answers in a third of the time, and its pages belong to nobody
            for item in (options, *families.values()):
                item.set_allow_mmap_reads(True)
        try:
            # One spelling for one place: RocksDB tells its own writers apart by the path they gave.
            self._database = Rdict(str(path.resolve()), options, column_families=families, access_type=access)
        except Exception as error:
            self._remove_beside()
            raise explained(error, str(path)) from error
        self._families = {family: self._database.get_column_family(family.value) for family in known}
        self._handles = {family: self._database.get_column_family_handle(family.value) for family in known}
        self._write_options = WriteOptions()
        # Commits put keys in their order, so that each finds its place near the one before.
        self._write_options.memtable_insert_hint_per_batch = True
        self._closed = False

    @property
    def name(self) -> str:
        """The path."""
        return str(self._path)

    @property
    def directory(self) -> Path:
        """Where it stands."""
        return self._path

    def getter(self, family: Family) -> Callable[[bytes], bytes | None]:
        """A fast way to the single values of a family; it raises RocksDB's own errors."""
        if family not in self._families:
            return lambda _: None
        if not self._reading or family is Family.FINAL:
            return self._families[family].get
        return lambda key: self._sought(family, key)

    def _sought(self, family: Family, key: bytes) -> bytes | None:
        """A value by a cursor, which beside a writer is as new as the last refresh.

        Once the writer has closed, point look-ups of a secondary instance keep to what its memory held before,
        while cursors see the newer files. Finals never change, so the faster look-up serves for them.
        """
        cursor = self._families[family].iter(_bounded(key, None))
        cursor.seek(key)
        if cursor.valid():
            found: bytes = cursor.key()
            return cast("bytes", cursor.value()) if found == key else None
        cursor.status()
        return None

    def failure(self, error: Exception) -> Exception:
        """The error of `barloom.errors` that stands for RocksDB's."""
        return explained(error, self.name)

    def scan(
        self, family: Family, lower: bytes, upper: bytes | None, *, backwards: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values in order or backwards, as they are when the scan begins."""
        if family not in self._families:
            return
        options = _bounded(lower, upper)
        if not backwards:
            options.set_readahead_size(_SCAN_AHEAD)
        begin = None if backwards else lower
        last: bytes | None = None
        try:
            found = self._families[family].items(backwards=backwards, from_key=begin, read_opt=options)
            for key, value in cast("Iterator[tuple[bytes, bytes]]", found):  # in raw mode all is bytes
                if key < lower:  # rocksdict does not keep to the lower bound when it goes backwards
                    break
                last = key
                yield key, value
            self._check_end(family, last or lower, options, backwards=backwards)
        except Exception as error:
            raise explained(error, self.name) from error

    def _check_end(self, family: Family, last: bytes, options: ReadOptions, *, backwards: bool) -> None:
        """Raise where a scan ended at a damaged place: rocksdict's own iteration just stops there."""
        cursor = self._families[family].iter(options)
        cursor.seek(last)
        if cursor.valid() and backwards:
            cursor.prev()
        elif cursor.valid():
            cursor.next()
        cursor.status()

    def first(self, family: Family, lower: bytes) -> bytes | None:
        """The first key from `lower` on."""
        if family not in self._families:
            return None
        cursor = self._guarded(lambda: self._families[family].iter(_bounded(lower, None)))
        cursor.seek(lower)
        if cursor.valid():
            found: bytes = cursor.key()
            return found
        self._guarded(cursor.status)
        return None

    def batch(self) -> Batch:
        """An empty batch."""
        return _RocksBatch(self._handles)

    def write(self, batch: Batch) -> None:
        """Make a batch's changes, all or none; they are in the log of changes before this returns."""
        if not isinstance(batch, _RocksBatch):
            message = "a batch belongs to the backend that made it"
            raise TypeError(message)
        self._guarded(lambda: self._database.write(batch.changes, self._write_options))

    def refresh(self) -> None:
        """See what the writer has written meanwhile (for the writer itself: nothing to do)."""
        if self._reading:
            self._guarded(self._database.try_catch_up_with_primary)

    def compact(self, family: Family) -> None:
        """Rewrite a family without what was removed."""
        self._guarded(lambda: self._families[family].compact_range(None, None))

    def size(self) -> int:
        """Bytes of all files in the directory."""
        return sum(_size_of(file) for file in self._path.iterdir())

    def backup(self, path: str | Path) -> None:
        """Copy what is stored now, all of one moment, into a new directory; writing goes on meanwhile.

        Files that never change are linked where the place is on the same disk, so that this takes next to no time or
        room; beside the writer all is written anew, as of the last refresh. `StoreError` where something is there
        already.
        """
        target = Path(path)
        if target.exists():
            message = f"{target} is there already; a backup goes into a new directory"
            raise StoreError(message)
        target.parent.mkdir(parents=True, exist_ok=True)
        if self._reading:
            self._copy_to(target)
        else:
            self._guarded(lambda: Checkpoint(self._database).create_checkpoint(str(target)))

    def _copy_to(self, target: Path) -> None:
        """Write what is seen here, which only a refresh changes, into a new store; it has its name once it is whole."""
        unfinished = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
        try:
            with closing(RocksBackend(unfinished)) as copy:
                for family in Family:
                    records = self.scan(family, b"", None)
                    while rows := list(islice(records, _COPIED_AT_ONCE)):
                        batch = copy.batch()
                        batch.put_all(family, [key for key, _ in rows], [value for _, value in rows])
                        copy.write(batch)
            unfinished.rename(target)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise

    def close(self) -> None:
        """Release the store for the next writer."""
        if self._closed:
            return
        self._closed = True
        self._handles.clear()  # as long as one handle is held, RocksDB keeps its lock
        for part in (*self._families.values(), self._database):
            with suppress(Exception):  # after a full disk nothing closes cleanly; what was committed is in the log
                part.close()
        self._remove_beside()

    def _remove_beside(self) -> None:
        if self._beside is not None:
            shutil.rmtree(self._beside, ignore_errors=True)

    def _guarded(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except Exception as error:
            raise explained(error, self.name) from error


def _there(path: Path) -> set[Family]:
    """The families of a store that is only read; an older version made fewer."""
    try:
        names = set(Rdict.list_cf(str(path), Options(raw_mode=True)))
    except Exception as error:
        raise explained(error, str(path)) from error
    return {family for family in Family if family.value in names}


def _size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # RocksDB removes files while we look
        return 0


def _bounded(lower: bytes, upper: bytes | None) -> ReadOptions:
    options = ReadOptions()
    # Both bounds or neither: with a lower one alone rocksdict finds nothing.
    options.set_iterate_lower_bound(lower)
    options.set_iterate_upper_bound(_BEYOND_ALL if upper is None else upper)
    return options


def _options() -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)  # noqa: FBT003 - RocksDB's interface
    options.create_missing_column_families(True)  # noqa: FBT003
    options.set_max_background_jobs(2)
    options.set_max_total_wal_size(_WAL)
    options.set_keep_log_file_num(2)
    options.set_max_log_file_size(_MEBIBYTE)
    options.set_stats_dump_period_sec(0)
    options.set_stats_persist_period_sec(0)
    options.set_max_manifest_file_size(16 * _MEBIBYTE)
    options.set_manifest_preallocation_size(64 << 10)
    return options


def _family_options(family: Family, cache: Cache) -> Options:
    options = Options(raw_mode=True)
    options.set_write_buffer_size(_BUFFERS.get(family, _SMALL_BUFFER))
    options.set_max_write_buffer_number(3)
    none, lz4, zstd = DBCompressionType.none(), DBCompressionType.lz4(), DBCompressionType.zstd()
    # The newest tables are rewritten soon: packing them would only cost time.
    options.set_compression_per_level([none, none, lz4, lz4, lz4, zstd, zstd])
    table = BlockBasedOptions()
    table.set_block_cache(cache)
    table.set_bloom_filter(_BLOOM_BITS, False)  # noqa: FBT003
    table.set_format_version(5)
    options.set_block_based_table_factory(table)
    return options
