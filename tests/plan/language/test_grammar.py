"""The written grammar: what it reads, what it says when it cannot, and that it reads what is rendered."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barloom as bl
from barloom.plan.language.calls import Call, parse_aggregate
from barloom.plan.language.grammar import parse_expression
from barloom.plan.language.render import render
from barloom.plan.language.tokens import GrammarError
from barloom.plan.nodes import (
    Arithmetic,
    Coalesce,
    Column,
    Comparison,
    IsNull,
    Logical,
    Negate,
    Not,
    Number,
    Ratio,
    RootRatio,
    Text,
)

if TYPE_CHECKING:
    from barloom.plan.nodes import Node

BID, ASK, SIZE = Column("bid"), Column("ask"), Column("size")


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("bid", BID),
        ("-1.50", Number(Decimal("-1.50"))),
        ("1e-3", Number(Decimal("0.001"))),
        ("- bid * size", Arithmetic("*", Negate(BID), SIZE)),
        ("bid - -1", Arithmetic("-", BID, Number(Decimal(-1)))),
        ("bid + ask * size", Arithmetic("+", BID, Arithmetic("*", ASK, SIZE))),
        ("(bid + ask) * 0.5", Arithmetic("*", Arithmetic("+", BID, ASK), Number(Decimal("0.5")))),
        ("bid - ask - size", Arithmetic("-", Arithmetic("-", BID, ASK), SIZE)),
        ("`when` == 'buy'", Comparison("==", Column("when"), Text("buy"))),
        ("bid is null or not ask is not null", Logical("or", IsNull(BID), Not(Not(IsNull(ASK))))),
        (
            "bid > 1 and ask > 1 or size > 1",
            Logical(
                "or",
                Logical("and", Comparison(">", BID, Number(Decimal(1))), Comparison(">", ASK, Number(Decimal(1)))),
                Comparison(">", SIZE, Number(Decimal(1))),
            ),
        ),
        ("coalesce(bid, ask, 0)", Coalesce((BID, ASK, Number(Decimal(0))))),
        (
            "1 - coalesce(bid * size, - 1)",
            Arithmetic("-", Number(Decimal(1)), Coalesce((Arithmetic("*", BID, SIZE), Number(Decimal(-1))))),
        ),
        ("coalesce == coalesce(side, '')", Comparison("==", Column("coalesce"), Coalesce((Column("side"), Text(""))))),
        ("active == true", Column("active")),
        ("active != true", Not(Column("active"))),
        ("active == false", Not(Column("active"))),
    ],
)
def test_reads(text: str, node: Node) -> None:
    """Products before sums before comparisons before not, and, or; operators of one rank from the left."""

    assert node == parse_expression(text)


def test_python_writes_the_same() -> None:
    """`bl.col` makes the nodes that the grammar reads."""
    written = parse_expression("(bid + ask) * 0.5 > 1 and not (side == 'buy' or size is null)")
    condition = (bl.col("bid") + bl.col("ask")) * Decimal("0.5") > 1
    combined = condition & ~((bl.col("side") == "buy") | bl.col("size").is_null())

    assert written == combined.node
    assert parse_expression("1 - bid") == (1 - bl.col("bid")).node
    assert parse_expression("coalesce(bid, ask, 0.5) is not null") == (
        bl.coalesce(bl.col("bid"), bl.col("ask"), Decimal("0.5")).is_not_null().node
    )
    assert parse_expression("active") == (bl.col("active") == True).node  # noqa: E712 - what users write
    assert parse_expression("not active") == (bl.col("active") != True).node  # noqa: E712 - what users write


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("count()", Call("count")),
        ("max(bid) when size >= 100", Call("max", (BID,), {}, Comparison(">=", SIZE, Number(Decimal(100))))),
        (
            "vwap(bid, size, scale=1, rounding=half-even)",
            Call("vwap", (BID, SIZE), {"scale": 1, "rounding": "half-even"}),
        ),
        ("sum(size, empty=-1.5)", Call("sum", (SIZE,), {"empty": Decimal("-1.5")})),
        ("sum(size, empty=null)", Call("sum", (SIZE,), {"empty": "null"})),
        ('sum(size, empty="carry")', Call("sum", (SIZE,), {"empty": "carry"})),
    ],
)
def test_reads_aggregates(text: str, call: Call) -> None:
    """An aggregate is a name, arguments, named arguments, and a condition."""

    assert call == parse_aggregate(text)


@pytest.mark.parametrize(
    ("text", "position", "message", "fix"),
    [
        ("bid >", 5, "the text ends", "a column, a number, text or '('"),
        ("(bid", 4, "the text ends", "')'"),
        ("bid = 1", 4, "unexpected '='", "write '=='"),
        ("bid / 2", 4, "unexpected '/'", "multiply by a decimal"),
        ("bid & ask", 4, "unexpected '&'", "write 'and'"),
        ("1 < bid < 2", 8, "two comparisons in a row", "bid > 1 and bid < 2"),
        ('side == "buy', 8, "unexpected '\"'", "not closed"),
        ("max(bid) > 1", 0, "'max' is called like a function", "cannot stand inside an expression"),
        ("bid == null", 7, "unexpected 'null'", "ask 'is null' or 'is not null'"),
        ("bid IS NULL", 4, "unexpected 'IS'", "write 'is', in small letters"),
        ("coalesce(bid)", 0, "coalesce takes two values or more", "coalesce(size, 0)"),
        ("coalesce()", 9, "unexpected ')'", "a column"),
        ("bid ask", 4, "unexpected 'ask'", "an operator or the end"),
        ("bid > true", 6, "unexpected 'true'", "a boolean field is a condition itself"),
        ("1" * 101, 0, "the number has too many digits", "38"),
        ("(" * 70 + "bid" + ")" * 70, 60, "too deeply nested", "60"),
    ],
)
def test_says_where(text: str, position: int, message: str, fix: str) -> None:
    """An error points to the character and says how to mend it."""
    with pytest.raises(GrammarError) as caught:
        parse_expression(text)

    assert position == caught.value.position
    assert caught.value.flaw.what.startswith(message)
    assert caught.value.flaw.what.endswith("\n        " + " " * position + "^")
    assert fix in caught.value.flaw.fix


@pytest.mark.parametrize(
    "text", ["max", "max(bid", "max(bid,)", "max(scale=1, bid)", "max(bid, scale=1, scale=2)", "", "1"]
)
def test_refuses_what_is_no_aggregate(text: str) -> None:
    """Only a whole call is an aggregate."""
    with pytest.raises(GrammarError):
        parse_aggregate(text)


names = st.one_of(
    st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True),
    st.text(st.characters(exclude_characters="`", exclude_categories=["Cs"]), min_size=1, max_size=5),
)
decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=9)
leaves = st.one_of(
    st.builds(Column, names),
    st.builds(Number, decimals),
    st.builds(Text, st.text(st.characters(exclude_categories=["Cs"]), max_size=8)),
)


def grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    """Nodes over nodes. A minus before a number is the number's own."""
    operands = inner.filter(lambda node: not isinstance(node, Number))
    rounded = (inner, inner, st.integers(0, 38), st.sampled_from(["half-even", "down", "ceiling"]))
    return st.one_of(
        st.builds(Negate, operands),
        st.builds(Arithmetic, st.sampled_from(["+", "-", "*"]), inner, inner),
        st.builds(Comparison, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), inner, inner),
        st.builds(Logical, st.sampled_from(["and", "or"]), inner, inner),
        st.builds(Not, inner),
        st.builds(IsNull, inner),
        st.builds(Coalesce, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Ratio, *rounded),
        st.builds(RootRatio, *rounded),
    )


@settings(max_examples=300, deadline=None)
@given(st.recursive(leaves, grown, max_leaves=12))
def test_reads_what_is_rendered(node: Node) -> None:
    """Rendering and parsing gives the same expression, for every expression."""

    assert node == parse_expression(render(node))
