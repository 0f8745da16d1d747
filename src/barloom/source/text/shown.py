"""Texts as messages show them: in quotes, so that one sees where they begin and end, and what cannot be seen."""

from __future__ import annotations

from typing import Final

import polars as pl

__all__ = ["said", "shown"]

_EASY: Final = r"^[ -&(-\[\]-~]*$"
"""Texts that stand in single quotes as they are."""


def shown(texts: pl.Series, longest: int, ellipsis: str = "", *, plain: bool = False) -> pl.Series:
    """Texts as Python would write them, longer ones cut, with the ellipsis behind them. `plain` ones need no look."""
    if not len(texts):
        return texts
    cut = texts
    if int(texts.str.len_bytes().max() or 0) > longest:  # type: ignore[arg-type]
        cut = texts.str.head(longest)
        cut = pl.select(pl.when(cut != texts).then(cut + ellipsis).otherwise(cut)).to_series() if ellipsis else cut
    quoted = said("'", cut, "'")
    if plain:
        return quoted
    hard = cut.str.contains(_EASY).not_().arg_true()
    if not len(hard):
        return quoted
    return quoted.scatter(hard, pl.Series(list(map(repr, cut.gather(hard).to_list())), dtype=pl.String))


def said(*parts: str | pl.Series | pl.Expr) -> pl.Series:
    """One text for each row, of words and columns."""
    return pl.select(pl.concat_str([part if isinstance(part, pl.Expr) else pl.lit(part) for part in parts])).to_series()
