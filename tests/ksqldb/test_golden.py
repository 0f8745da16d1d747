"""The golden cases: a definition and the script that it becomes, each with the rule that it stands for.

The files are compared as they are, and every rule is checked on the SQL text by itself, read by the grammar of the
server, so that a wrong file cannot be made right by writing it anew.
"""

from __future__ import annotations

from typing import Any

import pytest

from barloom.errors import DefinitionError
from ksqldb.golden_cases import CASES, GOLDEN, compiled, outcome
from ksqldb.planner import refused
from ksqldb.reading_sql import Statement, expression, statements, tokens, walk

SCRIPTS = sorted(name for name in CASES if (GOLDEN / f"{name}.sql").is_file())
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def read(name: str) -> list[Statement]:
    """The statements of a golden file without its settings."""
    return [item for item in statements((GOLDEN / f"{name}.sql").read_text()) if item.kind != "SET"]


def names(name: str) -> list[str]:
    """What a golden file makes, in order."""
    return [item.name for item in read(name)]


def queries(name: str) -> list[Statement]:
    """The tables with a query."""
    return [item for item in read(name) if item.kind == "TABLE"]


@pytest.mark.parametrize("name", CASES)
def test_a_definition_becomes_its_golden_file(name: str) -> None:
    """What a definition compiles to changes on purpose only."""
    path, text = outcome(name)

    assert path.read_text() == text


def test_single_1m_tumbling() -> None:
    """One timeframe is a stream of ticks and one table of finals; without a parent there is no stream over it."""
    ticks, bars = read("single_1m_tumbling")

    assert ("STREAM", "TICKS") == (ticks.kind, ticks.name)
    assert ("TABLE", "BARS_FINAL_1M", "TICKS", "FINAL") == (bars.kind, bars.name, bars.source, bars.emit)
    assert {"size": MINUTE, "retention": 7 * DAY, "grace": 5_000} == bars.window


def test_table_to_stream_to_1m() -> None:
    """A parent reads a stream over its child's topic, with the child's columns exactly and its start as event time."""
    _, child, stream, parent, live = read("table_stream_1s_to_1m")

    assert child.properties["KAFKA_TOPIC"] == stream.properties["KAFKA_TOPIC"]
    assert [name for _, name in child.items] == [name for name, _, _ in stream.columns]
    assert ("TUMBLING", "1 SECONDS", "bucket_start") == tuple(
        stream.properties[name] for name in ("WINDOW_TYPE", "WINDOW_SIZE", "TIMESTAMP")
    )
    assert [stream.name] * 2 == [parent.source, live.source]
    assert parent.items == live.items
    assert ["FINAL", "CHANGES"] == [parent.emit, live.emit]


def test_1m_and_5m_side_by_side_are_queries_of_their_own() -> None:
    """Each timeframe has its own tables, and each statement one window."""
    windows = {item.name: item.window["size"] for item in queries("side_by_side_1m_5m")}

    assert {
        "BARS_FINAL_1S": 1_000,
        "BARS_FINAL_1M": MINUTE,
        "BARS_LIVE_1M": MINUTE,
        "BARS_FINAL_5M": 5 * MINUTE,
        "BARS_LIVE_5M": 5 * MINUTE,
    } == windows
    assert all(
        1 == item.sql.count("WINDOW TUMBLING") for item in compiled("side_by_side_1m_5m").entities if item.derived
    )


def test_the_timestamp_comes_from_one_place() -> None:
    """A field or ``on=``, which become the same script; both is an error."""
    by_field, by_on = read("timestamp_by_field"), read("timestamp_by_on")

    assert by_field == by_on
    assert ["`AT`"] == [item.properties["TIMESTAMP"] for item in by_field if "TIMESTAMP" in item.properties]
    with pytest.raises(DefinitionError, match="defined twice"):
        compiled("timestamp_twice")


@pytest.mark.parametrize("name", SCRIPTS)
def test_key_format_stands_on_every_statement(name: str) -> None:
    """Formats, topic, partitions, replicas, retention and the key's schema are never left to defaults."""
    wanted = {"KAFKA_TOPIC", "KEY_FORMAT", "VALUE_FORMAT", "PARTITIONS", "REPLICAS", "RETENTION_MS"}

    for item in read(name):
        assert wanted | {"KEY_SCHEMA_FULL_NAME"} <= item.properties.keys()
        assert ("AVRO", "AVRO") == (item.properties["KEY_FORMAT"], item.properties["VALUE_FORMAT"])


