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
