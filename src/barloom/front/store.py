"""`Store`: what a run has written, looked after."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, overload

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Unpack

    from barloom.read.arguments import KeyLike, Moment
    from barloom.read.bar import Bar
    from barloom.read.bucket import TimeBucket
    from barloom.read.gaps import Gap
    from barloom.read.status import Status
    from barloom.read.verify.verification import How, Verification
    from barloom.store.log.declared import DeclaredReader

__all__ = ["Compacted", "Store"]


B = TypeVar("B", bound="Bar")


class Compacted(NamedTuple):
    """How many bytes a store had before its old bars were removed, and has now."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Store:
    """A store by its directory; each method opens it anew, while its writer runs or not.

    Raises `StoreFormat` where there is none, or one that is damaged or of another format.

    Example::

        store = bl.Store("state")
        print(store.status().finals)
        store.backup("copy")
    """

    path: str | Path

    def status(self) -> Status:
        """What it holds, and how far its input has been read."""
        from barloom.read.status import status  # noqa: PLC0415 - declaring bars needs no store
        from barloom.store.opening import open_for_reading  # noqa: PLC0415

        with open_for_reading(self.path) as held:
            return status(held)

    @overload
    def bucket(self, timeframe: str) -> TimeBucket[Bar]: ...
    @overload
    def bucket(self, timeframe: str, *, bar: type[B]) -> TimeBucket[B]: ...
    def bucket(self, timeframe: str, *, bar: type[Any] | None = None) -> TimeBucket[Any]:
        """The bars of a timeframe, of the class `bar`; close it, or use it in a ``with`` statement."""
        from barloom.read.bar import Bar  # noqa: PLC0415
        from barloom.read.bucket import TimeBucket  # noqa: PLC0415

        return TimeBucket.open(self.path, timeframe, bar=bar or Bar)

    def export(  # noqa: PLR0913 - the sides of a range
        self,
        out: str | Path,
        timeframe: str | None = None,
        *,
        key: KeyLike | None = None,
        from_: Moment | None = None,
        to: Moment | None = None,
        live: bool = False,
        rejected: bool = False,
        form: str | None = None,
    ) -> int:
        """Write the final bars of a timeframe, live ones, or the rejected rows into a file; how many there are.

        The file's name says the format (``.csv .parquet .jsonl``), or `form` does; ``"-"`` is standard output. `key`
        may be a mapping of some of the key's fields, and bars begin from `from_` up to, not including, `to`. The file
        is there whole or not at all. Raises `ValueError` for what makes no sense.

        Example::

            bl.Store("state").export("bars.parquet", "1m", from_="2025-11-10")
        """
        from barloom.read.exports.bars import export_bars, export_rejected  # noqa: PLC0415
        from barloom.read.ranges import BarRange  # noqa: PLC0415
        from barloom.store.opening import open_for_reading  # noqa: PLC0415

        with open_for_reading(self.path) as held:
            if rejected:
                given = {"timeframe": timeframe, "key": key, "from_": from_, "to": to, "live": live}
                return export_rejected(held, str(out), form, given)
            if timeframe is None:
                message = "say which bars: a timeframe, such as export(out, '1m'); or rejected=True"
                raise ValueError(message)
            return export_bars(held, BarRange.of(held, timeframe, key, from_, to, live=live), str(out), form)

    def verify(
        self,
        timeframe: str,
        reference: str | Path,
        *,
        key: KeyLike | None = None,
        from_: Moment | None = None,
        to: Moment | None = None,
        **how: Unpack[How],
    ) -> Verification:
        """Compare final bars with published ones, number by number, and say of each that is not the same why.

        See `TimeBucket.verify`.

        Example::

            found = bl.Store("state").verify("1m", "published.csv")
            print(found.agrees, found.reasons)
        """
        with self.bucket(timeframe) as bucket:
            return bucket.verify(reference, key=key, from_=from_, to=to, **how)

    def gaps(self, key: KeyLike | None = None) -> list[Gap]:
        """What is missing in the numbers of a key, or of all keys: see `Gap`. Empty where no sequence is declared.

        `key` may be a mapping of some of the key's fields.
        """
        from barloom.read.arguments import key_part  # noqa: PLC0415
        from barloom.read.gap_look import gaps_in  # noqa: PLC0415
        from barloom.store.opening import open_for_reading  # noqa: PLC0415

        with open_for_reading(self.path) as held:
            return gaps_in(held, key_part(held.plan.event, key))

    def readers(self) -> list[DeclaredReader]:
        """Those who have declared how far they have read, each with its position and until when the rest is kept."""
        from barloom.store.opening import open_for_reading  # noqa: PLC0415

        with open_for_reading(self.path) as held:
            return held.readers.all()

    def declare_reader(self, name: str, position: str, *, keep_for: timedelta = timedelta(days=7)) -> DeclaredReader:
        """Say how far a reader has come: bars behind that position stay, though they are older than is kept.

        It holds until it is declared again, or that long from now. Call it as the reader goes on.
        """
        from barloom.store.log.position import Position  # noqa: PLC0415
        from barloom.store.opening import open_for_reading  # noqa: PLC0415

        with open_for_reading(self.path) as held:
            return held.readers.declare(name, Position.of(position), keep_for // timedelta(microseconds=1) * 1_000)

    def forget_reader(self, name: str) -> None:
        """Keep nothing for a reader any more."""
        from barloom.store.opening import open_for_reading  # noqa: PLC0415

        with open_for_reading(self.path) as held:
            held.readers.forget(name)

    def backup(self, out: str | Path) -> int:
        """Copy it, all of one moment, into a directory that is not there yet; the bytes of the copy.

        A copy of topics that a reader of Kafka keeps can be copied as well.
        """
        from barloom.store.log.head import begin_epoch  # noqa: PLC0415
        from barloom.store.opening import open_backend, open_backend_for_reading  # noqa: PLC0415

        with closing(open_backend_for_reading(self.path)) as held:
            held.refresh()
            held.backup(out)
        with closing(open_backend(out)) as copied:
            begin_epoch(copied, "copy")
        with closing(open_backend_for_reading(out)) as copy:
            return copy.size()

    def compact(self) -> Compacted:
        """Remove bars older than the definition's retention, and give their room back.

        Raises `StoreLocked` while a writer has it.
        """
        from barloom.store.opening import open_for_reading, open_store  # noqa: PLC0415

        with open_for_reading(self.path) as held:
            plan = held.plan
        with open_store(self.path, plan) as opened:
            before = opened.backend.size()
            opened.compact()
            return Compacted(before, opened.backend.size())
