"""What a definition, in TOML or in Python, says about Kafka."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from barloom.kafka.config.declared import Kafka
from barloom.plan.load import in_module

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["declared_kafka"]


def declared_kafka(target: str | Path) -> Mapping[str, object] | Kafka | None:
    """The document with a ``[kafka]``, or the `Kafka` called ``kafka`` beside the bars of a module; none without one.

    Asked for after the bars were loaded: the target is known to be in order.
    """
    named = in_module(target)
    if named is not None:
        found = getattr(sys.modules[named[0]], "kafka", None)
        return found if isinstance(found, Kafka) else None
    from tomllib import loads  # noqa: PLC0415 - only where TOML is read

    document = loads(Path(target).read_text(encoding="utf-8"), parse_float=Decimal)
    return document if "kafka" in document else None
