"""The reading commands answer over Kafka as they do from a store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from barloom.cli import main
from barloom.cli.exits import Exit
from barloom.embedded import run as embedded
from barloom.front.load import load
from barloom.plan.identity import topics as named
from barloom.serde.formats import Format
from barloom.serde.open import open_serde
from barloom.store.opening import open_for_reading
from barloom.store.scanning import Selection
from barloom.time.calendars import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from barloom.plan.barplan import BarPlan
    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")


@pytest.fixture
def topics_of_store(market: Path, topics: Topics, broker: Broker) -> Iterator[list[str]]:
    """The options that read the bars of the store over Kafka: they are published there as JSON."""
    yield from published(market, topics, broker)


@pytest.fixture
def numbered(market: Path, topics: Topics, broker: Broker) -> Iterator[list[str]]:
    """The same of ticks with numbers, of which 4 is absent between 09:03:10 and 09:05:02."""
    text = (market / "bars.toml").read_text().replace('timestamp = "at"', 'timestamp = "at"\nsequence = "id"')
    (market / "bars.toml").write_text(text.replace('at = "timestamp"', 'at = "timestamp"\nid = "int"'))
    head, *rows = (row for row in (market / "ticks.csv").read_text().splitlines() if "ZINC" not in row)
    ids = (1, 2, 3, 5, 6, 7)
    del rows[3]
    lines = [f"{row},{number}" for row, number in zip(rows, ids, strict=False)]
    more = ["A,ACME,2025-11-10T09:20:00Z,100,1,6"]
    (market / "ticks.csv").write_text("\n".join([f"{head},id", *lines, *more]) + "\n")
    yield from published(market, topics, broker)


def published(market: Path, topics: Topics, broker: Broker) -> Iterator[list[str]]:
    """Bars, refused rows and progress of the ticks in a directory, as topics until the test is over."""
    definition = market / "kafka.toml"
    name = topics.prefix.strip("-") + "_trades"
    definition.write_text((market / "bars.toml").read_text().replace('name = "trades"', f'name = "{name}"'))
    plan = load(definition).plan
    embedded.run(plan, "ticks.csv", market / "same")
    publish(plan, market / "same", topics, broker)
    yield ["--definition", str(definition), "--kafka", broker.bootstrap, "--output-format", "json"]
    for gone in topics.admin.delete_topics(every(plan)).values():
        gone.result(30)


def every(plan: BarPlan) -> list[str]:
    """The topics that a reader follows, and that of the refused rows."""
    names = named(plan)
    return [*names.final.values(), *names.live.values(), names.progress, names.late]


def publish(plan: BarPlan, store: Path, topics: Topics, broker: Broker) -> None:
    """Everything in a store as messages."""
    from confluent_kafka import Producer  # noqa: PLC0415
    from confluent_kafka.cimpl import NewTopic  # noqa: PLC0415

    names = named(plan)
    for made in topics.admin.create_topics([NewTopic(name, 1, 1) for name in every(plan)]).values():
        made.result(30)
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    serde = open_serde(plan, resolve(plan.calendar), format=Format.JSON)
    encoder = serde.bars
    with open_for_reading(store) as held:
        for timeframe, level in ((frame, plan.level_of(frame)) for frame in names.final):
            for kind, topic in (("final", names.final[timeframe]), ("live", names.live[timeframe])):
                for keys, block in held.scanner.blocks(Selection(kind, level)):  # type: ignore[arg-type]
                    (records,) = encoder.encode([block], keys)
                    for key, value in zip(records.keys, records.values, strict=True):
                        producer.produce(topic, value, key)
        refused = serde.late.encode(list(held.side_records()))
        for key, value in zip(refused.keys, refused.values, strict=True):
            producer.produce(names.late, value, key)
        times = held.times()
        told = {name: getattr(times, name) for name in ("stream_time", "first", "max_event", "arrived_at")}
        producer.produce(names.progress, json.dumps(told), b"0")
    assert 0 == producer.flush(30)


def said(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, str]:
    """Exit code and output."""
    code = main(list(command))
    return code, capsys.readouterr().out


def test_the_answers_are_those_of_a_store(
    topics_of_store: list[str], store: Path, market: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Found, not found with its reason, explained, exported, compared: word for word; a copy is gone on from.

    The refused rows come from the topic that they have of their own.
    """
    key = ("--key", "venue=A", "--key", "symbol=ACME", "--timeframe", "1m")
    commands = [
        ("get", "2025-11-10T09:00:00Z", *key),
        ("get", "2025-11-10T09:20:00Z", *key, "--json"),
        ("explain", "2025-11-10T09:05:00Z", *key),
        ("chart", *key),
        ("export", "--timeframe", "5m", "--out", "-", "--format", "jsonl"),
        ("export", "--timeframe", "1d", "--live", "--out", "-", "--format", "csv"),
        ("export", "--rejected", "--out", "-"),
        ("verify", "--timeframe", "1m", "--reference", "published.csv", "--json"),
    ]
    (market / "published.csv").write_text(
        "venue,symbol,start,high,count\nA,ACME,2025-11-10T09:01:00Z,100.10,1\nA,ACME,2025-11-10T09:00:00Z,100.5,2\n"
    )
    for command in commands:
        expected = said(capsys, *command, "--store", str(store))
        where = topics_of_store if command is commands[0] else [*topics_of_store, "--store", str(market / "copy")]
        assert [line for line in expected[1].splitlines() if "lag " not in line] == [
            line for line in said(capsys, *command, *where)[1].splitlines() if "lag " not in line
        ]
        assert expected[0] in (Exit.OK, Exit.NOT_FOUND, Exit.DIFFERENT)
    assert {"late": 1} == {name: bars for name, bars in json.loads(expected[1])["reasons"].items() if name == "late"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give --store DIR, or --definition bars.toml"),
        (["--kafka", "localhost:1"], "--kafka reads from Kafka: say whose bars, with --definition"),
    ],
)
def test_it_is_said_what_there_is_to_read_from(
    market: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    """Where neither a store nor a definition is named."""
    assert market.is_dir()
    assert Exit.USAGE == main(["get", "2025-11-10T09:00:00Z", "--timeframe", "1m", "--key", "A", *options])
    assert message in capsys.readouterr().err


def test_gaps_are_told_over_kafka(numbered: list[str], market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the topic of refused rows, as the store tells them; a bar that may lack a number says so."""
    code, told = said(capsys, "gaps", "--json", *numbered)
    assert (0, told) == said(capsys, "gaps", "--json", "--store", str(market / "same"))
    where = ("--timeframe", "1m", "--key", "venue=A", "--key", "symbol=ACME", "2025-11-10T09:05:00Z")
    explained = json.loads(said(capsys, "explain", "--json", *where, *numbered)[1])["numbers"]

    assert 0 == code
    (gap,) = json.loads(told)["gaps"]
    assert (4, 1, "2025-11-10T09:03:10Z", "2025-11-10T09:05:02Z") == tuple(
        gap[name] for name in ("first", "count", "start", "end")
    )
    assert (1, "no", [gap]) == (explained["missing"], explained["complete"], explained["gaps"])
