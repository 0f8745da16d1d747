"""``barloom serve``: bars over HTTP, until it is told to stop."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

from cyclopts import Parameter

from barloom.cli import machine
from barloom.cli.exits import Exit
from barloom.cli.formats import UsageError
from barloom.cli.kafka.run import stopped_by_signals
from barloom.cli.ksqldb.server import ServerOptions, server_of
from barloom.cli.options import AsJson  # noqa: TC001 - the command line reads it
from barloom.cli.screen import err, say
from barloom.cli.serving.options import NO_LIMITS, NO_SAFETY, LimitOptions, SafetyOptions, named
from barloom.front.load import load
from barloom.kafka import names_input
from barloom.serve import app
from barloom.serve import listen as listening
from barloom.telemetry.logs import configure

if TYPE_CHECKING:
    from barloom.front.bars import Bars
    from barloom.kafka import KafkaApp
    from barloom.serve import Servable, Serving

__all__ = ["serve"]

_HERE: Final = "127.0.0.1:8080"

_Listen = Annotated[str, Parameter(help="HOST:PORT. Beyond this machine only with tokens, or --open.")]
_Stores = Annotated[
    tuple[str, ...],
    Parameter(
        name="--store",
        negative="",
        show_default=False,
        help="DIR, or NAME=DIR, of a store; may be given several times.",
    ),
]
_Definitions = Annotated[
    tuple[str, ...],
    Parameter(
        name="--definition",
        negative="",
        show_default=False,
        help="A definition, or NAME=DEFINITION, whose topics on Kafka are read as its [kafka] says.",
    ),
]
_Ksqldb = Annotated[
    tuple[str, ...],
    Parameter(
        negative="", show_default=False, help="A definition, or NAME=DEFINITION, whose tables in ksqlDB are asked."
    ),
]
_Kafka = Annotated[str | None, Parameter(help="The brokers, where no [kafka] says them.")]
_KsqldbUrl = Annotated[
    str | None, Parameter(help="The ksqlDB server (or BARLOOM_KSQLDB_URL); who asks stands in the environment.")
]
_Copies = Annotated[
    Path | None, Parameter(help="A directory for the copies of topics, from which the next start goes on.")
]


def serve(  # noqa: PLR0913 - the options of a command
    *,
    listen: _Listen = _HERE,
    store: _Stores = (),
    definition: _Definitions = (),
    ksqldb: _Ksqldb = (),
    kafka: _Kafka = None,
    ksqldb_url: _KsqldbUrl = None,
    copies: _Copies = None,
    safety: SafetyOptions = NO_SAFETY,
    limits: LimitOptions = NO_LIMITS,
    as_json: AsJson = False,
) -> Exit:
    """Serve."""
    if not (store or definition or ksqldb):
        message = "nothing to serve: give --store DIR, or --definition bars.toml for its topics on Kafka"
        raise UsageError(message)
    configure(json=not err().is_terminal)
    with ExitStack() as stack:
        serving = app(
            _served(_Asked(store, definition, ksqldb, kafka, copies, ksqldb_url), stack),
            tokens=safety.all_tokens,
            hosts=safety.host,
            cors=safety.cors,
            limits=limits.limits,
        )
        stack.callback(serving.close)
        endpoint = stack.enter_context(
            listening(serving, listen, tls=safety.tls, open_to_all=safety.open, proxies=safety.proxy)
        )
        stop, seen = stack.enter_context(stopped_by_signals())
        _tell(serving, endpoint.url, as_json=as_json)
        stop.wait()
    return Exit.INTERRUPTED if signal.SIGINT in seen else Exit.OK


class _Asked(NamedTuple):
    """What is to be served."""

    stores: tuple[str, ...]
    definitions: tuple[str, ...]
    ksqldb: tuple[str, ...]
    kafka: str | None
    copies: Path | None
    ksqldb_url: str | None


def _served(asked: _Asked, stack: ExitStack) -> dict[str, Servable]:
    """Everything by its name; readers of Kafka end with the stack."""
    found: dict[str, Servable] = {}
    for name, target in map(named, asked.stores):
        _add(found, name, target)
    for name, target in map(named, asked.definitions):
        copy = None if asked.copies is None else asked.copies / name
        _add(found, name, stack.enter_context(_application(load(target), asked.kafka).reader(copy)))
    for name, target in map(named, asked.ksqldb):
        _add(found, name, load(target).ksqldb(server_of(ServerOptions(url=asked.ksqldb_url))))
    return found


def _add(found: dict[str, Servable], name: str, what: Servable) -> None:
    if name in found:
        message = f"two things to serve are called {name!r}; give them names: --store NAME=DIR"
        raise UsageError(message)
    found[name] = what


def _application(bars: Bars, brokers: str | None) -> KafkaApp:
    """The application whose topics are read; a reader has no use for an input."""
    override = {} if brokers is None else {"brokers": brokers}
    return bars.kafka(override=override | ({} if names_input(bars.beside) else {"input": bars.plan.name}))


def _tell(serving: Serving, url: str, *, as_json: bool) -> None:
    """Say where, at once, also into a pipe."""
    if as_json:
        machine.emit("serve", {"url": url, "stores": serving.stores, "guarded": serving.guarded})
    else:
        asked = ", with a token" if serving.guarded else ""
        say(f"Serving {', '.join(serving.stores)} at {url}{asked}. The API is described at {url}/v1/docs")
        say("Ctrl-C stops it.")
    sys.stdout.flush()
