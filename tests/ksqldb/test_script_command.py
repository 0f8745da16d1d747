"""``barloom ksql script`` and ``barloom check --ksqldb``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from barloom.cli import main
from ksqldb.golden_cases import GOLDEN, STANDING
from ksqldb.reading_sql import statements

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

DEFINITION = str(GOLDEN / "reference.toml")
REFUSED = str(GOLDEN / "late_and_duplicates.toml")
ALLOWED = ("--allow-degraded", ",".join(STANDING))


def test_a_script_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output holds the script and nothing else, so that it can be piped."""
    assert main(["ksql", "script", DEFINITION, *ALLOWED]) == 0

    assert (GOLDEN / "reference.sql").read_text() == capsys.readouterr().out


def test_a_script_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file gets the script, and the terminal says what it leaves out."""
    out = tmp_path / "bars.sql"
    assert main(["ksql", "script", DEFINITION, *ALLOWED, "--out", str(out)]) == 0

    assert (GOLDEN / "reference.sql").read_text() == out.read_text()
    assert "Wrote 14 statements" in (told := capsys.readouterr().out)
    assert "clock, completeness, side-output" in told


def test_options_go_into_every_statement(capsys: pytest.CaptureFixture[str]) -> None:
    """Source, partitions, replicas, retention and namespace."""
    options = ["--source", "md", "--partitions", "7", "--replicas", "2", "--retention", "10d", "--namespace", "x.y"]
    assert main(["ksql", "script", DEFINITION, *ALLOWED, *options]) == 0

    made = [item for item in statements(capsys.readouterr().out) if item.kind != "SET"]
    assert "MD" == made[0].name
    assert {(7, 2, 864_000_000, "x.y.BarKey")} == {
        tuple(item.properties[name] for name in ("PARTITIONS", "REPLICAS", "RETENTION_MS", "KEY_SCHEMA_FULL_NAME"))
        for item in made
    }


def test_a_refusal_lists_everything_and_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    """The list goes to standard error with the exit code of a wrong definition; following it compiles."""
    assert main(["ksql", "script", REFUSED]) == 2

    told = capsys.readouterr().err
    assert "ksqlDB cannot do 6 things that the definition asks for" in told
    assert told.endswith("\nto go on without: --allow-degraded 1w,gaps,heartbeat,clock,completeness,side-output\n")
    flags = told.rpartition("to go on without: ")[2].split()
    assert main(["ksql", "script", REFUSED, *flags]) == 0


def test_what_is_left_out_is_named_once_or_many_times(capsys: pytest.CaptureFixture[str]) -> None:
    """With commas, with an option each, or as everything that may be: the same script."""
    each = [word for name in STANDING for word in ("--allow-degraded", name)]
    printed = []
    for flags in (ALLOWED, each, ["--allow-degraded", "all"]):
        assert main(["ksql", "script", DEFINITION, *flags]) == 0
        printed.append(capsys.readouterr().out)

    assert [printed[0]] * 3 == printed


def test_a_retention_that_is_no_duration_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A usage error names the option."""
    assert main(["ksql", "script", DEFINITION, "--retention", "soon"]) == 2

    assert "--retention: 'soon' is not a duration" in capsys.readouterr().err


def test_a_program_reads_the_statements(capsys: pytest.CaptureFixture[str]) -> None:
    """With names, topics and stages."""
    assert main(["ksql", "script", DEFINITION, *ALLOWED, "--json"]) == 0

    answer = json.loads(capsys.readouterr().out)
    first = answer["entities"][0]
    assert ("TICKS", "STREAM", "ticks", 0) == tuple(first[name] for name in ("name", "kind", "topic", "stage"))
    assert ["clock", "completeness", "side-output"] == answer["left_out"]


def test_check_says_what_ksqldb_cannot_do_and_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is compiled: refusals with their way out, and the settings without which bars are lost."""
    assert main(["check", REFUSED, "--ksqldb"]) == 0

    told = capsys.readouterr().out
    for words in ("Refused by ksqlDB", "heartbeat", "exactly_once_v2", "earliest", "murmur2", "side-output"):
        assert words in told
    assert main(["check", REFUSED, "--ksqldb", "--json"]) == 0
    assert dict.fromkeys(("1w", "gaps", "heartbeat", *STANDING), True) == {
        item["name"]: item["droppable"] for item in json.loads(capsys.readouterr().out)["ksqldb"]["refused"]
    }
