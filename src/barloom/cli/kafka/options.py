"""The options of the commands that work on Kafka: each wins over its entry in ``[kafka]``."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import Group, Parameter

from barloom.front.load import load

if TYPE_CHECKING:
    from barloom.front.bars import Bars
    from barloom.kafka import KafkaApp

__all__ = ["NO_OPTIONS", "KafkaOptions", "app_asked", "bars_asked"]

_KAFKA = Group("Kafka", sort_key=1)


@Parameter(name="*", group=_KAFKA)
@dataclass(frozen=True)
class KafkaOptions:
    """What may be given on the command line instead of in ``[kafka]``."""

    kafka: Annotated[str | None, Parameter(help="The brokers, HOST:PORT; several with commas.")] = None
    app: Annotated[
        str | None, Parameter(help="The application: its group, changelog and progress (default: the bars' name).")
    ] = None
    name: Annotated[
        str | None,
        Parameter(help="Another name for the bars than the definition's; it begins the names of their topics."),
    ] = None
    input: Annotated[
        tuple[str, ...],
        Parameter(negative="", show_default=False, help="The input topic; may be given several times."),
    ] = ()
    format: Annotated[Literal["avro", "avro-raw", "json"] | None, Parameter(help="How the input is written.")] = None
    registry: Annotated[str | None, Parameter(help="The URL of the schema registry.")] = None
    instance_id: Annotated[str | None, Parameter(help="This instance's own name, for static membership.")] = None
    metrics: Annotated[
        str | None, Parameter(help="Serve /metrics, /healthz and /readyz at HOST:PORT while running.")
    ] = None

    @property
    def given(self) -> list[str]:
        """The options that were given, as they are written."""
        return [f"--{name.replace('_', '-')}" for name, value in vars(self).items() if value]

    @property
    def override(self) -> dict[str, object]:
        """The settings that were given, as ``[kafka]`` calls them."""
        names = {"kafka": "brokers"}
        return {names.get(name, name): value for name, value in vars(self).items() if value and name != "name"}

    def same(self, definition: str) -> str:
        """What another command on the same application is given, as it is typed."""
        own = {"instance_id", "metrics"}
        values = [
            (f"--{name}", value)
            for name, given in vars(self).items()
            if given and name not in own
            for value in ((given,) if isinstance(given, str) else given)
        ]
        return shlex.join([definition, *chain.from_iterable(values)])


NO_OPTIONS: Final = KafkaOptions()


def bars_asked(definition: str, options: KafkaOptions) -> Bars:
    """The bars of a definition, under the name that the command line gives them."""
    bars = load(definition)
    return bars if options.name is None else bars.renamed(options.name)


def app_asked(definition: str, options: KafkaOptions) -> KafkaApp:
    """The application of a definition, with the command line's settings above its own."""
    return bars_asked(definition, options).kafka(override=options.override)
