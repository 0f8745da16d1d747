"""What a running barloom counts and measures, under names that Prometheus reads."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from barloom.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["FAMILIES", "Metrics", "NoMetrics", "open_metrics"]

COMMIT_SECONDS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Where the histogram of commits is cut: a commit takes milliseconds, and one of seconds is trouble."""


class _Family(NamedTuple):
    """One metric: its kind, what it means and its labels. Counters are exposed with ``_total``."""

    kind: str
    help: str
    labels: tuple[str, ...] = ()


FAMILIES: Final = {
    "barloom_ticks": _Family("counter", "Input rows taken from the source, refused ones included.", ("partition",)),
    "barloom_rejected": _Family("counter", "Input rows that went to the side output, by reason.", ("reason",)),
    "barloom_dead_letters": _Family("counter", "Messages that could not be read and went to the dead letters."),
    "barloom_tombstones": _Family("counter", "Messages without a value, which were passed over."),
    "barloom_bars": _Family("counter", "Bars published, by timeframe and state.", ("timeframe", "state")),
    "barloom_duplicates_suppressed": _Family("counter", "Rows and child bars that had been taken in before."),
    "barloom_stream_time_lag_seconds": _Family(
        "gauge", "How far stream time is behind the clock, in seconds.", ("partition",)
    ),
    "barloom_consumer_lag_records": _Family(
        "gauge", "Records between the committed position and the high watermark.", ("partition",)
    ),
    "barloom_open_slots": _Family("gauge", "Slots that hold ticks and are not closed.", ("partition",)),
    "barloom_restore_remaining_records": _Family(
        "gauge", "Records of the changelog still to be restored; 0 when running.", ("partition",)
    ),
    "barloom_late_share": _Family("gauge", "Share of late rows in the last window, from 0 to 1.", ("partition",)),
    "barloom_late_alarm": _Family("gauge", "1 while the share of late rows is above its limit.", ("partition",)),
    "barloom_commit_seconds": _Family("histogram", "How long a commit took, in seconds."),
    "barloom_rebalances": _Family("counter", "Changes of the owned partitions, by kind.", ("kind",)),
    "barloom_reads": _Family("counter", "Bars asked for, by result: found or not_found.", ("result",)),
    "barloom_read_errors": _Family("counter", "Reads of a store that was not RUNNING, by its state.", ("state",)),
    "barloom_broker_retries": _Family("counter", "Calls to the broker that were made again after a failure."),
    "barloom_feed_rows": _Family("counter", "Rows that a live feed gave.", ("feed",)),
    "barloom_feed_rate": _Family("gauge", "Rows a second of a live feed, over the last seconds.", ("feed",)),
    "barloom_feed_last_number": _Family("gauge", "The last number of the venue that was given.", ("feed",)),
    "barloom_feed_age_seconds": _Family("gauge", "How long ago the last message came, in seconds.", ("feed",)),
    "barloom_feed_holes_open": _Family("gauge", "1 while numbers are missing and waited for.", ("feed",)),
    "barloom_feed_holes_filled": _Family("counter", "Holes of which all numbers came.", ("feed",)),
    "barloom_feed_holes_given_up": _Family("counter", "Holes that were waited for in vain.", ("feed",)),
    "barloom_feed_missing": _Family("counter", "Numbers that were given up.", ("feed",)),
    "barloom_feed_duplicates": _Family("counter", "Rows that came once more and were dropped.", ("feed",)),
    "barloom_feed_held_rows": _Family("gauge", "Rows that wait for missing ones before them.", ("feed",)),
    "barloom_feed_reconnects": _Family("counter", "Connections to venues that were lost."),
    "barloom_feed_unreadable": _Family("counter", "Messages of venues that could not be read."),
}


class _Series(Protocol):
    """What of a prometheus_client metric is used here."""

    def labels(self, *values: object) -> _Series: ...
    def remove(self, *values: object) -> None: ...
    def inc(self, amount: float = 1) -> None: ...
    def set(self, value: float) -> None: ...
    def observe(self, amount: float) -> None: ...


class _Nothing:
    """A series that forgets everything."""

    def labels(self, *_values: object) -> _Series:
        return self

    def remove(self, *_values: object) -> None:
        pass

    def inc(self, amount: float = 1) -> None:
        pass

    def set(self, value: float) -> None:
        pass

    def observe(self, amount: float) -> None:
        pass


