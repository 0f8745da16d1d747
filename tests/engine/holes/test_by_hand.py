"""Whatever rows come in whatever batches, bars say of their completeness what the rule says row by row."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.holes.by_hand import ByHand, Item, Mark, Row, Told

_TIMES = st.integers(0, 200)


@st.composite
def _items(draw: st.DrawFn) -> list[Item]:
    """Rows that mostly count on, with what goes wrong in between."""
    state = {"A": [1, 0], "B": [1000, 0]}
    items: list[Item] = []
    for _ in range(draw(st.integers(1, 30))):
        key = draw(st.sampled_from("AAB"))
        number, time = state[key]
        time += draw(st.sampled_from([0, 1, 1, 2, 3, 5, 9, 12, 31]))
        what = draw(st.sampled_from(_WHATS))
        span = draw(st.sampled_from([1, 1, 1, 2, 4]))
        match what:
            case "next":
                items.append(Row(key, number, time, "row", number + span - 1))
                number += span
            case "skip":
                items.append(Row(key, number + span, time))
                number += span + 1
            case "old" | "old time":
                back, at = draw(st.integers(1, 12)), max(0, time - draw(st.integers(0, 40)))
                items.append(
                    Row(key, number - back, at if what == "old time" else time, "row", number - back + span - 1)
                )
                number = max(number, number - back + span)
            case "filtered" | "unread":
                items.append(Row(key, number, time, what))
                number += 1
            case "null":
                items.append(Row(key, None, time))
            case "restart":
                number = draw(st.sampled_from([1, number - 3]))
                items.append(Row(key, number, time + 2))
                number, time = number + 1, time + 2
            case "behind":
                items.append(Row(key, number, max(0, time - 25)))
                number += 1
            case "mark" | "mark all":
                items.append(Mark(key if what == "mark" else None, max(0, time - draw(st.integers(0, 8)))))
        state[key] = [number, time]
    return items


_WHATS = (
    *(("next",) * 8),
    *(
        "skip",
        "old",
        "old",
        "old time",
        "old time",
        "filtered",
        "unread",
        "null",
        "restart",
        "behind",
        "mark",
        "mark all",
    ),
)


def _in_order(items: list[Item]) -> list[Item]:
    """Between two rows of a batch those that could not be read count as ahead of the marks."""
    number = 0
    places = []
    for item in items:
        is_row = isinstance(item, Row) and item.kind != "unread"
        number += is_row
        places.append((number, 0 if is_row else 1 if isinstance(item, Row) else 2))
    return [items[place] for place in sorted(range(len(items)), key=lambda place: places[place])]


def _compare(items: list[Item], time: str, delay: int, cuts: list[int], *, restart: bool = False) -> None:
    items = _in_order(items)
    hand, told = ByHand(time, delay), Told(time, delay)
    for item in items:
        hand.take(item)
    edges = sorted({0, len(items), *(cut for cut in cuts if cut < len(items))})
    for start, stop in pairwise(edges):
        told.take(items[start:stop], restart=restart)
    assert hand.finals == told.finals
    assert sorted(hand.side) == sorted((offset, reason) for offset, reason in told.side)
    lost = {(key, first, last) for key, first, last, kind in told.events if kind == "given up"}
    assert set(hand.given_up) <= lost


@given(
    _items(), st.sampled_from(["partition", "key"]), st.sampled_from([0, 15]), st.lists(st.integers(1, 30), max_size=6)
)
@settings(max_examples=150, deadline=None)
def test_bars_say_what_the_rule_says(items: list[Item], time: str, delay: int, cuts: list[int]) -> None:
    """Rows in and out of order, twice, filtered, refused and begun anew, with marks, in any batches."""

    _compare(items, time, delay, cuts)


@given(
    _items(), st.sampled_from(["partition", "key"]), st.sampled_from([0, 15]), st.lists(st.integers(1, 30), max_size=6)
)
@settings(max_examples=60, deadline=None)
def test_a_restart_changes_nothing(items: list[Item], time: str, delay: int, cuts: list[int]) -> None:
    """Restored from its changelog behind every batch, the engine says the same."""

    _compare(items, time, delay, cuts, restart=True)
