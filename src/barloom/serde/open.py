"""All that a definition's topics are written and read with, made in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from barloom.serde.formats import Format
from barloom.serde.json_bars import JsonBarEncoder
from barloom.serde.json_events import JsonEventDecoder
from barloom.serde.json_late import JsonLateEncoder
from barloom.serde.json_reading import JsonBarDecoder
from barloom.serde.json_writing import JsonEventEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from barloom.plan.barplan import BarPlan
    from barloom.plan.identity import Topics
    from barloom.serde.json_text import JsonTimes
    from barloom.serde.protocol import BarDecoder, BarEncoder, EventDecoder, EventEncoder, LateEncoder
    from barloom.serde.registry import RegistrySettings
    from barloom.time.calendar import Calendar

__all__ = ["Serde", "open_serde"]


@dataclass(frozen=True)
class Serde:
    """The decoders and encoders of one definition; `bars` has one encoder a level, by its position."""

    events: EventDecoder
    event_encoder: EventEncoder
    bars: Sequence[BarEncoder]
    bar_decoder: BarDecoder
    late: LateEncoder


def open_serde(  # noqa: PLR0913 - one argument a setting
    plan: BarPlan,
    calendar: Calendar,
    *,
    format: Format,  # noqa: A002 - the setting's name
    output_format: Format | None = None,
    registry: RegistrySettings | None = None,  # noqa: ARG001
    schema: Path | None = None,  # noqa: ARG001
    namespace: str = "barloom",  # noqa: ARG001
    json_times: JsonTimes = "iso",
    topics: Topics | None = None,  # noqa: ARG001
    input_topics: Sequence[str] = (),  # noqa: ARG001
) -> Serde:
    """Make what reads the input, written as `format`, and what writes and reads the output topics."""
    output = output_format or format
    if Format.JSON not in (format, output):
        raise NotImplementedError
    encoder = JsonBarEncoder(plan, calendar, json_times)
    return Serde(
        events=JsonEventDecoder(plan),
        event_encoder=JsonEventEncoder(plan),
        bars=[encoder] * len(plan.levels),
        bar_decoder=JsonBarDecoder(plan, json_times),
        late=JsonLateEncoder(plan, json_times),
    )
