"""Statements are compared by what they do: how the server writes them makes no difference, anything else does."""

from __future__ import annotations

import pytest

from barloom.ksqldb.compile.names import RESERVED
from barloom.ksqldb.server.canonical import canonical
from barloom.ksqldb.server.differences import differences


def table(column: str) -> str:
    """A table with one computed column."""
    return f"CREATE TABLE t WITH (KAFKA_TOPIC = 't') AS SELECT k, {column} AS x FROM s GROUP BY k EMIT CHANGES;"  # noqa: S608


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("a + b + c", "((S.A + S.B) + S.C)"),
        ("a + b * c", "(S.A + (S.B * S.C))"),
        ("(a + b) * c", "((S.A + S.B) * S.C)"),
        ("CAST(a AS VARCHAR)", "CAST(S.A AS STRING)"),
        ("SPLIT(MIN(a), ':')[2]", "SPLIT(MIN(S.A), ':')[2]"),
        ("CASE WHEN a = 0 THEN NULL ELSE b / a END", "(CASE WHEN (S.A = 0) THEN null ELSE (S.B / S.A) END)"),
        ("a != 1 AND NOT b IS NULL OR c", "(((S.A <> 1) AND (NOT (S.B IS NULL))) OR S.C)"),
        ("MAX(`SIZE`)", "MAX(S.`SIZE`)"),
        ("-1", "(-1)"),
        ("COUNT(*)", "COUNT(*)"),
        ("MAX(`IS`)", "MAX(S.`IS`)"),
        ("`LIKE` + `AND`", "(S.`LIKE` + S.`AND`)"),
        ("CAST(`OR` AS INT)", "CAST(S.`OR` AS INTEGER)"),
        ("MAX(int) + MAX(varchar)", "(MAX(S.INT) + MAX(S.VARCHAR))"),
        ("MAX(`_Q`)", "MAX(S._Q)"),
        ("MAX(`3Q`)", "MAX(S.3Q)"),
        ("CASE WHEN a = 0 THEN b END", "(CASE WHEN (S.A = 0) THEN S.B END)"),
    ],
)  # fmt: skip
def test_the_servers_way_of_writing_is_the_same(ours: str, theirs: str) -> None:
    """Parentheses, qualified names, other words for types and case say nothing."""
    found = f"CREATE TABLE T WITH (CLEANUP_POLICY='compact', KAFKA_TOPIC='t', RETENTION_MS=1) AS SELECT\n  S.K K,\n  {theirs} X\nFROM S S\nGROUP BY S.K\nEMIT CHANGES;"  # noqa: E501

    assert [] == differences(canonical(table(ours)), canonical(found))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("(a + b) * c", "a + b * c"),
        ("a - (b - c)", "a - b - c"),
        ("a + b", "a + c"),
        ("a + b", "a - b"),
        ("a + b", "b + a"),
        ("MIN(a)", "MAX(a)"),
        ("CAST(a AS DECIMAL(18, 6))", "CAST(a AS DECIMAL(18, 2))"),
        ("'a'", "'A'"),
        ("`x`", "x"),
        ("SPLIT(a, ':')[2]", "SPLIT(a, ':')[3]"),
        ("CASE WHEN a THEN b END", "CASE WHEN b THEN a END"),
        ("a IS NULL", "a IS NOT NULL"),
        ("1", "-1"),
        ("SUM(a)", "SUM(a + 0)"),
        ("MAX(int)", "MAX(integer)"),
        ("MAX(varchar)", "MAX(string)"),
        ("MAX(`NULL`)", "MAX(NULL)"),
    ],
)
def test_another_expression_is_another(ours: str, theirs: str) -> None:
    """Grouping, operands, their order, types, texts and the case of quoted names count."""
    assert [] != differences(canonical(table(ours)), canonical(table(theirs)))


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_reserved_word_is_a_name_like_any_other(name: str) -> None:
    """As a column, an alias, a key and a source: the server's text of it says the same, and says it of this name."""
    word, stored = name.lower(), f"`{name}`"
    ours = (
        f"CREATE TABLE {stored} WITH (KAFKA_TOPIC = 't') AS SELECT {stored}, MAX(x) AS y FROM {stored}_s "  # noqa: S608
        f"GROUP BY {stored} EMIT CHANGES;"
    ).replace(f"{stored}_s", f"{word}_s")
    theirs = (
        f"CREATE TABLE {stored} WITH (KAFKA_TOPIC='t') AS SELECT\n  {name}_S.{stored} {stored},\n  MAX({name}_S.X) Y\n"
        f"FROM {name}_S {name}_S\nGROUP BY {name}_S.{stored}\nEMIT CHANGES;"
    )

    assert [] == differences(canonical(ours), canonical(theirs))
    assert canonical(ours) != canonical(theirs.replace(f".{stored}", ".OTHER"))


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        ("MAX(a)", "MIN(S.A)", "column x is MIN(a), not MAX(a)"),
        ("CAST(`SIZE` AS VARCHAR)", "CAST(S.SIZE2 AS STRING)", "CAST(size2 AS STRING), not CAST(`SIZE` AS STRING)"),
        ("a + b * c", "((S.A + S.B) * S.C)", "column x is (a + b) * c, not a + (b * c)"),
        ("a[2]", "S.A[3]", "column x is a[3], not a[2]"),
        ("-a", "S.A", "column x is a, not -a"),
        (
            "CASE WHEN a IS NULL THEN 'it''s' ELSE NULL END",
            "(CASE WHEN (S.A IS NOT NULL) THEN 'it''s' ELSE null END)",
            "CASE WHEN a IS NOT NULL THEN 'it''s' ELSE NULL END, not CASE WHEN a IS NULL THEN 'it''s' ELSE NULL END",
        ),
    ],
)
def test_a_difference_is_told_in_sql(ours: str, theirs: str, told: str) -> None:
    """As a statement has it, so that a reader need not know how statements are compared."""
    (found,) = differences(canonical(table(ours)), canonical(table(theirs)))

    assert found.endswith(told)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("GROUP BY k", "GROUP BY k, j", "GROUP BY is k, j, not k"),
        ("FROM s", "FROM `S-2`", "FROM is `S-2`, not s"),
        ("GROUP BY", "WHERE a > 1 GROUP BY", "WHERE is a > 1, and should not be there"),
        ("SELECT k, ", "SELECT k, j, ", "column j is one too many"),
        (", a AS x", "", "there is no column x"),
        ("'t'", "'u'", "KAFKA_TOPIC is 'u', not 't'"),
        ("KAFKA_TOPIC = 't'", "PARTITIONS = 3", "KAFKA_TOPIC is not there, and should be 't'"),
        ("KAFKA_TOPIC", "REPLICAS = 1, KAFKA_TOPIC", None),
    ],
)
def test_other_differences_are_told_as_they_stand(old: str, new: str, told: str | None) -> None:
    """Clauses, columns and properties; what the server adds by itself is none."""
    found = differences(canonical(table("a")), canonical(table("a").replace(old, new)))

    assert found == [] if told is None else told in found


@pytest.mark.parametrize("sql", ["DROP TABLE t;", "CREATE TABLE t AS SELECT a FROM s; x", "CREATE STREAM (", ""])
def test_what_is_not_understood_is_said(sql: str) -> None:
    """Another statement is an error, never an equal one."""
    with pytest.raises(ValueError, match=r"found|follows"):
        canonical(sql)
