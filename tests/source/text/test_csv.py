"""CSV text, however it is written, gives the rows it says; what is no row is refused by itself."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barloom.errors import SourceError
from barloom.plan.barplan import Field, FieldKind, NumberType
from barloom.source.text.csv import CsvText
from source.reading import AT, PRICE, SIZE, SYMBOL, csv_of, iso, plan, put, read, tick

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [("A", iso(1), "1.50", 3), ("B", iso(2), "2.25", 4)]
TICKS = [tick("A", 1, "1.50", 3), tick("B", 2, "2.25", 4)]


@pytest.mark.parametrize(
    "text",
    [
        csv_of(ROWS),
        csv_of(ROWS).replace("\n", "\r\n"),
        "\ufeff" + csv_of(ROWS),
        csv_of(ROWS).replace("A,", '"A",').replace("1.50", '"1.50"'),
        "\n" + csv_of(ROWS).replace("\nB", "\n\nB") + "\n\n",
        csv_of([("x", *row) for row in ROWS], "more,symbol,at,price,size"),
        csv_of([(*row, "") for row in ROWS], "symbol , at, price,size,note"),
        csv_of([(row[3], row[2], row[1], row[0]) for row in ROWS], "size,price,at,symbol"),
    ],
    ids=["plain", "crlf", "bom", "quoted", "blank lines", "more columns", "spaced header", "other order"],
)
def test_the_same_rows_however_written(tmp_path: Path, text: str) -> None:
    """Line ends, a byte order mark, quotes, blank lines and the order of columns make no difference."""
    reading = read(plan(), put(tmp_path / "a.csv", text))

    assert (TICKS, []) == (reading.rows, reading.invalid)


@pytest.mark.parametrize(
    ("suffix", "delimiter", "stated"), [(".csv", ";", ";"), (".tsv", "\t", ","), (".txt", "|", "|")]
)
def test_another_delimiter(tmp_path: Path, suffix: str, delimiter: str, stated: str) -> None:
    """It is stated in the definition; a .tsv has tabs by itself."""
    text = csv_of(ROWS).replace(",", delimiter)

    assert TICKS == read(plan(delimiter=stated), put(tmp_path / f"a{suffix}", text)).rows


def test_a_file_without_header(tmp_path: Path) -> None:
    """The definition names its columns."""
    path = put(tmp_path / "a.csv", csv_of(ROWS).partition("\n")[2])

    assert TICKS == read(plan(names=("symbol", "at", "price", "size")), path).rows


def test_rows_of_the_wrong_width_are_refused_by_themselves(tmp_path: Path) -> None:
    """Too few and too many fields; the rows around them are read, and the refused text is kept as it came."""
    text = csv_of([ROWS[0], ("A", iso(1), "1.5"), ("A", iso(1), "1.5", 3, "x"), ROWS[1]])
    reading = read(plan(), put(tmp_path / "a.csv", text))

    assert (TICKS, [0, 3]) == (reading.rows, reading.offsets)
    messages = ["the row has 3 fields, the header has 4", "the row has 5 fields, the header has 4"]
    assert list(enumerate(messages, 1)) == reading.invalid
    assert [(2, f"A,{iso(1)},1.5"), (3, f"A,{iso(1)},1.5,3,x")] == [each[1:] for each in reading.origins[1:3]]


def test_quoted_delimiters_and_quotes(tmp_path: Path) -> None:
    """Within quotes a delimiter is text and a doubled quote is one."""
    text = csv_of([('"A,""x"""', iso(1), "1.5", 3)])

    assert [tick('A,"x"', 1, "1.5", 3)] == read(plan(), put(tmp_path / "a.csv", text)).rows


def test_text_that_is_not_utf8_is_refused_by_row(tmp_path: Path) -> None:
    """The other rows are read, also those with characters beyond ASCII."""
    data = csv_of([("Ä", iso(1), "1.5", 3)]).encode() + b"\xff," + csv_of([("", iso(1), "1.5", 3)]).encode()[28:]
    reading = read(plan(), put(tmp_path / "a.csv", data + csv_of([ROWS[1]]).encode()[21:]))

    assert [tick("Ä", 1, "1.5", 3), TICKS[1]] == reading.rows
    assert [(1, "the row is not UTF-8 text")] == reading.invalid
    assert reading.origins[1].raw.startswith(r"\xff,")


