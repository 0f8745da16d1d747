"""Words for bars that are not made of time, so that who asks for them is told so."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["other_bars"]

_KINDS: Final = {
    "by number of ticks": r"\d*\s*-?(t|tk|ticks?|trades?)(bars?)?",
    "by volume": r"\d*\s*-?(v|vol|volumes?|shares|contracts|lots)(bars?)?",
    "by turnover": r"\d*\s*-?(usd|eur|dollars?|turnover|notional|value)(bars?)?",
    "by price range": r"(\d*\s*-?(r|range)|range\s*-?\d+)(bars?)?",
    "of bricks or points": r"\d*\s*-?(renko|bricks?|kagi|pnf|point.?and.?figure|heikin.?ashi)(bars?)?\s*-?\d*",
    "by imbalance or runs": r"\d*\s*-?(imbalance|runs?|entropy)(bars?)?",
}


def other_bars(text: str) -> str | None:
    """What kind of bars a text asks for that is no timeframe; none where it seems to mean a timeframe."""
    word = text.strip().lower()
    return next((kind for kind, pattern in _KINDS.items() if re.fullmatch(pattern, word)), None)
