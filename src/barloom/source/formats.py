"""Which reader a format has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.source.columns import ARRIVAL, label_of
from barloom.source.text.csv import CsvText
from barloom.source.text.items import refuse_items
from barloom.source.text.jsonlines import JsonLines
from barloom.source.text.jsonrows import JsonRows
from barloom.source.text.records import TextFields

if TYPE_CHECKING:
    from barloom.source.decode import Decoder
    from barloom.source.files.textfile import RecordFormat

__all__ = ["record_format"]


def record_format(kind: str, decoder: Decoder, suffix: str = "") -> RecordFormat:
    """What splits text of a format (``csv``, ``jsonl``); a ``.tsv`` has tabs unless another delimiter is stated."""
    source = decoder.plan.source
    if source.rows is not None and kind != "jsonl":
        refuse_items(f"{kind} text")
    if kind == "csv":
        tabs = suffix == ".tsv" and source.delimiter == ","
        return CsvText(decoder.paths, source, "\t" if tabs else source.delimiter)
    by_name = decoder.plan.event.by_name
    needed = [name for name in decoder.paths if name != ARRIVAL and not by_name[label_of(name)].nullable]
    texts = TextFields.of(decoder.plan.event.fields)
    if source.rows is not None:
        return JsonRows(source.rows, decoder.paths, needed, texts)
    return JsonLines(decoder.paths, needed, texts)
