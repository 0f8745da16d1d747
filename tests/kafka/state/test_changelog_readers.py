"""Readers of changelogs are used again, unless they failed, and none stays open behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from barloom.errors import BrokerError
from barloom.kafka.state.changelog_reader import ChangelogReader, ChangelogReaders

if TYPE_CHECKING:
    from collections.abc import Callable


class Reader:
    """Stands for a connected one."""

    def __init__(self) -> None:
        self.rested, self.closed = 0, 0

    def rest(self) -> None:
        """It is done."""
        self.rested += 1

    def close(self) -> None:
        """Its connection ends."""
        self.closed += 1


@pytest.fixture
def made() -> list[Reader]:
    """All readers there ever were."""
    return []


@pytest.fixture
def readers(made: list[Reader]) -> ChangelogReaders:
    """Readers that connect nowhere."""

    def make() -> Reader:
        made.append(Reader())
        return made[-1]

    return ChangelogReaders(cast("Callable[[], ChangelogReader]", make))


def test_one_after_the_other_needs_one_connection(readers: ChangelogReaders, made: list[Reader]) -> None:
    """Two at a time need two."""
    for _ in range(3):
        with readers.one():
            pass
    assert [(3, 0)] == [(reader.rested, reader.closed) for reader in made]

    with readers.one(), readers.one():
        pass
    assert [(4, 0), (1, 0)] == [(reader.rested, reader.closed) for reader in made]


def test_one_that_failed_is_not_used_again(readers: ChangelogReaders, made: list[Reader]) -> None:
    """Whatever is wrong with it is gone with it."""
    message = "the connection is gone"
    with pytest.raises(BrokerError, match=message), readers.one():
        raise BrokerError(message, retriable=True)
    with readers.one():
        pass

    assert [1, 0] == [reader.closed for reader in made]


def test_none_stays_open(readers: ChangelogReaders, made: list[Reader]) -> None:
    """Idle ones end at once, one that is in use when it is done."""
    with readers.one():
        with readers.one():
            pass
        readers.close()
        assert [0, 1] == [reader.closed for reader in made]

    assert [1, 1] == [reader.closed for reader in made]
