"""`Bars`: what stands beside a definition comes along, and each place where bars are made is one call away."""

from __future__ import annotations

import sys
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal  # noqa: TC003 - a class reads its annotations
from typing import TYPE_CHECKING

import polars as pl
import pytest

import barloom as bl

if TYPE_CHECKING:
    from pathlib import Path

TOML = """
[event]
name = "Tick"
key = ["symbol"]
timestamp = "at"

[event.fields]
symbol = "string"
at = "timestamp"
price = "decimal(12, 2)"

[bars]
name = "ticks_bars"
base = "1m"
rollup = ["1h"]
ohlcv = { price = "price" }

[kafka]
brokers = "kafka-1:9092"
input = "ticks"
format = "json"
"""
MODULE = """
from datetime import datetime
from decimal import Decimal  # noqa: TC003 - a class reads its annotations

import barloom as bl


class Tick(bl.Event):
    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)


bars = bl.from_(Tick).tumbling("1m").ohlcv(price="price").named("in_module")
kafka = bl.kafka.Kafka(brokers="kafka-2:9092", input="ticks", format="json")
"""
ROWS = [
    {"symbol": "ACME", "at": "2025-11-10T09:00:01Z", "price": "100.00"},
    {"symbol": "ACME", "at": "2025-11-10T09:01:02Z", "price": "100.25"},
]


@pytest.fixture
def loaded(tmp_path: Path) -> bl.Bars:
    """Bars of a TOML file with a ``[kafka]``."""
    (tmp_path / "bars.toml").write_text(TOML)
    return bl.load(tmp_path / "bars.toml")


