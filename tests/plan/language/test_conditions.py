"""Conditions on several values, lists, bits and times: how they are written, checked, and written back."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

import barloom as bl
from barloom.plan.document import from_document, plan_document
from barloom.plan.identity import field_text, fingerprint
from barloom.plan.language.grammar import parse_expression
from barloom.plan.language.nulls import unasked_nulls
from barloom.plan.language.render import render
from barloom.plan.language.tokens import GrammarError
from barloom.plan.nodes import Bits, Column, Contains, In, Not, Number, Text
from barloom.plan.toml import read_toml
from plan.plan_cases import only_problem

DEFINITION = """
[event]
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp(ms)"
seen = "timestamp"
price = "decimal(18, 2)"
size = "decimal(18, 0)"
lots = "int"
odd = "bool"
note = "string?"
cond = 'list("|")'
some = "list?"
[bars]
name = "t"
base = "1m"
{settings}
ohlcv = {{ price = "price" }}
"""
COND, ONE = Column("cond"), Number(Decimal(1))


class Trade(bl.Event):
    """A trade with its conditions."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    seen: datetime
    price: Decimal = bl.decimal(18, 2)
    lots: int
    cond: list[str] = bl.field(separator="|")
    some: list[str] | None


def where(condition: str) -> bl.BarPlan:
    """The plan with a filter, as TOML."""
    return read_toml(DEFINITION.format(settings=f"where = '''{condition}'''"))


@pytest.mark.parametrize(
    ("text", "node", "rendered"),
    [
        ("cond in ('I', \"W\", 'I')", In(COND, (Text("I"), Text("W"))), 'cond in ("I", "W")'),
        (
            "cond not in (1, -2.50)",
            Not(In(COND, (Number(Decimal(1)), Number(Decimal("-2.50"))))),
            "cond not in (1, -2.50)",
        ),
        (
            "cond contains any (37, '52')",
            Contains(COND, "any", (Text("37"), Text("52"))),
            'cond contains any ("37", "52")',
        ),
        ("cond contains 'F'", Contains(COND, "any", (Text("F"),)), 'cond contains any ("F")'),
        ("bits(cond, 0x2000)", Bits(COND, 8192), "bits(cond, 0x2000)"),
        ("bits(cond, 6)", Bits(COND, 6), "bits(cond, 0x6)"),
        ("in in (1)", In(Column("in"), (Number(Decimal(1)),)), "in in (1)"),
        ("bits == contains", None, "bits == contains"),
        ("any + all > 0", None, "any + all > 0"),
    ],
)
def test_the_grammar(text: str, node: object, rendered: str) -> None:
    """What is read is written back and read again; the new words still name columns elsewhere."""
    read = parse_expression(text)

    assert node in (None, read)
    assert rendered == render(read)
    assert read == parse_expression(rendered)


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("cond in 'I'", "a list in parentheses should stand here at character 9", 'write in ("I", "W")'),
        ("cond in ()", "unexpected ')' at character 10", "a number, or text in quotes, should stand here"),
        ("cond in (I)", "unexpected 'I' at character 10", "a number, or text in quotes, should stand here"),
        ("cond IN ('I')", "unexpected 'IN' at character 6", "write 'in', in small letters"),
        ("cond contains (1, 2)", "any or all should stand here", 'contains any ("37", "52")'),
        ("bits(cond, 0)", "bits takes a whole number above 0", "bits(cond, 0x2000)"),
        ("bits(cond, 1.5)", "bits takes a whole number above 0", "bits(cond, 0x2000)"),
        ("cond & 4", "unexpected '&'", "bits(cond, 0x2000)"),
    ],
)
def test_mistakes_in_the_grammar(text: str, what: str, fix: str) -> None:
    """Each says where it is and what to write."""
    with pytest.raises(GrammarError) as caught:
        parse_expression(text)

    assert what in caught.value.flaw.what
    assert fix in caught.value.flaw.fix


def test_python_writes_the_same() -> None:
    """The methods of columns make the nodes that the grammar reads."""
    cond = bl.col("cond")

    assert parse_expression("cond in ('I', 2)") == cond.is_in(["I", 2]).node
    assert parse_expression("cond not in ('I')") == (~cond.is_in(("I",))).node
    assert parse_expression("cond contains any (37)") == cond.contains_any([37]).node
    assert parse_expression("cond contains all ('a', 'b')") == cond.contains_all(["a", "b"]).node
    assert parse_expression("bits(cond, 0x2000)") == cond.has_bits(0x2000).node


@pytest.mark.parametrize(
    ("made", "what"),
    [
        (bl.col("symbol").is_in("AB"), "'AB' is not a list of values"),
        (bl.col("symbol").is_in([]), "[] is not a list of values"),
        (bl.col("symbol").is_in([bl.col("cond")]), ".is_in takes literals only"),
        (bl.col("lots").is_in([1.5]), "the float 1.5 is not an exact number"),
        (bl.col("cond").contains_any("37"), "'37' is not a list of values"),
        (bl.col("lots").has_bits(0), "bits takes a whole number above 0"),
        (bl.col("lots").has_bits(-4), "bits takes a whole number above 0"),
    ],
)
def test_mistakes_in_python(made: bl.Expression, what: str) -> None:
    """They are problems of the definition, like any others."""
    query = bl.from_(Trade).where(made).tumbling("1m").select(close=bl.last("price"))

    assert what in only_problem(lambda: query.named("t"))[0]


