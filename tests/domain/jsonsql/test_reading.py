import pytest

from app.domain.jsonsql.errors import Inexpressible
from app.domain.jsonsql.reading import is_read_only, tables_read


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT a FROM t", {"t"}),
        ("SELECT 1", set()),
        ("SELECT a, CASE WHEN b THEN 1 END, c::text, SUM(d) OVER (PARTITION BY e ORDER BY f) FROM T, u", {"t", "u"}),
        ("SELECT a FROM t UNION ALL SELECT b FROM s.u WHERE EXISTS (SELECT 1 FROM v)", {"t", "s.u", "v"}),
        ("WITH q AS (SELECT a FROM t) SELECT q.a FROM q, u", {"t", "u"}),
        ("WITH t AS (SELECT a FROM t) SELECT a FROM t", {"t"}),
        ("WITH RECURSIVE q AS (SELECT 1 AS n UNION SELECT n + 1 FROM q WHERE n < 5) SELECT n FROM q", set()),
        ("WITH q AS (SELECT a FROM r), r AS (SELECT a FROM q) SELECT a FROM r", {"r"}),
        ("SELECT a FROM t WHERE b IN (WITH q AS (SELECT c FROM u) SELECT c FROM q)", {"t", "u"}),
        ("SELECT a FROM q WHERE b IN (WITH q AS (SELECT c FROM u) SELECT c FROM q)", {"q", "u"}),
    ],
)
def test_a_select_in_every_node_is_read_only(sql: str, tables: set[str]) -> None:
    assert tables_read(sql) == tables
    assert is_read_only(sql)


@pytest.mark.parametrize(
    ("sql", "line", "column"),
    [
        ("DELETE FROM t", 1, 1),
        ("  INSERT INTO t (a) VALUES (1)", 1, 3),
        ("WITH q AS (DELETE FROM t RETURNING *) SELECT * FROM q", 1, 12),
        ("SELECT a FROM t WHERE b IN (\n WITH q AS (UPDATE t SET a = 1 RETURNING a) SELECT a FROM q)", 2, 13),
        ("SELECT a INTO u FROM t", 1, 15),
        ("SELECT a FROM t FOR UPDATE", 1, 21),
        ("SELECT setval('s', 1)", 1, 8),
        ("SELECT pg_sleep(9) FROM t", 1, 8),
        ('SELECT "pg_sleep"(9) FROM t', 1, 8),
        ("SELECT s.setval(1) FROM t", 1, 10),
        ("SELECT * FROM pg_read_file('/etc/passwd')", 1, 15),
        ("SELECT load_extension('x')", 1, 8),
        ("SELECT 1; DROP TABLE t", 1, 22),
        ("DROP TABLE t", 1, 1),
        ("PRAGMA writable_schema = 1", 1, 1),
        ("EXPLAIN ANALYZE DELETE FROM t", 1, 1),
        ("COPY t TO '/tmp/x'", 1, 1),
        ("VACUUM", 1, 1),
        ("BEGIN", 1, 1),
        ("CALL f()", 1, 1),
        ("DO 'x'", 1, 1),
        ("SET x = 1", 1, 1),
        ("VALUES (1)", 1, 1),
        ("MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE", 1, 1),
        ("", 1, 1),
        ("SELEC a", 1, 1),
    ],
)
def test_everything_else_is_refused_with_its_place(sql: str, line: int, column: int) -> None:
    with pytest.raises(Inexpressible) as caught:
        tables_read(sql)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert not is_read_only(sql)
