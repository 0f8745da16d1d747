"""Consumer groups in memory: members, generations, who owns which partition, and the committed positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["GroupMetadata", "IllegalGenerationError", "InMemoryGroup", "Member", "TopicPartition", "UnknownMemberError"]


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


class GroupMetadata(NamedTuple):
    """What a member knows of its group; a transaction that carries an outdated one is refused."""

    group: str
    member: str
    generation: int


class IllegalGenerationError(RuntimeError):
    """Positions were committed by a member that has missed a rebalance."""


class UnknownMemberError(RuntimeError):
    """Positions were committed by a member that the group no longer has."""


class Member(Protocol):
    """What a group tells its members."""

    @property
    def name(self) -> str:
        """Unique within the group."""
        ...

    @property
    def responsive(self) -> bool:
        """Whether it takes part in a rebalance; a frozen one learns of its loss when it wakes."""
        ...

    def take(self, generation: int, gained: frozenset[TopicPartition], given: frozenset[TopicPartition]) -> None:
        """A new generation began: `given` were taken away, `gained` are new."""
        ...


class InMemoryGroup:
    """A group with cooperative rebalances: partitions that stay with their owner are not touched.

    Assignments are made by hand (`assign`), so that a test decides who owns what. Within one rebalance every partition
    is given up before any is taken over.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.generation = 0
        self._members: dict[str, Member] = {}
        self._owned: dict[str, frozenset[TopicPartition]] = {}
        self._committed: dict[TopicPartition, int] = {}

    @property
    def members(self) -> tuple[str, ...]:
        """The names of the members."""
        return tuple(self._members)

    def join(self, member: Member) -> None:
        """Add a member that owns nothing yet; a successor of the same name replaces its predecessor."""
        self._members[member.name] = member
        self._owned[member.name] = frozenset()
        self._rebalance({})

    def leave(self, name: str) -> None:
        """Remove a member (closed, or its session timed out); its partitions have no owner until they are assigned."""
        self._members.pop(name, None)
        self._owned.pop(name, None)
        self._rebalance({})

    def owned(self, name: str) -> frozenset[TopicPartition]:
        """What a member owns in the current generation."""
        return self._owned.get(name, frozenset())

    def owner(self, partition: TopicPartition) -> str | None:
        """Who owns a partition."""
        return next((name for name, owned in self._owned.items() if partition in owned), None)

    def assign(self, wanted: Mapping[str, Iterable[TopicPartition]]) -> None:
        """Begin a generation in which the named members own exactly these; the others keep what is not taken away."""
        unknown = sorted(set(wanted) - set(self._members))
        if unknown:
            message = f"group {self.name!r} has no member {', '.join(unknown)}"
            raise UnknownMemberError(message)
        target = {name: frozenset(partitions) for name, partitions in wanted.items()}
        claimed = [partition for partitions in target.values() for partition in partitions]
        if len(claimed) != len(set(claimed)):
            raise ValueError("a partition has one owner, but it is wanted for two members")
        self._rebalance(target)

    def commit(self, metadata: GroupMetadata, positions: Mapping[TopicPartition, int]) -> None:
        """Take over positions from a member of the current generation."""
        self.check(metadata)
        self._committed.update(positions)

    def check(self, metadata: GroupMetadata) -> None:
        """Raise where a member is unknown or of an old generation."""
        if metadata.member not in self._members:
            message = f"{metadata.member!r} is no member of group {self.name!r}"
            raise UnknownMemberError(message)
        if metadata.generation != self.generation:
            message = f"{metadata.member!r} is of generation {metadata.generation}, the group is at {self.generation}"
            raise IllegalGenerationError(message)

    def committed(self, partition: TopicPartition) -> int:
        """The committed position; 0 before the first commit."""
        return self._committed.get(partition, 0)

    def _rebalance(self, wanted: Mapping[str, frozenset[TopicPartition]]) -> None:
        taken = frozenset(partition for partitions in wanted.values() for partition in partitions)
        before = dict(self._owned)
        after = {name: wanted.get(name, owned - taken) for name, owned in before.items()}
        self.generation += 1
        for name, owned in before.items():
            self._tell(name, gained=frozenset(), given=owned - after[name])
        self._owned = after
        for name, owned in after.items():
            self._tell(name, gained=owned - before[name], given=frozenset())

    def _tell(self, name: str, *, gained: frozenset[TopicPartition], given: frozenset[TopicPartition]) -> None:
        member = self._members[name]
        if member.responsive:
            member.take(self.generation, gained, given)