class Metrics:
    """The metrics of one process, in a registry of their own; needs ``barloom[kafka]`` or ``barloom[serve]``."""

    def __init__(self) -> None:
        try:
            import prometheus_client as prometheus  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise MissingExtra("kafka", "counting what is done") from error

        registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=registry)
        makers: dict[str, Callable[[str, _Family], Any]] = {
            "counter": lambda name, family: prometheus.Counter(name, family.help, family.labels, registry=registry),
            "gauge": lambda name, family: prometheus.Gauge(name, family.help, family.labels, registry=registry),
            "histogram": lambda name, family: prometheus.Histogram(
                name, family.help, family.labels, buckets=COMMIT_SECONDS, registry=registry
            ),
        }
        self._registry: object = registry
        self._series: dict[str, _Series] = {
            name: makers[family.kind](name, family) for name, family in FAMILIES.items()
        }
        self._bind()

    def _bind(self) -> None:
        """Look up once what every read counts: reading a bar takes microseconds."""
        reads = self._series["barloom_reads"]
        self._found, self._not_found = reads.labels("found"), reads.labels("not_found")

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """All series as text, and its content type: OpenMetrics where the ``Accept`` header asks for it."""
        from prometheus_client.exposition import choose_encoder  # noqa: PLC0415 - an extra

        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type  # type: ignore[arg-type]

    def ticks(self, partition: int, number: int) -> None:
        """Count input rows."""
        self._series["barloom_ticks"].labels(partition).inc(number)

    def rejected(self, reason: str, number: int) -> None:
        """Count refused rows, by the reason of the side output (`late`, `future`, `invalid`, …)."""
        self._series["barloom_rejected"].labels(reason).inc(number)

    def dead_letters(self, number: int) -> None:
        """Count messages that went to the dead letters."""
        self._series["barloom_dead_letters"].inc(number)

    def tombstones(self, number: int) -> None:
        """Count messages without a value."""
        self._series["barloom_tombstones"].inc(number)

    def bars(self, timeframe: str, state: str, number: int) -> None:
        """Count published bars; `state` is ``live`` or ``final``."""
        self._series["barloom_bars"].labels(timeframe, state).inc(number)

    def duplicates(self, number: int) -> None:
        """Count suppressed duplicates."""
        self._series["barloom_duplicates_suppressed"].inc(number)

    def stream_lag(self, partition: int, seconds: float) -> None:
        """How far stream time is behind the clock."""
        self._series["barloom_stream_time_lag_seconds"].labels(partition).set(seconds)

    def consumer_lag(self, partition: int, number: int) -> None:
        """How many records are still to be read."""
        self._series["barloom_consumer_lag_records"].labels(partition).set(number)

    def open_slots(self, partition: int, number: int) -> None:
        """How many slots are open."""
        self._series["barloom_open_slots"].labels(partition).set(number)

    def restore_remaining(self, partition: int, number: int) -> None:
        """How many records of the changelog are still to be restored."""
        self._series["barloom_restore_remaining_records"].labels(partition).set(number)

    def late_share(self, partition: int, share: float, *, alarm: bool) -> None:
        """The share of late rows in the last window, and whether that is above its limit."""
        self._series["barloom_late_share"].labels(partition).set(share)
        self._series["barloom_late_alarm"].labels(partition).set(int(alarm))

    def commit(self, seconds: float) -> None:
        """Measure one commit."""
        self._series["barloom_commit_seconds"].observe(seconds)

    def rebalance(self, kind: str) -> None:
        """Count a change of partitions: ``assigned``, ``revoked`` or ``lost``."""
        self._series["barloom_rebalances"].labels(kind).inc()

    def read(self, found: bool) -> None:  # noqa: FBT001 - the one thing that it counts
        """Count one look-up of a bar."""
        (self._found if found else self._not_found).inc()

    def error(self, state: str) -> None:
        """Count a read that failed because the store was in `state`."""
        self._series["barloom_read_errors"].labels(state).inc()

    def broker_retry(self, number: int = 1) -> None:
        """Count calls to the broker that are made again."""
        self._series["barloom_broker_retries"].inc(number)

    def feed(self, reconnects: int, unreadable: int) -> None:
        """Count lost connections to venues, and messages that could not be read."""
        self._series["barloom_feed_reconnects"].inc(reconnects)
        self._series["barloom_feed_unreadable"].inc(unreadable)

    def feed_symbol(self, feed: str, values: Mapping[str, float], counted: Mapping[str, int]) -> None:
        """What one symbol of a feed is like by now, and what is to be added to its counts; by the metrics' names."""
        for name, value in values.items():
            self._series[f"barloom_feed_{name}"].labels(feed).set(value)
        for name, number in counted.items():
            self._series[f"barloom_feed_{name}"].labels(feed).inc(number)

    def forget(self, partition: int) -> None:
        """Drop the gauges of a partition that is no longer owned, so that no old value is taken for its present one."""
        for name, family in FAMILIES.items():
            if family.kind == "gauge" and family.labels == ("partition",):
                self._series[name].remove(partition)


class NoMetrics(Metrics):
    """Metrics that nobody asked for, or whose extra is missing: counts nothing."""

    def __init__(self) -> None:
        self._series = dict.fromkeys(FAMILIES, _Nothing())
        self._bind()

    def exposition(self, accept: str = "") -> tuple[bytes, str]:  # noqa: ARG002 - as its parent's
        """Nothing."""
        return b"", "text/plain; charset=utf-8"


def open_metrics() -> Metrics:
    """Metrics where the extra is installed, and those that count nothing where it is not."""
    return NoMetrics() if find_spec("prometheus_client") is None else Metrics()
