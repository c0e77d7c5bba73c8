"""What is asked in SQL gets the same rows from the simulated portal, by way of JSONSQL, as from SQLite by way of SQL.

The transpiler and the portal's interpreter were written apart: each is the other's witness.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import pytest
import sqlglot

from app.domain.jsonsql.errors import Inexpressible
from app.domain.jsonsql.transpile import transpile
from app.simulator.iptvportal.database import Database
from app.simulator.iptvportal.functions import install
from app.simulator.iptvportal.portal import IptvPortal
from app.simulator.iptvportal.tables import ALL, DRIFTED
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec

SPEC = CatalogueSpec(channels=40, movies=80, series=3, categories=10, subscribers=60)
COPIED = ("subscriber", "terminal", "package", "subscriber_package", "service", "tv_channel", "tv_category", "media")
TABLES = {table: tuple(ALL[table].columns) for table in COPIED}

SELECTS = """
SELECT id, name FROM package;
SELECT * FROM package WHERE NOT paid;
SELECT DISTINCT paid FROM package ORDER BY paid DESC;
SELECT name AS title, cost * 2 + 1 AS twice FROM package WHERE cost BETWEEN 5 AND 20 ORDER BY twice DESC,
    title;
SELECT id FROM subscriber WHERE email IS NULL AND NOT disabled OR max_terminal >= 5 ORDER BY id DESC LIMIT 7
    OFFSET 2;
SELECT username FROM subscriber WHERE username LIKE 'user1%' AND username NOT LIKE '%3' ORDER BY username;
SELECT username FROM subscriber WHERE id NOT IN (3, 4, 5) AND id IN (SELECT subscriber_id FROM terminal WHERE
    registered);
SELECT id, email FROM subscriber ORDER BY email DESC, id LIMIT 12;
SELECT id, email FROM subscriber ORDER BY email, id LIMIT 12;
SELECT COUNT(*), COUNT(email), COUNT(DISTINCT max_terminal), MIN(id), MAX(username) FROM subscriber;
SELECT max_terminal, COUNT(*) AS n, SUM(id) FROM subscriber GROUP BY max_terminal HAVING COUNT(*) > 3 ORDER BY
    n DESC, max_terminal;
SELECT disabled, AVG(id) FROM subscriber GROUP BY disabled ORDER BY 1;
SELECT s.username, t.mac_addr FROM terminal t JOIN subscriber s ON t.subscriber_id = s.id WHERE t.registered
    ORDER BY t.id;
SELECT p.id, v.id FROM package p LEFT JOIN service v ON v.package_id = p.id ORDER BY p.id;
SELECT p.name, sp.subscriber_id FROM subscriber_package sp RIGHT JOIN package p ON sp.package_id = p.id AND
    sp.subscriber_id < 5 ORDER BY p.id, sp.subscriber_id;
SELECT a.id, b.id FROM package a CROSS JOIN package b WHERE a.id < 3 AND b.id > 10 ORDER BY 1, 2 DESC;
SELECT a.name, b.name FROM package a, package b WHERE a.id = b.id + 1 ORDER BY a.id;
SELECT COUNT(*) FROM terminal JOIN subscriber_package USING (subscriber_id) WHERE enabled;
SELECT q.n, q.c FROM (SELECT max_terminal AS n, COUNT(*) AS c FROM subscriber GROUP BY max_terminal) q WHERE
    q.c > 2 ORDER BY q.n;
WITH q AS (SELECT id, name FROM tv_category WHERE genre) SELECT q.name, m.name FROM q JOIN media m ON
    m.category_id = q.id ORDER BY m.id;
SELECT name, (SELECT COUNT(*) FROM subscriber_package sp WHERE sp.package_id = package.id) AS n FROM package
    ORDER BY id;
SELECT id FROM subscriber WHERE max_terminal = (SELECT MAX(max_terminal) FROM subscriber) ORDER BY id;
SELECT LOWER(name), UPPER(name), LENGTH(name), COALESCE(category_id, 0) FROM tv_channel ORDER BY id;
SELECT CONCAT(username, '-', max_terminal) AS x FROM subscriber ORDER BY x;
SELECT id % 3, id / 2, id - 1, -id FROM package ORDER BY id;
SELECT name FROM tv_channel WHERE category_id IS NOT NULL AND is_hd IS TRUE AND archive_days <> 0 ORDER BY
    name, id;
SELECT COUNT(*) FROM media WHERE is_tv = FALSE AND year > 1990 AND description IS NOT NULL;
SELECT c.name, COUNT(m.id) AS n FROM tv_category c LEFT JOIN media m ON m.category_id = c.id GROUP BY c.name
    ORDER BY n DESC, c.name;
