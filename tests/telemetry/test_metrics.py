"""What is counted, and how Prometheus sees it."""

from __future__ import annotations

import builtins
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from barloom.errors import MissingExtra
from barloom.telemetry.metrics import FAMILIES, Metrics, NoMetrics, open_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping


def samples(metrics: Metrics) -> Mapping[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample of barloom's own series by name and labels, read by Prometheus' own parser."""
    text = metrics.exposition()[0].decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("barloom_") and not sample.name.endswith("_created")
    }


def use(metrics: Metrics) -> None:
    """Every method once."""
    metrics.ticks(3, 500)
    metrics.rejected("late", 7)
    metrics.dead_letters(2)
    metrics.tombstones(6)
    metrics.marks(8)
    metrics.published(100, 11, 13)
    metrics.publishes(leads=True)
    metrics.feed(2, 3)
    metrics.feed_symbol("kraken:A", {"rate": 1.5, "last_number": 9}, {"rows": 4, "missing": 5})
    metrics.bars("1m", "final", 12)
    metrics.duplicates(1)
    metrics.stream_lag(3, 1.5)
    metrics.consumer_lag(3, 40)
    metrics.open_slots(3, 9)
    metrics.restore_remaining(3, 0)
    metrics.late_share(3, 0.02, alarm=True)
    metrics.commit(0.03)
    metrics.rebalance("assigned")
    metrics.read(found=True)
    metrics.read(found=False)
    metrics.error("RESTORING")
    metrics.broker_retry()


def test_each_method_moves_its_series() -> None:
    """A call is seen under the name, the labels and the value that the operations guide states."""
    metrics = Metrics()
    use(metrics)

    found = samples(metrics)

    three = (("partition", "3"),)
    assert {
        ("barloom_ticks_total", three): 500,
        ("barloom_rejected_total", (("reason", "late"),)): 7,
        ("barloom_dead_letters_total", ()): 2,
        ("barloom_tombstones_total", ()): 6,
        ("barloom_marks_total", ()): 8,
        ("barloom_published_total", ()): 100,
        ("barloom_published_marks_total", ()): 11,
        ("barloom_unpublished_total", ()): 13,
        ("barloom_publishes", ()): 1,
        ("barloom_feed_reconnects_total", ()): 2,
        ("barloom_feed_unreadable_total", ()): 3,
        ("barloom_feed_rate", (("feed", "kraken:A"),)): 1.5,
        ("barloom_feed_last_number", (("feed", "kraken:A"),)): 9,
        ("barloom_feed_rows_total", (("feed", "kraken:A"),)): 4,
        ("barloom_feed_missing_total", (("feed", "kraken:A"),)): 5,
        ("barloom_bars_total", (("state", "final"), ("timeframe", "1m"))): 12,
        ("barloom_duplicates_suppressed_total", ()): 1,
        ("barloom_stream_time_lag_seconds", three): 1.5,
        ("barloom_consumer_lag_records", three): 40,
        ("barloom_open_slots", three): 9,
        ("barloom_restore_remaining_records", three): 0,
        ("barloom_late_share", three): 0.02,
        ("barloom_late_alarm", three): 1,
        ("barloom_rebalances_total", (("kind", "assigned"),)): 1,
        ("barloom_reads_total", (("result", "found"),)): 1,
        ("barloom_reads_total", (("result", "not_found"),)): 1,
        ("barloom_read_errors_total", (("state", "RESTORING"),)): 1,
        ("barloom_broker_retries_total", ()): 1,
        ("barloom_commit_seconds_count", ()): 1,
        ("barloom_commit_seconds_sum", ()): 0.03,
    } == {place: value for place, value in found.items() if not place[0].endswith("_bucket")}
    assert 0 == found["barloom_commit_seconds_bucket", (("le", "0.02"),)]
    assert 1 == found["barloom_commit_seconds_bucket", (("le", "0.05"),)]


def test_names_follow_the_rules_of_prometheus() -> None:
    """Names begin with barloom_ and have help; one that measures seconds or records ends in that unit."""
    for name, family in FAMILIES.items():
        assert re.fullmatch(r"barloom_[a-z_]+", name)
        assert family.help.endswith(".")
        assert name.endswith("_seconds") == ("in seconds" in family.help)


def test_the_guide_explains_every_metric() -> None:
    """Who looks after an application finds each name, as Prometheus shows it, in the operations guide."""
    guide = (Path(__file__).resolve().parents[2] / "docs" / "guide" / "kafka-operations.md").read_text()
    shown = [f"{name}_total" if family.kind == "counter" else name for name, family in FAMILIES.items()]

    assert [] == [name for name in shown if f"`{name}`" not in guide]


def test_a_partition_given_away_leaves_no_old_gauges() -> None:
    """After `forget` a partition's gauges are gone, and its counters and the other partitions stay."""
    metrics = Metrics()
    metrics.ticks(3, 1)
    metrics.consumer_lag(3, 40)
    metrics.consumer_lag(4, 41)

    metrics.forget(3)
    metrics.forget(5)

    found = samples(metrics)
    assert ("barloom_consumer_lag_records", (("partition", "3"),)) not in found
    assert 41 == found["barloom_consumer_lag_records", (("partition", "4"),)]
    assert 1 == found["barloom_ticks_total", (("partition", "3"),)]


def test_two_in_one_process_do_not_mix() -> None:
    """Each has its own registry."""
    one, other = Metrics(), Metrics()
    one.ticks(0, 5)

    assert ("barloom_ticks_total", (("partition", "0"),)) not in samples(other)


def test_no_metrics_takes_every_call_and_shows_nothing() -> None:
    """Where nobody measures, the callers need not know."""
    metrics = NoMetrics()
    use(metrics)
    metrics.forget(3)

    assert b"" == metrics.exposition()[0]


def test_without_the_extra_nothing_is_counted_and_asking_for_it_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """`open_metrics` needs no extra; `Metrics` says which one it needs."""
    real = builtins.__import__

    def without(name: str, *more: Any) -> object:  # noqa: ANN401 - as the builtin
        if name.startswith("prometheus_client"):
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr("barloom.telemetry.metrics.find_spec", lambda _name: None)

    assert type(open_metrics()) is NoMetrics
    with pytest.raises(MissingExtra, match=r"barloom\[kafka\]"):
        Metrics()
