import json
import timeit
from typing import Any

import pytest

from app.domain.jsonsql.errors import Inexpressible
from app.domain.jsonsql.transpile import transpile
from app.domain.jsonsql.words import Method, Style
from tests.support.jsonsql import BEYOND, REFERENCE, TABLES


def same(left: Any, right: Any) -> bool:
    """Equal as JSON: in Python `True == 1`."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


@pytest.mark.parametrize(("sql", "documented", "nested"), REFERENCE, ids=[row[0] for row in REFERENCE])
def test_the_references_statements(sql: str, documented: dict[str, Any], nested: dict[str, Any] | None) -> None:
    assert same(transpile(sql).params, documented)
    assert same(transpile(sql, style=Style.NESTED).params, nested or documented)


@pytest.mark.parametrize(("sql", "params"), BEYOND, ids=[row[0] for row in BEYOND])
def test_what_others_lose_is_said(sql: str, params: dict[str, Any]) -> None:
    assert same(transpile(sql).params, params)


@pytest.mark.parametrize(
    ("sql", "message", "line", "column"),
    [
        ("SELECT a,\n  CASE WHEN b THEN 1 END FROM t", "JSONSQL cannot say CASE", 2, 3),
        ("SELECT a FROM t WHERE EXISTS (SELECT b FROM u)", "JSONSQL cannot say EXISTS", 1, 23),
        ("SELECT a::text FROM t", "JSONSQL cannot say a cast", 1, 8),
        ("SELECT CAST(a AS int) FROM t", "JSONSQL cannot say a cast", 1, 8),
        ("SELECT EXTRACT(year FROM b) FROM t", "JSONSQL cannot say EXTRACT", 1, 16),
        ("SELECT a || b FROM t", "JSONSQL cannot say ||", 1, 8),
        ("SELECT a FROM t WHERE a ~ 'x'", "JSONSQL cannot say ~", 1, 23),
        ("SELECT a FROM t WHERE a = ANY(b)", "JSONSQL cannot say ANY", 1, 31),
        ("SELECT a FROM t UNION SELECT b FROM u", "JSONSQL has SELECT", 1, 1),
        ("CREATE TABLE t (a int)", "JSONSQL has SELECT", 1, 1),
        ("EXPLAIN SELECT a FROM t", "JSONSQL has SELECT", 1, 1),
        ("SELECT a FROM s.t", "JSONSQL cannot say a name of a schema", 1, 15),
        ("SELECT a FROM t NATURAL JOIN u", "JSONSQL cannot say NATURAL JOIN", 1, 30),
        ("SELECT a FROM t FOR UPDATE", "JSONSQL cannot say FOR UPDATE", 1, 21),
        ("SELECT DISTINCT ON (a) b FROM t", "JSONSQL cannot say DISTINCT ON", 1, 21),
        ("SELECT SUM(a) OVER (PARTITION BY b) FROM t", "JSONSQL cannot say a window", 1, 8),
        ("SELECT COUNT(*) FILTER (WHERE a) FROM t", "JSONSQL cannot say FILTER", 1, 8),
        ("SELECT a FROM t FETCH FIRST 5 ROWS ONLY", "JSONSQL cannot say FETCH", 1, 29),
        ("SELECT a FROM t LIMIT ALL", "JSONSQL cannot say ALL", 1, 23),
        ("SELECT a FROM t LIMIT 1.5", "LIMIT is a whole number", 1, 23),
        ("SELECT a FROM t WHERE a LIKE 'x' ESCAPE '!'", "JSONSQL cannot say ESCAPE", 1, 23),
        ("SELECT a FROM t WHERE a IS DISTINCT FROM 1", "JSONSQL cannot say IS DISTINCT FROM", 1, 23),
        ("SELECT a FROM t ORDER BY a NULLS FIRST", "JSONSQL has no NULLS FIRST", 1, 26),
        ("SELECT a FROM t, LATERAL (SELECT b FROM u) q", "JSONSQL cannot say LATERAL", 1, 34),
        ("SELECT a FROM f(1)", "JSONSQL has tables and sub-selects", 1, 15),
        ("SELECT a FROM t TABLESAMPLE (5)", "JSONSQL cannot say TABLESAMPLE", 1, 30),
        ("SELECT a FROM t WHERE b = CURRENT_TIMESTAMP", "JSONSQL cannot say CURRENT_TIMESTAMP", 1, 27),
        ("SELECT a FROM t WHERE b = user", "JSONSQL cannot say USER", 1, 27),
        ("SELECT a FROM t WHERE (a, b) = (1, 2)", "JSONSQL has no form", 1, 24),
        ("SELECT a", "JSONSQL needs a FROM", 1, 1),
        ("SELECT 1 AS one FROM t", "JSONSQL has no name for a literal", 1, 8),
        ("SELECT a FROM t WHERE 'x' = 'y'", "JSONSQL would read this text as a column", 1, 23),
        ("SELECT COALESCE(name, 'name') FROM t", "JSONSQL would read the text 'name' as a column", 1, 23),
        ("SELECT a, b FROM t, u WHERE t.a = b", "Name the table of 'b'", 1, 35),
        ('SELECT "a b" FROM t', "JSONSQL has no way to write the name 'a b'", 1, 8),
        ("SELECT t.a FROM u", "There is no table 't'", 1, 8),
        ("SELECT t.* FROM t", "JSONSQL has no t.*", 1, 8),
        ("SELECT * FROM a JOIN b USING (id)", "JSONSQL has no USING; name the columns", 1, 8),
        ("SELECT id FROM a FULL JOIN b USING (id)", "Name the table of 'id'", 1, 8),
        ("SELECT x FROM a JOIN b ON TRUE JOIN c USING (id)", "JSONSQL has no USING, and 'id' has no one table", 1, 46),
        ("SELECT x FROM a, b RIGHT JOIN c ON b.id = c.id", "JSONSQL joins from left to right", 1, 18),
        ('SELECT a FROM "select"', "'select' is a word of JSONSQL", 1, 15),
        ('SELECT a FROM t ORDER BY a, "desc"', "JSONSQL would read 'desc' as a direction", 1, 29),
        ("SELECT 0.10000000000000000001 FROM t", "JSON does not keep all digits", 1, 8),
        ("SELECT 9223372036854775808 FROM t", "JSON does not keep all digits", 1, 8),
        ("WITH RECURSIVE q AS (SELECT a FROM q) SELECT a FROM q", "JSONSQL cannot say WITH RECURSIVE", 1, 16),
        ("WITH q AS (SELECT a FROM t) SELECT a FROM t", "Nothing uses this CTE", 1, 6),
        ("WITH q(b) AS (SELECT a FROM t) SELECT b FROM q", "JSONSQL cannot say names for the columns", 1, 8),
        ("WITH q AS (DELETE FROM t RETURNING a) SELECT a FROM q", "JSONSQL has a SELECT here", 1, 12),
        ("WITH q AS (SELECT a FROM t LIMIT 1) SELECT x.a FROM q x JOIN q y ON x.a = y.a", "This CTE would be", 1, 62),
        ("SELECT f(a, b => 1) FROM t", "JSONSQL cannot say KWARG", 1, 18),
        ("SELECT f(DISTINCT a, b) FROM t", "JSONSQL has DISTINCT of one argument", 1, 19),
        ("SELECT STRING_AGG(a, ',' ORDER BY b) FROM t", "JSONSQL cannot say ORDER BY in a call", 1, 22),
        ("SELECT a FROM t WHERE b IN (SELECT c, d FROM u)", "A sub-select has one column here", 1, 28),
        ("SELECT a FROM t WHERE b = (SELECT c, d FROM u)", "A sub-select has one column here", 1, 27),
        ("SELECT a FROM t GROUP BY ROLLUP (a)", "JSONSQL cannot say ROLLUP", 1, 34),
        ("INSERT INTO t VALUES (1)", "JSONSQL needs the columns", 1, 13),
        ("INSERT INTO t (a) VALUES (DEFAULT)", "JSONSQL cannot say DEFAULT", 1, 34),
        ("INSERT INTO t (a) VALUES (b)", "Name the table of 'b'", 1, 27),
        ("INSERT INTO t (a, b) VALUES (1, 2), (3)", "This row has 1 values, the first has 2", 1, 38),
        ("INSERT INTO t (a) VALUES (1, 2)", "1 columns, and 2 values", 1, 27),
        ("INSERT INTO t (a) SELECT b, c FROM u", "1 columns, and a SELECT of 2", 1, 19),
        ("INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING", "JSONSQL cannot say ON CONFLICT", 1, 45),
        ("INSERT INTO t (a) DEFAULT VALUES", "JSONSQL cannot say DEFAULT VALUES", 1, 1),
        ("UPDATE t AS x SET a = 1", "JSONSQL gives the table that is written no other name", 1, 13),
        ("UPDATE t SET a = 1 FROM u", "JSONSQL cannot say UPDATE … FROM", 1, 25),
        ("UPDATE t SET (a, b) = (1, 2)", "JSONSQL sets one column", 1, 15),
        ("UPDATE t SET a = 1, a = 2", "The column 'a' is written twice", 1, 21),
        ("UPDATE t SET a = DEFAULT", "JSONSQL cannot say DEFAULT", 1, 18),
        ("DELETE FROM t USING u WHERE t.a = u.a", "JSONSQL cannot say USING of DELETE", 1, 21),
        ("DELETE FROM t RETURNING a + 1", "JSONSQL returns columns", 1, 25),
        ("SELECT a FROM t WHERE", "WHERE is not complete here", 1, 17),
        ("SELECT a FRM t WHERE b", "This was not expected here", 1, 14),
        ("SELECT 'abc FROM t", "A quote is not closed here", 1, 8),
        ("", "There is no statement", 1, 1),
        ("SELECT a FROM t; DELETE FROM t", "One statement at a time", 1, 18),
    ],
)
def test_what_cannot_be_said_is_refused_with_its_place(sql: str, message: str, line: int, column: int) -> None:
    with pytest.raises(Inexpressible) as caught:
        transpile(sql)
    assert (caught.value.message[: len(message)], caught.value.line, caught.value.column) == (message, line, column)


def test_deep_nesting_is_refused_not_a_crash() -> None:
    for sql in (f"SELECT {'(' * 5000}a{')' * 5000} FROM t", f"SELECT a FROM t WHERE {'NOT ' * 9000} b"):
        with pytest.raises(Inexpressible):
            transpile(sql)


def test_a_long_condition_is_not_deep() -> None:
    whole = " OR ".join(f"a = {number}" for number in range(900))
    assert len(transpile(f"SELECT a FROM t WHERE {whole}").params["where"]["or"]) == 900


def test_ctes_that_double_are_stopped() -> None:
    ctes = ", ".join(f"q{n} AS (SELECT x.a FROM q{n - 1} x JOIN q{n - 1} y ON x.a = y.a)" for n in range(1, 30))
    with pytest.raises(Inexpressible, match="more than 200 SELECTs"):
        transpile(f"WITH q0 AS (SELECT a FROM t), {ctes} SELECT a FROM q29")


def test_a_cte_sees_those_before_it_and_hides_a_table_only_behind_itself() -> None:
    made = transpile("WITH t AS (SELECT a FROM t) SELECT t.a FROM t")
    assert made.params["from"] == [{"select": {"data": ["a"], "from": "t"}, "as": "t"}]
    assert made.tables == {"t"}


def test_star_is_written_out_by_the_schema() -> None:
    made = transpile("SELECT * FROM package", tables=TABLES)
    assert made.params == {"data": TABLES["package"], "from": "package", "order_by": "id"}
    assert made.columns == tuple(TABLES["package"])
    both = transpile("SELECT * FROM terminal t JOIN subscriber s USING (id)", tables=TABLES)
    assert both.params["data"][0] == {"t": "id"}
    assert len(both.params["data"]) == 9
    assert {"s": "id"} not in both.params["data"]
    one = transpile("SELECT s.*, t.id FROM terminal t JOIN subscriber s ON t.subscriber_id = s.id", tables=TABLES)
    assert one.params["data"] == [*({"s": name} for name in TABLES["subscriber"]), {"t": "id"}]


def test_a_schema_without_columns_tells_nothing() -> None:
    assert transpile("SELECT * FROM t", tables={"t": []}) == transpile("SELECT * FROM t")


def test_the_schema_tells_texts_from_columns() -> None:
    sql = "SELECT COALESCE(username, 'email') FROM subscriber"
    assert transpile(sql).params["data"] == [{"function": "coalesce", "args": ["username", "email"]}]
    with pytest.raises(Inexpressible, match="as a column"):
        transpile(sql, tables=TABLES)


def test_the_schema_names_the_table_of_a_column() -> None:
    sql = "SELECT mac_addr FROM terminal, subscriber WHERE username = mac_addr"
    assert transpile(sql, tables=TABLES).params["where"] == {"eq": ["username", {"terminal": "mac_addr"}]}


@pytest.mark.parametrize(
    ("sql", "is_ordered"),
    [
        ("SELECT id FROM t", True),
        ("SELECT * FROM t", True),
        ("SELECT t.id FROM t", True),
        ("SELECT name FROM t", False),
        ("SELECT name AS id FROM t", False),
        ("SELECT id, name AS id FROM t", False),
        ("SELECT id FROM t GROUP BY id", False),
        ("SELECT id FROM t, u", False),
        ("SELECT id FROM (SELECT id FROM t) q", False),
        ("SELECT id, COUNT(*) FROM t", False),
        ("SELECT id FROM t ORDER BY name", False),
    ],
)
def test_lists_with_an_id_are_ordered_for_paging(sql: str, *, is_ordered: bool) -> None:
    assert (transpile(sql).params.get("order_by") == "id") is is_ordered
    assert transpile(sql, order_by_id=False).params.get("order_by") != "id"


def test_a_statement_says_what_it_is() -> None:
    made = transpile("SELECT a, LOWER(b), c + 1, d AS e FROM t WHERE x IN (SELECT y FROM u)")
    assert (made.method, made.columns) == (Method.SELECT, ("a", "lower", "?column?", "e"))
    assert made.tables == {"t", "u"}
    assert transpile("VALUES ('a'), ('b')").params == {"values": [["a"], ["b"]]}
    assert transpile("DELETE FROM t RETURNING id, a").columns == ("id", "a")
    assert transpile("DELETE FROM t").method is Method.DELETE
    assert transpile("UPDATE t SET a = 1").tables == {"t"}
    assert transpile("INSERT INTO t (a) SELECT a FROM u").tables == {"t", "u"}


def test_names_fold_as_in_postgresql() -> None:
    assert transpile('SELECT Name, "Name" FROM T').params == {"data": ["name", "Name"], "from": "t"}


def test_a_statement_takes_little_time() -> None:
    sql = BEYOND[13][0]
    assert min(timeit.repeat(lambda: transpile(sql), number=5, repeat=5)) / 5 < 0.010  # 2 ms where nothing else runs
