"""What every store does, whatever it is made of: cases to inherit from."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from barloom.plan.barplan import FieldKind, Gap
from barloom.store.backend import Family
from barloom.store.scanning import Selection
from barloom.time.timeframe import SECOND
from store import bars

if TYPE_CHECKING:
    from pathlib import Path

    from barloom.engine.blocks import BarBlock
    from barloom.plan.barplan import BarPlan
    from barloom.store.barstore import BarStore


def found(store: BarStore, kind: str = "final", level: int = 0, **selected: object) -> list[tuple[bytes, int, int]]:
    """Key, start and count of stored bars."""
    layout = store.layout
    return [
        (layout.keys.decode(place.key)[0], place.start // SECOND, layout.records.decode_one(place.record).partials[2])
        for place in store.scanner.places(Selection(kind, level, **selected))  # type: ignore[arg-type]
    ]


def same(one: BarBlock, other: BarBlock) -> bool:
    """Whether two blocks hold the same bars."""
    for field in dataclasses.fields(one):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if field.name == "partials":
            for (left_numbers, left_valid), (right_numbers, right_valid) in zip(left, right, strict=True):
                assert left_numbers.tolist() == right_numbers.tolist()
                assert (left_valid is None) == (right_valid is None)
                assert left_valid is None or left_valid.tolist() == right_valid.tolist()
        else:
            assert np.array_equal(left, right), field.name
    return True


class StoreCases:
    """Rules of commits and of what a store gives back."""

    def open(self, plan: BarPlan) -> BarStore:
        """A store to test; opened again, it is the same one."""
        raise NotImplementedError

    def again(self, store: BarStore) -> BarStore:
        """The same store after its writer went away."""
        raise NotImplementedError

    def test_a_new_store_has_nothing_to_restore(self) -> None:
        """A store that never saw a commit restores to none, not to an empty state."""
        assert self.open(bars.plan()).restore() is None

    def test_a_commit_comes_back_whole(self) -> None:
        """Open bars, entries and positions of the last commit are what a restart gets."""
        store = self.open(bars.plan())
        keys = bars.Keys(("A",), ("B",))
        lives = bars.block([(0, 5, 100, 7, 1), (1, 5, None, 8, 2), (1, 6, -3, 10**25, 3)], final=False)
        store.commit(bars.commit(keys, lives=(lives,), positions={"ticks.csv": b"17"}, entries={b"x": b"1"}))

        restored = self.again(store).restore()

        assert restored is not None
        assert restored.positions == {"ticks.csv": b"17"}
        assert restored.snapshot.entries == {b"x": b"1"}
        assert list(restored.snapshot.keys) == [("A",), ("B",)]
        (block,) = restored.snapshot.open
        assert same(block, lives)

    def test_the_last_live_state_wins(self) -> None:
        """A live bar is replaced by its next state."""
        store = self.open(bars.plan())
        keys = bars.Keys(("A",))
        for count in (1, 2):
            store.commit(bars.commit(keys, lives=(bars.block([(0, 5, 100, 7, count)], final=False),)))

        assert found(store, "live") == [("A", 5, 2)]

    def test_a_final_takes_its_live_bar_away(self) -> None:
        """A slot has a live bar or a final one, never both; neighbours stay."""
        store = self.open(bars.plan())
        keys = bars.Keys(("A",), ("B",))
        store.commit(
            bars.commit(keys, lives=(bars.block([(0, 5, 1, 1, 1), (0, 6, 1, 1, 2), (1, 5, 1, 1, 3)], final=False),))
        )
        store.commit(bars.commit(keys, finals=(bars.block([(0, 5, 1, 1, 4)]),)))

        assert found(store) == [("A", 5, 4)]
        assert found(store, "live") == [("A", 6, 2), ("B", 5, 3)]

    def test_after_a_restart_finals_still_take_live_bars_away(self) -> None:
        """Keys may have other numbers after a restart; the live bars of before are taken away all the same."""
        store = self.open(bars.plan())
        store.commit(
            bars.commit(bars.Keys(("A",), ("B",)), lives=(bars.block([(0, 5, 1, 1, 1), (1, 5, 1, 1, 2)], final=False),))
        )

        store = self.again(store)
        store.commit(
            bars.commit(bars.Keys(("C",), ("B",), ("A",)), finals=(bars.block([(1, 5, 1, 1, 3), (2, 5, 1, 1, 4)]),))
        )

        assert found(store, "live") == []
        assert found(store) == [("A", 5, 4), ("B", 5, 3)]

    def test_a_retracted_live_bar_is_gone(self) -> None:
        """A heartbeat whose slot closed without a final leaves nothing."""
        store = self.open(bars.plan())
        keys = bars.Keys(("A",))
        store.commit(bars.commit(keys, lives=(bars.block([(0, 5, 1, 1, 0)], final=False, synthetic=True),)))
        store.commit(bars.commit(keys, retracted=(bars.gone(0, 0, 5),)))

        assert found(store, "live") == []

    def test_entries_and_positions_change_by_name(self) -> None:
        """An entry set to none is deleted; a position not named stays."""
        store = self.open(bars.plan())
        keys = bars.Keys()
        store.commit(bars.commit(keys, entries={b"a": b"1", b"b": b"2"}, positions={"one": b"1", "two": b"2"}))
        store.commit(bars.commit(keys, entries={b"a": None}, positions={"two": b"3"}))

        restored = self.again(store).restore()

        assert restored is not None
        assert restored.snapshot.entries == {b"b": b"2"}
        assert restored.positions == {"one": b"1", "two": b"3"}

    def test_the_latest_real_final_is_kept_where_gaps_are_filled(self) -> None:
        """Of levels that fill gaps, each key's latest final with ticks is part of the state; synthetic ones are not."""
        store = self.open(bars.plan(gap=Gap.CARRY))
        keys = bars.Keys(("A",), ("B",))
        store.commit(bars.commit(keys, finals=(bars.block([(0, 5, 11, 1, 1), (1, 5, 12, 1, 1), (0, 6, 13, 1, 1)]),)))
        store.commit(bars.commit(keys, finals=(bars.block([(0, 7, 13, 0, 0)], synthetic=True),)))
        store.commit(bars.commit(keys, finals=(bars.block([(0, 0, 99, 1, 1)], level=1),)))

        restored = self.again(store).restore()

        assert restored is not None
        (latest,) = restored.snapshot.latest
        assert [("A", 6, 13), ("B", 5, 12)] == sorted(
            (restored.snapshot.keys[key][0], start // SECOND, close)
            for key, start, close in zip(
                latest.key.tolist(), latest.start.tolist(), latest.partials[0].numbers.tolist(), strict=True
            )
        )

    def test_bars_come_by_key_and_start_within_bounds(self) -> None:
        """A range is half-open in the slots' starts; times before 1970 sort before those after."""
        store = self.open(bars.plan())
        keys = bars.Keys(("AB",), ("A",))
        finals = bars.block([(0, -2, 1, 1, 1), (0, 0, 1, 1, 2), (0, 3, 1, 1, 3), (1, -1, 1, 1, 4)])
        store.commit(bars.commit(keys, finals=(finals,)))

        key = store.layout.keys.encode(("AB",))
        assert found(store) == [("A", -1, 4), ("AB", -2, 1), ("AB", 0, 2), ("AB", 3, 3)]
        assert found(store, key=key, first=-2 * SECOND, last=3 * SECOND) == [("AB", -2, 1), ("AB", 0, 2)]
        assert found(store, first=-1 * SECOND, last=3 * SECOND) == [("A", -1, 4), ("AB", 0, 2)]

    def test_keys_of_every_type_come_back(self) -> None:
        """Text with any character, negative integers, truth values and decimals are keys."""
        kinds = (("a", FieldKind.STRING), ("b", FieldKind.INTEGER), ("c", FieldKind.BOOLEAN), ("d", FieldKind.DECIMAL))
        from decimal import Decimal  # noqa: PLC0415

        rows = [
            ("", -1, True, Decimal("-1.500")),
            ("a\x00b", 2**62, False, Decimal("7.000")),
            ("ü€", 0, True, Decimal("0.000")),
        ]
        store = self.open(bars.plan(*kinds))
        lives = bars.block([(number, 1, 1, 1, 1) for number in range(3)], final=False)
        store.commit(bars.commit(bars.Keys(*rows), lives=(lives,)))

        restored = self.again(store).restore()

        assert restored is not None
        assert sorted(restored.snapshot.keys) == sorted(rows)

    def test_refused_rows_keep_their_order(self) -> None:
        """The side output is numbered through all commits and restarts."""
        store = self.open(bars.plan())
        keys = bars.Keys(("A",))
        one = bars.refused(0, key=("A",), by=5, missed={"1s": 7}, event_time=8)
        store.commit(bars.commit(keys, side=(one,)))
        store = self.again(store)
        store.commit(bars.commit(keys, side=(bars.refused(1), bars.refused(2, reason="future"))))

        assert list(store.scanner.side()) == [(0, one), (1, bars.refused(1)), (2, bars.refused(2, reason="future"))]
        assert store.totals().rejected == {"late": 2, "future": 1}

    def test_many_refused_rows_keep_their_order(self) -> None:
        """Rows that stand in blocks are numbered with the single ones, and are read from any number on."""
        store = self.open(bars.plan())
        keys = bars.Keys(("A",))
        store.commit(bars.commit(keys, side=(bars.refused(0),)))
        store.commit(bars.commit(keys, side=bars.refused_columns(range(1, 41))))
        store = self.again(store)
        store.commit(bars.commit(keys, side=(bars.refused(41),)))

        for first in (0, 1, 17, 40, 41, 42):
            assert [(n, n) for n in range(first, 42)] == [(n, row.offset) for n, row in store.scanner.side(first)]
        assert store.totals().rejected == {"late": 42}

    def test_what_was_written_stays_counted(self) -> None:
        """Totals add up over commits and restarts."""
        store = self.open(bars.plan())
        keys = bars.Keys(("A",))
        store.commit(bars.commit(keys, finals=(bars.block([(0, 1, 1, 1, 1)]),), counts={"accepted": 3}))
        store = self.again(store)
        store.commit(bars.commit(keys, finals=(bars.block([(0, 2, 1, 1, 1)]),), counts={"accepted": 4, "late": 1}))

        assert store.totals().finals == {"0": 2}
        assert store.totals().rows == {"accepted": 7, "late": 1}

    def test_finals_beyond_retention_go_away(self) -> None:
        """Pruning removes whole slots that ended before stream time minus retention, of that level only."""
        store = self.open(bars.plan(retention=100 * SECOND))
        keys = bars.Keys(("A",), ("B",))
        store.commit(
            bars.commit(keys, at=50, finals=(bars.block([(0, 1, 1, 1, 1), (1, 2, 1, 1, 1), (0, 3, 1, 1, 1)]),))
        )
        store.commit(bars.commit(keys, at=50, finals=(bars.block([(0, 0, 1, 1, 1)], level=1),)))
        store.commit(bars.commit(keys, at=103, finals=(bars.block([(1, 99, 1, 1, 1)]),)))

        store.compact()

        assert found(store) == [("A", 3, 1), ("B", 99, 1)]
        assert found(store, level=1) == [("A", 0, 1)]

    def test_retention_is_kept_while_running(self) -> None:
        """Without anyone compacting, a store holds little more than its retention."""
        store = self.open(bars.plan(retention=40 * SECOND))
        keys = bars.Keys(("A",))
        for slot in range(200):
            store.commit(bars.commit(keys, at=slot + 3, finals=(bars.block([(0, slot, 1, 1, 1)]),)))

        assert 40 <= len(found(store)) <= 55

    def test_short_runs_prune_too(self) -> None:
        """A writer that never runs for a quarter of the retention removes what is past it when it begins."""
        store = self.open(bars.plan(retention=40 * SECOND))
        keys = bars.Keys(("A",))
        for slot in range(0, 200, 5):
            store = self.again(store)
            store.commit(bars.commit(keys, at=slot + 3, finals=(bars.block([(0, slot, 1, 1, 1)]),)))

        assert 8 == len(found(store))

    def test_frames_hold_the_declared_columns(self) -> None:
        """Exported chunks have the schema of bars, values computed from partials, and lose no row."""
        from barloom.engine.frames import bar_schema  # noqa: PLC0415

        plan = bars.plan()
        store = self.open(plan)
        finals = bars.block([(0, slot, 100 + slot, 7, 2) for slot in range(10)])
        store.commit(bars.commit(bars.Keys(("A",)), finals=(finals,)))

        frames = list(store.scanner.frames(Selection("final", 0), rows=4))

        assert [4, 4, 2] == [frame.height for frame in frames]
        assert all(frame.schema == bar_schema(plan) for frame in frames)
        row = frames[0].row(1, named=True)
        assert (str(row["close"]), str(row["volume"]), str(row["average_size"])) == ("1.01", "0.007", "0.004")

    def test_a_closed_store_answers_nothing(self) -> None:
        """After close every call says that the store is closed."""
        store = self.open(bars.plan())
        store.close()

        with pytest.raises(RuntimeError, match="closed"):
            store.totals()

    def test_keys_of_a_level_are_listed_once(self) -> None:
        """Keys with live bars, finals, or both, in order."""
        store = self.open(bars.plan())
        keys = bars.Keys(("B",), ("A",), ("C",))
        store.commit(bars.commit(keys, finals=(bars.block([(0, 1, 1, 1, 1), (0, 2, 1, 1, 1), (1, 1, 1, 1, 1)]),)))
        store.commit(bars.commit(keys, lives=(bars.block([(2, 3, 1, 1, 1), (0, 3, 1, 1, 1)], final=False),)))

        assert [("A",), ("B",), ("C",)] == [store.layout.keys.decode(key) for key in store.scanner.keys(0)]
        assert list(store.scanner.keys_in(Family.FINAL, 1)) == []


def path_of(folder: Path) -> Path:
    """Where a test's store stands."""
    return folder / "store"
