"""Change events whose decimals are bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def test_bytes_are_decimals_and_a_deletion_is_no_tick(case: Callable[[str], Case]) -> None:
    """``AN8=`` is 223 of the second place, ``AMg=`` 200; what is null at ``rows`` is passed over."""
    change = case("base64-decimals")
    change.sh(
        'sed "s/decimal(18, 2)/decimal(18, 2, encoding=base64)/; s/payload.after.//g; '
        's/^.source.$/[source]\\nrows = \\"payload.after\\"/" d.toml > r.toml'
    )
    change.barloom("run r.toml --source a.jsonl --store r --at-end close")

    assert [("2.23", "2.00", "1")] == change.bars("1m", "r").select("close", "volume", "count").rows()
    assert 0 == change.rejected("r").height