def test_values_are_refused_by_row_with_all_reasons(tmp_path: Path) -> None:
    """A price that does not fit, an empty key, an empty time, a zoneless time, a wrong number."""
    rows = [
        ("A", iso(1), "1.555", 3),
        ("", iso(1), "1.5", 3),
        ("A", "", "1.5", 3),
        ("A", "2025-01-01T00:00:01", "1.5", 3),
        ("A", iso(1), "", "x"),
    ]
    reading = read(plan(), put(tmp_path / "a.csv", csv_of([*rows, ROWS[1]])))

    messages = [message for _, message in reading.invalid]
    assert ([TICKS[1]], [5]) == (reading.rows, reading.offsets)
    assert "price: '1.555' does not fit decimal(18, 2): it has more than 2 digits behind the point" == messages[0]
    assert "symbol: the key is missing" == messages[1]
    assert "at: the time is missing" == messages[2]
    assert "at: '2025-01-01T00:00:01' has no time zone" in messages[3]
    assert "price: the value is missing" in messages[4]
    assert "size: 'x' is not a number" in messages[4]


def test_null_values_and_nullable_fields(tmp_path: Path) -> None:
    """Texts declared to mean no value are null where the field allows it; an undeclared empty text is a text."""
    note = Field("note", FieldKind.STRING, nullable=True)
    price = Field("price", FieldKind.DECIMAL, NumberType(18, 2), nullable=True)
    path = put(tmp_path / "a.csv", csv_of([("A", iso(1), "NA", "x"), ("A", iso(1), "1.5", "")], "symbol,at,price,note"))

    usual = read(plan(SYMBOL, AT, price, note), path)
    declared = read(plan(SYMBOL, AT, price, note, null_values=("NA",)), path)
    assert ["price: 'NA' is not a number"] == [message for _, message in usual.invalid]
    assert [(Decimal("1.5"), None)] == [row[2:] for row in usual.rows]
    assert [(None, "x"), (Decimal("1.5"), "")] == [row[2:] for row in declared.rows]


def test_a_number_or_a_time_may_mean_that_there_is_none(tmp_path: Path) -> None:
    """Feeds write -999 or the first day of 1970 where they have nothing: what is declared so is no value."""
    price = Field("price", FieldKind.DECIMAL, NumberType(18, 2), nullable=True)
    size = Field("size", FieldKind.INTEGER, nullable=True)
    rows = [("A", iso(1), "1.50", "3"), ("A", iso(2), "-999", " 0 "), ("A", "1970-01-01T00:00:00Z", "2", "10")]
    path = put(tmp_path / "a.csv", csv_of(rows, "symbol,at,price,size"))

    declared = read(plan(SYMBOL, AT, price, size, null_values=("-999", "0", "1970-01-01T00:00:00Z")), path)

    assert [(Decimal("1.50"), 3), (None, None)] == [row[2:] for row in declared.rows]
    assert ["at: the time is missing"] == [message for _, message in declared.invalid]


def test_booleans_and_integers(tmp_path: Path) -> None:
    """True and false in any case, or 1 and 0."""
    maker = Field("maker", FieldKind.BOOLEAN)
    rows = [("A", iso(1), text) for text in ("true", "FALSE", "1", "0", "maybe")]
    reading = read(plan(SYMBOL, AT, maker), put(tmp_path / "a.csv", csv_of(rows, "symbol,at,maker")))

    assert [True, False, True, False] == [row[2] for row in reading.rows]
    assert [(4, "maker: 'maybe' is neither true nor false")] == reading.invalid


def test_a_misspelt_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    """The message says what is missing, what there is, and how to mend it."""
    path = put(tmp_path / "a.csv", csv_of(ROWS, "symbol,at,prise,size"))

    with pytest.raises(
        SourceError, match=r"no column 'price'.*did you mean 'prise'.*'symbol', 'at'.*\[source\] columns"
    ):
        read(plan(), path)


