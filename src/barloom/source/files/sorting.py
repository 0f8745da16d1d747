"""Rows of files in the order of their event time, whatever their size: sorted runs on disk, then merged.

Rows of equal time keep the order of the files and of their rows; a refused row has no time and stays behind the
latest row before it. All rows that the files hold when reading begins are sorted together. A run that is continued
in the middle sorts the same rows again and passes over those it has given; what the files have gained since then comes
afterwards, sorted by itself.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import polars as pl

from barloom.errors import SourceError
from barloom.source.batches import parts_of
from barloom.source.decode import Rows
from barloom.source.files.highs import BEFORE_ALL, running_highs
from barloom.source.files.merge import Block, Lane, Merged, merge
from barloom.source.files.position import SORTED, SORTING, FilePosition
from barloom.source.files.reading import Reading, file_reader, started_at
from barloom.source.problems import RowProblems
from barloom.source.protocol import Origins
from barloom.source.text.rowtext import row_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.source.decode import Decoder
    from barloom.source.files.inputs import Input
    from barloom.source.files.pieces import Piece
    from barloom.source.protocol import SourceBatch
    from barloom.time.calendar import Integers

__all__ = ["sorted_batches"]

_RUN_ROWS: Final = 500_000
_READ_BYTES: Final = 4 << 20
_ROW_GROUP: Final = 16_384
_ROWS_AT_HAND: Final = 1_000_000
_NO_ROWS: Final = np.zeros(0, np.int64)
_KEY, _FILE, _RANK, _ROW = "~key", "~file", "~rank", "~row"
_RAW, _PROBLEM, _ARRIVAL, _LIMIT = "~raw", "~problem", "~arrival", "~limit"
_ROUNDED: Final = "~rounded "
"""Before the name of a field: whether a row's value of it lost places."""


class _Sorting(msgspec.Struct, frozen=True):
    """`until` says for each file how many of its rows are sorted together, `taken` how many of all were given.

    `now` is when they were first read.
    """

    until: dict[str, int]
    taken: int = 0
    now: int = 0


def sorted_batches(reading: Reading, decoder: Decoder, batch_rows: int) -> Iterator[SourceBatch]:
    """Batches in time order from where a reading begins."""
    stored = reading.recalled(SORTING)
    if stored:
        begun = msgspec.json.decode(stored, type=_Sorting)
        begun = _Sorting({reading.present_key(key): rows for key, rows in begun.until.items()}, begun.taken, begun.now)
        yield from _sort(decoder, reading, begun, batch_rows)
    yield from _sort(decoder, reading, None, batch_rows)
    last = reading.last_batch()
    if last is not None:
        yield last


def _sort(decoder: Decoder, reading: Reading, begun: _Sorting | None, batch_rows: int) -> Iterator[SourceBatch]:
    """Sort what is to be sorted together, and give what has not been given."""
    with TemporaryDirectory(prefix="barloom-sort-") as folder:
        now = begun.now if begun is not None and begun.now else reading.now
        runs = _Runs(decoder, reading, Path(folder), now)
        runs.write(begun)
        ends = {reading.files[number].key: position for number, position in runs.endings.items()}
        reading.remember(SORTED, msgspec.json.encode(ends))
        taken = skip = 0 if begun is None else begun.taken
        for merged in merge(runs.lanes()):
            rest, skip = _without(merged, skip)
            if rest is None:
                continue
            for part in parts_of(rest, reading.offset, batch_rows):
                taken += part.count
                reading.remember(SORTING, msgspec.json.encode(_Sorting(runs.until, taken, now)))
                yield reading.batch(part)
        if runs.error is not None:
            raise runs.error
        reading.remember(SORTING, b"")
        reading.remember(SORTED, b"")
        for number, ending in runs.endings.items():
            reading.keep(number, ending)


def _without(merged: Merged, skip: int) -> tuple[Merged | None, int]:
    """The merged rows but for the first, and how many are still to be left out after them."""
    if not skip:
        return merged, 0
    count = sum(part.stop - part.start for part in merged.parts)
    if skip >= count:
        return None, skip - count
    order = np.arange(count) if merged.order is None else merged.order
    return Merged(merged.parts, order[skip:]), 0


