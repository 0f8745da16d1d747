"""What it takes to test bars without any server: a log, a clock, calendars, and a driver that lets things go wrong.

Everything here is public. `Driver` runs a definition step by step; the doubles under it can be used by themselves.
"""

from barloom.testing.calendar import FakeSessionCalendar
from barloom.testing.clock import FakeClock
from barloom.testing.consumer import InMemoryConsumer
from barloom.testing.driver import Driver
from barloom.testing.group import (
    GroupMetadata,
    IllegalGenerationError,
    InMemoryGroup,
    TopicPartition,
    UnknownMemberError,
)
from barloom.testing.instance import Point
from barloom.testing.log import InMemoryLog, Record
from barloom.testing.producer import InMemoryProducer, ProducerFencedError
from barloom.testing.progress import InMemoryWindowProgressStore
from barloom.testing.publication import FinalRepeatedError
from barloom.testing.stubs import KeyCatalogStub, PartitionWatcherStub

__all__ = [
    "Driver",
    "FakeClock",
    "FakeSessionCalendar",
    "FinalRepeatedError",
    "GroupMetadata",
    "IllegalGenerationError",
    "InMemoryConsumer",
    "InMemoryGroup",
    "InMemoryLog",
    "InMemoryProducer",
    "InMemoryWindowProgressStore",
    "KeyCatalogStub",
    "PartitionWatcherStub",
    "Point",
    "ProducerFencedError",
    "Record",
    "TopicPartition",
    "UnknownMemberError",
]
