"""Which topics a definition wants, and what is made of a difference."""

from __future__ import annotations

from dataclasses import replace

import pytest

from barloom.kafka.cluster.topics import Found, State, compared, readable, wanted_topics
from kafka.kafka_cases import plan, settings

DAYS = 86_400_000


def wanted(**given: object) -> dict[str, dict[str, str]]:
    """The configurations by topic."""
    return {spec.name: dict(spec.config) for spec in wanted_topics(plan(), settings(**given), 4, 1)}


def test_each_topic_is_kept_as_what_it_holds() -> None:
    """Finals by their timeframe's retention, live rows for a while, the changelog by key."""
    kept = {name: (config["cleanup.policy"], config.get("retention.ms")) for name, config in wanted().items()}

    assert {
        "bars_final_1s": ("delete", "-1"),
        "bars_final_1m": ("delete", str(30 * DAYS)),
        "bars_final_1mo": ("delete", "-1"),
        "bars_live_1s": ("compact,delete", str(7 * DAYS)),
        "bars_live_1m": ("compact,delete", str(7 * DAYS)),
        "bars_live_1mo": ("compact,delete", str(62 * DAYS)),  # a quiet key's open month is not to disappear
        "bars_late": ("delete", str(7 * DAYS)),
        "bars_closed": ("compact", "-1"),
        "bars_dlq": ("delete", str(7 * DAYS)),
        "bars_changelog": ("compact", None),
        "bars_progress": ("compact", None),
        "bars_replayed": ("compact", None),
    } == kept


def test_nothing_ages_by_an_event_s_time_or_goes_by_size() -> None:
    """The broker stamps records, and no limit of the cluster on sizes applies."""

    assert {"LogAppendTime"} == {config["message.timestamp.type"] for config in wanted().values()}
    assert {"-1"} == {config["retention.bytes"] for config in wanted().values() if "delete" in config["cleanup.policy"]}


def test_settings_decide_names_replicas_and_whether_there_are_live_topics() -> None:
    """An application's own topics are named after it; with three replicas two must have each record."""
    found = wanted_topics(
        plan(), settings(app="desk", live_interval="off", replicas=3, dead_letter_retention="9d"), 4, 1
    )
    by_name = {spec.name: spec for spec in found}

    assert {(4, 3)} == {(spec.partitions, spec.replicas) for spec in found}
    assert {"2"} == {spec.config["min.insync.replicas"] for spec in found}
    assert str(9 * DAYS) == by_name["desk_dlq"].config["retention.ms"]
    assert not [name for name in by_name if "live" in name]


def test_segments_are_shorter_than_what_is_kept() -> None:
    """Only whole segments are deleted, so that one must not span all of the retention."""
    for config in wanted(late_retention="8d").values():
        if "segment.ms" in config and config.get("retention.ms", "-1") != "-1":  # that is for ever
            assert int(config["segment.ms"]) * 2 <= int(config["retention.ms"])


def as_wanted(**changed: str) -> Found:
    """The topic of the 1m finals as it should be, but for what is changed."""
    spec = next(item for item in wanted_topics(plan(), settings(), 4, 1) if item.name == "bars_final_1m")
    return Found(4, 1, {**spec.config, **{name.replace("_", "."): value for name, value in changed.items()}})


def change(found: Found | None, name: str = "bars_final_1m") -> tuple[State, list[tuple[str, bool, bool]]]:
    """What is to be done, and what differs: its name, whether it is grave, and whether it is safe to set."""
    spec = next(item for item in wanted_topics(plan(), settings(), 4, 1) if item.name == name)
    (made,) = compared([spec], {} if found is None else {name: found})
    return made.state, [(item.name, item.grave, item.safe) for item in made.differences]


def test_a_missing_topic_is_made_and_a_right_one_left_alone() -> None:
    """Settings that barloom does not care about may be anything."""

    assert (State.CREATE, []) == change(None)
    assert (State.UNCHANGED, []) == change(as_wanted(file_delete_delay_ms="1"))


@pytest.mark.parametrize(
    ("found", "difference"),
    [
        (replace(as_wanted(), partitions=3), ("partitions", True, False)),
        (replace(as_wanted(), replicas=2), ("replicas", False, False)),
        (as_wanted(cleanup_policy="compact"), ("cleanup.policy", True, False)),
        (as_wanted(retention_ms="1000"), ("retention.ms", True, True)),
        (as_wanted(retention_ms="-1"), ("retention.ms", False, False)),
        (as_wanted(retention_bytes="1000"), ("retention.bytes", True, True)),
        (as_wanted(message_timestamp_type="CreateTime"), ("message.timestamp.type", False, True)),
    ],
)
def test_a_difference_is_grave_where_bars_would_be_lost_and_safe_where_none_can_be(
    found: Found, difference: tuple[str, bool, bool]
) -> None:
    """Keeping longer is safe; what would delete something, or move keys, is left to a person."""

    assert (State.DIFFERS, [difference]) == change(found)


def test_what_need_not_be_kept_may_be_kept_longer() -> None:
    """Only for finals, whose retention the definition states, is longer a difference."""
    spec = next(item for item in wanted_topics(plan(), settings(), 4, 1) if item.name == "bars_late")
    longer = Found(4, 1, {**spec.config, "retention.ms": "-1", "max.message.bytes": "9999999"})

    assert (State.UNCHANGED, []) == change(longer, "bars_late")


def test_what_may_not_be_seen_is_not_compared() -> None:
    """Without the right to see settings, partitions alone can be checked."""

    assert (State.UNCHANGED, []) == change(Found(4, 1, {}))


def test_values_are_written_for_people() -> None:
    """Times in their largest unit."""

    assert "30d" == readable("retention.ms", str(30 * DAYS))
    assert "42h" == readable("segment.ms", "151200000")
    assert "for ever" == readable("retention.ms", "-1")
    assert "any size" == readable("retention.bytes", "-1")
    assert "compact" == readable("cleanup.policy", "compact")
