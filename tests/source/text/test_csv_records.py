"""Records of CSV that go over lines, and what quotes spoil: one row each, wherever blocks of reading end."""

from __future__ import annotations

import csv
import gzip
import io
import random
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barloom.source.feeds.stdin import StandardInput
from barloom.source.files import reading as reading_module
from barloom.source.text.csv_records import LONGEST, records_in
from source.reading import collect, csv_of, iso, plan, put, read, tick

if TYPE_CHECKING:
    from pathlib import Path

GOOD = ("A", iso(1), "1.50", 3)
TICK = tick("A", 1, "1.50", 3)
NEXT = ("B", iso(2), "2.25", 4)
NEXT_TICK = tick("B", 2, "2.25", 4)


def _messages(text: str, tmp_path: Path, at_end: str = "close") -> tuple[list[object], list[tuple[int, str]]]:
    found = read(plan(), put(tmp_path / "a.csv", text), at_end=at_end)
    return found.rows, found.invalid


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_break_in_quotes_is_part_of_the_field(tmp_path: Path, end: str) -> None:
    """One row with the break in its key as it is written; the rows behind it keep their numbers."""
    lines = ["symbol,at,price,size", f'"l1{end}l2",{iso(1)},1.50,3', f"B,{iso(2)},2.25,4", "B,x"]
    found = read(plan(), put(tmp_path / "a.csv", "".join(f"{line}{end}" for line in lines)))

    assert [tick(f"l1{end}l2", 1, "1.50", 3), NEXT_TICK] == found.rows
    assert [(2, "the row has 2 fields, the header has 4")] == found.invalid
    assert [1, 2, 3] == [origin.row for origin in found.origins]
    assert f'"l1{end}l2",{iso(1)},1.50,3' == found.origins[0].raw


def test_lines_within_quotes_are_no_rows(tmp_path: Path) -> None:
    """Not even those that look like one, or like nothing."""
    inner = ",".join(map(str, NEXT))
    rows, invalid = _messages(csv_of([(f'"x\n{inner}\n\n  \n""y"" "', iso(1), "1.50", 3), NEXT]), tmp_path)

    assert [tick(f'x\n{inner}\n\n  \n"y" ', 1, "1.50", 3), NEXT_TICK] == rows
    assert [] == invalid


def test_a_record_over_lines_with_another_number_of_fields_is_one_refusal(tmp_path: Path) -> None:
    """All of its lines stand in the refusal; none of them becomes a row."""
    inner = ",".join(map(str, NEXT))
    found = read(plan(), put(tmp_path / "a.csv", csv_of([(f'"x\n{inner}\ny"', iso(1), "1.5"), GOOD])))

    assert [TICK] == found.rows
    assert [(0, "the row has 3 fields, the header has 4")] == found.invalid
    assert f'"x\n{inner}\ny",{iso(1)},1.5' == found.origins[0].raw


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (('5" pipe', iso(1), "1.5", 3), "in a field without quotes"),
        (('"5" pipe', iso(1), "1.5", 3), "between the closing quote"),
        (('"A', iso(1), "1.5", 3), "opened and not closed"),
        (("A", iso(1), "1.5", '"3'), "opened and not closed"),
        (('"A""', iso(1), "1.5", 3), "opened and not closed"),
        ((' "A"', iso(1), "1.5", 3), "in a field without quotes"),
    ],
)
@pytest.mark.parametrize("following", [NEXT, ('"B"', *NEXT[1:])], ids=["plain", "quoted"])
@pytest.mark.parametrize("at_end", ["keep", "close"])
def test_a_quote_out_of_place_spoils_its_line_only(
    tmp_path: Path, spoilt: tuple[object, ...], words: str, following: tuple[object, ...], at_end: str
) -> None:
    """Bare, left open, or with something behind the closing one: one refusal, the next line is read."""
    rows, invalid = _messages(csv_of([GOOD, spoilt, following, following]), tmp_path, at_end)

    assert [TICK, NEXT_TICK, NEXT_TICK] == rows
    assert [1] == [row for row, _ in invalid]
    assert words in invalid[0][1]


def test_an_open_quote_is_bounded(tmp_path: Path) -> None:
    """A record over lines has so many bytes at most; an open quote swallows nothing, also far from the file's end."""
    count = LONGEST // len(",".join(map(str, NEXT))) + 2
    text = csv_of([('"A', iso(1), "1.5", 3), *[NEXT] * count, ("C", iso(3), "1.00", '"x')])

    for at_end in ("keep", "close"):
        rows, invalid = _messages(text, tmp_path, at_end)
        assert [NEXT_TICK] * count == rows
        assert [0, *([count + 1] if at_end == "close" else [])] == [row for row, _ in invalid]


