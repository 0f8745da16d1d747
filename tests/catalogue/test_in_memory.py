"""The catalogue on the in-memory log: any number of partitions and instances, and a clock that moves by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.testing import Driver
from catalogue.cascade import CascadeCases
from catalogue.duplicates import DuplicateCases
from catalogue.end_to_end import EndToEndCases
from catalogue.finals import FinalCases
from catalogue.handover import HandOverCases
from catalogue.heartbeat import HeartbeatCases, HeartbeatHoursCases
from catalogue.on_exchanges import ExchangeCases
from catalogue.rounding import RoundingCases
from catalogue.sessions import SessionCases
from catalogue.watermark import WatermarkCases

if TYPE_CHECKING:
    from barloom import Bars
    from barloom.time.calendar import Calendar


class TestInMemory(
    HeartbeatCases,
    HeartbeatHoursCases,
    FinalCases,
    CascadeCases,
    WatermarkCases,
    SessionCases,
    ExchangeCases,
    HandOverCases,
    DuplicateCases,
    RoundingCases,
    EndToEndCases,
):
    """All named cases."""

    def open(self, bars: Bars, *, calendar: Calendar | None = None) -> Driver:
        """One instance with one partition."""
        return Driver(bars, calendar=calendar)

    def group(self, bars: Bars, *instances: str) -> Driver:
        """Several instances for one partition."""
        return Driver(bars, instances=instances)

    def share(self, bars: Bars, *instances: str) -> Driver:
        """As many partitions as instances."""
        driver = Driver(bars, partitions=len(instances), instances=instances)
        driver.assign({name: [number] for number, name in enumerate(instances)})
        return driver

    def symbols_by_partition(self, driver: Driver, timeframe: str) -> dict[int, set[str]]:
        """As they were committed."""
        topic = f"{driver.plan.name}_live_{timeframe}"
        return {
            number: {record.value["symbol"] for record in driver.log.read(topic, number).records if record.value}
            for number in range(driver.log.partitions(topic))
        }
