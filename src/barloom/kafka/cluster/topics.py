"""The topics that a definition needs: how many partitions, what is kept how long, and what differs from that."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from math import inf
from typing import TYPE_CHECKING, Final

from barloom.plan.identity import topics
from barloom.plan.ladder import written
from barloom.time.timeframe import DAY, HOUR, MILLISECOND, MINUTE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan, LevelPlan

__all__ = [
    "CHANGELOG_MEMORY",
    "Difference",
    "Found",
    "State",
    "TopicChange",
    "TopicSpec",
    "compared",
    "input_spec",
    "positions_spec",
    "readable",
    "wanted_topics",
]

CHANGELOG_MEMORY: Final = 10 * MINUTE
"""How long the changelog remembers a deletion: a restore that reads longer may have missed one, and starts over."""

FOR_EVER: Final = "-1"
_RETENTIONS: Final = ("retention.ms", "retention.bytes")
_QUORUM: Final = 3
_LARGEST: Final = 8_388_608
_COMMON: Final = {
    # The broker stamps, so that no instance's wrong clock ages a bar; of bars of 2014 too, which would else go at once.
    "message.timestamp.type": "LogAppendTime",
}


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as the definition wants it; `what` says what it is for. `config` has the broker's names and texts.

    `longer`: it may as well be kept longer than that. `as_input`: it has the number of partitions that the input has.
    """

    name: str
    what: str
    partitions: int
    replicas: int
    config: Mapping[str, str]
    longer: bool = True
    as_input: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as it is in the cluster; one that is deleted and made again has another `id`."""

    partitions: int
    replicas: int
    config: Mapping[str, str]
    id: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as wanted.

    `grave`: bars would be lost or wrong, so nothing runs on it. `safe`: it may be altered without losing anything.
    """

    name: str
    found: str
    wanted: str
    grave: bool
    safe: bool


class State(Enum):
    """What is to be done about a topic."""

    CREATE = "create"
    UNCHANGED = "unchanged"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class TopicChange:
    """A wanted topic, beside the one that is there."""

    spec: TopicSpec
    state: State
    differences: tuple[Difference, ...] = field(default=())

    @property
    def grave(self) -> bool:
        """Whether nothing may run on the topic as it is."""
        return any(item.grave for item in self.differences)

    @property
    def alterable(self) -> Mapping[str, str]:
        """What can be set without losing anything."""
        return {item.name: item.wanted for item in self.differences if item.safe}


def wanted_topics(plan: BarPlan, settings: KafkaSettings, partitions: int, replicas: int) -> list[TopicSpec]:
    """Every topic of the application but its input, with as many `partitions` as that; `settings.replicas` wins."""
    names = topics(plan, settings.app)
    copies = settings.replicas or replicas
    levels = [plan.levels[position] for position in plan.published]
    finals = [(names.final[str(level.timeframe)], f"final {level.timeframe}", _final(level)) for level in levels]
    lives = [(names.live[str(level.timeframe)], f"live {level.timeframe}", _live(level, settings)) for level in levels]
    others = [
        (names.late, "late and refused ticks", _kept(settings.late_retention) | _whole_messages()),
        (names.closed, "closed slots", _closed(levels)),
        (names.dead_letter, "dead letters", _kept(settings.dead_letter_retention) | _whole_messages()),
        (names.changelog, "changelog", _changelog()),
        (names.progress, "progress", _latest()),
        (names.replayed, "replayed dead letters", _latest()),
    ]
    return [
        TopicSpec(name, what, partitions, copies, {**_COMMON, **config, **_safe(copies)}, longer=kind is not finals)
        for kind in (finals, [] if settings.live_interval is None else lives, others)
        for name, what, config in kind
    ]


def positions_spec(name: str, replicas: int) -> TopicSpec:
    """The topic of publishers' positions: one partition, so that one of them owns it."""
    config = {**_COMMON, **_latest(), **_safe(replicas)}
    return TopicSpec(name, "positions of publishers", 1, replicas, config, as_input=False)


def input_spec(name: str, partitions: int, replicas: int) -> TopicSpec:
    """An input topic that is made for a publisher; how long it is kept is left to the brokers."""
    config = {**_COMMON, "cleanup.policy": "delete", **_safe(replicas)}
    return TopicSpec(name, "ticks", partitions, replicas, config)


def _safe(replicas: int) -> dict[str, str]:
    """What is acknowledged survives a broker, where there are enough."""
    return {"min.insync.replicas": "2"} if replicas >= _QUORUM else {}


