"""Where the schema of a message comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from barloom.serde.avro.schema import AvroType

__all__ = ["OneSchema", "SchemaSource"]


class SchemaSource(Protocol):
    """Knows schemas by their numbers; where it is `single`, it has one for all numbers."""

    @property
    def single(self) -> bool:
        """Whether numbers do not matter."""
        ...

    def schema(self, number: int) -> tuple[AvroType, str]:
        """A schema, and what messages call it.

        Raises `LookupError` where no schema has this number, `SourceError` where it cannot be read, and
        `RegistryUnavailable` where nobody answers.
        """
        ...


class OneSchema:
    """The schema of every message, whatever number it bears."""

    single: Final = True

    def __init__(self, schema: AvroType, where: str) -> None:
        self._schema = schema
        self._where = where

    def schema(self, number: int) -> tuple[AvroType, str]:  # noqa: ARG002 - all are the same
        """The schema."""
        return self._schema, self._where
