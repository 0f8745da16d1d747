"""Instances of one application, and what they tell of their partitions."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from children import Child

if TYPE_CHECKING:
    from collections.abc import Collection

    from scene import Work

SCRIPT = Path(__file__).with_name("member.py")
_PATIENCE = 180.0


class Change(NamedTuple):
    """What an instance's partitions became, and when on the monotonic clock."""

    at: float
    states: dict[str, str]


class Member(Child):
    """One instance of a definition."""

    def __init__(self, work: Work, name: str) -> None:
        super().__init__(
            sys.executable, str(SCRIPT), str(work.file), says=work.file.with_name(f"{work.file.stem}-{name}.log")
        )

    def changes(self) -> list[Change]:
        """All that it has told so far."""
        lines = self.says.read_text().splitlines()
        return [Change(**json.loads(line)) for line in lines if line.startswith('{"at"') and line.endswith("}")]

    def running(self) -> set[int]:
        """The partitions that it runs now."""
        told = self.changes()
        return {int(number) for number, state in told[-1].states.items() if state == "RUNNING"} if told else set()

    def wait_for(self, partitions: Collection[int]) -> None:
        """Wait until it runs these, and no others."""
        end = time.monotonic() + _PATIENCE
        while self.running() != set(partitions):
            self.check()
            if time.monotonic() > end:
                message = f"partitions {sorted(partitions)} were not reached:\n{self.says.read_text()[-2_000:]}"
                raise TimeoutError(message)
            time.sleep(0.02)

    def seconds_to_run(self, since: float = 0) -> float:
        """From the first assignment after `since` to the moment when everything runs."""
        told = [change for change in self.changes() if change.at >= since]
        began = next(change.at for change in told if "RESTORING" in change.states.values())
        done = next(change.at for change in told if change.at > began and set(change.states.values()) == {"RUNNING"})
        return done - began


def share_evenly(one: Member, other: Member, partitions: int) -> None:
    """Wait until two instances run half of the partitions each."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        one.check()
        other.check()
        first, second = one.running(), other.running()
        if len(first) == len(second) == partitions // 2 and len(first | second) == partitions:
            return
        time.sleep(0.05)
    message = f"two instances did not share the partitions: {first}, {second}"
    raise TimeoutError(message)