def _ms(nanos: int) -> str:
    return str(nanos // MILLISECOND)


def _kept(retention: int | None) -> dict[str, str]:
    """Deleted by age, never by size. Only whole segments are, so that they must not span more than a part of it."""
    forever = {"cleanup.policy": "delete", "retention.ms": FOR_EVER, "retention.bytes": FOR_EVER}
    if retention is None:
        return forever
    segment = min(7 * DAY, max(retention // 4, MINUTE))
    return {**forever, "retention.ms": _ms(retention), "segment.ms": _ms(segment)}


def _final(level: LevelPlan) -> dict[str, str]:
    return _kept(level.retention)


def _live(level: LevelPlan, settings: KafkaSettings) -> dict[str, str]:
    """The latest state of each slot; its keys never come again, so that compaction alone does not bound it.

    A slot's row stays at least as long as the slot is open, however quiet its key.
    """
    kept = max(settings.live_retention, 2 * _longest(level))
    return {
        "cleanup.policy": "compact,delete",
        "retention.ms": _ms(kept),
        "retention.bytes": FOR_EVER,
        "segment.ms": _ms(min(HOUR, kept)),
        "segment.bytes": "67108864",
    }


def _longest(level: LevelPlan) -> int:
    """The longest slot of a level, in nanoseconds."""
    frame = level.timeframe
    return frame.nanos if frame.intraday else frame.count * {"d": 1, "w": 7, "mo": 31}[frame.unit] * DAY


def _changelog() -> dict[str, str]:
    """Small segments, cleaned early: what a restore reads is little more than the state."""
    return {
        "cleanup.policy": "compact",
        "segment.bytes": "33554432",
        "segment.ms": _ms(10 * MINUTE),
        "min.cleanable.dirty.ratio": "0.1",
        "max.compaction.lag.ms": _ms(HOUR),
        "delete.retention.ms": _ms(CHANGELOG_MEMORY),
    }


def _closed(levels: Sequence[LevelPlan]) -> dict[str, str]:
    """Kept as long as the bars that they tell of; of a quiet range that grows only the latest message stays."""
    kept = [level.retention for level in levels]
    retention = None if None in kept else max(item for item in kept if item is not None)
    return {**_kept(retention), **_latest(), "cleanup.policy": "compact" if retention is None else "compact,delete"}


def _latest() -> dict[str, str]:
    """Small, and the latest record of each key for ever."""
    return {
        "cleanup.policy": "compact",
        "segment.bytes": "1048576",
        "segment.ms": _ms(10 * MINUTE),
        "min.cleanable.dirty.ratio": "0.1",
    }


def _whole_messages() -> dict[str, str]:
    """A dead letter is as large as any message was, and its headers besides; a late tick is written as it came."""
    return {"max.message.bytes": str(_LARGEST)}


def compared(wanted: Sequence[TopicSpec], found: Mapping[str, Found]) -> list[TopicChange]:
    """What is to be done about each wanted topic, given those that are there."""
    return [_change(spec, found.get(spec.name)) for spec in wanted]


def _change(spec: TopicSpec, found: Found | None) -> TopicChange:
    if found is None:
        return TopicChange(spec, State.CREATE)
    differences = []
    if found.partitions != spec.partitions:
        counts = (
            str(found.partitions),
            f"{spec.partitions}, as the input has" if spec.as_input else str(spec.partitions),
        )
        differences.append(Difference("partitions", *counts, grave=True, safe=False))
    if found.replicas != spec.replicas:
        differences.append(
            Difference("replicas", str(found.replicas), str(spec.replicas), grave=False, safe=False),
        )
    for name, value in spec.config.items():
        is_now = found.config.get(name)
        if is_now is not None and not _good(name, is_now, value, longer=spec.longer):
            differences.append(_difference(name, is_now, value))
    return TopicChange(spec, State.DIFFERS if differences else State.UNCHANGED, tuple(differences))


def _good(name: str, found: str, wanted: str, *, longer: bool) -> bool:
    if name == "max.message.bytes" or (longer and name in _RETENTIONS):
        return _limit(found) >= _limit(wanted)
    try:
        return float(found) == float(wanted)
    except ValueError:
        return set(found.split(",")) == set(wanted.split(","))


def _difference(name: str, found: str, wanted: str) -> Difference:
    if name == "cleanup.policy":
        return Difference(name, found, wanted, grave=True, safe=False)
    if name in _RETENTIONS or name == "max.message.bytes":
        more = _limit(wanted) > _limit(found)
        return Difference(name, found, wanted, grave=more, safe=more)
    grave = name == "delete.retention.ms" and _limit(wanted) > _limit(found)
    return Difference(name, found, wanted, grave=grave, safe=True)


def _limit(text: str) -> float:
    return inf if text == FOR_EVER else float(text)


def readable(name: str, value: str) -> str:
    """A value of a topic's configuration for people: ``7d`` for milliseconds, ``for ever`` for -1."""
    if value == FOR_EVER and name in _RETENTIONS:
        return "for ever" if name == "retention.ms" else "any size"
    if not (name.endswith(".ms") and value.isdecimal()):
        return value
    days, rest = divmod(int(value) * MILLISECOND, DAY)
    return f"{days}d" if days and not rest else written(int(value) * MILLISECOND)
