"""Taking a script off a server: backwards, and only what is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from barloom.errors import BadArguments, KsqlError, Problem
from barloom.ksqldb.compile.names import quoted
from barloom.ksqldb.server.answers import gone_already
from barloom.ksqldb.server.observed import source
from barloom.plan.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from random import Random

    from barloom.clock import Clock
    from barloom.ksqldb.compile.script import Entity, Script
    from barloom.ksqldb.server.client import KsqlClient
    from barloom.ksqldb.server.observed import Source
    from barloom.ksqldb.server.wait import WaitPolicy

__all__ = ["Dropped", "Dropper", "present"]

_HALF_DELETED = "Could not clean up the schema registry"


class Dropped(NamedTuple):
    """An entity that is gone; `topic_left` names its topic where that was to be deleted and could not be."""

    entity: Entity
    topic_deleted: bool
    topic_left: str | None = None


def present(client: KsqlClient, script: Script) -> dict[str, Source]:
    """What the server has of a script, by name."""
    found = ((entity.name, source(client, entity.quoted_name)) for entity in script.entities)
    return {name: item for name, item in found if item is not None}


class Dropper:
    """Drops streams and tables of a script by name, and deletes topics by name."""

    def __init__(self, client: KsqlClient, *, clock: Clock, random: Random, policy: WaitPolicy) -> None:
        self._client = client
        self._clock = clock
        self._random = random
        self._policy = policy

    def drop(self, script: Script, names: Collection[str], topics: Collection[str] = ()) -> list[Dropped]:
        """Drop what is named, downstream first; the topics that are named too are deleted with it.

        Names are those of statements, with quotes or without. `BadArguments`, before anything is dropped, where a name
        is none of the script's, something that is not named reads from one of them, or a topic is still in use.
        """
        there = present(self._client, script)
        wanted = {_stored(name) for name in names}
        problems = list(_problems(script, there, wanted, set(topics), names))
        if problems:
            raise BadArguments(problems)
        owners = {entity.topic: entity.name for entity in reversed(script.entities)}  # the first one made the topic
        return [
            self._one(entity, delete=entity.topic in topics and owners[entity.topic] == entity.name)
            for entity in reversed(script.entities)
            if entity.name in wanted and entity.name in there
        ]

    def _one(self, entity: Entity, *, delete: bool) -> Dropped:
        """A lost or late answer may hide a drop that was done: the next one then finds nothing."""
        end = self._clock.monotonic() + self._policy.entity
        sql = f"DROP {entity.kind.value} {entity.quoted_name}"
        attempt, left = 0, False
        while True:
            try:
                self._client.execute(f"{sql} DELETE TOPIC;" if delete and not left else f"{sql};")
            except KsqlError as error:
                if attempt and gone_already(error):
                    break
                if delete and not left and _HALF_DELETED in (error.reason or ""):
                    left = True  # a repetition would fail for ever: the subjects are half deleted
                elif not error.retriable or self._clock.monotonic() >= end:
                    raise
            else:
                break
            self._clock.sleep(self._policy.pause(attempt, self._random))
            attempt += 1
        return Dropped(entity, delete and not left, entity.topic if left else None)


def _stored(name: str) -> str:
    """What the server keeps of a name that somebody wrote down."""
    return name.strip("`").upper()


def _problems(
    script: Script, there: dict[str, Source], wanted: set[str], topics: set[str], names: Collection[str]
) -> Iterator[Problem]:
    known = [entity.quoted_name for entity in script.entities]
    stored = {entity.name for entity in script.entities}
    for name in names:
        if _stored(name) not in stored:
            yield Problem(f"{name!r} is none of the definition's", "ksql drop", did_you_mean(name, known))
    for name in sorted(wanted & there.keys()):
        readers = [reader for reader in there[name].readers if reader not in wanted]
        if readers:
            listed = ", ".join(map(quoted, readers))
            yield Problem(f"{listed} would be left without its source", quoted(name), f"drop {listed} too, or first")
    for topic in sorted(topics):
        users = [entity for entity in script.entities if entity.topic == topic]
        kept = [entity.quoted_name for entity in users if entity.name in there and entity.name not in wanted]
        if not users:
            fix = did_you_mean(topic, sorted({entity.topic for entity in script.entities}))
            yield Problem(f"{topic!r} is no topic of the definition's", "ksql drop", fix)
        elif kept:
            yield Problem(f"{', '.join(kept)} still uses it", f"topic {topic}", "drop that too, or keep the topic")
