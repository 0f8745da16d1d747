"""Every command that reads bars, over the topics of a ksqlDB pipeline with one key and with two."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from barloom.cli import main
from barloom.cli.exits import Exit
from ksqldb.test_from_topics import BEGIN, HOUR, Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers.broker import Broker
    from servers.registry import Registry
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")

DEFINITION = """
[event]
key = [KEYS]
timestamp = "at"
[event.fields]
KINDS
at = "timestamp(ms)"
price = "decimal(18, 4)"
size = "decimal(18, 2)"
[bars]
name = "NAME"
base = "1m"
rollup = ["1h"]
ohlcv = { price = "price", size = "size" }
[kafka]
brokers = "BROKERS"
input = "ticks"
written_by = "ksqldb"
[kafka.registry]
url = "REGISTRY"
"""
Said = tuple[int, str, str]


@pytest.fixture(params=[{"symbol": "EURUSD"}, {"venue": 7}, {"broker": "b1", "symbol": "EURUSD"}], ids=len)
def key(request: pytest.FixtureRequest) -> dict[str, Any]:
    """One field of text, one number, two fields."""
    return dict(request.param)


@pytest.fixture
def run(  # noqa: PLR0913, PLR0917 - a pipeline and its surroundings
    key: dict[str, Any],
    tmp_path: Path,
    broker: Broker,
    registry: Registry,
    topics: Topics,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Callable[..., Said]]:
    """Run a reading command on a definition whose pipeline has written two hours, the second of them live."""
    kinds = "\n".join(f'{name} = "{"int" if isinstance(value, int) else "string"}"' for name, value in key.items())
    text = DEFINITION.replace("KEYS", ", ".join(f'"{name}"' for name in key)).replace("KINDS", kinds)
    text = text.replace("NAME", f"{topics.prefix}bars").replace("BROKERS", broker.bootstrap)
    path = tmp_path / "bars.toml"
    path.write_text(text.replace("REGISTRY", registry.url))
    pipeline = Pipeline(path.read_text(), broker, registry, topics)
    rows = [bar(key, hour) for hour in range(2)]
    pipeline.write("live", "1h", rows)
    pipeline.write("final", "1h", rows[:1])

    def command(name: str, *arguments: str, keyed: bool = True) -> Said:
        asked = [item for pair in key.items() for item in ("--key", f"{pair[0]}={pair[1]}")] if keyed else []
        code = main([name, *arguments, "--definition", str(path), *asked])
        return code, *capsys.readouterr()

    yield command
    pipeline.close()


def bar(key: dict[str, Any], hour: int) -> dict[str, Any]:
    """A row of an hour: open 1, high 2, low 1, close 1.5 and the hour's number."""
    prices = {"open": Decimal(1), "high": Decimal(2), "low": Decimal(1), "close": Decimal("1.5") + hour}
    return {**key, "bucket_start": BEGIN + hour * HOUR, **prices, "volume": Decimal(3), "count": 4}


def test_get(run: Callable[..., Said]) -> None:
    """Its columns, and nothing of what ksqlDB does not keep; the same as JSON."""
    code, out, _ = run("get", "2025-11-20T00:00:00Z", "--timeframe", "1h")
    assert (Exit.OK, True) == (code, "1.5000" in out)
    assert not {"slots", "rows folded"} & {line.strip().split("  ")[0] for line in out.splitlines()}

    code, out, _ = run("get", "2025-11-20T01:00:00Z", "--timeframe", "1h", "--json")
    body = json.loads(out)["bar"]
    assert (Exit.OK, "2.5000", False) == (code, body["close"], body["final"])
    assert not {"slots", "filled", "expected_slots", "partial", "revision"} & body.keys()

    code, out, _ = run("get", "2025-11-20T05:00:00Z", "--timeframe", "1h")
    assert Exit.NOT_FOUND == code
    assert "ksqlDB has no row for it" in out


@pytest.mark.parametrize(
    ("hour", "state"), [("00", "final, it will not change"), ("01", "live, not final yet"), ("05", "no row")]
)
def test_explain(run: Callable[..., Said], hour: str, state: str) -> None:
    """What is known is said, and what is not is not made up; the same as JSON."""
    code, out, _ = run("explain", f"2025-11-20T{hour}:00:00Z", "--timeframe", "1h")
    assert Exit.OK == code
    assert state in out
    assert "stream time  not known: no topic of ksqlDB tells it" in out
    assert "60 slots of 1m expected; how many came ksqlDB does not keep" in out
    assert "in ksqlDB only later event times close slots" in out

    code, out, _ = run("explain", f"2025-11-20T{hour}:00:00Z", "--timeframe", "1h", "--json")
    body = json.loads(out)
    assert (Exit.OK, None, None, []) == (code, body["decided"], body["filled"], body["missing"])
    assert Exit.OK == run("explain", "2025-11-20T00:00:00Z", "--timeframe", "1m")[0]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_export(run: Callable[..., Said], tmp_path: Path, form: str) -> None:
    """Finals and live bars in every format; rejected rows are nowhere, which is no crash."""
    for kind in ((), ("--live",)):
        out = tmp_path / f"bars.{form}"
        code, _, errors = run("export", "--timeframe", "1h", "--out", str(out), *kind, keyed=False)
        assert (Exit.OK, True) == (code, out.stat().st_size > 0), errors

    code, _, errors = run("export", "--rejected", "--out", str(tmp_path / f"rejected.{form}"), keyed=False)
    assert Exit.BUG != code, errors


def test_chart(run: Callable[..., Said]) -> None:
    """A chart of both."""
    code, out, errors = run("chart", "--timeframe", "1h")

    assert (Exit.OK, True) == (code, "1h" in out), errors


@pytest.mark.usefixtures("run")
def test_status_points_to_ksqldb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipeline is no application on Kafka with partitions and owners."""
    assert Exit.USAGE == main(["status", str(tmp_path / "bars.toml")])
    assert "is no application on Kafka: see `barloom ksql status`" in capsys.readouterr().err
