"""Three trades of one millisecond come in the order 3, 1, 2: the exchange's candle goes by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def test_the_id_decides_which_is_first_and_last(case: Callable[[str], Case]) -> None:
    """Open 10 is trade 1, close 30 trade 3; `check` says that the id orders them."""
    folder = case("ties-by-trade-id")
    definition = folder.path / "d.toml"
    text = definition.read_text(encoding="utf-8")
    definition.write_text(text.replace('event_id = "id"', 'event_id = "id"\ntiebreak = "id"'), encoding="utf-8")
    folder.barloom("run d.toml --source a.csv --store s")

    assert ("10.00", "30.00") == folder.bars("1m").select("open", "close").row(0)
    assert "event id, tiebreak" in folder.barloom("check d.toml")
