"""`TimeBucket` answers at once, says why there is no bar, and raises only when the store is not running."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import barloom as bl
from barloom.engine.frames import bar_schema
from barloom.errors import DefinitionError, StoreFormat, StoreNotRunning
from barloom.plan.barplan import FieldKind, InputKind
from barloom.read.answers import Why
from barloom.read.bucket import Found, NotFound, TimeBucket
from barloom.store.opening import memory_store, open_store
from barloom.time.timeframe import SECOND
from store import bars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from barloom.read.bar import Bar
    from barloom.store.barstore import BarStore

KEYS = bars.Keys(("A",), ("B",))


@pytest.fixture(params=["memory", "disk", "beside"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BarStore]:
    """Finals of A at 5, 6 and of B at 5 (synthetic), a live bar of A at 7; rows since second 4, stream time 9."""
    made = memory_store(bars.plan()) if request.param == "memory" else open_store(tmp_path / "state", bars.plan())
    finals = bars.block([(0, 5, 123, 7, 2), (0, 6, 124, 8, 3)])
    synthetic = bars.block([(1, 5, 99, 0, 0)], synthetic=True)
    live = bars.block([(0, 7, 125, 9, 1)], final=False)
    entries = {b"time": bars.times(9, first=4)}
    made.commit(bars.commit(KEYS, finals=(finals,), lives=(live,), entries=entries))
    made.commit(bars.commit(KEYS, finals=(synthetic,)))
    yield made
    made.close()


@pytest.fixture
def bucket(store: BarStore, request: pytest.FixtureRequest) -> Iterator[TimeBucket[Bar]]:
    """Beside the writer through files, or in its process."""
    beside = request.node.callspec.params.get("store") == "beside"
    made = TimeBucket.open(store.backend.name, "1s") if beside else TimeBucket(store, "1s")
    with made:
        yield made


def found(answer: Found[Bar] | NotFound) -> Bar:
    """The bar of an answer."""
    assert isinstance(answer, Found)
    return answer.bar


def test_a_final_bar_is_found_with_all_its_values(bucket: TimeBucket[Bar]) -> None:
    """A bar has key fields, slot, outputs and book-keeping as attributes, decimals exact."""
    bar = found(bucket.get("A", 5 * SECOND))

    assert bar.as_dict() == {
        "symbol": "A",
        "start": datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC),
        "end": datetime(1970, 1, 1, 0, 0, 6, tzinfo=UTC),
        "close": Decimal("1.23"),
        "volume": Decimal("0.007"),
        "count": 2,
        "average_size": Decimal("0.004"),
        "timeframe": "1s",
        "start_ns": 5 * SECOND,
        "end_ns": 6 * SECOND,
        "trading_date": datetime(1970, 1, 1, tzinfo=UTC).date(),
        "open_time": datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC),
        "close_time": datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC),
        "open_time_ns": 5 * SECOND + 1,
        "close_time_ns": 5 * SECOND + 2,
        "slots": 1,
        "filled": 1,
        "expected_slots": 1,
        "final": True,
        "synthetic": False,
        "partial": False,
        "revision": 2,
    }
    assert str(bar.average_size) == "0.004"


def test_a_live_bar_is_found_and_says_so(bucket: TimeBucket[Bar]) -> None:
    """An open slot's bar is found with ``final`` false."""
    bar = found(bucket.get("A", 7 * SECOND))

    assert (bar.final, bar.revision, bar.close) == (False, 1, Decimal("1.25"))


def test_a_synthetic_bar_has_no_tick_times(bucket: TimeBucket[Bar]) -> None:
    """Where no tick was, outputs with a value for empty slots state it, and the times of ticks are none."""
    bar = found(bucket.get("B", 5 * SECOND))

    times = (bar.open_time, bar.close_time, bar.open_time_ns, bar.close_time_ns)
    assert (bar.synthetic, times, bar.volume, bar.close) == (
        True,
        (None,) * 4,
        Decimal(0),
        Decimal("0.99"),
    )
    assert bar.average_size is None