@pytest.mark.parametrize("name", SCRIPTS)
def test_groups_are_the_key_and_nothing_else(name: str) -> None:
    """GROUP BY has the key columns of the source in their order, and the projection begins with them."""
    made = {item.name: item for item in read(name)}
    keys = {name: [column for column, _, key in item.columns if key] for name, item in made.items()}

    for item in queries(name):
        grouped = [node[1] for value in item.group_by for node in walk(value) if node[0] == "column"]
        assert grouped == keys[item.source] == [column for _, column in item.items][: len(item.group_by)]
        assert item.group_by == [value for value, _ in item.items][: len(item.group_by)]


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_statement_is_one_that_a_server_refuses(name: str) -> None:
    """A windowed stream of one key is grouped by an expression, in every parent and live table, never by its key."""
    before: dict[str, Statement] = {}
    for item in read(name):
        assert refused(item, before) is None
        before[item.name] = item

    for item in queries(name):
        windowed = "WINDOW_TYPE" in before[item.source].properties
        kinds = [kind for _, kind, key in before[item.source].columns if key]
        keys = [("column", column) for column, _, key in before[item.source].columns if key]
        cast = windowed and len(keys) == 1
        assert item.group_by == ([("cast", keys[0], kinds[0])] if cast else keys)


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_window_start_is_projected_and_never_grouped_or_aggregated(name: str) -> None:
    """Start and end of the window appear once each, in the projection, outside of aggregates."""
    for item in queries(name):
        bounds = {alias: value for value, alias in item.items if alias.startswith("BUCKET")}
        start, end = expression("FROM_UNIXTIME(WINDOWSTART)"), expression("FROM_UNIXTIME(WINDOWEND)")
        assert {"BUCKET_START": start, "BUCKET_END": end} == bounds
        uses = [node for value, _ in item.items for node in walk(value) if node[:1] == ("column",)]
        assert 1 == uses.count(("column", "WINDOWSTART"))
        assert not {"WINDOWSTART", "WINDOWEND"} & {node[-1] for part in item.group_by for node in walk(part)}


@pytest.mark.parametrize("name", SCRIPTS)
def test_statements_stand_in_the_order_of_dependency(name: str) -> None:
    """A table reads a stream above it, and a stream's topic is written by a table above it; stages say the same."""
    seen: dict[str, Any] = {}
    topics = {"ticks", "md.ticks"}
    for item in read(name):
        assert item.kind == "STREAM" or item.source in seen
        assert item.kind == "TABLE" or item.properties["KAFKA_TOPIC"] in topics
        seen[item.name] = item
        topics.add(str(item.properties["KAFKA_TOPIC"]))

    script = compiled(name)
    stages = {entity.name: entity.stage for entity in script.entities}
    assert list(seen) == list(stages)
    assert all(stages[read] < entity.stage for entity in script.entities for read in entity.reads)
    assert script.entities == tuple(entity for stage in script.stages() for entity in stage)


def test_names_and_order_follow_the_template() -> None:
    """Ticks, base, its stream; then finals, live bars and stream of each timeframe."""
    ladder = [("5S", True), ("1M", True), ("15M", True), ("1H", True), ("4H", True), ("1D", False)]
    expected = ["TICKS", "BARS_FINAL_1S", "BARS_FINAL_1S_S"]
    for timeframe, read_again in ladder:
        expected += [f"BARS_FINAL_{timeframe}", f"BARS_LIVE_{timeframe}"]
        expected += [f"BARS_FINAL_{timeframe}_S"] if read_again else []

    assert expected == names("dependency_order")
    assert [1_000, 5_000, MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, DAY] == [
        item.window["size"] for item in queries("dependency_order") if item.emit == "FINAL"
    ]


@pytest.mark.parametrize("name", SCRIPTS)
def test_registry_subjects_are_consistent(name: str) -> None:
    """One key schema and partition count everywhere; whatever shares a topic agrees on its columns and retention."""
    made = read(name)
    types: dict[str, set[tuple[str, ...]]] = {}
    for entity in compiled(name).entities:
        types.setdefault(entity.topic, set()).add(tuple(map(str, (*entity.key_columns, *entity.columns))))

    assert 1 == len({item.properties["KEY_SCHEMA_FULL_NAME"] for item in made})
    assert 1 == len({(item.properties["PARTITIONS"], item.properties["REPLICAS"]) for item in made})
    assert all(1 == len(found) for found in types.values())
    assert all(
        1 == len({item.properties["RETENTION_MS"] for item in made if item.properties["KAFKA_TOPIC"] == topic})
        for topic in types
    )


def test_names_of_topics_and_sources_come_from_the_plan() -> None:
    """Topics keep their letters and dots; sources have ``_`` for what they cannot have, and quotes for a dash."""
    topics = {item.name: item.properties["KAFKA_TOPIC"] for item in read("registry_subjects")}

    assert {
        "MD_TICKS": "md.ticks",
        "FX_SPOT-BARS_FINAL_1M": "fx.spot-bars_final_1m",
        "FX_SPOT-BARS_FINAL_1M_S": "fx.spot-bars_final_1m",
        "FX_SPOT-BARS_FINAL_1H": "fx.spot-bars_final_1h",
        "FX_SPOT-BARS_LIVE_1H": "fx.spot-bars_live_1h",
    } == topics
    assert {"com.example.fx.BarKey"} == {
        str(item.properties["KEY_SCHEMA_FULL_NAME"]) for item in read("registry_subjects")
    }


