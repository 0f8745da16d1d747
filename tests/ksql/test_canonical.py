"""Statements are compared by what they do: how the server writes them makes no difference, anything else does."""

from __future__ import annotations

import pytest

from barloom.ksql.canonical import canonical, differences


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
    ],
)
def test_another_expression_is_another(ours: str, theirs: str) -> None:
    """Grouping, operands, their order, types, texts and the case of quoted names count."""
    assert [] != differences(canonical(table(ours)), canonical(table(theirs)))


@pytest.mark.parametrize("sql", ["DROP TABLE t;", "CREATE TABLE t AS SELECT a FROM s; x", "CREATE STREAM (", ""])
def test_what_is_not_understood_is_said(sql: str) -> None:
    """Another statement is an error, never an equal one."""
    with pytest.raises(ValueError, match=r"found|follows"):
        canonical(sql)
