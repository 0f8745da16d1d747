"""The refused rows of an application, read back from their topic."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from barloom.errors import SourceError
from barloom.kafka.events.scan import scan
from barloom.kafka.letters.dead_letters import raw
from barloom.kafka.reader.written import serde_of
from barloom.telemetry.logs import get_logger
from barloom.time.calendars import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan
    from barloom.store.protocol import SideRecord

__all__ = ["rejected_rows"]

_LOG = get_logger("barloom.kafka.rejected")


def rejected_rows(plan: BarPlan, settings: KafkaSettings, topic: str) -> Iterator[SideRecord]:
    """The refused rows that the topic holds when it is asked, in order within each partition.

    A message that is none is passed over. Raises `TopicMismatch` where there is no such topic.
    """
    with closing(serde_of(plan, settings, resolve(plan.calendar))) as serde:
        decode = serde.late_decoder.decode
        for message in scan(settings, topic):
            value = raw(message.value())
            if value is None:
                continue
            try:
                yield decode(value)
            except SourceError as error:
                place = {"partition": message.partition(), "offset": message.offset()}
                _LOG.warning("message passed over", topic=topic, **place, error=str(error))
