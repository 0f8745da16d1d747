"""A server double that speaks ksqlDB's REST over real HTTP, and fails when it is told to.

By itself it keeps the sources that statements make, with the server's own text of them, refuses what the planner and
the grammar of a real 8.5 server refuse, and answers in its shape. `Rule`s come first: they answer the requests that
they match, a number of times or until a moment of the tests' clock.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from ksqldb.planner import refused
from ksqldb.reading_sql import statements
from ksqldb.server_text import servers_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.ksqldb.compile.script import Entity, Script, SqlColumn
    from barloom.testing.clock import FakeClock
    from ksqldb.reading_sql import Statement

NOT_READY = (
    503,
    {"@type": "generic_error", "error_code": 50302, "message": "KSQL is not yet ready to serve requests."},
)
UNAUTHORIZED = (401, {"@type": "generic_error", "error_code": 40100, "message": "Unauthorized"})
REBALANCING = (
    400,
    {
        "@type": "statement_error",
        "error_code": 40001,
        "message": "Error starting pull query: Cannot determine which host contains the required partitions to serve "
        "the pull query. \nThe underlying persistent query may be restarting.",
        "entities": [],
    },
)
NO_HOST = (
    503,
    {
        "@type": "generic_error",
        "error_code": 50000,
        "message": "Unable to execute pull query. [Partition 0 failed to find valid host. Hosts scanned: [h:1 was not "
        "selected because Lag information is not present for host.]]",
    },
)
COMMAND_TIMEOUT = (
    500,
    {
        "@type": "statement_error",
        "error_code": 50000,
        "message": "Could not write the statement 'x' into the command topic.\nCaused by: Timeout while waiting for "
        "command topic consumer to process command topic",
        "entities": [],
    },
)
LOST = "lost"
"""An answer that never comes: the connection is closed after the request was read."""


def refusal(message: str, code: int = 40001, status: int = 400, entities: list[Any] | None = None) -> tuple[int, Any]:
    """A statement that is refused."""
    return status, {"@type": "statement_error", "error_code": code, "message": message, "entities": entities or []}


@dataclass
class Request:
    """What came in: ``POST /ksql SHOW QUERIES;`` as one text, and the parts."""

    line: str
    sql: str
    properties: dict[str, str]
    headers: dict[str, str]


@dataclass
class Rule:
    """Answers requests whose line matches, at most `times`, while the clock is before `until`; `after` runs then."""

    pattern: str
    answer: Any
    times: int | None = None
    until: float | None = None
    done_anyway: bool = False


@dataclass
class Query:
    """A query of the double: what EXPLAIN and SHOW QUERIES tell."""

    id: str
    properties: dict[str, str]
    state: str = "RUNNING"
    errors: list[dict[str, Any]] = field(default_factory=list)
    tasks: int = 2
    first: int = 0
    end: int = 60
    position: int = 60


class KsqlDouble:
    """A server on a free port of the loopback; use it as a context manager."""

    def __init__(self, script: Script, clock: FakeClock) -> None:
        self.script = script
        self.clock = clock
        self.rules: list[Rule] = []
        self.requests: list[Request] = []
        self.statements: dict[str, str] = {}
        self._sources: dict[str, Statement] = {}
        self.queries: dict[str, Query] = {}
        self.topics: set[str] = set()
        self.rows: dict[str, list[list[Any]]] = {}
        self.ticks = [(part, 0, "2020-01-01T00:00:00.000") for part in range(script.of("source").partitions)]
        self.healthy = True
        self.login: str | None = None
        self.token: str | None = None
        self.cluster: dict[str, Any] | None = None
        self.pushing = threading.Event()
        self.gone = threading.Event()
        self._offset = 0
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"double": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def asked(self, pattern: str) -> list[str]:
        """The statements of the requests that match."""
        return [request.sql or request.line for request in self.requests if re.search(pattern, request.line)]

    def rule(self, pattern: str, answer: object, **how: Any) -> None:  # noqa: ANN401 - what a `Rule` takes
        """Answer otherwise."""
        self.rules.append(Rule(pattern, answer, **how))

    def deploy(self) -> None:
        """Have all of the script, as if somebody had deployed it."""
        for entity in self.script.entities:
            self.create(entity, dict(self.script.settings))

    def create(self, entity: Entity, properties: dict[str, str]) -> str | None:
        """Make a source; the id of its query."""
        self._offset += 2
        self._sources[entity.name] = statements(entity.sql)[0]
        self.statements[entity.name] = servers_text(entity.sql)
        self.topics.add(entity.topic)
        if not entity.derived:
            return None
        self.queries[entity.name] = Query(f"CTAS_{entity.name}_{self._offset}", properties)
        return self.queries[entity.name].id

    def answer(self, request: Request) -> Any:  # noqa: ANN401 - one of several kinds
        """The answer to a request: status and body, `LOST`, or the lines of a push query."""
        refused = self._refused(request)
        if refused is not None:
            return refused
        for rule in self.rules:
            over = rule.until is not None and self.clock.monotonic() >= rule.until
            if over or rule.times == 0 or not re.search(rule.pattern, request.line):
                continue
            if rule.times is not None:
                rule.times -= 1
            if rule.done_anyway:
                self.own(request)
            return rule.answer(request) if callable(rule.answer) else rule.answer
        return self.own(request)

    def _refused(self, request: Request) -> tuple[int, Any] | None:
        given = request.headers.get("authorization", "")
        if self.login is not None and given != f"Basic {self.login}":
            return UNAUTHORIZED
        if self.token is not None and given != f"Bearer {self.token}":
            return UNAUTHORIZED
        return None

    def own(self, request: Request) -> Any:  # noqa: ANN401 - an answer
        """Its answer without any rule."""
        for pattern, act in self._acts():
            match = re.match(pattern, request.line, re.DOTALL | re.IGNORECASE)
            if match is not None:
                return act(request, match)
        return 404, None

    def _acts(self) -> list[tuple[str, Callable[[Request, re.Match[str]], Any]]]:
        return [
            ("GET /info", lambda *_: (200, {"KsqlServerInfo": {"version": "8.5.0-0", "serverStatus": "RUNNING"}})),
            ("GET /healthcheck", lambda *_: (200, self._health())),
            ("GET /clusterStatus", lambda *_: self._cluster()),
            ("POST /ksql SHOW QUERIES;", lambda *_: _entity("queries", queries=self._running())),
            ("POST /ksql SHOW TOPICS;", lambda *_: _entity("kafka_topics", topics=self._topics())),
            (r"POST /ksql DESCRIBE (\S+) EXTENDED;", lambda _, match: self.describe(match[1])),
            (r"POST /ksql (?:EXPLAIN|TERMINATE|RESUME) (?!`)(\S*?)-", lambda _, match: _no_identifier(match)),
            (r"POST /ksql EXPLAIN `?([^`]+)`?;", lambda _, match: self.explain(match[1])),
            (r"POST /ksql CREATE (?:STREAM|TABLE) (\S+)", self._create),
            (r"POST /ksql DROP (?:STREAM|TABLE) (\S+?)( DELETE TOPIC)?;", lambda _, match: self._drop(*match.groups())),
            (r"POST /query-stream SELECT \* FROM (\S+)", lambda _, match: self.pull(match[1])),
            (r"POST /query-stream SELECT ROWPARTITION AS (\w+), ROWOFFSET AS (\w+), (\S+) AS (\w+) FROM", self._ticks),
        ]

    def _health(self) -> dict[str, Any]:
        return {
            "isHealthy": self.healthy,
            "details": {"kafka": {"isHealthy": True}, "commandRunner": {"isHealthy": self.healthy}},
            "serverState": "READY",
        }

    def _cluster(self) -> tuple[int, Any]:
        return (404, None) if self.cluster is None else (200, {"clusterStatus": self.cluster})

    def _topics(self) -> list[dict[str, Any]]:
        return [{"name": name, "replicaInfo": [1]} for name in sorted(self.topics)]

    def _running(self) -> list[dict[str, Any]]:
        return [self._query(name) for name in self.queries]

    def _query(self, name: str) -> dict[str, Any]:
        query = self.queries[name]
        return {
            "queryString": self.statements[name],
            "sinks": [name],
            "sinkKafkaTopics": [self.script.entity(name).topic],
            "id": query.id,
            "statusCount": {query.state: 1},
            "queryType": "PERSISTENT",
            "state": "RUNNING",
        }

    def describe(self, sql_name: str) -> tuple[int, Any]:
        """Its answer to DESCRIBE."""
        name = _stored(sql_name)
        if name not in self.statements:
            return refusal(f"Could not find STREAM/TABLE '{name}' in the Metastore")
        entity = self.script.entity(name)
        fields = [_field(column, key=True) for column in entity.key_columns]
        fields += [_field(column, key=False) for column in entity.columns]
        readers = [item.name for item in self.script.entities if name in item.reads and item.name in self.statements]
        description = {
            "name": name,
            "windowType": "TUMBLING" if entity.windowed else None,
            "writeQueries": [self._query(name)] if name in self.queries else [],
            "fields": fields,
            "type": entity.kind.value,
            "timestamp": entity.timestamp_column or "",
            "extended": True,
            "keyFormat": "AVRO",
            "valueFormat": "AVRO",
            "topic": entity.topic,
            "partitions": entity.partitions,
            "replication": entity.replicas,
            "statement": self.statements[name],
            "sourceConstraints": readers,
            "queryOffsetSummaries": [self._offsets(name)] if name in self.queries else [],
        }
        return _entity("sourceDescription", sourceDescription=description)

    def _offsets(self, name: str) -> dict[str, Any]:
        """Where a query stands in the topic that it reads; a group that never read is not in it."""
        query = self.queries[name]
        topic = self.script.entity(self.script.entity(name).reads[0]).topic
        one = {
            "partition": 0,
            "logStartOffset": query.first,
            "logEndOffset": query.end,
            "consumerOffset": query.position,
        }
        read = query.position > 0 or query.end == 0
        summaries = [{"kafkaTopic": topic, "offsets": [one]}] if read else []
        return {"groupId": f"_confluent-ksql-query_{query.id}", "topicSummaries": summaries}

    def explain(self, query_id: str) -> tuple[int, Any]:
        """Its answer to EXPLAIN."""
        name = next((name for name, query in self.queries.items() if query.id == query_id), None)
        if name is None:
            return refusal(
                f"Query with id:{query_id} does not exist, use SHOW QUERIES to view the full set of queries."
            )
        query = self.queries[name]
        offsets = [{"endOffset": query.end - 1, "committedOffset": query.position}]
        description = {
            "id": query.id,
            "statementText": self.statements[name],
            "sources": list(self.script.entity(name).reads),
            "sinks": [name],
            "overriddenProperties": query.properties,
            "queryErrors": query.errors,
            "tasksMetadata": [{"taskId": f"0_{task}", "topicOffsets": offsets} for task in range(query.tasks)],
            "state": "RUNNING",
        }
        return _entity("queryDescription", queryDescription=description)

    def _create(self, request: Request, match: re.Match[str]) -> tuple[int, Any]:
        name = _stored(match[1])
        if name in self.statements:
            return refusal(f"Cannot add stream '{name}': A stream with the same name already exists")
        try:
            (statement,) = statements(request.sql)
        except AssertionError as error:
            return refusal(f"line 1:1: Syntax Error\n{error}")
        refused_by_planner = refused(statement, self._sources)
        if refused_by_planner is not None:
            return refusal(refused_by_planner)
        query = self.create(self.script.entity(name), request.properties)
        status = {"status": "SUCCESS", "message": "created", "queryId": query}
        return _entity("currentStatus", statementText=request.sql, commandStatus=status)

    def _drop(self, sql_name: str, delete: str | None) -> tuple[int, Any]:
        name = _stored(sql_name)
        if name not in self.statements:
            return refusal(f"Source {name} does not exist.")
        del self.statements[name]
        self._sources.pop(name, None)
        self.queries.pop(name, None)
        if delete:
            self.topics.discard(self.script.entity(name).topic)
        return _entity("currentStatus", commandStatus={"status": "SUCCESS", "message": "dropped"})

    def _ticks(self, _: Request, match: re.Match[str]) -> Any:  # noqa: ANN401 - an answer
        """The ticks that are there, and then silence."""
        names = [match[1].upper(), match[2].upper(), match[4].upper()]
        header = {"queryId": "transient_1", "columnNames": names, "columnTypes": ["INTEGER", "BIGINT", "TIMESTAMP"]}
        assert match[3].upper().strip("`") == self.script.of("source").timestamp_column
        return [json.dumps(header), *(json.dumps(list(tick)) for tick in self.ticks), ""]

    def pull(self, sql_name: str) -> tuple[int, Any]:
        """Its answer to a pull query."""
        name = _stored(sql_name)
        if name not in self.statements:
            return refusal(f"Exception while preparing statement: {name} does not exist.")
        if name not in self.queries:
            return refusal(f"The `{name}` table isn't queryable. To derive a queryable table, you can do 'CREATE …'")
        entity = self.script.entity(name)
        columns = [*entity.key_columns, ("WINDOWSTART", "BIGINT"), ("WINDOWEND", "BIGINT"), *entity.columns]
        names, kinds = zip(*columns, strict=True)
        return 200, [{"queryId": "query_1", "columnNames": names, "columnTypes": kinds}, *self.rows.get(name, [])]


class _Server(ThreadingHTTPServer):
    """Clients of these tests go away in the middle of things."""

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class has it
        """Raise what is no broken connection."""
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            super().handle_error(request, client_address)


def _entity(kind: str, **body: object) -> tuple[int, Any]:
    return 200, [{"@type": kind, "statementText": "", "warnings": [], **body}]


def _no_identifier(match: re.Match[str]) -> tuple[int, Any]:
    """Without quotes a name ends at its first dash."""
    words = match[0].removeprefix("POST /ksql ")
    return refusal(f"line 1:{len(words)}: Syntax Error\nExpecting ';'")


def _stored(sql_name: str) -> str:
    return sql_name.strip("`") if sql_name.startswith("`") else sql_name.upper()


def _field(column: SqlColumn, *, key: bool) -> dict[str, Any]:
    match = re.fullmatch(r"DECIMAL\((\d+), (\d+)\)", column.type)
    schema: dict[str, Any] = {"type": column.type.replace("VARCHAR", "STRING"), "fields": None, "memberSchema": None}
    if match is not None:
        schema |= {"type": "DECIMAL", "parameters": {"precision": int(match[1]), "scale": int(match[2])}}
    return {"name": column.name, "schema": schema, **({"type": "KEY"} if key else {})}


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    double: KsqlDouble
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a head and a body are two packets, which would wait for each other

    def do_GET(self) -> None:
        self._serve("GET", {})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self._serve("POST", json.loads(self.rfile.read(length) or b"{}"))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _serve(self, method: str, body: dict[str, Any]) -> None:
        sql = body.get("ksql") or body.get("sql") or ""
        properties = body.get("streamsProperties") or body.get("properties") or {}
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(f"{method} {self.path} {sql}".strip(), sql, properties, headers)
        self.double.requests.append(request)
        answer = self.double.answer(request)
        if answer == LOST:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif isinstance(answer, list):
            self._stream(answer)
        else:
            self._send(*answer)

    def _send(self, status: int, body: object) -> None:
        data = body.encode() if isinstance(body, str) else b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, lines: list[str]) -> None:
        """Lines of a push query, and then silence until the other side goes away; a last ``end`` ends it."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        ends = lines[-1] == "end"
        for line in lines[:-1] if ends else lines:
            self._chunk(line + "\n")
        self.double.pushing.set()
        if ends:
            self.wfile.write(b"0\r\n\r\n")
            return
        self.close_connection = True
        while self.connection.recv(1024):
            pass
        self.double.gone.set()

    def _chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()
