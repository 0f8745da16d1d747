"""What is wrong with a pipeline on a server: a list of checks, each with what was seen and how to mend it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from barloom.errors import BarloomError, KsqlError
from barloom.ksqldb.server import checks, query_checks
from barloom.ksqldb.server.checks import Doubt
from barloom.ksqldb.server.evidence import gather
from barloom.ksqldb.server.history import too_old
from barloom.time.instants import written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from barloom.clock import Clock
    from barloom.ksqldb.compile.script import Script
    from barloom.ksqldb.server.client import KsqlClient
    from barloom.ksqldb.server.evidence import Evidence

__all__ = ["Finding", "Health", "Subjects", "examine"]


class Health(Enum):
    """How a check ended."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"


class Finding(NamedTuple):
    """One line of the list: what was checked, what was seen, and how to mend it where it is not well."""

    check: str
    health: Health
    seen: str
    mend: str = ""


class Subjects(Protocol):
    """A schema registry, as far as it is asked here."""

    def versions_of(self, subject: str) -> dict[int, int]:
        """The schema ids of a subject by version; empty where there is none."""
        ...


class _Check(NamedTuple):
    title: str
    fine: str
    mend: str
    doubts: Callable[[Script, Evidence], Iterable[Doubt]]


_AGAIN: Final = "drop it and what reads from it (`barloom ksql drop`), and deploy again"

_CHECKS: Final = (
    _Check(
        "every stream and table is there",
        "all of them, on their topics",
        "deploy (`barloom ksql deploy`); what is of another kind or on another topic must be dropped first",
        checks.missing,
    ),
    _Check("they are those of the definition", "the server's own texts say the same", _AGAIN, checks.statements),
    _Check("keys and values are AVRO everywhere", "KEY_FORMAT and VALUE_FORMAT", _AGAIN, checks.formats),
    _Check("exactly one event time each", "the ticks' own, then the start of the bar", _AGAIN, checks.timestamps),
    _Check("each stream has its table's columns", "names, types and order", _AGAIN, checks.columns),
    _Check("one name for the schema of the key", "the same in every statement", _AGAIN, checks.key_schemas),
    _Check(
        "as many partitions in every topic",
        "equal along the pipeline",
        "make the topics anew with one number of partitions, and deploy again",
        checks.partitions,
    ),
    _Check("table, stream, next table", "each query reads from the stage before", _AGAIN, query_checks.order),
    _Check("grouped by the key alone", "no window bounds in GROUP BY", _AGAIN, checks.grouping),
    _Check("one window a query, kept long enough", "SIZE, RETENTION and GRACE PERIOD", _AGAIN, checks.windows),
    _Check("counts are added up", "COUNT(*) stands at the base only", _AGAIN, checks.counts),
    _Check(
        "a query of its own for each table",
        "one each, with its own id",
        "TERMINATE what is too much; where none is left, drop the table and deploy again",
        query_checks.queries,
    ),
    _Check(
        "nobody else writes into it",
        "no INSERT INTO",
        "TERMINATE those queries; bars that hold their rows must be dropped with their topics and deployed again",
        query_checks.inserts,
    ),
    _Check(
        "emission, offsets and exactly once are set", "each query runs with all three", _AGAIN, query_checks.settings
    ),
    _Check(
        "queries work, not just RUNNING",
        "tasks and no errors",
        "mend the cause; RESUME what is paused; a query whose sums left their type, or whose topic is gone, must be "
        "dropped and deployed again",
        query_checks.faults,
    ),
    _Check(
        "every record could be read",
        "what was read went on",
        'let producers write the ticks in the schemas of the pipeline (`bars.kafka(written_by="ksqldb").writer`)',
        query_checks.passed_over,
    ),
    _Check(
        "nothing was deleted unread",
        "each query stands behind the beginning of what it reads",
        "drop the pipeline with its topics, and deploy it with a longer --retention",
        query_checks.deleted,
    ),
    _Check("nothing waits to be read", "each query is at the end of its topic", "", query_checks.lags),
    _Check(
        "every table answers a pull query",
        "all of them",
        "wait (`barloom ksql wait`): after a restart that takes up to a minute",
        query_checks.answers,
    ),
)


def examine(
    client: KsqlClient, script: Script, *, clock: Clock, seconds: float = 9.0, subjects: Subjects | None = None
) -> list[Finding]:
    """Look at everything that is known to go wrong, within `seconds`; `subjects` is the schema registry, if known."""
    end = clock.monotonic() + seconds
    try:
        evidence = gather(client, script, clock=clock, seconds=seconds - _FOR_REGISTRY)
    except KsqlError as error:
        rest = [Finding(check.title, Health.UNKNOWN, "the server did not answer") for check in _CHECKS]
        return [Finding(_SERVER, Health.WRONG, str(error), "start it, or mend the address or the credentials"), *rest]
    findings = [_server(evidence), *(_examined(check, script, evidence) for check in _CHECKS)]
    findings.append(_history(script, evidence, clock.now()))
    return [*findings, _stores(evidence), _registry(script, subjects, clock, end)]


_SERVER: Final = "the server answers and is healthy"


def _server(evidence: Evidence) -> Finding:
    info = evidence.info or {}
    seen = f"ksqlDB {info.get('version', '?')}, {info.get('serverStatus', '?')}"
    if evidence.health is None:
        return Finding(_SERVER, Health.UNKNOWN, f"{seen}; {evidence.unknown['health']}", "ask GET /healthcheck")
    details = evidence.health.get("details") or {}
    ill = [name for name, part in details.items() if not part.get("isHealthy")]
    if ill or not evidence.health.get("isHealthy", True):
        mend = "look at the server's log; where its command topic was deleted or changed, restore it and restart"
        return Finding(_SERVER, Health.WRONG, f"{seen}, but not healthy: {', '.join(ill)}", mend)
    return Finding(_SERVER, Health.OK, seen)