@pytest.mark.parametrize(
    ("slot", "why", "decided"),
    [
        (3, Why.BEFORE_START, True),
        (4, Why.EMPTY, True),
        (6, Why.EMPTY, True),
        (7, Why.OPEN, False),
        (9, Why.OPEN, False),
        (10, Why.NOT_YET, False),
    ],
)
def test_not_found_says_why(bucket: TimeBucket[Bar], slot: int, why: Why, *, decided: bool) -> None:
    """With 2 s of delay and stream time 9, slots that end by 7 are decided; rows began at 4."""
    assert NotFound(why, decided, 9 * SECOND) == bucket.get("B", slot * SECOND)


def test_nothing_read_yet_is_not_yet() -> None:
    """In a new store every slot is still to come."""
    with memory_store(bars.plan()) as new:
        assert NotFound(Why.NOT_YET, decided=False, stream_time=None) == TimeBucket(new, "1s").get("A", 0)


def test_a_bar_beyond_retention_has_expired() -> None:
    """A slot that ended before stream time minus retention is not empty but expired."""
    with memory_store(bars.plan(retention=60 * SECOND)) as kept:
        kept.commit(bars.commit(KEYS, at=100))

        answer = TimeBucket(kept, "1s").get("A", 39 * SECOND)

        assert NotFound(Why.EXPIRED, decided=True, stream_time=100 * SECOND) == answer
        assert str(answer).startswith("the slot is older than the bars that are kept")


@pytest.mark.parametrize(
    "start",
    [5 * SECOND, "1970-01-01T00:00:05Z", "1970-01-01T01:00:05+01:00", datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)],
)
def test_a_start_may_be_written_in_several_ways(bucket: TimeBucket[Bar], start: int | str | datetime) -> None:
    """Nanoseconds, ISO text with a zone, or a datetime with one."""
    assert found(bucket.get("A", start)).start_ns == 5 * SECOND


@pytest.mark.parametrize("start", [5 * SECOND + 1, "1970-01-01T00:00:05", "soon", datetime(1970, 1, 1)])  # noqa: DTZ001
def test_a_start_that_no_slot_has_is_an_error(bucket: TimeBucket[Bar], start: int | str | datetime) -> None:
    """Off the grid, without a zone, or no time at all."""
    with pytest.raises(ValueError, match=r"no slot of 1s begins at|time zone|is not a time"):
        bucket.get("A", start)