@pytest.mark.parametrize(
    ("condition", "what", "fix"),
    [
        ("price in ('a')", 'price in ("a") compares a number with text', "text in quotes"),
        ("note in (1)", "compares text with a number", "text in quotes"),
        ("cond in ('37')", "cond is a list, which is not in a list of values", "contains any"),
        ("odd in (1)", "odd is a condition", "and, or and not"),
        ("note contains any ('37')", "note is text, not a list", "note = 'list(\",\")'"),
        ("lots contains any ('37')", "lots is a number, not a list", "=="),
        ("cond contains any ('a|b')", "'a|b' can be no element of cond", "parted by '|'"),
        ("cond contains any (' a')", "' a' can be no element of cond", "no spaces around them"),
        ("cond == '37'", "compares a list with text", "contains any"),
        ("coalesce(cond, some) contains any ('a')", "chooses between lists", "drop the '?'"),
        ("bits(price, 1)", "price is no whole number", "int"),
        ("bits(note, 1)", "note is no whole number", "int"),
        ("at < 1762776000000", "compares a time with a number", '"2025-11-10T12:00:00Z"'),
        ("at < 'soon'", "'soon' is not a time", '"2025-11-10T09:30:00Z"'),
        ("at < '2025-11-10T12:00:00'", "has no time zone", ""),
        ("at < '9999-01-01'", "lies outside the times that there can be", ""),
        ("at == note", "compares a time with text", '"2025-11-10T09:30:00Z"'),
    ],
)
def test_kinds_that_do_not_fit(condition: str, what: str, fix: str) -> None:
    """A condition compares like with like, and the fix says how to write what was meant."""
    found = only_problem(lambda: where(condition))

    assert what in found[0]
    assert fix in found[2]


def test_times_are_written_in_one_way() -> None:
    """The same instant gives the same definition, however it is written; two fields of time compare too."""
    plans = [where(f"at < '{text}'") for text in ("2025-11-10", "2025-11-10T00:00Z", "2025-11-10T01:00:00.000+01:00")]

    assert 1 == len({fingerprint(plan) for plan in plans})
    assert plans[0].where is not None
    assert 'at < "2025-11-10T00:00:00Z"' == render(plans[0].where)
    assert where("seen >= at").where is not None


def test_a_definition_is_kept_whole() -> None:
    """What a store keeps of a definition gives it back, lists and conditions included."""
    plan = where('cond contains all ("a", "b") and lots not in (1, 2) and bits(lots, 4) and at > "2025-01-01"')

    assert plan == from_document(plan_document(plan))
    assert ['list("|")', 'list(",")?'] == [field_text(plan.event.by_name[name]) for name in ("cond", "some")]


def test_lists_in_python_and_toml_are_the_same() -> None:
    """``list[str]`` with a separator is ``list("|")``, ``list[str] | None`` is ``list?``."""
    made = bl.from_(Trade).tumbling("1m").select(close=bl.last("price")).named("t").plan.event
    text = where("lots > 0").event

    assert [text.by_name[name] for name in ("cond", "some")] == [made.by_name[name] for name in ("cond", "some")]


@pytest.mark.parametrize(
    ("field", "what"),
    [
        ('x = "list(a)"', "'a' cannot part the elements of a list"),
        ("x = 'list(\"\")'", "cannot part the elements of a list"),
        ('x = "list(5)"', "'5' cannot part the elements of a list"),
    ],
)
def test_what_cannot_part_a_list(field: str, what: str) -> None:
    """A separator is a sign that no element has in it."""
    text = DEFINITION.format(settings="").replace('some = "list?"', field)

    assert what in only_problem(lambda: read_toml(text))[0]


@pytest.mark.parametrize("role", ['key = "cond"', 'key = "symbol"\nevent_id = "cond"'])
def test_a_list_is_no_key(role: str) -> None:
    """Keys and ids are single values."""
    text = DEFINITION.format(settings="").replace('key = "symbol"', role)

    assert "'cond' is a list, which cannot be" in only_problem(lambda: read_toml(text))[0]


@pytest.mark.parametrize(
    ("condition", "columns"),
    [
        ("note not in ('x')", ["note"]),
        ("note in ('x')", []),
        ("some not contains any ('x')", ["some"]),
        ("not (cond contains any ('x'))", []),
        ("note is null or note not in ('x')", []),
    ],
)
def test_nulls_that_nobody_asked_for(condition: str, columns: list[str]) -> None:
    """`check` tells of conditions that leave rows out because a value is missing; a plain list is never missing."""
    told = unasked_nulls(where(condition))

    assert columns == [text.split("rows without ")[1].split()[0] for text in told]
