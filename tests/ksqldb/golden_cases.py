"""The definitions of `golden/` with what they are compiled with, and the files that hold what they become.

``python -m ksqldb.update_golden`` (with `tests` and `src` on the path) writes the files anew; read their differences
before they are committed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from barloom.errors import DefinitionError
from barloom.ksqldb.compile.phases import compile_script
from barloom.ksqldb.compile.settings import KsqlSettings
from barloom.plan.toml import read_toml
from barloom.time.timeframe import DAY

if TYPE_CHECKING:
    from barloom.ksqldb.compile.script import Script

GOLDEN = Path(__file__).parent / "golden"
STANDING = ["clock", "completeness", "side-output"]
"""What no pipeline keeps: it is left out by name, as whoever compiles has to."""

CASES: dict[str, dict[str, Any]] = {
    "single_1m_tumbling": {},
    "table_stream_1s_to_1m": {},
    "side_by_side_1m_5m": {},
    "timestamp_by_field": {},
    "timestamp_by_on": {},
    "timestamp_twice": {},
    "key_format_everywhere": {},
    "group_by_keys_only": {},
    "window_start_projected": {},
    "dependency_order": {"settings": KsqlSettings(retention=14 * DAY, replicas=3)},
    "registry_subjects": {"settings": KsqlSettings(source="md.ticks", partitions=12, namespace="com.example.fx")},
    "late_and_duplicates": {"allow_degraded": ["1w", "heartbeat", "gaps", *STANDING]},
    "reference": {},
}


def compiled(name: str) -> Script:
    """The script of a case; `DefinitionError` where its definition is refused."""
    return compile_script(
        read_toml((GOLDEN / f"{name}.toml").read_text(), f"{name}.toml"), **{"allow_degraded": STANDING, **CASES[name]}
    )


def outcome(name: str) -> tuple[Path, str]:
    """The file of a case, and what stands in it: its script, or why there is none."""
    try:
        return GOLDEN / f"{name}.sql", compiled(name).text()
    except DefinitionError as error:
        return GOLDEN / f"{name}.txt", f"{error}\n"
