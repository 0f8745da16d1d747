"""A reader over a real broker: it restores, follows, continues, and says what it does not know."""

from __future__ import annotations

import signal
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from barloom.cli import main
from barloom.clock import SystemClock
from barloom.errors import BrokerUnreachable, StoreFormat, StoreLocked, StoreNotRunning, TopicMismatch
from barloom.kafka.config.settings import KafkaSettings
from barloom.kafka.reader.opening import open_reader
from barloom.read.answers import Found, NotFound, Why
from barloom.serde.formats import Format
from barloom.serde.registry import RegistrySettings
from barloom.store.opening import open_for_reading, open_store
from barloom.time.timeframe import SECOND
from kafka.reader.publishing import Publisher
from store import bars
from waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from barloom.kafka.reader.reader import Reader
    from servers.broker import Broker
    from servers.registry import Registry
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")


@pytest.fixture
def publisher(topics: Topics, broker: Broker) -> Publisher:
    """Topics of two partitions with nothing in them."""
    return Publisher(topics, broker.bootstrap)


def follow(publisher: Publisher, path: Path | None = None, **options: object) -> Reader:
    """A reader that has caught up."""
    return open_reader(publisher.plan, publisher.settings, path, **options).wait_running(PATIENCE)  # type: ignore[arg-type]