def test_late_data_and_duplicates_are_told_in_the_header() -> None:
    """What is promised and what is not stands above the statements, and what was left out."""
    text = (GOLDEN / "late_and_duplicates.sql").read_text()
    head = text[: text.index("\nSET ")]
    told = " ".join(line.removeprefix("--").strip() for line in head.splitlines())

    assert all(line.startswith("-- ") or not line for line in head.splitlines())
    for words in (
        "end of its 1s window plus 90 seconds is later than the largest event time",
        "After that it is dropped",
        "produced twice counts twice",
        "exactly_once_v2",
        "isolation.level=read_committed",
        "windows that are still open",
        "no tick for more than 7 days",
        "murmur2_random",
        "1w: ksqlDB has neither calendar weeks nor months",
        "heartbeat: nothing is emitted",
        "clock: ksqlDB closes a bar only when a later tick arrives",
    ):
        assert words in told


@pytest.mark.parametrize("name", SCRIPTS)
def test_grace_and_retention_are_always_written(name: str) -> None:
    """The base waits for its delay, a parent for nothing; the store keeps longer than a window stays open."""
    delays = {entity.name: entity.grace for entity in compiled(name).entities}

    for item in queries(name):
        assert {"size", "retention", "grace"} == item.window.keys()
        assert item.window["retention"] >= item.window["size"] + item.window["grace"]
        assert delays[item.name] == item.window["grace"]
        assert item.source.endswith("TICKS") or item.window["grace"] == 0


@pytest.mark.parametrize("name", SCRIPTS)
def test_parents_are_made_of_sums_and_nothing_exact_is_divided(name: str) -> None:
    """Above the base there is no COUNT, a sum is of a column, and only DOUBLEs are divided."""
    for item in queries(name):
        nodes = [node for value, _ in item.items for node in walk(value)]
        calls = [node for node in nodes if node[:1] == ("call",)]
        if not item.source.endswith("TICKS"):
            assert not [node for node in calls if node[1] == "COUNT"]
            assert all(node[2][0][0] == "column" for node in calls if node[1] == "SUM")
        for node in nodes:
            if node[0] == "/":
                assert ("cast", "DOUBLE") == (node[1][0], node[1][-1]) or node[1][0] == "/"


@pytest.mark.parametrize("name", SCRIPTS)
def test_ticks_that_lack_what_they_must_have_are_left_out(name: str) -> None:
    """The base asks for every required field, in the definition's order; key and time the server asks for by itself."""
    event = compiled(name).plan.event
    needed = [
        item.name.upper()
        for item in event.fields
        if not item.nullable and item.name not in (*event.key, event.timestamp)
    ]

    for item in queries(name):
        asked = [node[1][1] for node in walk(item.where) if node[0] == "is not null" and node[1][0] == "column"]
        assert (needed if item.source.endswith("TICKS") else []) == asked[: len(needed)]


@pytest.mark.parametrize("name", SCRIPTS)
def test_sums_are_widened(name: str) -> None:
    """A sum of decimals has 38 digits, at the base and in every declaration of its column above."""
    for item in queries(name):
        for value, column in item.items:
            if value[:2] == ("call", "SUM") and item.source.endswith("TICKS"):
                assert any("DECIMAL(38, " in str(node[-1]) for node in walk(value) if node[0] == "cast"), column


@pytest.mark.parametrize("name", SCRIPTS)
def test_settings_come_first(name: str) -> None:
    """The properties without which bars are lost or doubled are set before the first statement."""
    found = statements((GOLDEN / f"{name}.sql").read_text())

    assert ["SET"] * 3 == [item.kind for item in found[:3]]
    assert "SET" not in {item.kind for item in found[3:]}
    assert {
        "ksql.streams.auto.offset.reset": "earliest",
        "ksql.streams.__emit.interval.ms.kstreams.windowed.aggregation__": "0",
        "processing.guarantee": "exactly_once_v2",
    } == {item.name: item.properties[item.name] for item in found[:3]}


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_file_holds_the_statements_that_are_deployed(name: str) -> None:
    """The text for ksqlDB's own command line and the statements of the deployer are the same."""
    text = (GOLDEN / f"{name}.sql").read_text()
    deployed = [token for entity in compiled(name).entities for token in tokens(entity.sql)]

    assert deployed == tokens(text)[-len(deployed) :]
