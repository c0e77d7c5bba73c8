from datetime import UTC, datetime

import pytest

from app.domain.jsonsql.builder import Join, Query, Table, delete, insert, select, update
from app.domain.jsonsql.errors import Inexpressible
from app.domain.jsonsql.terms import Field, Q, fn
from app.domain.jsonsql.transpile import transpile
from tests.support.jsonsql import TABLES

A, B, NAME, OFF = Field("a"), Field("b"), Field("name"), Field("disabled")


@pytest.mark.parametrize(
    ("built", "sql"),
    [
        (
            select(["id", "name"], "t", where=NAME.like("admin%") & (OFF == False)),  # noqa: E712 - a column
            "SELECT id, name FROM t WHERE name LIKE 'admin%' AND disabled = FALSE",
        ),
        (select("*", "t", where=~OFF | (A != 3)), "SELECT * FROM t WHERE NOT disabled OR a <> 3"),
        (
            select("a", "t", where=(A < 1) & ((B >= -2) | (A == B))),
            "SELECT a FROM t WHERE a < 1 AND (b >= -2 OR a = b)",
        ),
        (select("a", "t", where=A.in_([1, "x", None])), "SELECT a FROM t WHERE a IN (1, 'x', NULL)"),
        (select("a", "t", where=A.in_(select("id", "u"))), "SELECT a FROM t WHERE a IN (SELECT id FROM u)"),
        (select("a", "t", where=(A == None) & (B != None)), "SELECT a FROM t WHERE a IS NULL AND b IS NOT NULL"),  # noqa: E711
        (select("a", "t", where=A.between(1, 2.5)), "SELECT a FROM t WHERE a BETWEEN 1 AND 2.5"),
        (
            select("a", "t", where=NAME.ilike("x") & OFF.is_(True)),
            "SELECT a FROM t WHERE name ILIKE 'x' AND disabled IS TRUE",
        ),
        (
            select("a", "t", where=datetime(2026, 11, 1, tzinfo=UTC) < A),
            "SELECT a FROM t WHERE a > '2026-11-01T00:00:00+00:00'",
        ),
        (
            select("a", "t", where=Q(name__like="x%", b__in=[1, 2], c=None) | ~Q(t__d__gte=3)),
            "SELECT a FROM t WHERE (name LIKE 'x%' AND b IN (1, 2) AND c IS NULL) OR NOT t.d >= 3",
        ),
        (select([(A + 1) * B - A / 2 % 3, -A], "t"), "SELECT (a + 1) * b - a / 2 % 3, -a FROM t"),
        (
            select([A, fn.count().as_("n"), fn.count(B, distinct=True)], "t", group_by="a", having=fn.count() > 5),
            "SELECT a, COUNT(*) AS n, COUNT(DISTINCT b) FROM t GROUP BY a HAVING COUNT(*) > 5",
        ),
        (select(fn.coalesce(fn.lower(NAME), "-").as_("n"), "t"), "SELECT COALESCE(LOWER(name), '-') AS n FROM t"),
        (
            select("a", "t", order_by=["-a", B.desc(), "c"], limit=5, offset=10, distinct=True),
            "SELECT DISTINCT a FROM t ORDER BY a DESC, b DESC, c LIMIT 5 OFFSET 10",
        ),
        (
            select(
                ["s.username", "t.id"],
                [Table("terminal", "t"), Join("subscriber", "s", on=Field("t.s") == Field("s.id"), how="left")],
            ),
            "SELECT s.username, t.id FROM terminal t LEFT JOIN subscriber s ON t.s = s.id",
        ),
        (
            select("id", ["t", Join("u", using=["id"])]),
            "SELECT id FROM t JOIN u USING (id)",
        ),
        (select("t.a", ["t", "u", Join("v", how="cross")]), "SELECT t.a FROM t, u CROSS JOIN v"),
        (select("q.a", Table(select("a", "t"), "q")), "SELECT q.a FROM (SELECT a FROM t) q"),
        (
            select(["a", select(fn.max(Field("u.b")), "u").as_("m")], "t"),
            "SELECT a, (SELECT MAX(u.b) FROM u) AS m FROM t",
        ),
        (
            insert("t", ["a", "b"], [[1, "x"], [None, -2]], returning="id"),
            "INSERT INTO t (a, b) VALUES (1, 'x'), (NULL, -2) RETURNING id",
        ),
        (insert("t", ["a"], select("b", "u")), "INSERT INTO t (a) SELECT b FROM u"),
        (
            update("t", {"a": 1, "b": A, "c": A + 1}, where=A == 5, returning=["id", "a"]),
            "UPDATE t SET a = 1, b = a, c = a + 1 WHERE a = 5 RETURNING id, a",
        ),
        (delete("t", where=A == 9, returning="*"), "DELETE FROM t WHERE a = 9 RETURNING *"),
    ],
)
def test_what_is_built_is_what_the_sql_becomes(built: Query, sql: str) -> None:
    assert built.statement() == transpile(sql)


def test_a_term_may_be_used_twice() -> None:
    condition = A == 1
    twice = select("a", "t", where=(condition | condition) & (condition | ~condition))
    assert twice.statement() == transpile("SELECT a FROM t WHERE (a = 1 OR a = 1) AND (a = 1 OR NOT a = 1)")
    assert twice.statement() == twice.statement()


def test_a_schema_writes_stars_out() -> None:
    assert select("*", "package").statement(tables=TABLES).columns == tuple(TABLES["package"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: A.in_([]), "nothing is in an empty list"),
        (Q, "needs a condition"),
        (lambda: object() == A, "type object cannot be sent"),  # type: ignore[comparison-overlap, arg-type, unused-ignore]
        (lambda: Join("t", how="sideways"), "no sideways join"),
        (lambda: insert("t", ["a"], []), "no rows"),
        (lambda: update("t", {}), "nothing to set"),
        (lambda: select("a b", "t").statement(), "no way to write the name"),
        (lambda: select("a", "t", where=float("inf") > A).statement(), "cannot be read|all digits"),
        (lambda: select(fn.coalesce(A, "a"), "t").statement(), "as a column"),
    ],
)
def test_what_cannot_be_said_is_refused(make: object, message: str) -> None:
    with pytest.raises(Inexpressible, match=message) as caught:
        make()  # type: ignore[operator]
    assert caught.value.line is None
