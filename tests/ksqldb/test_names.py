"""Names are written so that ksqlDB stores exactly the ones that are meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barloom.ksqldb.compile.names import FORBIDDEN_COLUMNS, RESERVED, quoted, source_name, stored
from ksqldb.reading_sql import RESERVED as REFUSED_BY_A_SERVER
from ksqldb.reading_sql import Token, tokens

FACTS = Path(__file__).resolve().parents[3] / "shared" / "ksqldb" / "facts.md"


def listed(head: str) -> set[str]:
    """The words of a line of the facts, in upper case, without what is said of them behind."""
    line = next(line for line in FACTS.read_text().splitlines() if line.startswith(f"- {head}"))
    words = line.split(": ", 1)[1].partition(" (")[0].replace("(s)", "").replace("**", "")
    return {word.upper() for word in re.findall(r"[a-z_]+", words)}


@pytest.mark.needs("ksqldb")
def test_every_word_that_a_server_refuses_is_quoted() -> None:
    """The list of reserved words is the one that a real server gave, no more and no less."""

    refused = listed("Refused unquoted as a column name") | listed("Reserved as column names, beside section 1")
    assert refused == RESERVED == REFUSED_BY_A_SERVER


@pytest.mark.needs("ksqldb")
def test_words_that_a_server_accepts_are_not_quoted() -> None:
    """Quotes stand where they must, so that a reader does not have to think about them."""

    assert [] == sorted(word for word in listed("Accepted unquoted") if quoted(word).startswith("`"))


@given(st.sampled_from(sorted(RESERVED)) | st.text(min_size=1, max_size=20).filter(lambda text: "\0" not in text))
def test_a_written_name_is_read_back(name: str) -> None:
    """Whatever a name is made of, the server reads one token and stores what was meant."""
    meant = stored(name)

    (found,) = tokens(quoted(meant))
    assert meant == found.text
    assert found.kind == "quoted" or found.text not in REFUSED_BY_A_SERVER


def test_size_is_quoted_and_looks_like_its_neighbours() -> None:
    """A reserved word is stored in upper case as every other name is."""

    assert [Token("quoted", "SIZE"), Token("word", "PRICE")] == [
        *tokens(quoted(stored("size"))),
        *tokens(quoted(stored("price"))),
    ]


def test_names_of_sources_have_letters_digits_dash_and_underscore() -> None:
    """A server refuses anything else in the name of a stream or table."""

    assert ["BARS_FINAL_1M", "MD_TICKS-V2", "_STREAM_"] == [
        source_name(topic) for topic in ("bars_final_1m", "md.ticks-v2", " stream ")
    ]


def test_columns_that_every_source_has_are_never_names() -> None:
    """ROWTIME is refused by the engine, the others would be shadowed."""

    assert {"ROWTIME", "ROWOFFSET", "ROWPARTITION", "WINDOWSTART", "WINDOWEND"} == FORBIDDEN_COLUMNS
