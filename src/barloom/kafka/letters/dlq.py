"""`DeadLetters`: the messages of an application that could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.clock import SystemClock
from barloom.kafka.letters.envelope import read_letter
from barloom.kafka.letters.replay import replay, select, was_replayed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from barloom.clock import Clock
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.kafka.letters.envelope import Letter
    from barloom.kafka.letters.replay import Replay
    from barloom.plan.identity import Topics

__all__ = ["DeadLetters"]


class DeadLetters:
    """The topic of dead letters of one application; `topic` is its name."""

    def __init__(self, settings: KafkaSettings, names: Topics, clock: Clock | None = None) -> None:
        self._settings = settings
        self._names = names
        self._clock = clock or SystemClock()
        self.topic = names.dead_letter

    def list(self, meant: Callable[[Letter], bool] = lambda _: True) -> Iterator[tuple[Letter, bool]]:
        """The letters that are meant, and whether each was put back before."""
        return select(self._settings, self._names, meant)

    def show(self, partition: int, offset: int) -> tuple[Letter, bool] | None:
        """One letter, and whether it was put back before; none where there is none, or no longer."""
        found = read_letter(self._settings, self.topic, partition, offset)
        return None if found is None else (found, was_replayed(self._settings, self._names, found))

    def replay(self, meant: Callable[[Letter], bool], *, progress: Callable[[int], None] | None = None) -> Replay:
        """Put letters back into the topics and partitions that they came from, each exactly once.

        What was put back before is left out, so that this can be repeated after any interruption. `progress` is told
        how many were put back, after each commit.
        """
        return replay(self._settings, self._names, meant, self._clock, progress=progress)
