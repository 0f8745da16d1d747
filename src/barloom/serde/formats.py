"""How the records of a topic are written."""

from __future__ import annotations

from enum import Enum

__all__ = ["Format"]


class Format(Enum):
    """Avro behind Confluent's five bytes (a zero and the schema's number), Avro alone, or JSON."""

    AVRO = "avro"
    AVRO_RAW = "avro-raw"
    JSON = "json"
