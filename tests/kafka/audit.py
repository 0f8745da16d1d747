"""What an application published, row by row against brute force over exactly the committed input."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from properties.running import differences
from reference import SECOND, Aggregate, Bar, Definition, Level, Row, bars, every_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from confluent_kafka import Message

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan
    from barloom.plan.identity import Topics as Names
    from barloom.serde.protocol import BarDecoder
    from kafka.committed import CommittedReader

DEFINITION: Final = """
[event]
key = ["symbol"]
timestamp = "ts"
event_id = "id"
[event.fields]
id = "string"
symbol = "string"
ts = "timestamp(ms)"
price = "decimal(18, 4)"
size = "decimal(18, 2)"
[bars]
name = "NAME"
base = "1s"
delay = "3s"
gap = "carry"
carry_limit = "5s"
heartbeat = true
ohlcv = { price = "price", size = "size" }
rollup = ["5s", "15s"]
[bars.timeframes."5s"]
gap = "omit"
heartbeat = false
[bars.timeframes."15s"]
gap = "omit"
heartbeat = false
"""
"""Short slots, so that every second has finals, carried bars and heartbeats."""


def _price(row: Row) -> Decimal:
    value: Decimal = row.values["price"]
    return value


def _size(row: Row) -> Decimal:
    value: Decimal = row.values["size"]
    return value


def told_again(day: datetime) -> Definition:
    """`DEFINITION` for the reference, about some day."""
    first = day.date() - timedelta(days=1)
    return Definition(
        levels=(Level("1s", None, "carry", 5 * SECOND), Level("5s", "1s"), Level("15s", "5s")),
        columns={
            "open": Aggregate("first", _price, carried="close"),
            "high": Aggregate("max", _price, carried="close"),
            "low": Aggregate("min", _price, carried="close"),
            "close": Aggregate("last", _price, carried="close"),
            "volume": Aggregate("sum", _size),
            "count": Aggregate("count"),
        },
        days=every_day(first, first + timedelta(days=2)),
        delay=3 * SECOND,
    )


@dataclass
class Audit:
    """What was compared, and what was not as it must be."""

    rows: int = 0
    finals: dict[str, int] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    late_by_clock: int = 0
    generations: int = 0
    problems: list[str] = field(default_factory=list)


class Auditor:
    """Reads everything of one application."""

    def __init__(  # noqa: PLR0913, PLR0917 - what there is to read, and how
        self,
        plan: BarPlan,
        settings: KafkaSettings,
        names: Names,
        reader: CommittedReader,
        decoder: BarDecoder,
        decode: Callable[[bytes], Mapping[str, Any]] = json.loads,
    ) -> None:
        self._plan = plan
        self._input = settings.input[0]
        self._names = names
        self._reader = reader
        self._decoder = decoder
        self._decode = decode
        self._frames = [str(level.timeframe) for level in plan.levels]

    def audit(self) -> Audit:
        """All partitions, all levels."""
        found = Audit()
        progress = self._progress(found)
        side = self._side(found)
        finals = {name: self._by_partition(self._names.final[name]) for name in self._frames}
        lives = {name: self._by_partition(self._names.live[name]) for name in self._frames}
        inputs = self._by_partition(self._input)
        for number in sorted(inputs):
            published = {name: finals[name].get(number, []) for name in self._frames}
            self._compare(number, inputs[number], side.get(number, {}), published, progress[number], found)
            for name in self._frames:
                self._last_states(name, published[name], lives[name].get(number, []), found)
        return found

    def _by_partition(self, topic: str) -> dict[int, list[Message]]:
        found: dict[int, list[Message]] = {}
        for message in self._reader.records(topic):
            found.setdefault(message.partition() or 0, []).append(message)
        return found

    def _progress(self, found: Audit) -> dict[int, int | None]:
        """Stream time by partition; no owner writes once a later one has."""
        last: dict[int, int | None] = {}
        for number, messages in self._by_partition(self._names.progress).items():
            told = [json.loads(message.value() or b"") for message in messages]
            generations = [(one["since"], one["owner"]) for one in told]
            changes = [mine for mine, before in zip(generations, [None, *generations], strict=False) if mine != before]
            found.generations += len(changes)
            if len(set(changes)) != len(changes) or changes != sorted(changes, key=lambda one: one[0]):
                found.problems.append(f"partition {number}: an old owner wrote after a new one: {changes}")
            last[number] = told[-1]["stream_time"]
        return last

    def _side(self, found: Audit) -> dict[int, dict[int, str]]:
        """The reasons of refused rows by partition and offset; each row once."""
        side: dict[int, dict[int, str]] = {}
        for message in self._reader.records(self._names.late):
            document = self._decode(message.value() or b"")
            rows = side.setdefault(message.partition() or 0, {})
            offset = document["row"]
            if offset in rows:
                found.problems.append(f"partition {message.partition()}: row {offset} was refused twice")
            rows[offset] = document["reason"]
        found.refused = Counter(reason for rows in side.values() for reason in rows.values())
        return side

    def _compare(  # noqa: PLR0913, PLR0917 - the two sides of one partition
        self,
        number: int,
        messages: Sequence[Message],
        side: Mapping[int, str],
        published: Mapping[str, Sequence[Message]],
        stream_time: int | None,
        found: Audit,
    ) -> None:
        rows = [self._row(message) for message in messages]
        appended = {message.offset(): message.timestamp()[1] * 1_000_000 for message in messages}
        definition = told_again(datetime.fromtimestamp(rows[0].time / SECOND, UTC))
        by_events = {refused.offset: refused.reason for refused in bars(definition, rows).refused}
        late = {offset for offset in side.keys() - by_events.keys() if side[offset] == "late"}
        slot = {row.offset: row.time - row.time % SECOND + SECOND for row in rows}
        # Milliseconds are rounded down in the log.
        unjust = [offset for offset in late if slot[offset] + 3 * SECOND > appended[offset] + 1_000_000]
        if unjust:
            found.problems.append(f"partition {number}: called late that were not: {unjust}")
        if {offset: side.get(offset) for offset in by_events} != by_events:
            wrong = [offset for offset in by_events if side.get(offset) != by_events[offset]]
            found.problems.append(
                f"partition {number}: refused otherwise: {[(o, by_events[o], side.get(o)) for o in wrong]}"
            )
        expected = bars(definition, [row for row in rows if row.offset not in late], clock=stream_time)
        actual = {name: self._bars(name, published[name]) for name in self._frames}
        found.problems += [f"partition {number}: {text}" for text in differences(expected.finals, actual)]
        found.problems += [f"partition {number}: {text}" for text in _disorder(actual)]
        found.rows += len(rows)
        found.late_by_clock += len(late)
        for name in self._frames:
            found.finals[name] = found.finals.get(name, 0) + len(actual[name])

    def _row(self, message: Message) -> Row:
        value = self._decode(message.value() or b"")
        prices = {name: Decimal(value[name]) for name in ("price", "size")}
        return Row((value["symbol"],), value["ts"] * 1_000_000, message.offset() or 0, prices, id=value["id"])

    def _bars(self, name: str, messages: Iterable[Message]) -> list[Bar]:
        level = self._frames.index(name)
        return [
            self._bar(self._decoder.one(level, message.key() or b"", message.value() or b"")) for message in messages
        ]

    def _bar(self, row: Mapping[str, Any]) -> Bar:
        synthetic = row["synthetic"]
        return Bar(
            key=tuple(row[name] for name in self._plan.event.key),
            start=_nanos(row["start"]),
            end=_nanos(row["end"]),
            values={output.name: row[output.name] for output in self._plan.outputs},
            open_time=None if synthetic else row["open_time"],
            close_time=None if synthetic else row["close_time"],
            slots=row["slots"],
            filled=row["filled"],
            expected_slots=row["expected_slots"],
            revision=row["revision"],
            synthetic=synthetic,
            partial=row["partial"],
            trading_date=row["trading_date"],
        )

    def _last_states(self, name: str, finals: Sequence[Message], lives: Sequence[Message], found: Audit) -> None:
        """The last live state of a closed slot is its final."""
        last = {message.key(): message.value() for message in lives}
        wrong = [message for message in finals if last.get(message.key()) != message.value()]
        if wrong:
            key = wrong[0].key()
            level = self._frames.index(name)
            told = [
                (message.offset(), self._decoder.one(level, key or b"", value))
                for message in lives
                if message.key() == key and (value := message.value()) is not None
            ]
            states = "\n".join(f"  {offset}: {bar}" for offset, bar in told)
            found.problems.append(f"{name}: {len(wrong)} last live states are not the finals, such as\n{states}")


def _disorder(actual: Mapping[str, Sequence[Bar]]) -> list[str]:
    """Finals of a key that came before those of earlier slots."""
    found = []
    for name, published in actual.items():
        by_key: dict[object, list[int]] = {}
        for bar in published:
            by_key.setdefault(bar.key, []).append(bar.start)
        found += [
            f"{name} {key}: out of order" for key, starts in by_key.items() if any(a >= b for a, b in pairwise(starts))
        ]
    return found


def _nanos(time: datetime) -> int:
    return round(time.timestamp()) * SECOND