class _Runs:
    """Sorted runs of rows in a folder. `error` is what ended the reading of a file too early."""

    def __init__(self, decoder: Decoder, reading: Reading, folder: Path, now: int) -> None:
        self._now = now
        self.until: dict[str, int] = {}
        self.endings: dict[int, FilePosition] = {}
        self.error: SourceError | None = None
        self._decoder = decoder
        self._reading = reading
        self._folder = folder
        self._paths: list[Path] = []
        self._gathered: list[pl.DataFrame] = []
        self._rows = 0

    def write(self, begun: _Sorting | None) -> None:
        """Read the files, up to where they were read the first time."""
        ranks = {} if begun is None else {key: rank for rank, key in enumerate(begun.until)}
        files = sorted(enumerate(self._reading.files), key=lambda each: ranks.get(each[1].key, len(ranks)))
        for number, file in files:
            try:
                self._read(number, file, None if begun is None else begun.until.get(file.key, 0))
            except SourceError as error:
                self.error = error
                break
        self._finish_run()

    def lanes(self) -> list[Lane]:
        """The runs as sequences to merge."""
        rows = max(_ROWS_AT_HAND // max(len(self._paths), 1) // _ROW_GROUP * _ROW_GROUP, _ROW_GROUP)
        return [Lane(number, self._blocks(path, rows)) for number, path in enumerate(self._paths)]

    def _read(self, number: int, file: Input, until: int | None) -> None:
        start = self._reading.position(file)
        high = started_at(start)
        reader = file_reader(file, self._decoder, start, closing=self._reading.closing, block_bytes=_READ_BYTES)
        position = start or FilePosition()
        self.until[file.key] = position.rows
        limits = self._reading.limits(number, self._now)
        for piece in reader.pieces() if limits is None else map(limits.apply, reader.pieces()):
            count = piece.rows.count if until is None else min(piece.rows.count, until - self.until[file.key])
            if count <= 0:
                break
            keys = running_highs(piece.rows, self._decoder, high)
            high = int(keys[count - 1])
            self._add(piece, piece.rows.slice(0, count), keys, number)
            self.until[file.key] += count
            position = piece.position(count, None if high == BEFORE_ALL else high)
            position = position if limits is None else limits.note(position)
        else:
            ending = reader.ending(position)
            position = ending.position
            if ending.note is not None:
                self._reading.notes.append(ending.note)
        self.endings[number] = position

    def _add(self, piece: Piece, rows: Rows, highs: np.ndarray, number: int) -> None:
        bad = rows.problems.rows
        is_text = piece.before.byte or piece.after.byte
        texts = piece.records(rows.index) if is_text else None
        first = piece.before.rows + 1
        good = rows.frame.with_columns(
            rows.frame[self._decoder.plan.event.timestamp].alias(_KEY),
            pl.Series(_ROW, rows.index + first, dtype=pl.Int64),
            pl.Series(_RAW, texts, dtype=pl.String) if texts is not None else pl.lit(None, pl.String).alias(_RAW),
            pl.lit(None, pl.String).alias(_PROBLEM),
            pl.Series(_ARRIVAL, rows.arrivals, dtype=pl.Int64)
            if rows.arrivals is not None
            else pl.lit(None, pl.Int64).alias(_ARRIVAL),
            pl.Series(_LIMIT, rows.limits, dtype=pl.Int64)
            if rows.limits is not None
            else pl.lit(None, pl.Int64).alias(_LIMIT),
            *(
                pl.Series(f"{_ROUNDED}{name}", np.isin(rows.index, rows.rounded.get(name, _NO_ROWS)))
                for name in self._decoder.rounding
            ),
        )
        if rows.known is not None:
            refused = rows.known.with_columns(
                pl.Series(_KEY, highs[bad], dtype=pl.Int64),
                pl.Series(_ROW, bad + first, dtype=pl.Int64),
                pl.Series(_RAW, piece.records(bad), dtype=pl.String),
                rows.problems.texts.alias(_PROBLEM),
            )
            good = pl.concat([good, refused], how="diagonal")
        rank = list(self.until).index(self._reading.files[number].key)
        self._gathered.append(
            good.with_columns(pl.lit(number, pl.Int64).alias(_FILE), pl.lit(rank, pl.Int64).alias(_RANK))
        )
        self._rows += rows.count
        if self._rows >= _RUN_ROWS:
            self._finish_run()

    def _finish_run(self) -> None:
        if not self._gathered:
            return
        path = self._folder / f"{len(self._paths)}.parquet"
        ordered = pl.concat(self._gathered).sort(_KEY, _RANK, _ROW)
        try:
            ordered.write_parquet(path, compression="lz4", row_group_size=_ROW_GROUP, statistics=False)
        except (OSError, pl.exceptions.PolarsError) as error:
            message = (
                f"sorting by time needs room for the rows in {self._folder.parent}, which failed ({error}); "
                "free some, or set TMPDIR to a larger disk"
            )
            raise SourceError(message) from None
        self._paths.append(path)
        self._gathered, self._rows = [], 0

    def _blocks(self, path: Path, rows: int) -> Iterator[Block]:
        scan = pl.scan_parquet(path, glob=False)
        start = 0
        while (frame := scan.slice(start, rows).collect()).height:
            yield self._block(frame)
            start += frame.height

    def _block(self, frame: pl.DataFrame) -> Block:
        refused = frame[_PROBLEM].is_not_null()
        good, bad = frame.filter(~refused), np.asarray(refused.arg_true(), np.int64)
        has_arrival = self._decoder.empty().arrivals is not None
        rows = Rows(
            good.select(self._decoder.schema.names()),
            refused.not_().arg_true().to_numpy().astype(np.int64),
            frame.height,
            RowProblems(bad, frame[_PROBLEM].drop_nulls()),
            good[_ARRIVAL].to_numpy() if has_arrival else None,
            self._decoder.known(frame, bad) if len(bad) else None,
            None if good[_LIMIT].null_count() else good[_LIMIT].to_numpy(),
            numbers=len(self._decoder.numbers),
            rounded={
                name: frame[f"{_ROUNDED}{name}"].fill_null(value=False).arg_true().to_numpy().astype(np.int64)
                for name in self._decoder.rounding
            },
        )

        def origins(wanted: Integers) -> Origins:
            chosen = frame[pl.Series(wanted)]
            raws = chosen[_RAW]
            if raws.null_count():
                typed = chosen.select(self._decoder.schema.names())
                raws = raws.zip_with(raws.is_not_null(), row_texts(typed, self._decoder.paths, range(chosen.height)))
            names = pl.Series([file.name for file in self._reading.files]).gather(chosen[_FILE])
            return Origins(names, chosen[_ROW], raws)

        return Block(rows, frame[_KEY].to_numpy(), origins)
