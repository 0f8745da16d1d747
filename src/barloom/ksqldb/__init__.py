"""Bars compiled to ksqlDB: the same bars, made by its server.

::

    import barloom as bl

    pipeline = bl.load("bars.toml").ksqldb("http://localhost:8088", allow_degraded=["clock", "completeness"])
    print(pipeline.script().text())  # for ksqlDB's own command line
    pipeline.deploy()  # stage by stage, waiting until it works
    with pipeline.bucket("1m") as minutes:
        print(minutes.latest("ACME", 5))
    for finding in pipeline.doctor():
        print(finding.health, finding.check, finding.mend)

`bars.ksqldb(…)` gives a `KsqldbApp`; everything else here is what it takes and what it gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.lazy import lazily

if TYPE_CHECKING:
    from barloom.errors import (
        KsqlDrifted,
        KsqlError,
        KsqlNotReady,
        KsqlNotServing,
        KsqlRefused,
        KsqlTooOld,
        KsqlUnauthorized,
        KsqlUnreachable,
        KsqlUnsupported,
    )
    from barloom.ksqldb.app import KsqldbApp
    from barloom.ksqldb.compile.header import needed
    from barloom.ksqldb.compile.names import quoted
    from barloom.ksqldb.compile.phases import compile_script
    from barloom.ksqldb.compile.script import Entity, EntityKind, Script
    from barloom.ksqldb.compile.settings import STREAM_PROPERTIES, KsqlSettings
    from barloom.ksqldb.reader.bucket import KsqlTimeBucket
    from barloom.ksqldb.reader.status import Standing
    from barloom.ksqldb.server.address import KsqlServer
    from barloom.ksqldb.server.client import KsqlClient
    from barloom.ksqldb.server.compare import Comparison, Planned, Verdict
    from barloom.ksqldb.server.deploy import Step
    from barloom.ksqldb.server.doctor import Finding, Health
    from barloom.ksqldb.server.drop import Dropped
    from barloom.ksqldb.server.history import age_told
    from barloom.ksqldb.server.wait import Progress, Ready, WaitPolicy

__all__ = [
    "STREAM_PROPERTIES",
    "Comparison",
    "Dropped",
    "Entity",
    "EntityKind",
    "Finding",
    "Health",
    "KsqlClient",
    "KsqlDrifted",
    "KsqlError",
    "KsqlNotReady",
    "KsqlNotServing",
    "KsqlRefused",
    "KsqlServer",
    "KsqlSettings",
    "KsqlTimeBucket",
    "KsqlTooOld",
    "KsqlUnauthorized",
    "KsqlUnreachable",
    "KsqlUnsupported",
    "KsqldbApp",
    "Planned",
    "Progress",
    "Ready",
    "Script",
    "Standing",
    "Step",
    "Verdict",
    "WaitPolicy",
    "age_told",
    "compile_script",
    "needed",
    "quoted",
]

_HOMES = {
    "barloom.errors": (
        "KsqlDrifted KsqlError KsqlNotReady KsqlNotServing KsqlRefused KsqlTooOld KsqlUnauthorized "
        "KsqlUnreachable KsqlUnsupported"
    ),
    "barloom.ksqldb.app": "KsqldbApp",
    "barloom.ksqldb.compile.script": "Entity EntityKind Script",
    "barloom.ksqldb.compile.header": "needed",
    "barloom.ksqldb.compile.names": "quoted",
    "barloom.ksqldb.compile.phases": "compile_script",
    "barloom.ksqldb.compile.settings": "KsqlSettings STREAM_PROPERTIES",
    "barloom.ksqldb.reader.bucket": "KsqlTimeBucket",
    "barloom.ksqldb.reader.status": "Standing",
    "barloom.ksqldb.server.address": "KsqlServer",
    "barloom.ksqldb.server.client": "KsqlClient",
    "barloom.ksqldb.server.compare": "Comparison Planned Verdict",
    "barloom.ksqldb.server.deploy": "Step",
    "barloom.ksqldb.server.doctor": "Finding Health",
    "barloom.ksqldb.server.drop": "Dropped",
    "barloom.ksqldb.server.history": "age_told",
    "barloom.ksqldb.server.wait": "Progress Ready WaitPolicy",
}

__getattr__, __dir__ = lazily(globals(), _HOMES)
