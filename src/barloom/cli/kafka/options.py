"""The options of the commands that work on Kafka: each wins over its entry in ``[kafka]``."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import Group, Parameter

from barloom.kafka.config.asked import declared_kafka
from barloom.kafka.config.settings import kafka_settings
from barloom.plan.build import renamed
from barloom.plan.load import load

if TYPE_CHECKING:
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan

__all__ = ["NO_OPTIONS", "KafkaOptions", "plan_asked", "settings_asked"]

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


def plan_asked(definition: str, options: KafkaOptions) -> BarPlan:
    """The plan of a definition, under the name that the command line gives its bars."""
    plan = load(definition).plan
    return plan if options.name is None else renamed(plan, options.name)


def settings_asked(definition: str, plan: BarPlan, options: KafkaOptions) -> KafkaSettings:
    """The settings of a definition under the command line's; `DefinitionError` where there are none or wrong ones."""
    return kafka_settings(
        declared_kafka(definition) or {},
        plan,
        brokers=options.kafka,
        app=options.app,
        input=options.input or None,
        format=options.format,
        registry=options.registry,
        instance_id=options.instance_id,
        metrics=options.metrics,
    )