def shown(reader: Reader, key: str = "A") -> list[tuple[int, bool]]:
    """Start in seconds, final or not."""
    return [(bar.start_ns // SECOND, bar.final) for bar in reader.bucket("1s").range(key)]


def test_it_runs_once_it_has_read_what_was_there(publisher: Publisher) -> None:
    """Committed bars of all partitions and timeframes are found, and the slots without one are known to be empty."""
    publisher.bars((0, 5, 123, 7, 2)).bars((1, 5, 99, 1, 1), partition=1).bars((0, 0, 130, 70, 9), level=1)
    publisher.bars((0, 7, 125, 9, 1), final=False).all_reached(9).commit()

    with follow(publisher) as reader:
        seconds, minutes = reader.bucket("1s"), reader.bucket("1m")

        assert [(5, True), (7, False)] == shown(reader)
        assert isinstance(seconds.get("B", 5 * SECOND), Found)
        assert isinstance(minutes.get("A", 0), Found)
        assert NotFound(Why.EMPTY, decided=True, stream_time=9 * SECOND) == seconds.get("A", 6 * SECOND)
        assert NotFound(Why.EMPTY, decided=True, stream_time=9 * SECOND) == seconds.get("C", 6 * SECOND)
        status = reader.status()
        assert ("RUNNING", 0, 0, None, 2) == (
            status.state,
            status.remaining,
            status.unreadable,
            status.error,
            status.keys,
        )
        assert [9 * SECOND] * 2 == [item.stream_time for item in status.partitions]
        path = status.path
        assert path.is_dir()
    assert not path.exists()
    with pytest.raises(StoreNotRunning, match="PENDING_SHUTDOWN"):
        seconds.get("A", 5 * SECOND)


@pytest.mark.parametrize("form", [Format.AVRO, Format.AVRO_RAW])
def test_bars_in_avro_are_the_same(
    topics: Topics, broker: Broker, registry: Registry, tmp_path: Path, form: Format
) -> None:
    """With a registry and without: exact values and nulls, also of a copy that is gone on from."""
    settings = RegistrySettings(registry.url) if form is Format.AVRO else None
    publisher = Publisher(topics, broker.bootstrap, form=form, registry=settings)
    publisher.bars((0, 5, 123, 7, 2), (0, 6, None, 0, 0)).bars((0, 7, 125, 9, 1), final=False).all_reached(9).commit()
    publisher.close()
    with follow(publisher, tmp_path) as reader:
        assert [(5, True), (6, True), (7, False)] == shown(reader)

    with follow(publisher, tmp_path) as reader:
        bucket = reader.bucket("1s")
        first, second = (bucket.get("A", slot * SECOND) for slot in (5, 6))
        assert isinstance(first, Found)
        assert isinstance(second, Found)
        assert (Decimal("1.23"), Decimal("0.007"), 2, 5 * SECOND + 1) == (
            first.bar.close,
            first.bar.volume,
            first.bar.count,
            first.bar.open_time_ns,
        )
        assert second.bar.close is None
        assert "" == reader.status().fresh


def test_only_committed_bars_are_seen(publisher: Publisher) -> None:
    """Aborted ones never, open ones when they are committed; an open transaction keeps no reader from running."""
    publisher.bars((0, 5, 1, 1, 1)).all_reached(6).commit()
    publisher.bars((0, 6, 1, 1, 1)).all_reached(60).flush().abort()
    publisher.bars((0, 7, 1, 1, 1)).all_reached(9).flush()

    with follow(publisher) as reader:
        assert [(5, True)] == shown(reader)
        assert not reader.bucket("1s").get("A", 6 * SECOND).decided  # type: ignore[union-attr]
        publisher.commit()
        until(lambda: [(5, True), (7, True)] == shown(reader))
        until(lambda: reader.bucket("1s").get("A", 6 * SECOND) == NotFound(Why.EMPTY, True, 9 * SECOND))  # noqa: FBT003


def test_a_slot_is_never_called_empty_before_its_final_is_here(publisher: Publisher) -> None:
    """However progress and bars are read: as soon as a stream time is told, the finals committed with it are found."""
    with follow(publisher) as reader:
        bucket = reader.bucket("1s")
        publisher.bars((0, 0, 1, 1, 1)).all_reached(3).commit()
        until(lambda: isinstance(bucket.get("A", 0), Found))
        for slot in range(1, 40):
            publisher.all_reached(slot + 3).bars((0, slot, 1, 1, 1)).commit()
            while isinstance(answer := bucket.get("A", slot * SECOND), NotFound):
                assert not answer.decided


def test_a_bar_is_followed_to_its_final(publisher: Publisher) -> None:
    """From live to final, by waiting and by subscribing."""
    publisher.bars((0, 5, 1, 1, 1), final=False).all_reached(5).commit()

    with follow(publisher) as reader:
        bucket = reader.bucket("1s")
        following = bucket.subscribe("A", deadline=PATIENCE)
        assert not next(following).final
        publisher.bars((0, 5, 2, 1, 2)).bars((0, 5, 2, 1, 2), topic=publisher.names.live["1s"]).all_reached(8).commit()

        assert 2 == bucket.wait_final("A", 5 * SECOND, PATIENCE).revision
        assert next(following).final


def test_a_restart_goes_on_where_it_was(publisher: Publisher, tmp_path: Path) -> None:
    """Only what came meanwhile is read again; a tombstone among it counts."""
    publisher.bars((0, 5, 1, 1, 1)).bars((0, 6, 1, 1, 1), final=False).all_reached(6).commit()
    with follow(publisher, tmp_path / "copy") as reader:
        assert [(5, True), (6, False)] == shown(reader)
        assert "it is new" == reader.status().fresh
    publisher.bars((0, 7, 1, 1, 1)).all_reached(9).commit()

    with follow(publisher, tmp_path / "copy") as reader:
        assert [(5, True), (6, False), (7, True)] == shown(reader)
        status = reader.status()
        assert "" == status.fresh
        assert status.total < 8


_ENDLESS = """
import sys
from store import bars
from barloom.kafka.config.settings import KafkaSettings
from barloom.kafka.reader.opening import open_reader
from barloom.serde.formats import Format
name, brokers, path = sys.argv[1:]
settings = KafkaSettings(brokers=brokers, app=name, input=("ticks",), format=Format.JSON, output_format=Format.JSON)
reader = open_reader(bars.plan(name=name), settings, path).wait_running(240)
print("running", flush=True)
sys.stdin.read()
"""


def test_a_killed_reader_goes_on_where_it_was(publisher: Publisher, tmp_path: Path) -> None:
    """Bars and positions are written together, so that nothing is missing and nothing is read twice."""
    publisher.bars(*((0, slot, 1, 1, 1) for slot in range(50))).all_reached(60).commit()
    command = [sys.executable, "-c", _ENDLESS, publisher.plan.name, publisher.settings.brokers, str(tmp_path / "copy")]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PYTHONPATH": ":".join(sys.path)}
    )
    with process:
        assert process.stdout is not None
        assert b"running\n" == process.stdout.readline()
        publisher.bars(*((0, slot, 1, 1, 1) for slot in range(50, 90))).all_reached(90).commit()
        process.send_signal(signal.SIGKILL)

    with follow(publisher, tmp_path / "copy") as reader:
        assert list(range(90)) == [start for start, _ in shown(reader)]
        assert "" == reader.status().fresh


def test_a_copy_of_topics_that_were_made_again_is_thrown_away(publisher: Publisher, tmp_path: Path) -> None:
    """Same names, other topics: their offsets mean nothing, and the old bars are not in them."""
    publisher.bars((0, 5, 1, 1, 1)).all_reached(6).commit()
    with follow(publisher, tmp_path) as reader:
        assert [(5, True)] == shown(reader)
    publisher.topics.delete()
    until(lambda: not publisher.topics.names())
    again = Publisher(publisher.topics, publisher.settings.brokers)
    again.bars((0, 9, 1, 1, 1)).all_reached(9).commit()

    with follow(again, tmp_path) as reader:
        assert [(9, True)] == shown(reader)
        assert "it is of another set of topics" == reader.status().fresh


def test_a_copy_that_is_behind_the_beginning_of_the_log_is_thrown_away(publisher: Publisher, tmp_path: Path) -> None:
    """What it would have to read next is gone, so it would have holes."""
    from confluent_kafka import TopicPartition  # noqa: PLC0415

    publisher.bars((0, 5, 1, 1, 1)).all_reached(6).commit()
    with follow(publisher, tmp_path) as reader:
        assert [(5, True)] == shown(reader)
    publisher.bars((0, 6, 1, 1, 1)).bars((0, 7, 1, 1, 1)).commit()
    cut = TopicPartition(publisher.names.final["1s"], 0, 3)
    admin = publisher.topics.admin
    admin.incremental_alter_configs([_deletable(publisher.names.final["1s"])])
    _done(admin.delete_records, [cut])

    with follow(publisher, tmp_path) as reader:
        assert [(7, True)] == shown(reader)
        assert reader.status().fresh.startswith("messages behind it are gone from ")


def _deletable(topic: str) -> object:
    from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource  # noqa: PLC0415

    entry = ConfigEntry("cleanup.policy", "compact,delete", incremental_operation=AlterConfigOpType.SET)
    return ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])