SELECT id FROM package WHERE name IN (VALUES ('Base 6'), ('Kids 1')) ORDER BY id;
SELECT id FROM subscriber WHERE first_name = surname OR id < max_terminal ORDER BY id
"""

CHANGES = """
INSERT INTO package (name, paid, cost) VALUES ('New', TRUE, 1.5), ('Older', FALSE, NULL) RETURNING id, name;
INSERT INTO service (name, package_id) SELECT name, id FROM package WHERE paid RETURNING id;
UPDATE subscriber SET max_terminal = max_terminal + 1, phone = NULL, surname = username WHERE id < 9 RETURNING
    id, max_terminal, surname;
UPDATE package SET name = 'Free' WHERE NOT paid AND id IN (SELECT package_id FROM subscriber_package);
DELETE FROM terminal WHERE subscriber_id IN (SELECT id FROM subscriber WHERE disabled) OR id > 50 RETURNING id;
DELETE FROM subscriber_package WHERE enabled = FALSE
"""


class Twins:
    """The same rows twice: in the portal, and in a database that knows no JSONSQL."""

    def __init__(self, portal: Database) -> None:
        self.portal = portal
        self.plain = sqlite3.connect(":memory:")
        install(self.plain)
        self.plain.create_function("CONCAT", -1, lambda *parts: "".join(str(one) for one in parts if one is not None))
        for table in COPIED:
            self.plain.execute(ALL[table].ddl)
            self.plain.execute(f'ALTER TABLE "{table}" DROP COLUMN {DRIFTED}')
            names = ", ".join(f'"{name}"' for name in TABLES[table])
            marks = ", ".join("?" * len(TABLES[table]))
            rows = [[_stored(value) for value in row] for row in self._all(table)]
            self.plain.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)

    def asked(self, sql: str) -> Any:
        statement = transpile(sql, tables=TABLES)
        # As it goes over the wire.
        return self.portal.run(str(statement.method), orjson.loads(orjson.dumps(statement.params)))

    def expected(self, sql: str) -> list[list[Any]]:
        [spelled] = sqlglot.transpile(sql, read="postgres", write="sqlite")
        self.plain.execute("PRAGMA case_sensitive_like = ON")
        return [list(row) for row in self.plain.execute(spelled)]

    def differing(self) -> list[str]:
        """Tables whose rows are no longer the same."""
        found = []
        for table in COPIED:
            names = ", ".join(f'"{name}"' for name in TABLES[table])
            plain = self.plain.execute(f'SELECT {names} FROM "{table}"').fetchall()
            rows = [tuple(_stored(value) for value in row) for row in self._all(table)]
            if sorted(map(repr, rows)) != sorted(map(repr, plain)):
                found.append(table)
        return found

    def _all(self, table: str) -> Sequence[Sequence[Any]]:
        found: Sequence[Sequence[Any]] = self.portal.run("select", {"data": ["*"], "from": table})
        return found


@pytest.fixture
def twins() -> Iterator[Twins]:
    portal = create_portal(SPEC, "iptvportal")
    assert isinstance(portal, IptvPortal)
    found = Twins(portal.database)
    yield found
    found.plain.close()
    portal.database.close()


def test_the_same_question_gets_the_same_rows(twins: Twins) -> None:
    empty = []
    for sql in [one.strip() for one in SELECTS.split(";")]:
        rows, expected = [list(row) for row in twins.asked(sql)], twins.expected(sql)
        ordered = "ORDER BY" in sql
        assert (rows if ordered else sorted(rows)) == (expected if ordered else sorted(expected)), sql
        empty += [] if rows else [sql]
    assert empty == []


@pytest.mark.parametrize("sql", [one.strip() for one in CHANGES.split(";")])
def test_the_same_change_leaves_the_same_rows(twins: Twins, sql: str) -> None:
    found, expected = twins.asked(sql), twins.expected(sql)
    told = [row if isinstance(row, (list, tuple)) else [row] for row in found or ()]
    assert sorted(map(list, told)) == sorted(expected)
    assert twins.differing() == []


def test_what_cannot_be_said_is_not_said(twins: Twins) -> None:
    for sql in ("SELECT id FROM package UNION SELECT id FROM service", "SELECT CASE WHEN paid THEN 1 END FROM package"):
        with pytest.raises(Inexpressible):
            twins.asked(sql)


def _stored(value: Any) -> Any:
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    return int(value) if isinstance(value, bool) else value
