"""Definitions of every kind, with odd names: what they become keeps a real server's rules, through all commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from barloom.cli import main
from barloom.clock import SystemClock
from barloom.errors import DefinitionError
from barloom.ksqldb.compile.names import RESERVED
from barloom.ksqldb.compile.phases import compile_script
from barloom.ksqldb.compile.settings import KsqlSettings
from barloom.ksqldb.server.canonical import canonical
from barloom.ksqldb.server.differences import differences
from barloom.plan.toml import read_toml
from barloom.testing.clock import FakeClock
from barloom.time.instants import to_datetime
from barloom.time.timeframe import DAY
from ksqldb.double import KsqlDouble
from ksqldb.planner import refused
from ksqldb.reading_sql import statements, walk
from ksqldb.server_text import servers_text
from properties.quick import quick

if TYPE_CHECKING:
    from pathlib import Path

    from barloom.ksqldb.compile.script import Script
    from ksqldb.reading_sql import Statement

ODD = ["int", "varchar", "string", "emit", "partition", "changes", "key", "Value", "_x", "x_1", "Open", "ts", "primary"]
NAMES = st.sampled_from([*(word.lower() for word in sorted(RESERVED)), *ODD])
BARS = st.sampled_from(["bars", "d-count", "fx.spot-1", "Select", "a", "stream", "x--y", "A.b_c"])
TOPICS = st.sampled_from(["ticks", "md.ticks", "9ticks", "t-1", "_t", "select", "12", "TICKS.v-2"])
LADDERS = st.sampled_from([(), ("1m",), ("5s", "1m", "1d"), ("4h",), ("1d",)])
KINDS = st.sampled_from(["decimal(18, 6)", "decimal(9, 0)", "int", "bool", "string"])


@dataclass(frozen=True)
class Case:
    """A definition, and what it is deployed with."""

    text: str
    source: str
    partitions: int
    retention: int

    @property
    def script(self) -> Script:
        """What it becomes."""
        settings = KsqlSettings(self.source, self.partitions, 1, self.retention * DAY)
        return compile_script(read_toml(self.text), settings, allow_degraded=["all"])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """One to three keys, fields of all types, all folds."""
    unique = {"unique_by": str.upper}
    names = draw(st.lists(NAMES, min_size=6, max_size=9, **unique))  # type: ignore[call-overload]
    count = draw(st.integers(1, 3))
    keys = {name: draw(st.sampled_from(["string", "int"])) for name in names[:count]}
    time, price, *others = names[count:]
    fields = {price: "decimal(12, 4)"} | {name: draw(KINDS) + draw(st.sampled_from(["", "?"])) for name in others}
    taken = {name.upper() for name in keys}
    free = [name for name in draw(st.lists(NAMES, min_size=6, max_size=9, **unique)) if name.upper() not in taken]  # type: ignore[call-overload]
    folds = ("first(`{0}`)", "max(`{0}`)", "last(`{0}`)", "sum(`{0}`)", "avg(`{0}`, scale=4)", "count()")
    select = dict(zip(free or ["n"], folds, strict=False))
    where = draw(st.sampled_from(["", f'where = "`{price}` > 1.5"']))
    clock = draw(st.sampled_from(["2d", "30d", ""]))
    lines = [
        "[event]",
        f"key = [{', '.join(map(repr, keys))}]",
        f'timestamp = "{time}"',
        "[event.fields]",
        *(f'"{name}" = "{kind}"' for name, kind in {**keys, time: "timestamp(ms)", **fields}.items()),
        "[bars]",
        f'name = "{draw(BARS)}"',
        'base = "1s"',
        f"rollup = {list(draw(LADDERS))}",
        *([f'retention = "{clock}"'] if clock else []),
        *([where] if where else []),
        "[bars.select]",
        *(f'"{name}" = "{fold.format(price)}"' for name, fold in select.items()),
    ]
    case = Case("\n".join(lines), draw(TOPICS), draw(st.integers(1, 12)), draw(st.integers(1, 400)))
    try:
        _ = case.script
    except DefinitionError:
        reject()  # a name that no definition, or no stream, may have
    return case


@quick(150)
@given(case=cases())
def test_the_statements_keep_all_rules(case: Case) -> None:
    """Those of the facts that were learnt on a real server, read from the text."""
    script = case.script
    made: dict[str, Statement] = {}
    for item in (item for item in statements(script.text()) if item.kind != "SET"):
        assert refused(item, made) is None
        made[item.name] = item
    assert [entity.name for entity in script.entities] == list(made)

    assert 1 == len({item.properties["KEY_SCHEMA_FULL_NAME"] for item in made.values()})
    assert {case.partitions} == {item.properties["PARTITIONS"] for item in made.values()}
    for item in made.values():
        _check_stream(item, made) if item.kind == "STREAM" else _check_table(item, made)


def _check_stream(item: Statement, made: dict[str, Statement]) -> None:
    """One event time, and over a table exactly the table's columns."""
    assert "TIMESTAMP" in item.properties
    over = [table for table in made.values() if table.kind == "TABLE" and _topic(table) == _topic(item)]
    for table in over:
        assert [name for _, name in table.items] == [name for name, _, _ in item.columns]
        assert "bucket_start" == item.properties["TIMESTAMP"]