def test_a_record_that_is_being_written_is_left_for_the_next_run(tmp_path: Path) -> None:
    """An open quote at the end, with nothing behind it that is a row: the note says so, and the next run reads it."""
    path = put(tmp_path / "a.csv", csv_of([GOOD]) + '"l1\nl2')
    first = read(plan(), path)
    put(tmp_path / "a.csv", csv_of([GOOD, ('"l1\nl2"', iso(2), "2.25", 4), NEXT]))
    second = read(plan(), path, first.positions)

    assert [TICK] == first.rows
    assert "the last record has a quote that is not closed" in first.notes[0]
    assert [tick("l1\nl2", 2, "2.25", 4), NEXT_TICK] == second.rows
    assert ([2, 3], []) == ([origin.row for origin in second.origins], second.invalid)


def _many(count: int) -> tuple[str, list[tuple[object, ...]]]:
    """Rows some of which have breaks, quotes and lines that look like rows in their key."""
    draw = random.Random(7)
    inner = f"\nZ,{iso(3)},9.00,9\n"
    rows, ticks = [], []
    for number in range(count):
        key = draw.choice(["A", "l1\nl2", "\r\n", f"x{inner}y", 'a""b', "c,d", "e" * draw.randrange(1, 60)])
        second = number % 1000
        rows.append((f'"{key}"' if len(key) > 1 or draw.random() < 0.5 else key, iso(second), "1.50", number))
        ticks.append(tick(key.replace('""', '"'), second, "1.50", number))
    return csv_of(rows), ticks


@pytest.mark.parametrize("form", ["csv", "csv.gz", "zip"])
@pytest.mark.parametrize("block", [64, 1000, 4096])
def test_blocks_of_reading_may_end_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, block: int
) -> None:
    """However small they are, in plain and in packed files, the records are the same; also when it is continued."""
    text, ticks = _many(500)
    monkeypatch.setattr(reading_module, "_BLOCK_BYTES", block)
    monkeypatch.setattr(reading_module, "_PEEK_BYTES", block)
    path = tmp_path / f"a.{form}"
    if form == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.csv", text)
    else:
        put(path, gzip.compress(text.encode()) if form == "csv.gz" else text)

    whole = read(plan(), path)
    assert (ticks, []) == (whole.rows, whole.invalid)
    rows: list[object] = []
    positions = None
    for _ in range(10):
        for batch in read(plan(), path, positions, rows=100).batches[:1]:
            rows += batch.ticks.frame.rows()
            positions = batch.positions
    assert ticks == rows


class _Dripping(io.RawIOBase):
    """Gives a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._parts = [data[at : at + size] for at in range(0, len(data), size)]

    def fileno(self) -> int:
        raise io.UnsupportedOperation

    def read(self, size: int = -1) -> bytes:  # noqa: ARG002
        return self._parts.pop(0) if self._parts else b""


@pytest.mark.parametrize("size", [7, 333, 100_000])
def test_standard_input_may_come_in_any_pieces(size: int) -> None:
    """A record is waited for; one left open at the end is refused, and the lines behind it are rows."""
    text, ticks = _many(300)
    text += csv_of([('"A', iso(1), "1.5", 3), NEXT]).partition("\n")[2]

    found = collect(StandardInput(plan(), _Dripping(text.encode(), size)).open({}, 1000))  # type: ignore[arg-type]
    assert [*ticks, NEXT_TICK] == found.rows
    assert [(300, True)] == [(row, "not closed" in text) for row, text in found.invalid]


_TEXTS = st.text(st.sampled_from('ab,"\n\r ;'), max_size=6)


@given(st.lists(st.lists(_TEXTS, min_size=3, max_size=3), max_size=6), st.booleans())
@settings(max_examples=300, deadline=None)
def test_what_the_csv_module_writes_is_read_back(rows: list[list[str]], every: bool) -> None:  # noqa: FBT001
    """Its records are found, also when text ends after any of their lines: then the last one is not taken."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL, lineterminator="\n").writerows(rows)
    data = out.getvalue().encode()
    ends, place = [], 0
    for row in rows:
        one = io.StringIO()
        csv.writer(one, quoting=csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL, lineterminator="\n").writerow(row)
        place += len(one.getvalue().encode())
        ends.append(place)

    for cut in [place + 1 for place, byte in enumerate(data) if byte == ord("\n")]:
        found = records_in(data[:cut], b",", 3, ended=False)
        whole = [end for end in ends if end <= cut]
        assert found.length == max(whole, default=0)
        assert whole == (found.ends + 1).tolist()
        assert not found.problems


@pytest.mark.parametrize("text", ['"open', '"open\nfree text', '"open\nB,' + iso(2) + ",2.25,4"])
def test_a_file_in_which_a_quote_stays_open_is_continued(tmp_path: Path, text: str) -> None:
    """What was looked at and put back is no part of the content that the file is known by."""
    path = put(tmp_path / "a.csv", csv_of([GOOD]) + text + "\n")
    first = read(plan(), path)
    again = read(plan(), path, positions=first.positions)

    assert TICK == first.rows[0]
    assert [] == again.rows
