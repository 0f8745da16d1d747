"""Figures and answers as tables of Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from libraries.contest import OURS, RIGHT, SHOWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from libraries.contest import Answer, Contest, Speed

_SAME = {True: "yes", False: "no", None: ""}


def speeds(contest: Contest, size: int, taken: Mapping[str, Speed]) -> str:
    """Who read how much in a second of CPU time, and the ratio to barloom's."""
    ours = next(iter(taken.values())).seconds
    rows = [
        [name, f"{size / speed.seconds / 1e6:.2f} M", f"{ours / speed.seconds:.2f} x", _SAME[speed.same]]
        for name, speed in taken.items()
    ]
    return table([f"{size:,} {contest.unit}", "a CPU-second", f"times {OURS}", "same result"], rows)


def exactness(contest: Contest, names: Sequence[str], answers: Mapping[str, Mapping[str, Answer]]) -> str:
    """What each reader makes of each awkward input: that it is right, or what it says instead."""
    asked = [name for name in names if name in answers]
    rows = [
        [
            case.name,
            *(RIGHT if answers[name][case.name] in case.right else _short(answers[name][case.name]) for name in asked),
        ]
        for case in contest.cases
    ]
    right = [sum(row[place] == RIGHT for row in rows) for place in range(1, len(asked) + 1)]
    return table(["awkward input", *asked], [*rows, ["**right**", *(f"{count} of {len(rows)}" for count in right)]])


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under a header, with a blank line before them."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _short(answer: Answer) -> str:
    plain = answer.replace("|", "¦").replace("\n", "⏎")
    return plain if len(plain) <= SHOWN else f"{plain[:SHOWN]}…"
