"""Statements that together use every node the transpiler reads, with what the reference says they become."""

from typing import Any

TABLES = {
    "subscriber": ["id", "username", "email", "disabled", "max_terminal"],
    "terminal": ["id", "subscriber_id", "mac_addr", "inet_addr", "registered"],
    "package": ["id", "name", "cost", "paid"],
}

# protocols: SQL → JSONSQL, the rows that are not marked as defects. First as documented, then as the client in the
# field writes it where that differs.
REFERENCE: list[tuple[str, dict[str, Any], dict[str, Any] | None]] = [
    (
        "SELECT id, username FROM subscriber",
        {"data": ["id", "username"], "from": "subscriber", "order_by": "id"},
        None,
    ),
    ("SELECT username FROM subscriber", {"data": ["username"], "from": "subscriber"}, None),
    (
        "SELECT id, username AS login FROM subscriber",
        {"data": ["id", {"username": "login"}], "from": "subscriber", "order_by": "id"},
        None,
    ),
    ("SELECT * FROM package", {"data": ["*"], "from": "package", "order_by": "id"}, None),
    ("SELECT DISTINCT paid FROM package", {"data": ["paid"], "from": "package", "distinct": True}, None),
    (
        "SELECT name FROM package WHERE paid = TRUE",
        {"data": ["name"], "from": "package", "where": {"eq": ["paid", True]}},
        None,
    ),
    (
        "SELECT name FROM package WHERE name <> 'Base'",
        {"data": ["name"], "from": "package", "where": {"neq": ["name", "Base"]}},
        None,
    ),
    (
        "SELECT a FROM t WHERE max_terminal >= 2 AND disabled = FALSE",
        {"data": ["a"], "from": "t", "where": {"and": [{"gte": ["max_terminal", 2]}, {"eq": ["disabled", False]}]}},
        None,
    ),
    (
        "SELECT a FROM t WHERE a = 1 AND b = 2 AND c = 3",
        {"data": ["a"], "from": "t", "where": {"and": [{"eq": ["a", 1]}, {"eq": ["b", 2]}, {"eq": ["c", 3]}]}},
        {
            "data": ["a"],
            "from": "t",
            "where": {"and": [{"and": [{"eq": ["a", 1]}, {"eq": ["b", 2]}]}, {"eq": ["c", 3]}]},
        },
    ),
    (
        "SELECT a FROM t WHERE a = 1 OR (b < 2 AND c > 3)",
        {
            "data": ["a"],
            "from": "t",
            "where": {"or": [{"eq": ["a", 1]}, {"and": [{"lt": ["b", 2]}, {"gt": ["c", 3]}]}]},
        },
        None,
    ),
    ("SELECT a FROM t WHERE NOT disabled", {"data": ["a"], "from": "t", "where": {"not": "disabled"}}, None),
    (
        "SELECT a FROM t WHERE username IN ('ann', 'bob')",
        {"data": ["a"], "from": "t", "where": {"in": ["username", "ann", "bob"]}},
        {"data": ["a"], "from": "t", "where": {"in": ["username", ["ann", "bob"]]}},
    ),
    (
        "SELECT a FROM t WHERE id NOT IN (3, 4)",
        {"data": ["a"], "from": "t", "where": {"not": {"in": ["id", 3, 4]}}},
        {"data": ["a"], "from": "t", "where": {"not": {"in": ["id", [3, 4]]}}},
    ),
    (
        "SELECT a FROM t WHERE subscriber_id IN (SELECT id FROM subscriber WHERE disabled <= 0)",
        {
            "data": ["a"],
            "from": "t",
            "where": {
                "in": [
                    "subscriber_id",
                    {
                        "select": {
                            "data": ["id"],
                            "from": "subscriber",
                            "where": {"lte": ["disabled", 0]},
                            "order_by": "id",
                        }
                    },
                ]
            },
        },
        {
            "data": ["a"],
            "from": "t",
            "where": {
                "in": [
                    "subscriber_id",
                    [{"data": ["id"], "from": "subscriber", "where": {"lte": ["disabled", 0]}, "order_by": "id"}],
                ]
            },
        },
    ),
    (
        "SELECT a FROM t WHERE x IN (VALUES ('a'), ('b'))",
        {"data": ["a"], "from": "t", "where": {"in": ["x", {"values": [["a"], ["b"]]}]}},
        None,
    ),
    ("SELECT a FROM t WHERE email IS NULL", {"data": ["a"], "from": "t", "where": {"is": ["email", None]}}, None),
    (
        "SELECT a FROM t WHERE email IS NOT NULL",
        {"data": ["a"], "from": "t", "where": {"is_not": ["email", None]}},
        None,
    ),
    ("SELECT a FROM t WHERE is_tv IS TRUE", {"data": ["a"], "from": "t", "where": {"is": ["is_tv", True]}}, None),
    ("SELECT a FROM t WHERE n LIKE 'A%'", {"data": ["a"], "from": "t", "where": {"like": ["n", "A%"]}}, None),
    ("SELECT a FROM t WHERE n ILIKE 'A%'", {"data": ["a"], "from": "t", "where": {"ilike": ["n", "A%"]}}, None),
    (
        "SELECT a FROM t WHERE n NOT LIKE 'A%' AND n NOT ILIKE 'b'",
        {
            "data": ["a"],
            "from": "t",
            "where": {"and": [{"not": {"like": ["n", "A%"]}}, {"not": {"ilike": ["n", "b"]}}]},
        },
        None,
    ),
    ("SELECT a FROM t ORDER BY name", {"data": ["a"], "from": "t", "order_by": "name"}, None),
    ("SELECT a FROM t LIMIT 50 OFFSET 100", {"data": ["a"], "from": "t", "limit": 50, "offset": 100}, None),
    ("SELECT COUNT(*) FROM media", {"data": [{"function": "count", "args": ["*"]}], "from": "media"}, None),
    ("SELECT COUNT(id) FROM media", {"data": [{"function": "count", "args": "id"}], "from": "media"}, None),
    (
        "SELECT COUNT(DISTINCT mac_addr) AS macs FROM terminal",
        {
            "data": [{"function": "count", "args": {"function": "distinct", "args": "mac_addr"}, "as": "macs"}],
            "from": "terminal",
        },
        None,
    ),
    (
        "SELECT MAX(id), MIN(id) FROM media",
        {"data": [{"function": "max", "args": "id"}, {"function": "min", "args": "id"}], "from": "media"},
        None,
    ),
    (
        "SELECT subscriber_id, COUNT(*) AS n FROM terminal GROUP BY subscriber_id",
        {
            "data": ["subscriber_id", {"function": "count", "args": ["*"], "as": "n"}],
            "from": "terminal",
            "group_by": "subscriber_id",
        },
        None,
    ),
    (
        "SELECT a, b FROM t GROUP BY a, b HAVING COUNT(*) > 5",
        {
            "data": ["a", "b"],
            "from": "t",
            "group_by": ["a", "b"],
            "having": {"gt": [{"function": "count", "args": ["*"]}, 5]},
        },
        None,
    ),
    (
        "SELECT s.username, t.mac_addr FROM terminal t JOIN subscriber s ON t.subscriber_id = s.id",
        {
            "data": [{"s": "username"}, {"t": "mac_addr"}],
            "from": [
                {"table": "terminal", "as": "t"},
                {"join": "subscriber", "as": "s", "on": {"eq": [{"t": "subscriber_id"}, {"s": "id"}]}},
            ],
        },
        {
            "data": [{"s": "username"}, {"t": "mac_addr"}],
            "from": [
                {"table": "terminal", "as": "t"},
                {"join": "subscriber", "as": "s", "on": {"and": [{"eq": [{"t": "subscriber_id"}, {"s": "id"}]}]}},
            ],
        },
    ),
    (
        "SELECT m.id FROM media m WHERE m.is_tv = TRUE",
        {
            "data": [{"m": "id"}],
            "from": [{"table": "media", "as": "m"}],
            "where": {"eq": [{"m": "is_tv"}, True]},
            "order_by": "id",
        },
        None,
    ),
    (
        "SELECT q.n FROM (SELECT name AS n FROM media) q",
        {"data": [{"q": "n"}], "from": [{"select": {"data": [{"name": "n"}], "from": "media"}, "as": "q"}]},
        None,
    ),
    ("SELECT price * 2 AS dbl FROM t", {"data": [{"mul": ["price", 2], "as": "dbl"}], "from": "t"}, None),
    (
        "SELECT a + 1, a - 1, a / 2, a % 2 FROM t",
        {"data": [{"add": ["a", 1]}, {"sub": ["a", 1]}, {"div": ["a", 2]}, {"mod": ["a", 2]}], "from": "t"},
        None,
    ),
    ("SELECT LOWER(name) AS n FROM t", {"data": [{"function": "lower", "args": "name", "as": "n"}], "from": "t"}, None),
    (
        "SELECT CONCAT(a, '-', b) AS ab FROM t",
        {"data": [{"function": "concat", "args": ["a", "-", "b"], "as": "ab"}], "from": "t"},
        None,
    ),
    (
        "INSERT INTO package (name, paid) VALUES ('A', TRUE), ('B', FALSE) RETURNING id",
        {"into": "package", "columns": ["name", "paid"], "values": [["A", True], ["B", False]], "returning": "id"},
        None,
    ),
    (
        "UPDATE subscriber SET a = 1, b = 'x' WHERE id = 5 RETURNING id, a",
        {"table": "subscriber", "set": {"a": 1, "b": "x"}, "where": {"eq": ["id", 5]}, "returning": ["id", "a"]},
        None,
    ),
    (
        "DELETE FROM terminal WHERE id = 9 RETURNING id",
        {"from": "terminal", "where": {"eq": ["id", 9]}, "returning": "id"},
        None,
    ),
]

