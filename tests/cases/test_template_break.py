"""A template on the command line takes the same keys as the table of a definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def test_options_among_the_keys_of_a_template(case: Callable[[str], Case]) -> None:
    """``"break": "span"`` within it says what ``?break=span`` behind it says: slots through Tokyo's lunch break."""
    folder = case("template-break")
    hours = '{"zone":"Asia/Tokyo","hours":"0900-1130,1230-1530"'
    inside, behind = f'\'template:{hours},"break":"span"}}\'', f"'template:{hours}}}?break=span'"

    within, after = (
        [line.split()[:3] for line in folder.barloom(f"calendar slots {name} 2h 2025-11-28").splitlines()[2:6]]
        for name in (inside, behind)
    )

    slots = [("09:00", "11:00"), ("11:00", "13:00"), ("13:00", "15:00"), ("15:00", "15:30")]
    assert [["2025-11-28", *slot] for slot in slots] == within == after


def test_options_in_two_places(case: Callable[[str], Case]) -> None:
    """They may contradict each other, so one place is asked for."""
    name = 'template:{"zone":"Asia/Tokyo","hours":"0900-1530","break":"span"}?anchor=clock'
    said = case("template-break").barloom(f"calendar slots '{name}' 2h 2025-11-28", code=2)

    assert "write all of them in one place" in " ".join(said.split())