def _topic(item: Statement) -> object:
    return item.properties["KAFKA_TOPIC"]


def _check_table(item: Statement, made: dict[str, Statement]) -> None:
    """No event time of its own, a window that is stated, and above the base sums of sums without a grace."""
    source = made[item.source]
    above = "WINDOW_TYPE" in source.properties
    calls = [node for value, _ in item.items for node in walk(value) if node[:1] == ("call",)]
    grouped = [node[1] for part in item.group_by for node in walk(part) if node[0] == "column"]
    keys = [name for name, _, key in source.columns if key]

    assert "TIMESTAMP" not in item.properties
    assert keys == grouped
    assert {"size", "retention", "grace"} == item.window.keys()
    assert not above or 0 == item.window["grace"]
    assert not above or not [node for node in calls if node[1] == "COUNT"]
    assert (above and len(keys) == 1) == (item.group_by[0][0] == "cast")


@quick(150)
@given(case=cases())
def test_the_servers_text_of_them_is_no_drift(case: Case) -> None:
    """Whatever the names are, also where they are words of the language."""
    for entity in case.script.entities:
        assert [] == differences(canonical(entity.sql), canonical(servers_text(entity.sql)))


@quick(8)
@given(case=cases())
def test_every_command_works_on_them(case: Case, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Planned, deployed, waited for, found well, unchanged, and dropped again: whatever a check accepts."""
    path: Path = tmp_path_factory.mktemp("case") / "bars.toml"
    path.write_text(case.text)
    now = to_datetime(SystemClock().now()).replace(tzinfo=None).isoformat()
    with KsqlDouble(case.script, FakeClock()) as double:
        double.ticks = [(part, 0, now) for part in range(case.partitions)]
        for entity in double.script.entities:  # an empty answer would be asked for again
            double.rows[entity.name] = [[None] * (2 + len(entity.key_columns) + len(entity.columns))]
        options = ["--url", double.url, "--source", case.source, "--partitions", str(case.partitions)]
        options += ["--retention", f"{case.retention}d"]
        given_up = ["--allow-degraded", "all"]

        def run(name: str, *more: str) -> int:
            return main(["ksql", name, str(path), *options, *more])

        assert [0, 0, 0] == [run("plan", *given_up), run("deploy", *given_up), run("plan", *given_up)]
        assert [0, 0, 0] == [run("wait"), run("status"), run("doctor")]
        assert [0, 0, 0] == [run("drop", "--drop", case.script.entities[-1].name), run("drop", "--all"), run("drop")]
        assert not double.statements


@pytest.mark.parametrize("command", ["plan", "wait", "status", "doctor"])
def test_one_key_goes_through_every_command(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The most common definition there is, with live bars and two roll-ups; also as JSON."""
    path = tmp_path / "bars.toml"
    path.write_text(ONE_KEY)
    script = compile_script(read_toml(ONE_KEY), allow_degraded=["all"])
    now = to_datetime(SystemClock().now()).replace(tzinfo=None).isoformat()
    with KsqlDouble(script, FakeClock()) as double:
        double.ticks = [(part, 0, now) for part in range(3)]
        given_up = ["--allow-degraded", "all"]
        assert 0 == main(["ksql", "deploy", str(path), "--url", double.url, *given_up])
        for more in ([], ["--json"]):
            allowed = given_up if command == "plan" else []
            assert 0 == main(["ksql", command, str(path), "--url", double.url, *allowed, *more])
    assert "drifted" not in capsys.readouterr().out.replace("0 drifted", "")


ONE_KEY = """
[event]
key = ["symbol"]
timestamp = "ts"
[event.fields]
symbol = "string"
ts = "timestamp(ms)"
price = "decimal(18, 4)"
size = "decimal(18, 2)"
[bars]
name = "one"
base = "1s"
delay = "2s"
rollup = ["1m", "1h"]
ohlcv = { price = "price", size = "size" }
"""