def _done(call: Callable[..., dict[object, object]], *arguments: object) -> None:
    """Try until the broker knows what the topic may do."""
    clock, end = SystemClock(), SystemClock().monotonic() + PATIENCE
    while True:
        try:
            for future in call(*arguments).values():
                future.result()  # type: ignore[attr-defined]
        except Exception:  # noqa: BLE001
            assert clock.monotonic() < end
            clock.sleep(0.1)
        else:
            return


def test_a_copy_of_another_definition_is_thrown_away(publisher: Publisher, tmp_path: Path) -> None:
    """Whose messages would be read by the wrong rules."""
    publisher.bars((0, 5, 1, 1, 1)).all_reached(6).commit()
    follow(publisher, tmp_path).close()

    other = bars.plan(name=publisher.plan.name, delay=5 * SECOND)
    with open_reader(other, publisher.settings, tmp_path).wait_running(PATIENCE) as reader:
        assert "it is of another definition" == reader.status().fresh
        assert [(5, True)] == shown(reader)


def test_live_bars_older_than_tombstones_are_read_anew(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tombstone that came meanwhile may be compacted away; finals are never taken back and stay."""
    publisher.bars((0, 5, 1, 1, 1)).bars((0, 6, 1, 1, 1), final=False).all_reached(6).commit()
    follow(publisher, tmp_path).close()
    monkeypatch.setattr("barloom.kafka.reader.checkpoint.TOMBSTONES_KEPT", 0)

    with follow(publisher, tmp_path) as reader:
        assert "the live bars are older than tombstones are kept" == reader.status().fresh
        assert [(5, True), (6, False)] == shown(reader)


def test_two_readers_share_the_partitions(publisher: Publisher, tmp_path: Path) -> None:
    """Each finds the keys of its own; of others it does not claim that there is no bar."""
    publisher.bars((0, 5, 1, 1, 1), partition=0).bars((1, 5, 1, 1, 1), partition=1).all_reached(9).commit()

    with (
        follow(publisher, tmp_path / "0", partitions=[0]) as first,
        follow(publisher, tmp_path / "1", partitions=[1]) as second,
    ):
        assert [("A",)] == first.bucket("1s").keys()
        assert [("B",)] == second.bucket("1s").keys()
        for reader, other in ((first, "B"), (second, "A")):
            with pytest.raises(StoreNotRunning, match="NOT_HELD"):
                reader.bucket("1s").get(other, 5 * SECOND)
    with pytest.raises(ValueError, match="the topics have 0 to 1"):
        follow(publisher, tmp_path / "2", partitions=[2])


def test_each_reader_needs_a_directory_of_its_own(publisher: Publisher, tmp_path: Path) -> None:
    """Neither that of another reader, nor the store of a run; and a copy is no store."""
    open_store(tmp_path / "run", publisher.plan).close()
    with follow(publisher, tmp_path / "copy"), pytest.raises(StoreLocked):
        follow(publisher, tmp_path / "copy")
    with pytest.raises(StoreFormat, match="is the store of a run"):
        follow(publisher, tmp_path / "run")
    with pytest.raises(StoreFormat, match="copy of Kafka topics"):
        open_for_reading(tmp_path / "copy")


def test_a_backup_of_a_running_reader_goes_on_elsewhere(publisher: Publisher, tmp_path: Path) -> None:
    """It is of one moment, and another reader continues it: made by itself, or from the command line beside it."""
    publisher.bars((0, 5, 1, 1, 1)).all_reached(6).commit()
    with follow(publisher, tmp_path / "copy") as reader:
        reader.backup(tmp_path / "backup")
        assert 0 == main(["backup", "--store", str(tmp_path / "copy"), "--out", str(tmp_path / "beside")])
        for name in ("backup", "beside"):
            with follow(publisher, tmp_path / name) as other:
                assert [(5, True)] == shown(other)
                assert "" == other.status().fresh


def test_what_cannot_be_read_does_not_stop_it(publisher: Publisher) -> None:
    """A message that is no bar, and a progress that is none, are passed over and told."""
    publisher.raw(publisher.names.final["1s"], b"{}", b"\x00").raw(publisher.names.progress, b"0", b"x")
    publisher.bars((0, 5, 1, 1, 1)).reached(9, partition=1).commit()

    with follow(publisher) as reader:
        assert [(5, True)] == shown(reader)
        assert 1 == reader.status().unreadable


def test_missing_topics_are_named(broker: Broker) -> None:
    """With what makes them."""
    settings = KafkaSettings(brokers=broker.bootstrap, app="none", input=("t",), output_format=Format.JSON)

    with pytest.raises(TopicMismatch, match=r"none_progress|nowhere_"):
        open_reader(bars.plan(name="nowhere"), settings)


def test_a_broker_that_is_not_there_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by a reader that restores for ever."""
    from barloom.kafka.cluster.admin import Cluster  # noqa: PLC0415

    reach = Cluster.reach
    monkeypatch.setattr(Cluster, "reach", lambda settings, clock: reach(settings, clock, patience=0.5))
    settings = KafkaSettings(brokers="127.0.0.1:1", app="none", input=("t",), output_format=Format.JSON)

    with pytest.raises(BrokerUnreachable):
        open_reader(bars.plan(), settings)


def test_a_reader_that_is_cut_off_goes_on_answering_and_says_since_when(own_broker: Broker, tmp_path: Path) -> None:
    """It stays RUNNING, and follows again when the broker is back."""
    from servers.topics import Topics  # noqa: PLC0415

    publisher = Publisher(Topics({"bootstrap.servers": own_broker.bootstrap}), own_broker.bootstrap)
    publisher.bars((0, 5, 1, 1, 1)).all_reached(6).commit()
    with follow(publisher, tmp_path / "copy") as reader:
        bucket = reader.bucket("1s")
        assert bucket.get("A", 5 * SECOND).as_of is None
        own_broker.kill()
        before = SystemClock().now()
        until(lambda: reader.cut_off_since is not None)

        answer = bucket.get("A", 5 * SECOND)
        assert isinstance(answer, Found)
        assert answer.as_of == reader.status().cut_off_since
        assert answer.as_of is not None
        assert abs(answer.as_of - before) < 5 * SECOND
        own_broker.start_again()
        until(lambda: reader.cut_off_since is None)
        publisher.bars((0, 6, 1, 1, 1)).all_reached(9).commit()
        until(lambda: [(5, True), (6, True)] == shown(reader))
