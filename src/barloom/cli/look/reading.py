"""Where the reading commands read: a store, or the topics of a definition on Kafka."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import Group, Parameter

from barloom.cli.formats import UsageError
from barloom.cli.look.asking import level_of
from barloom.front.load import load
from barloom.kafka import names_input
from barloom.read.bucket import TimeBucket
from barloom.store.opening import open_for_reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from barloom.kafka import KafkaApp
    from barloom.read.bar import Bar
    from barloom.read.readable import Readable

__all__ = ["NO_TOPICS", "Topics", "bucket_in", "opened"]

_KAFKA = Group("Kafka", help="Reading the topics of bars; --store then is the reader's own copy.", sort_key=1)


@Parameter(name="*", group=_KAFKA)
@dataclass(frozen=True)
class Topics:
    """What may be given to read from Kafka; all but the definition stands in its ``[kafka]`` as well."""

    definition: Annotated[
        str | None,
        Parameter(help="Read the topics of this definition: a TOML file, or module:attribute."),
    ] = None
    kafka: Annotated[str | None, Parameter(help="The brokers, HOST:PORT; several with commas.")] = None
    app: Annotated[str | None, Parameter(help="The application that makes the bars (default: the bars' name).")] = None
    name: Annotated[str | None, Parameter(help="The bars' name, where it is not the definition's.")] = None
    output_format: Annotated[
        Literal["avro", "avro-raw", "json"] | None, Parameter(help="How the bars are written.")
    ] = None
    registry: Annotated[str | None, Parameter(help="The URL of the schema registry.")] = None
    patience: Annotated[float, Parameter(help="Seconds to wait until all is read that is there.")] = 60.0

    def application(self, definition: str) -> KafkaApp:
        """The application of the definition, under these settings."""
        bars = load(definition)
        named = bars if self.name is None else bars.renamed(self.name)
        override = {
            "brokers": self.kafka,
            "app": self.app,
            "format": self.output_format,
            "output_format": self.output_format,
            "registry": self.registry,
        }
        needless = (
            {} if names_input(bars.beside) else {"input": named.plan.name}
        )  # which a reader of bars has no use for
        return named.kafka(override={name: value for name, value in override.items() if value} | needless)


NO_TOPICS: Final = Topics()


@contextmanager
def opened(store: Path | None, topics: Topics) -> Iterator[Readable]:
    """What the command reads: the store, or a copy of the topics that holds all that was in them when it began.

    With both, the store is the directory of the copy: the next command goes on from it.
    """
    if topics.definition is None:
        given = [name for name, value in vars(topics).items() if value and name != "patience"]
        if given:
            message = f"--{given[0].replace('_', '-')} reads from Kafka: say whose bars, with --definition bars.toml"
            raise UsageError(message)
        if store is None:
            message = "nothing to read: give --store DIR, or --definition bars.toml to read its topics on Kafka"
            raise UsageError(message)
        with open_for_reading(store) as held:
            yield held
        return
    with topics.application(topics.definition).reader(store) as reader:
        yield reader.wait_running(topics.patience).store


def bucket_in(held: Readable, timeframe: str) -> TimeBucket[Bar]:
    """The bars of a timeframe that has some."""
    level_of(held.plan, timeframe)
    return TimeBucket(held, timeframe)
