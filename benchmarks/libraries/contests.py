"""All that is compared."""

from __future__ import annotations

from libraries import avro, csvtext, decimals, jsontext, packed, sorting, times, zipped

ALL = (
    csvtext.CONTEST,
    csvtext.BAD_ROWS,
    decimals.CONTEST,
    times.CONTEST,
    packed.CONTEST,
    zipped.CONTEST,
    avro.CONTEST,
    jsontext.CONTEST,
    jsontext.LINES,
    sorting.CONTEST,
)