@pytest.fixture
def of_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bl.Bars:
    """Bars of a module that has a `Kafka` beside them."""
    (tmp_path / "declared_beside.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "declared_beside", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    return bl.load("declared_beside:bars")


def test_what_stands_in_the_toml_comes_along(loaded: bl.Bars) -> None:
    """`bars.kafka()` needs nothing that the definition says already, and takes what it does not say."""
    app = loaded.kafka(instance_id="desk-1")

    assert ("kafka-1:9092", ("ticks",), "desk-1") == (
        app.settings.brokers,
        app.settings.input,
        app.settings.instance_id,
    )
    assert app.names.final["1h"] == "ticks_bars_final_1h"


def test_what_stands_in_the_module_comes_along(of_module: bl.Bars) -> None:
    """A `Kafka` called ``kafka`` beside the bars is theirs."""
    assert of_module.kafka().settings.brokers == "kafka-2:9092"
    assert of_module.says_kafka


def test_a_setting_given_twice_names_the_other_place(loaded: bl.Bars, of_module: bl.Bars) -> None:
    """Also where both say the same: one of them is going to be changed alone."""
    with pytest.raises(bl.DefinitionError) as of_toml:
        loaded.kafka(brokers="kafka-1:9092", input="other")
    with pytest.raises(bl.DefinitionError, match=r"kafka = Kafka\(…\) of declared_beside:bars"):
        of_module.kafka(bl.kafka.Kafka(format="avro"))
    with pytest.raises(bl.DefinitionError, match=r"it stands in Kafka\(…\) too"):
        loaded.kafka(bl.kafka.Kafka(app="a"), app="b")

    told = [(problem.where, problem.what) for problem in of_toml.value.problems]
    assert [place for place, _ in told] == ["kafka(brokers=…)", "kafka(input=…)"]
    assert all("bars.toml" in what for _, what in told)


def test_an_override_wins(loaded: bl.Bars) -> None:
    """It is how the command line's options stand above the file."""
    app = loaded.kafka(override={"brokers": "localhost:9092", "format": "json"})

    assert (app.settings.brokers, app.settings.input) == ("localhost:9092", ("ticks",))


def test_a_misspelt_setting_is_told(loaded: bl.Bars) -> None:
    """By the rules of the table, with what was meant."""
    with pytest.raises(bl.DefinitionError, match="did you mean 'standby'"):
        loaded.kafka(standbys=1)


def test_a_wrong_table_is_told(tmp_path: Path) -> None:
    """A ``kafka`` that is no table is none, and not taken for nothing."""
    (tmp_path / "bars.toml").write_text(f"kafka = 9092\n{TOML.split('[kafka]', maxsplit=1)[0]}")

    with pytest.raises(bl.DefinitionError, match="9092 is not a table"):
        bl.load(tmp_path / "bars.toml").kafka()


def test_renamed_bars_keep_what_stands_beside_them(loaded: bl.Bars) -> None:
    """Their topics begin with the new name."""
    app = loaded.renamed("again").kafka()

    assert (app.settings.brokers, app.names.late) == ("kafka-1:9092", "again_late")


def test_bars_run_and_compute(loaded: bl.Bars, tmp_path: Path) -> None:
    """The same bars from both: one final minute, by hand."""
    report = loaded.run(ROWS, tmp_path / "state", at_end="close")
    computed = loaded.compute(pl.DataFrame(ROWS))

    assert report.bars == {"1m": 2, "1h": 1}
    assert [str(price) for price in computed["1m"]["close"]] == ["100.00", "100.25"]


def test_bars_are_rebuilt_beside_the_old_ones(loaded: bl.Bars, tmp_path: Path) -> None:
    """The old store stays until somebody deletes it."""
    pl.DataFrame(ROWS).write_csv(tmp_path / "ticks.csv")
    loaded.run(tmp_path / "ticks.csv", tmp_path / "state")
    loaded.rebuild(tmp_path / "ticks.csv", tmp_path / "state")

    assert (tmp_path / "state.before-1").is_dir()


def test_a_pipeline_needs_no_server_for_its_script(loaded: bl.Bars) -> None:
    """And says so where a server is needed."""
    pipeline = loaded.ksqldb(allow_degraded=["all"], partitions=6)

    assert "PARTITIONS = 6" in pipeline.script().text().upper().replace("PARTITIONS=6", "PARTITIONS = 6")
    with pytest.raises(ValueError, match="no ksqlDB server is named"):
        pipeline.status()


def test_a_writer_needs_messages_that_hold_fields_by_name() -> None:
    """A definition whose fields stand elsewhere in messages cannot say how the rest of them looks."""
    toml = TOML.replace("[bars]\n", '[source.columns]\nprice = "data.p"\n\n[bars]\n')
    bars = _bars(toml)

    with pytest.raises(bl.DefinitionError, match=r"messages of this definition hold price = 'data.p'"):
        bars.kafka(brokers="localhost:1", input="ticks", format="json").writer()


def test_a_writer_writes_what_its_reader_reads() -> None:
    """A path that is the field's own name is none; bytes and times by a pattern it would write otherwise."""
    from barloom.kafka.events.typed import writable  # noqa: PLC0415

    same = TOML.replace("[bars]\n", '[source.columns]\nprice = "price"\n\n[bars]\n')
    assert "price" in writable(_bars(same).plan).event.by_name
    packed = TOML.replace("decimal(12, 2)", "decimal(12, 2, encoding=base64)")
    with pytest.raises(bl.DefinitionError, match="messages of this definition hold price in base64"):
        writable(_bars(packed).plan)
    with pytest.raises(bl.DefinitionError, match="the time of arrival as '%Y%m%d %H%M%S'"):
        writable(_bars(ARRIVING.replace("[source]\n", '[source]\narrival_unit = "%Y%m%d %H%M%S"\n')).plan)


def _bars(toml: str) -> bl.Bars:
    from barloom.plan.toml import read_toml  # noqa: PLC0415

    return bl.Bars(read_toml(toml))


def test_keywords_are_the_fields_of_the_class() -> None:
    """`bars.kafka(…)` and `Kafka(…)` take the same names, so that type checkers know both."""
    assert list(bl.kafka.KafkaTable.__annotations__) == [item.name for item in fields(bl.kafka.Kafka)]


def test_what_is_no_kafka_is_refused(loaded: bl.Bars) -> None:
    """A text or a table in its place is not passed over."""
    for wrong in ("localhost:1234", {"brokers": "x"}):
        with pytest.raises(TypeError, match=r"is no bl\.kafka\.Kafka; give settings by name"):
            loaded.kafka(wrong)  # type: ignore[arg-type]


ARRIVING = TOML.replace('price = "decimal(12, 2)"\n', 'price = "decimal(12, 2)"\n\n[source]\narrival = "received"\n', 1)


def test_a_class_must_be_the_ticks_of_the_definition() -> None:
    """Messages that could not be read again are not written."""
    from barloom.kafka.events.typed import check_event, writable  # noqa: PLC0415

    class Tick(bl.Event):
        symbol: str = bl.key()
        at: datetime = bl.timestamp()

    with pytest.raises(bl.DefinitionError, match="Tick lacks price, received what the definition's ticks are"):
        check_event(Tick, writable(_bars(ARRIVING).plan))
    with pytest.raises(TypeError, match="is no event"):
        check_event(dict, writable(_bars(TOML).plan))


def test_times_are_taken_as_readers_take_them(loaded: bl.Bars, tmp_path: Path) -> None:
    """A datetime, text or nanoseconds."""
    loaded.run(ROWS, tmp_path / "state")
    moments = ("2025-11-10T09:00:00Z", datetime(2025, 11, 10, 9, tzinfo=UTC), 1_762_765_200_000_000_000)

    assert len({loaded.set_back(tmp_path / "state", to).after for to in moments}) == 1


class Minute(bl.Bar):
    """What is read of a bar."""

    symbol: str
    close: Decimal


def test_a_store_is_looked_after(loaded: bl.Bars, tmp_path: Path) -> None:
    """What it holds, a copy that can be read, and the room that it takes."""
    loaded.run(ROWS, tmp_path / "state")
    store = bl.Store(tmp_path / "state")

    assert store.status().finals == {"1m": 1, "1h": 0}
    assert store.backup(tmp_path / "copy") > 0
    with bl.Store(tmp_path / "copy").bucket("1m", bar=Minute) as minutes:
        assert {type(bar) for bar in minutes.range("ACME")} == {Minute}
        assert [str(bar.close) for bar in minutes.range("ACME")] == ["100.00", "100.25"]
    assert min(store.compact()) > 0
    assert store.status().finals == {"1m": 1, "1h": 0}