def _examined(check: _Check, script: Script, evidence: Evidence) -> Finding:
    doubts = list(check.doubts(script, evidence))
    unseen = [entity.quoted_name for entity in script.entities if evidence.sources.get(entity.name) is None]
    if unseen and not doubts:
        doubts = [Doubt(f"not seen of {', '.join(unseen)}", known=False)]
    told = "; ".join(doubt.text for doubt in sorted(doubts, key=lambda doubt: not doubt.known))
    if any(doubt.known for doubt in doubts):
        return Finding(check.title, Health.WRONG, told, check.mend)
    if doubts:
        return Finding(check.title, Health.UNKNOWN, told)
    return Finding(check.title, Health.OK, check.fine)


_HISTORY: Final = "no tick is older than what is kept"


def _history(script: Script, evidence: Evidence, now: int) -> Finding:
    """How old the ticks are that queries begin with, by their own time."""
    oldest = evidence.oldest
    if oldest is None:
        return Finding(_HISTORY, Health.UNKNOWN, evidence.unknown.get("history", "the ticks are not there"))
    told = too_old(script, oldest, now)
    deleted = f"; before them {oldest.deleted} offsets are gone from the topic" if oldest.deleted else ""
    if oldest.time is None:
        return Finding(_HISTORY, Health.OK, "there are none so far")
    began, unread = _read_of_ticks(script, evidence)
    if told is None or (began and not unread):
        behind = "" if told is None else ", and all of them were read"
        return Finding(_HISTORY, Health.OK, f"the oldest is of {written(oldest.time)}{behind}{deleted}")
    if began:
        return Finding(_HISTORY, Health.UNKNOWN, f"{told}; {unread} offsets are still to be read{deleted}")
    mend = "drop the pipeline with its topics, and deploy it with a longer --retention"
    return Finding(_HISTORY, Health.WRONG, f"{told}{deleted}", mend)


def _read_of_ticks(script: Script, evidence: Evidence) -> tuple[bool, int]:
    """Whether the base has begun to read the ticks, and how many offsets it has yet to."""
    ticks = script.of("source")
    base = next(entity for entity in script.entities if ticks.name in entity.reads)
    found = evidence.sources.get(base.name)
    offsets = [] if found is None else [item for item in found.offsets if item.topic == ticks.topic]
    return bool(offsets), sum(item.unread(1) for item in offsets)


_STORES: Final = "the stores have no lag"


def _stores(evidence: Evidence) -> Finding:
    """What the hosts say of each other's stores, where the server keeps watch of that."""
    if evidence.cluster is None:
        seen = evidence.unknown.get("cluster", "the server does not say (ksql.heartbeat.enable is off)")
        return Finding(_STORES, Health.UNKNOWN, seen)
    dead = [host for host, state in evidence.cluster.items() if not state.get("hostAlive", True)]
    if dead:
        return Finding(_STORES, Health.WRONG, f"no heartbeat from {', '.join(dead)}", "start these hosts")
    behind = sum(_lag(state) for state in evidence.cluster.values())
    if behind:
        return Finding(_STORES, Health.UNKNOWN, f"{behind} records behind; look again whether that falls")
    return Finding(_STORES, Health.OK, f"{len(evidence.cluster)} hosts, all up to date")


def _lag(host: Mapping[str, Mapping[str, Mapping[str, Mapping[str, Mapping[str, Mapping[str, int]]]]]]) -> int:
    stores = (host.get("hostStoreLags") or {}).get("stateStoreLags") or {}
    return sum(part["offsetLag"] for store in stores.values() for part in store["lagByPartition"].values())


_SUBJECTS: Final = "one schema id for all keys"
_FOR_REGISTRY: Final = 2.0


def _registry(script: Script, subjects: Subjects | None, clock: Clock, end: float) -> Finding:
    """Partitions are chosen by the key's bytes, and the schema's id is among them."""
    if subjects is None:
        return Finding(_SUBJECTS, Health.UNKNOWN, "the schema registry is not known; give --registry")
    topics = dict.fromkeys(entity.topic for entity in script.entities)
    versions: dict[str, dict[int, int]] = {}
    for subject in (f"{topic}-{part}" for topic in topics for part in ("key", "value")):
        if clock.monotonic() >= end:
            return Finding(
                _SUBJECTS, Health.UNKNOWN, f"the registry is slow: no time left after {len(versions)} subjects"
            )
        try:
            versions[subject] = subjects.versions_of(subject)
        except BarloomError as error:
            return Finding(_SUBJECTS, Health.UNKNOWN, str(error))
    several = [name for name, found in versions.items() if len(found) > 1]
    ids = {found[max(found)] for name, found in versions.items() if found and name.endswith("-key")}
    if several or len(ids) > 1:
        told = [f"{name} has {len(versions[name])} versions" for name in several]
        told += [f"the keys have the ids {', '.join(map(str, sorted(ids)))}"] if len(ids) > 1 else []
        mend = "give every statement one KEY_SCHEMA_FULL_NAME, delete the topics and subjects, and deploy again"
        return Finding(_SUBJECTS, Health.WRONG, "; ".join(told), mend)
    return Finding(_SUBJECTS, Health.OK, f"{len(versions)} subjects, one version each")