def test_a_wrong_delimiter_is_told(tmp_path: Path) -> None:
    """A header that is one column, but holds semicolons, says what the delimiter is."""
    path = put(tmp_path / "a.csv", csv_of(ROWS).replace(",", ";"))

    with pytest.raises(SourceError, match="delimiter = ';'"):
        read(plan(), path)


def test_a_missing_header_is_told(tmp_path: Path) -> None:
    """A first line of numbers hints at the setting for files without header."""
    path = put(tmp_path / "a.csv", csv_of(ROWS).partition("\n")[2])

    with pytest.raises(SourceError, match="names ="):
        read(plan(), path)


def test_a_column_twice_is_refused(tmp_path: Path) -> None:
    """Which of the two is meant cannot be known."""
    path = put(tmp_path / "a.csv", csv_of([(*row, 1) for row in ROWS], "symbol,at,price,size,price"))

    with pytest.raises(SourceError, match="2 columns 'price'"):
        read(plan(), path)


_FIELDS = st.text(st.sampled_from('ab1,;"\r é'), max_size=5)


@given(st.lists(st.lists(_FIELDS, min_size=1, max_size=4), max_size=8), st.booleans())
@settings(max_examples=200, deadline=None)
def test_lines_are_split_as_python_splits_them(rows: list[list[str]], quote_all: bool) -> None:  # noqa: FBT001
    """Against the `csv` module, for lines that it wrote itself, of the right and of the wrong width."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL, lineterminator="\n").writerows(
        [[field.replace("\r", "") for field in row] for row in rows]
    )
    lines = [line for line in text.getvalue().split("\n") if line.strip(" \t\r")]
    records = CsvText({"x": "x", "y": "y"}, plan().source, ",")
    records.begin(b"x,y,z", "the test")

    columns = records.parse("".join(f"{line}\n" for line in lines).encode())
    found = list(zip(columns.columns["x"].to_list(), columns.columns["y"].to_list(), strict=True))
    assert len(lines) == columns.count
    for row, line in enumerate(lines):
        [expected] = csv.reader([line])
        assert (len(expected) != 3) == (row in columns.refused)
        if len(expected) == 3:
            assert tuple(expected[:2]) == tuple(value or "" for value in found[row])


def test_columns_are_chosen_by_name(tmp_path: Path) -> None:
    """A field may have another name in the input, or be a constant that the input does not have."""
    path = put(tmp_path / "a.csv", csv_of([row[1:] for row in ROWS], "when,p,size"))
    mapped = plan(columns={"at": "when", "price": "p", "symbol": "=X"})

    assert [("X", *row[1:]) for row in TICKS] == read(mapped, path).rows


def test_a_mapping_of_an_unknown_field_is_refused(tmp_path: Path) -> None:
    """It would silently do nothing."""
    with pytest.raises(SourceError, match=r"maps 'pricee'.*did you mean 'price'"):
        read(plan(columns={"pricee": "p"}), put(tmp_path / "a.csv", csv_of(ROWS)))


def test_a_constant_must_fit_its_field(tmp_path: Path) -> None:
    """It is checked like any value, once."""
    with pytest.raises(SourceError, match=r"constant '=1.555'.*does not fit"):
        read(plan(columns={"price": "=1.555"}), put(tmp_path / "a.csv", csv_of(ROWS)))


def test_the_time_of_receipt_is_a_column(tmp_path: Path) -> None:
    """It may be named and written otherwise than the event time; without it there is none."""
    path = put(tmp_path / "a.csv", csv_of([(*row, 1_735_689_600_500) for row in ROWS], "symbol,at,price,size,got"))

    [batch] = read(plan(arrival="got", arrival_unit="ms"), path).batches
    assert [1_735_689_600_500_000_000] * 2 == list(batch.ticks.arrivals)
    assert read(plan(), path).batches[0].ticks.arrivals is None


def test_fields_beside_the_declared_are_left_alone(tmp_path: Path) -> None:
    """What is wrong in a column that nobody reads is no problem."""
    text = csv_of([(*ROWS[0], "\x01,"[0]), (*ROWS[1], '"x"')], "symbol,at,price,size,junk")

    assert TICKS == read(plan(SYMBOL, AT, PRICE, SIZE), put(tmp_path / "a.csv", text)).rows
