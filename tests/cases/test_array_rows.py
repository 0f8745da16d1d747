"""One message with several trades in a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case

NO_ROWS = "data is a list: one row each cannot be taken from it"


def test_a_name_in_a_list_is_an_error_that_says_list(case: Callable[[str], Case]) -> None:
    """Not that a column is missing, of a name that is near."""
    rows = case("array-rows")
    found = rows.sh("barloom run d.toml --source a.jsonl --store s")

    assert found.returncode
    assert NO_ROWS in " ".join(found.stderr.split())


def test_a_position_takes_no_element_and_loses_the_others(case: Callable[[str], Case]) -> None:
    """Each such row is refused; no bar is made of half a message."""
    rows = case("array-rows")
    rows.sh('sed "s/data\\.\\([sTpq]\\)/data.0.\\1/g" d.toml > z.toml')
    rows.barloom("run z.toml --source a.jsonl --store z --at-end close", code=13)

    assert 0 == rows.bars("1m", "z").height
    refused = rows.rejected("z")["message"].to_list()
    assert [NO_ROWS, "the record is a list: one row each"] == [
        text[: len(start)] for text, start in zip(refused, (NO_ROWS, "the record is a list: one row each"), strict=True)
    ]


def test_each_item_is_a_tick(case: Callable[[str], Case]) -> None:
    """With ``rows`` the message has two ticks: volume 4, close 3; the record without such a list is refused."""
    rows = case("array-rows")
    rows.sh('sed "s/data\\.\\([sTpq]\\)/\\1/g; s/^.source.$/[source]\\nrows = \\"data[*]\\"/" d.toml > r.toml')
    rows.barloom("run r.toml --source a.jsonl --store r --at-end close")

    assert [("1.00", "3.00", "4.00", "2")] == rows.bars("1m", "r").select("open", "close", "volume", "count").rows()
    assert ["it is a list without 'data'"] == [text[:27] for text in rows.rejected("r")["message"]]


def test_a_whole_answer_is_a_row_each(case: Callable[[str], Case]) -> None:
    """``[{...},{...}]`` on one line, without a line end: two ticks again."""
    rows = case("array-rows")
    rows.sh("head -1 a.jsonl | sed 's/.*\"data\"://; s/}$//' | tr -d '\\n' > whole.json")
    rows.sh('sed "s/data\\.\\([sTpq]\\)/\\1/g; s/^.source.$/[source]\\nrows = \\"[*]\\"/" d.toml > r.toml')
    rows.barloom("run r.toml --source whole.json --store r --at-end close")

    assert [("1.00", "3.00", "4.00", "2")] == rows.bars("1m", "r").select("open", "close", "volume", "count").rows()
