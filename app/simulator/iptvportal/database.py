"""The operator's database: SQLite in memory, filled table by table when it is first asked for."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

import orjson

from app.simulator.iptvportal.fragments import SQL_ERROR, Query, QueryError, TableForbidden
from app.simulator.iptvportal.functions import install
from app.simulator.iptvportal.selects import Selects
from app.simulator.iptvportal.tables import ALL, DRIFTED
from app.simulator.iptvportal.writes import Writes

Drift = Literal["append", "insert", "short"]
Written = Literal["null", "empty", "count"]
Fill = Callable[[sqlite3.Connection, str], None]
MIDDLE: Final = 2  # where an upgrade puts its column when it is not the last


class Database:
    """Runs statements of JSONSQL; `fill` puts the rows into a table that nobody asked for before.

    `forbidden` are tables that answer 403, `drift` is what an upgrade did to the columns of all tables, `written` what
    a change without `returning` gives.
    """

    def __init__(
        self, fill: Fill, *, forbidden: Sequence[str] = (), drift: Drift | None = None, written: Written = "null"
    ) -> None:
        self._fill = fill
        self.forbidden = frozenset(forbidden)
        self.drift = drift
        self.written = written
        # The portal may be made in one thread and served in another; it is never used in two at a time.
        self._connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        install(self._connection)
        self._filled: set[str] = set()
        selects = Selects(self.columns)
        writes = Writes(self.columns, selects)
        self._compilers: Mapping[str, Callable[[Mapping[str, Any]], Query]] = {
            "select": selects.query,
            "insert": writes.insert,
            "update": writes.update,
            "delete": writes.delete,
        }

    def run(self, method: str, params: Any) -> Any:
        """The `result` of a request; raises `QueryError` and `TableForbidden`. A failed change changes nothing."""
        compiler = self._compilers.get(method)
        if compiler is None:
            raise QueryError(f"Method not found: {method}", -32601)
        if not isinstance(params, dict):
            raise QueryError("params: an object is needed")
        query = compiler(params)
        if method == "select":
            return self._rows(query, self._execute(query).fetchall())
        with self._connection:  # ends what BEGIN begins, one way or the other
            self._connection.execute("BEGIN")
            cursor = self._execute(query)
            rows = self._rows(query, cursor.fetchall()) if query.columns else []
            count = cursor.rowcount
        return self._told(params.get("returning"), rows, count)

    def columns(self, table: str) -> Mapping[str, str]:
        """The columns of a table in the order of `*`."""
        known = ALL.get(table)
        if known is None:
            raise QueryError(f'relation "{table}" does not exist', SQL_ERROR)
        if table in self.forbidden:
            raise TableForbidden(table)
        self.fill(table)
        names = list(known.columns.items())
        if self.drift == "append":
            names.append((DRIFTED, "integer"))
        elif self.drift == "insert":
            names.insert(MIDDLE, (DRIFTED, "integer"))
        elif self.drift == "short":
            names.pop()
        return dict(names)

    def fill(self, *tables: str) -> None:
        """Makes and fills tables that are not there yet."""
        for name in tables:
            if name not in self._filled:
                self._filled.add(name)
                self._connection.execute("BEGIN")
                self._connection.execute(ALL[name].ddl)
                self._fill(self._connection, name)
                self._connection.execute("COMMIT")

    def change(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Plain SQL of the portal itself; the number of rows it changed."""
        return self._connection.execute(sql, values).rowcount

    def ids(self, table: str, where: str = "TRUE") -> list[int]:
        """The ids of a table in their order."""
        self.fill(table)
        found = self._connection.execute(f'SELECT id FROM "{table}" WHERE {where} ORDER BY id')  # noqa: S608 - ours
        return [row[0] for row in found]

    def close(self) -> None:
        self._connection.close()

    def _execute(self, query: Query) -> sqlite3.Cursor:
        try:
            return self._connection.execute(query.sql, query.values)
        except sqlite3.IntegrityError as error:
            raise QueryError(_constraint(str(error)), SQL_ERROR) from None
        except (sqlite3.Error, OverflowError) as error:
            raise QueryError(str(error), SQL_ERROR) from None

    def _rows(self, query: Query, rows: list[tuple[Any, ...]]) -> list[Sequence[Any]]:
        special = [(at, READERS[kind]) for at, (_, kind) in enumerate(query.columns) if kind in READERS]
        if not special:
            return list(rows)
        found = [list(row) for row in rows]
        for at, read in special:
            for row in found:
                if row[at] is not None:
                    row[at] = read(row[at])
        return list(found)

    def _told(self, returning: Any, rows: list[Sequence[Any]], count: int) -> Any:
        """What a change answers: one value a row for a single name, rows for a list of names."""
        if returning is None:
            return {"null": None, "empty": [], "count": count}[self.written]
        if isinstance(returning, str) and returning != "*":
            return [row[0] for row in rows]
        return rows


def _json(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str) else value


READERS: Final[Mapping[str, Callable[[Any], Any]]] = {"boolean": bool, "json": _json}


def _constraint(message: str) -> str:
    """What Postgres would say: a constraint's name, or the column that is missing."""
    kind, _, where = message.partition(" constraint failed: ")
    table, _, column = where.partition(",")[0].partition(".")
    if kind == "UNIQUE":
        return f"{table}_pkey" if column == "id" else f"{table}_{column}_key"
    if kind == "NOT NULL":
        return f'null value in column "{column}" violates not-null constraint'
    return message