def test_a_text_is_exact_to_the_nanosecond(bucket: TimeBucket[Bar]) -> None:
    """Digits below the microsecond count: such a start is on no grid, and a range may end there."""
    for text in ("1970-01-01T00:00:05.000000001Z", "1970-01-01T01:00:05.0000000010+01:00"):
        with pytest.raises(ValueError, match=r"no slot of 1s begins at 1970-01-01T00:00:05\.000000001Z"):
            bucket.get("A", text)
    with pytest.raises(ValueError, match="finer than a nanosecond"):
        bucket.get("A", "1970-01-01T00:00:05.0000000001Z")
    assert found(bucket.get("A", "1970-01-01T00:00:05.000000000000Z")).start_ns == 5 * SECOND
    assert [5] == [bar.start_ns // SECOND for bar in bucket.range("A", to="1970-01-01T00:00:05.000000001Z")]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda bucket: bucket.latest("A", 1.5), TypeError, "n is 1.5; give a whole number"),
        (lambda bucket: bucket.latest("A", "3"), TypeError, "n is '3'; give a whole number"),
        (lambda bucket: bucket.latest("A", n=True), TypeError, "n is True; give a whole number"),
        (lambda bucket: bucket.latest("A", 10**30), ValueError, "and at most"),
        (lambda bucket: bucket.range("A", "1500-01-01T00:00:00Z"), ValueError, "lies outside the times"),
        (lambda bucket: bucket.range("A", to="2900-01-01T00:00:00Z"), ValueError, "lies outside the times"),
        (lambda bucket: bucket.subscribe("A", since=1 << 63), ValueError, "lies outside the times"),
        (lambda bucket: bucket.latest("\ud800"), ValueError, "lone surrogate"),
        (lambda bucket: bucket.get("\ud800", 0), ValueError, "lone surrogate"),
        (lambda bucket: bucket.explain("\ud800", 0), ValueError, "lone surrogate"),
    ],
)
def test_a_senseless_argument_does_the_bucket_no_harm(
    bucket: TimeBucket[Bar], call: Callable[[TimeBucket[Bar]], object], error: type[Exception], message: str
) -> None:
    """It is a plain error that says what is wrong; the next call is answered."""
    with pytest.raises(error, match=message) as raised:
        call(bucket)

    assert raised.type is error
    assert "RUNNING" == bucket.state
    assert [7] == [bar.start_ns // SECOND for bar in bucket.latest("A")]


def test_what_is_thrown_into_a_range_comes_out(bucket: TimeBucket[Bar]) -> None:
    """An error of the caller is not one of the store."""
    bars_of_a = bucket.range("A")
    next(bars_of_a)
    mine = RuntimeError("mine")

    with pytest.raises(RuntimeError) as raised:
        bars_of_a.throw(mine)  # type: ignore[attr-defined]

    assert raised.value is mine
    assert "RUNNING" == bucket.state


def test_a_key_may_be_written_in_several_ways() -> None:
    """A tuple in order, a mapping, keywords, text for numbers; one value where there is one field."""
    kinds = (("broker", FieldKind.STRING), ("number", FieldKind.INTEGER))
    with memory_store(bars.plan(*kinds)) as made:
        made.commit(bars.commit(bars.Keys(("X", 7)), finals=(bars.block([(0, 1, 1, 1, 1)]),)))
        bucket = TimeBucket(made, "1s")

        answers = [
            bucket.get(("X", 7), SECOND),
            bucket.get({"number": 7, "broker": "X"}, SECOND),
            bucket.get(start=SECOND, broker="X", number=7),
            bucket.get({"broker": "X", "number": "7"}, SECOND),
        ]

        assert all(found(answer).number == 7 for answer in answers)


@pytest.mark.parametrize(
    ("key", "fields", "message"),
    [
        (("A", "B"), {}, r"the key of a bar is \(symbol\), not \('A', 'B'\)"),
        ({"symbl": "A"}, {}, "'symbl' is not a key field; did you mean 'symbol'"),
        (None, {}, "the key lacks symbol"),
        (7, {}, "key field 'symbol' is 7, not str"),
        ("A", {"symbol": "A"}, "the key of a bar is"),
    ],
)
def test_a_wrong_key_is_named(bucket: TimeBucket[Bar], key: object, fields: dict[str, object], message: str) -> None:
    """A key of another shape or type is a TypeError that says what a key is."""
    with pytest.raises(TypeError, match=message):
        bucket.get(key, 5 * SECOND, **fields)  # type: ignore[arg-type]


def test_an_unknown_timeframe_is_an_error(store: BarStore) -> None:
    """The message names the timeframes there are."""
    with pytest.raises(ValueError, match=r"no timeframe '5m'; it has 1s, 1m"):
        TimeBucket(store, "5m")


def test_bars_that_were_the_input_are_not_stored() -> None:
    """With bars as input, the base timeframe is not published again."""
    from dataclasses import replace  # noqa: PLC0415

    with (
        memory_store(replace(bars.plan(), input=InputKind.BARS)) as made,
        pytest.raises(ValueError, match="1s bars are the input"),
    ):
        TimeBucket(made, "1s")


def test_a_closed_bucket_is_not_running(bucket: TimeBucket[Bar]) -> None:
    """After close every call raises the one error there is, with topic, state and time."""
    bucket.close()

    for call in (lambda: bucket.get("A", 5 * SECOND), lambda: bucket.latest("A"), bucket.keys):
        with pytest.raises(StoreNotRunning, match="'bars_final_1s' is PENDING_SHUTDOWN") as raised:
            call()
    assert (raised.value.topic, raised.value.state) == ("bars_final_1s", "PENDING_SHUTDOWN")
    assert raised.value.at.tzinfo is not None


def test_a_closed_store_is_not_running(store: BarStore) -> None:
    """Closing the store below has the same effect as closing the bucket."""
    bucket = TimeBucket(store, "1s")
    store.close()

    with pytest.raises(StoreNotRunning):
        bucket.get("A", 5 * SECOND)


def test_a_store_that_cannot_be_read_is_in_error(tmp_path: Path) -> None:
    """Damage found while reading is state ERROR, not a missing bar."""
    with open_store(tmp_path, bars.plan()) as made:
        made.commit(bars.commit(KEYS, finals=(bars.block([(0, slot, 1, 1, 1) for slot in range(5000)]),)))
    with open_store(tmp_path, bars.plan()) as made:
        made.commit(bars.commit(KEYS))
    table = max(tmp_path.glob("*.sst"), key=lambda file: file.stat().st_size)
    whole = table.read_bytes()
    table.write_bytes(b"\xff" * 50_000 + whole[50_000:])

    try:
        bucket = TimeBucket.open(tmp_path, "1s")
    except StoreFormat:
        return
    with pytest.raises(StoreNotRunning, match="ERROR"), bucket:
        list(bucket.range("A"))


def test_a_range_is_half_open_and_in_order(bucket: TimeBucket[Bar]) -> None:
    """Finals, then live bars, from `from_` up to, not including, `to`."""
    assert [5, 6, 7] == [bar.start_ns // SECOND for bar in bucket.range("A")]
    assert [6] == [bar.start_ns // SECOND for bar in bucket.range("A", 6 * SECOND, 7 * SECOND)]
    assert [7] == [bar.start_ns // SECOND for bar in bucket.range("A", "1970-01-01T00:00:07Z")]
    assert [] == list(bucket.range("C"))


def test_a_final_beats_a_live_bar(store: BarStore) -> None:
    """Where a reader meets both, in whatever order they came, only the final counts."""
    store.commit(bars.commit(KEYS, lives=(bars.block([(0, 6, 1, 1, 1)], final=False),)))
    bucket = TimeBucket(store, "1s")

    assert [(5, True), (6, True), (7, False)] == [(bar.start_ns // SECOND, bar.final) for bar in bucket.range("A")]
    assert [6, 7] == [bar.start_ns // SECOND for bar in bucket.latest("A", 2)]
    assert found(bucket.get("A", 6 * SECOND)).final


def test_the_latest_bars(bucket: TimeBucket[Bar]) -> None:
    """The newest, usually live, is the last."""
    assert [7] == [bar.start_ns // SECOND for bar in bucket.latest("A")]
    assert [6, 7] == [bar.start_ns // SECOND for bar in bucket.latest("A", 2)]
    assert [5, 6, 7] == [bar.start_ns // SECOND for bar in bucket.latest("A", 10)]
    with pytest.raises(ValueError, match="at least one"):
        bucket.latest("A", 0)


def test_keys_and_timeframes_are_listed(bucket: TimeBucket[Bar]) -> None:
    """Keys that have bars, in order; timeframes from fine to coarse."""
    assert [("A",), ("B",)] == bucket.keys()
    assert ["1s", "1m"] == bucket.timeframes()


def test_new_finals_are_seen_at_once(store: BarStore, bucket: TimeBucket[Bar]) -> None:
    """A miss looks again at what the writer has written meanwhile."""
    assert not found(bucket.get("A", 7 * SECOND)).final

    store.commit(bars.commit(KEYS, finals=(bars.block([(0, 7, 126, 9, 2)]),), at=10))
    bucket.refresh()

    assert found(bucket.get("A", 7 * SECOND)).final


class TestTypedBars:
    """A class of one's own gives its fields types, checked against the definition."""

    def test_declared_fields_are_typed(self, store: BarStore) -> None:
        """Bars are of the class that was asked for."""

        class Second(bl.Bar):
            symbol: str
            close: Decimal | None
            count: int

        bar = TimeBucket(store, "1s", bar=Second).get("A", 5 * SECOND)

        assert isinstance(bar, Found)
        assert isinstance(bar.bar, Second)
        assert bar.bar.count == 2

    def test_everything_wrong_is_reported(self, store: BarStore) -> None:
        """Unknown names with a suggestion, and wrong types, all of them."""

        class Wrong(bl.Bar):
            clse: Decimal
            volume: int

        with pytest.raises(DefinitionError) as raised:
            TimeBucket(store, "1s", bar=Wrong)

        assert ["Wrong.clse", "Wrong.volume"] == [problem.where for problem in raised.value.problems]
        assert "did you mean 'close'" in str(raised.value)
        assert "the bars hold Decimal, not int" in str(raised.value)

    def test_standing_fields_are_checked_too(self, store: BarStore) -> None:
        """What every bar has may be declared again, as what it is."""

        class Wrong(bl.Bar):
            start: str  # type: ignore[assignment]
            final: int  # type: ignore[assignment]
            revision: Decimal  # type: ignore[assignment]
            open_time: datetime | None
            close_time: int | None  # type: ignore[assignment]
            close_time_ns: int | None
            trading_date: date

        with pytest.raises(DefinitionError) as raised:
            TimeBucket(store, "1s", bar=Wrong)

        assert ["Wrong.start", "Wrong.final", "Wrong.revision", "Wrong.close_time"] == [
            item.where for item in raised.value.problems
        ]
        assert "the bars hold datetime, not str" in str(raised.value)

    @pytest.mark.parametrize("bar", [int, "Minute", None])
    def test_the_class_is_one_of_bars(self, store: BarStore, bar: object) -> None:
        """Anything else is refused by name."""
        with pytest.raises(TypeError, match=r"no class of bars; derive one from barloom\.Bar"):
            TimeBucket(store, "1s", bar=bar)  # type: ignore[call-overload]

    def test_a_field_has_no_default(self) -> None:
        """The value is in the store; a default would hide it."""
        with pytest.raises(TypeError, match="has a type and no default"):
            type("Bad", (bl.Bar,), {"__annotations__": {"close": Decimal}, "close": None})


class TestBar:
    """A bar is a value."""

    def test_it_does_not_change(self, bucket: TimeBucket[Bar]) -> None:
        """Attributes cannot be set."""
        with pytest.raises(AttributeError, match="does not change"):
            found(bucket.get("A", 5 * SECOND)).close = 1

    def test_equal_bars_are_equal(self, bucket: TimeBucket[Bar]) -> None:
        """The same bar read twice is equal, hashes equally, and survives copying."""
        import pickle  # noqa: PLC0415

        one, other = (found(bucket.get("A", 5 * SECOND)) for _ in range(2))

        assert one == other
        assert hash(one) == hash(other)
        assert one != found(bucket.get("A", 6 * SECOND))
        assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301

    def test_an_unknown_field_is_suggested(self, bucket: TimeBucket[Bar]) -> None:
        """A misspelt attribute names the nearest one."""
        with pytest.raises(AttributeError, match="a bar has no 'volum'; did you mean 'volume'"):
            _ = found(bucket.get("A", 5 * SECOND)).volum

    def test_it_shows_its_values(self, bucket: TimeBucket[Bar]) -> None:
        """Its text is how it would be made."""
        text = repr(found(bucket.get("A", 5 * SECOND)))

        assert text.startswith("Bar(symbol='A', start=")
        assert "close=Decimal('1.23')" in text

    def test_frames_and_bars_hold_the_same_fields(self, store: BarStore, bucket: TimeBucket[Bar]) -> None:
        """What a bar says one by one, frames say by column; a bar has its times in nanoseconds as well."""
        row = next(store.frames("final", "1s", ("A",))).row(0, named=True)
        bar = found(bucket.get("A", 5 * SECOND)).as_dict()

        counted = {"start_ns", "end_ns", "open_time_ns", "close_time_ns"}
        assert set(bar_schema(store.plan)) == set(bar) - counted
        assert row == {name: bar[name] for name in row}
