"""What it takes to test bars without any server: a log, a clock, calendars, and a driver that lets things go wrong.

Everything here is public. `Driver` runs a definition step by step; the doubles under it can be used by themselves.
`VenueDouble` stands in for a trading venue: its websocket and its history, with troubles as a `Script` says.
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
from barloom.testing.venues import MarketTrade, Script, VenueDouble, VenueMarket
from barloom.testing.venues.troubles import (
    ClockSkew,
    Delisted,
    Disconnect,
    Duplicates,
    Forgotten,
    HistoryLag,
    Hole,
    Life,
    LostTail,
    Maintenance,
    OddAnswers,
    OutOfOrder,
    Restarted,
    RestDown,
    ServerErrors,
    Silence,
    SlowAnswers,
    TooMany,
    WrongJson,
)

__all__ = [
    "ClockSkew",
    "Delisted",
    "Disconnect",
    "Driver",
    "Duplicates",
    "FakeClock",
    "FakeSessionCalendar",
    "FinalRepeatedError",
    "Forgotten",
    "GroupMetadata",
    "HistoryLag",
    "Hole",
    "IllegalGenerationError",
    "InMemoryConsumer",
    "InMemoryGroup",
    "InMemoryLog",
    "InMemoryProducer",
    "InMemoryWindowProgressStore",
    "KeyCatalogStub",
    "Life",
    "LostTail",
    "Maintenance",
    "MarketTrade",
    "OddAnswers",
    "OutOfOrder",
    "PartitionWatcherStub",
    "Point",
    "ProducerFencedError",
    "Record",
    "RestDown",
    "Restarted",
    "Script",
    "ServerErrors",
    "Silence",
    "SlowAnswers",
    "TooMany",
    "TopicPartition",
    "UnknownMemberError",
    "VenueDouble",
    "VenueMarket",
    "WrongJson",
]
