"""Everything below ``/v1``, what is asked most often first."""

from __future__ import annotations

from typing import Final

from barloom.serve.v1.bar import bar, explain
from barloom.serve.v1.bars import bars
from barloom.serve.v1.calendar import calendar
from barloom.serve.v1.gaps import gaps
from barloom.serve.v1.standing import rejected, status
from barloom.serve.v1.stores import keys, stores, timeframes

__all__ = ["V1"]

V1: Final = (bar, bars, stores, timeframes, keys, explain, rejected, gaps, status, calendar)
