"""Cases about the one function that gives every time its slot."""

# ruff: noqa: N802 - the tests have the catalogue's names

from __future__ import annotations

from datetime import UTC, datetime

from barloom.time.slots import expected_slots, round_to_slot, slots_between
from catalogue.market import at, nanos

ANSWERS = """
1ms   2025-01-06T10:00:00.123456   2025-01-06T10:00:00.123   2025-01-06T10:00:00.124
100ms 2025-01-06T10:00:00.199999   2025-01-06T10:00:00.1     2025-01-06T10:00:00.2
1s    2025-01-06T10:00:00          2025-01-06T10:00:00       2025-01-06T10:00:01
5s    2025-01-06T10:00:59.999999   2025-01-06T10:00:55       2025-01-06T10:01:00
1m    2025-01-06T10:00:59.999999   2025-01-06T10:00:00       2025-01-06T10:01:00
15m   2025-01-06T10:15:00          2025-01-06T10:15:00       2025-01-06T10:30:00
65m   2025-01-06T23:59:59          2025-01-06T23:50:00       2025-01-07T00:00:00
1h    2025-01-06T10:59:59          2025-01-06T10:00:00       2025-01-06T11:00:00
4h    2025-01-06T23:59:59          2025-01-06T20:00:00       2025-01-07T00:00:00
1d    2024-02-29T12:00:00          2024-02-29T00:00:00       2024-03-01T00:00:00
1w    2025-01-05T23:59:59          2024-12-30T00:00:00       2025-01-06T00:00:00
1w    2025-01-06T00:00:00          2025-01-06T00:00:00       2025-01-13T00:00:00
1mo   2024-02-29T23:59:59          2024-02-01T00:00:00       2024-03-01T00:00:00
2mo   2024-02-29T23:59:59          2024-01-01T00:00:00       2024-03-01T00:00:00
3mo   2024-12-31T23:59:59          2024-10-01T00:00:00       2025-01-01T00:00:00
6mo   2025-07-01T00:00:00          2025-07-01T00:00:00       2026-01-01T00:00:00
12mo  2024-12-31T23:59:59          2024-01-01T00:00:00       2025-01-01T00:00:00
1s    1969-12-31T23:59:59.999999   1969-12-31T23:59:59       1970-01-01T00:00:00
1m    1969-12-31T23:59:59.999999   1969-12-31T23:59:00       1970-01-01T00:00:00
1d    1969-12-31T00:00:00          1969-12-31T00:00:00       1970-01-01T00:00:00
1w    1969-12-31T00:00:00          1969-12-29T00:00:00       1970-01-05T00:00:00
1mo   1969-12-31T23:59:59.999999   1969-12-01T00:00:00       1970-01-01T00:00:00
12mo  1969-02-03T00:00:00          1969-01-01T00:00:00       1970-01-01T00:00:00
"""


class RoundingCases:
    """Slots are half-open, in UTC, and nest."""

    def test_RD_RoundToSlot_IsHalfOpenUtc_ForAllTimeframes(self) -> None:
        """A start belongs to its slot, an end to the next, also at the last nanosecond and before 1970."""
        for line in ANSWERS.split("\n")[1:-1]:
            timeframe, asked, start, end = line.split()
            expected = (nanos(at(start)), nanos(at(end)))
            assert expected == round_to_slot(nanos(at(asked)), timeframe), line
            assert expected == round_to_slot(expected[0], timeframe), line
            assert expected == round_to_slot(expected[1] - 1, timeframe), line
            assert expected[1] == round_to_slot(expected[1], timeframe).start, line
            assert expected[0] == round_to_slot(expected[0] - 1, timeframe).end, line
            assert (at(start), at(end)) == round_to_slot(at(asked), timeframe), line
            assert datetime(1970, 1, 1, tzinfo=UTC).tzinfo == round_to_slot(at(asked), timeframe).start.tzinfo

    def test_RD_RoundToSlot_AlignsAcrossLevels_ChildCoversParentExactly(self) -> None:
        """Children tile the parent: no gap, no overlap, first start and last end are the parent's."""
        ladder = {
            "1s": {"5s": 5, "1m": 60, "65m": 3900},
            "1m": {"5m": 5, "1h": 60, "1d": 1440},
            "7s": {"1d": 12343},  # 86400 / 7 = 12342.86: the last slot is cut at midnight
            "1h": {"4h": 4, "1d": 24, "1w": 168},
            "1d": {"1w": 7, "1mo": 28, "3mo": 90, "12mo": 365},
            "1mo": {"3mo": 3, "12mo": 12},
        }
        for child, parents in ladder.items():
            for parent, count in parents.items():
                moment = at("2025-02-05T00:00:01") if parent == "1mo" else at("2025-01-06T00:00:01")
                start, end = round_to_slot(nanos(moment), parent)
                begins, ends = slots_between(start, end, child)
                assert (start, end) == (begins[0], ends[-1]), (child, parent)
                assert (begins[1:] == ends[:-1]).all(), (child, parent)
                assert count == len(begins) == expected_slots(parent, child, start), (child, parent)