# What the field's client drops, breaks or sends as raw SQL, said in full here.
BEYOND: list[tuple[str, dict[str, Any]]] = [
    (
        "SELECT a FROM t ORDER BY name DESC, id",
        {"data": ["a"], "from": "t", "order_by": [["name", "DESC"], "id"]},
    ),
    ("SELECT a FROM t ORDER BY name DESC", {"data": ["a"], "from": "t", "order_by": ["name", "DESC"]}),
    (
        "SELECT s.id AS sid FROM terminal t LEFT JOIN subscriber s USING (id)",
        {
            "data": [{"s": "id", "as": "sid"}],
            "from": [
                {"table": "terminal", "as": "t"},
                {"join": "subscriber", "as": "s", "join_type": "left", "on": {"eq": [{"t": "id"}, {"s": "id"}]}},
            ],
        },
    ),
    (
        "SELECT id FROM a RIGHT JOIN b USING (id) WHERE id > 3",
        {
            "data": [{"b": "id"}],
            "from": [{"table": "a"}, {"join": "b", "join_type": "right", "on": {"eq": [{"a": "id"}, {"b": "id"}]}}],
            "where": {"gt": [{"b": "id"}, 3]},
        },
    ),
    (
        "WITH q AS (SELECT id, name FROM media WHERE id > 5) SELECT q.name FROM q",
        {
            "data": [{"q": "name"}],
            "from": [
                {
                    "select": {"data": ["id", "name"], "from": "media", "where": {"gt": ["id", 5]}, "order_by": "id"},
                    "as": "q",
                }
            ],
        },
    ),
    (
        "SELECT a FROM t WHERE b BETWEEN 1 AND 2",
        {"data": ["a"], "from": "t", "where": {"and": [{"gte": ["b", 1]}, {"lte": ["b", 2]}]}},
    ),
    ("SELECT a FROM t WHERE a = -1", {"data": ["a"], "from": "t", "where": {"eq": ["a", -1]}}),
    ("SELECT -a FROM t", {"data": [{"mul": ["a", -1]}], "from": "t"}),
    ("SELECT a FROM t WHERE a = b", {"data": ["a"], "from": "t", "where": {"eq": ["a", {"t": "b"}]}}),
    ("SELECT a FROM t WHERE 3 < a", {"data": ["a"], "from": "t", "where": {"gt": ["a", 3]}}),
    ("SELECT a, NOW() FROM t", {"data": ["a", {"function": "now", "args": []}], "from": "t"}),
    (
        "SELECT COALESCE(email, 'none') AS e FROM t",
        {"data": [{"function": "coalesce", "args": ["email", "none"], "as": "e"}], "from": "t"},
    ),
    (
        "SELECT REGEXP_REPLACE(name, '^x', '') FROM t",
        {"data": [{"function": "regexp_replace", "args": ["name", "^x", ""]}], "from": "t"},
    ),
    (
        "SELECT name, (SELECT MAX(u.id) FROM u WHERE u.t = t.id) AS last FROM t WHERE x = (SELECT MIN(x) FROM u)",
        {
            "data": [
                "name",
                {
                    "select": {
                        "data": [{"function": "max", "args": {"u": "id"}}],
                        "from": "u",
                        "where": {"eq": [{"u": "t"}, {"t": "id"}]},
                    },
                    "as": "last",
                },
            ],
            "from": "t",
            "where": {"eq": ["x", {"select": {"data": [{"function": "min", "args": "x"}], "from": "u"}}]},
        },
    ),
    (
        "SELECT x FROM a, b WHERE a.id = b.id",
        {
            "data": ["x"],
            "from": [{"table": "a"}, {"table": "b"}],
            "where": {"eq": [{"a": "id"}, {"b": "id"}]},
        },
    ),
    (
        "SELECT x FROM a CROSS JOIN b FULL OUTER JOIN c ON b.id = c.id",
        {
            "data": ["x"],
            "from": [
                {"table": "a"},
                {"join": "b", "on": True},
                {"join": "c", "join_type": "full", "on": {"eq": [{"b": "id"}, {"c": "id"}]}},
            ],
        },
    ),
    (
        "SELECT kind, COUNT(*) FROM t GROUP BY 1 ORDER BY 2 DESC",
        {
            "data": ["kind", {"function": "count", "args": ["*"]}],
            "from": "t",
            "group_by": "kind",
            "order_by": [{"function": "count", "args": ["*"]}, "DESC"],
        },
    ),
    (
        "INSERT INTO package (name) SELECT name FROM media WHERE id > 5",
        {
            "into": "package",
            "columns": ["name"],
            "select": {"data": ["name"], "from": "media", "where": {"gt": ["id", 5]}},
        },
    ),
    (
        "UPDATE t SET a = b, c = c + 1 WHERE NOT (d IS TRUE)",
        {"table": "t", "set": {"a": {"t": "b"}, "c": {"add": ["c", 1]}}, "where": {"is_not": ["d", True]}},
    ),
]
