"""By which definition, and in which format, a changelog was written: by no other is it continued."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import msgspec

from barloom.errors import StoreFormat, StoreMismatch
from barloom.kafka.events.scan import partitions_of, scan
from barloom.kafka.state.changelog import FORMAT, META, Meta
from barloom.plan.document import from_document
from barloom.plan.identity import continues, differences, fingerprint, topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan

__all__ = ["refuse_another_definition", "refuse_unless_ours"]


def refuse_another_definition(plan: BarPlan, settings: KafkaSettings) -> None:
    """Look whether the application's changelog, if there is one, is of this definition; nothing is changed.

    Each partition says so in its first transaction and compaction keeps that, so that it is found at the beginning of
    any of them. Raises `StoreMismatch` with the differences, or `StoreFormat`.
    """
    name = topics(plan, settings.app).changelog
    if not partitions_of(settings, {name}):
        return
    with closing(scan(settings, name)) as records:
        for record in records:
            if record.key() == META:
                refuse_unless_ours(record.value() or b"", plan, f"{name}[{record.partition()}]")
                return


def refuse_unless_ours(meta: bytes, plan: BarPlan, name: str) -> None:
    """Refuse what `meta` says of a changelog, `name` for people, unless this definition can continue it.

    Raises `StoreMismatch` with the differences, or `StoreFormat`.
    """
    version = msgspec.json.decode(meta, type=dict[str, object]).get("v")
    if version != FORMAT:
        message = (
            f"the changelog {name} has format {version}, this barloom reads {FORMAT}: use the version that wrote "
            "it, or begin anew under another application id (--app)"
        )
        raise StoreFormat(message)
    found = msgspec.json.decode(meta, type=Meta)
    if found.fingerprint == fingerprint(plan):
        return
    stored = from_document(found.plan)
    if not continues(stored, plan):
        raise StoreMismatch(_another(name, differences(stored, plan)))


def _another(name: str, changed: Sequence[str]) -> str:
    listed = "\n".join(f"  {line}" for line in changed)
    return (
        f"the changelog {name} was written by another definition:\n{listed}\n"
        "Restore that definition, run this one under another application id (--app), make its bars anew with "
        "barloom rebuild, or forget the old state with barloom reset."
    )
