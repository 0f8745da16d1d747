"""Scripts: by chance from a seed, and what they leave possible."""

from __future__ import annotations

import pytest

from barloom.testing import Forgotten, Hole, Restarted, RestDown, Script, Silence, VenueDouble, VenueMarket
from testing.venues.clients import SYMBOLS, listen

SYMBOL_NAMES = ["A", "B"]


def test_a_seed_makes_the_same_script() -> None:
    """Today and with every version: this one is written down."""

    assert Script.random(3, 100, SYMBOL_NAMES) == Script.random(3, 100, SYMBOL_NAMES)
    assert Script.random(3, 100, SYMBOL_NAMES) != Script.random(4, 100, SYMBOL_NAMES)


def test_a_script_can_be_written_down_again() -> None:
    """What it prints as makes it, so that a failed test shows its script."""
    import barloom.testing  # noqa: PLC0415 - for its names alone

    for seed in range(50):
        script = Script.random(seed, 200, SYMBOL_NAMES, restarts=True)
        assert script == eval(repr(script), vars(barloom.testing))  # noqa: S307 - what it prints as


def test_chance_covers_every_trouble() -> None:
    """In a few hundred scripts each kind comes."""
    kinds = {
        type(trouble)
        for seed in range(300)
        for trouble in Script.random(seed, 100, SYMBOL_NAMES, restarts=True).troubles
    }
    kinds_never = {"Delisted"}  # a symbol that ends is for tests of its own

    from barloom.testing.venues import troubles  # noqa: PLC0415 - for its list alone

    named = set(troubles.__all__) - {"Trouble"} - kinds_never
    assert named == {kind.__name__ for kind in kinds}


def test_a_venue_that_answers() -> None:
    """Has nothing forgotten, and history is not down for ever."""

    assert Script((Hole(3), RestDown())).answers
    assert not Script((Forgotten(3),)).answers
    assert not Script((RestDown(count=None),)).answers
    assert all(Script.random(seed, answers=True).answers for seed in range(100))
    assert not any(Script.random(seed, answers=False).answers for seed in range(100))


def test_what_is_not_wanted_does_not_come() -> None:
    """Restarts only where they are asked for; silences can be left out."""
    scripts = [Script.random(seed, 100, SYMBOL_NAMES, silences=False) for seed in range(200)]

    assert not {Restarted, Silence} & {type(trouble) for script in scripts for trouble in script.troubles}


@pytest.mark.parametrize("venue", sorted(SYMBOLS))
@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_script_nothing_is_made_up(venue: str, seed: int) -> None:
    """A client hears only trades of the truth, and those that are unseen never; each script plays to its end."""
    market = VenueMarket.simulate(SYMBOLS[venue], trades=300, before=20, disorder=0.05)
    script = Script.random(seed, 280, SYMBOLS[venue], restarts=True)
    with VenueDouble(venue, market, script, beat=0.05) as double:
        seen = {(each.symbol, each.number) for each in listen(double, SYMBOLS[venue], silence=0.4)}

    assert seen <= {(trade.symbol, trade.number) for trade in double.trades[20:]}
    assert not seen & {(trade.symbol, trade.number) for trade in double.unseen}


def test_a_script_does_the_same_again() -> None:
    """What is sent, and in which order, is a matter of the script alone."""
    market = VenueMarket.simulate(SYMBOLS["okx"], trades=300)
    script = Script.random(11, 300, SYMBOLS["okx"], silences=False)
    heard = []
    for _ in range(2):
        with VenueDouble("okx", market, script) as double:
            heard.append(listen(double, SYMBOLS["okx"]))

    assert heard[0] == heard[1]
