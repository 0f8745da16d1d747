"""Where the reading commands read: a store, or the topics of a definition on Kafka."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import Group, Parameter

from barloom.cli.formats import UsageError
from barloom.cli.look.asking import level_of
from barloom.kafka.config.asked import declared_kafka
from barloom.kafka.config.declared import Kafka
from barloom.kafka.config.settings import kafka_settings
from barloom.plan.build import renamed
from barloom.plan.load import load
from barloom.read.bucket import TimeBucket
from barloom.store.opening import open_for_reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan
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

    def settings(self, definition: str, plan: BarPlan) -> KafkaSettings:
        """The settings of the definition under these."""
        declared = declared_kafka(definition) or {}
        return kafka_settings(
            declared,
            plan,
            brokers=self.kafka,
            app=self.app,
            input=None if _names_input(declared) else (plan.name,),  # which a reader of bars does not need
            format=self.output_format,
            output_format=self.output_format,
            registry=self.registry,
        )


NO_TOPICS: Final = Topics()


def _names_input(declared: object) -> bool:
    if isinstance(declared, Kafka):
        return declared.input is not None
    table = declared.get("kafka") if isinstance(declared, dict) else None
    return isinstance(table, dict) and "input" in table


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
    from barloom.kafka.reader.opening import open_reader  # noqa: PLC0415 - reading a store needs none of it

    plan = load(topics.definition).plan
    plan = plan if topics.name is None else renamed(plan, topics.name)
    with open_reader(plan, topics.settings(topics.definition, plan), store) as reader:
        yield reader.wait_running(topics.patience).store


def bucket_in(held: Readable, timeframe: str) -> TimeBucket[Bar]:
    """The bars of a timeframe that has some."""
    level_of(held.plan, timeframe)
    return TimeBucket(held, timeframe)
