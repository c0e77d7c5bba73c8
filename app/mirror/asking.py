"""A statement before anybody is asked: what it reads, what it is in JSONSQL, and how its tables look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.core.errors import Conflict, Invalid, NotFound
from app.domain.jsonsql.errors import Inexpressible
from app.domain.jsonsql.language import tables_read, transpile
from app.domain.jsonsql.words import Statement
from app.domain.schemas import Strategy, TableSchema, unnamed
from app.mirror.layout import VIEW
from app.mirror.records import TableRecord
from app.mirror.service import Mirror
from app.providers.base import ProviderAccount

MOST: Final = 256  # statements whose reading is remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`tables` as they are mirrored (`media` for `media_view`); `views`: it names views, which no portal has.

    `statement` is None where JSONSQL cannot say it; `refusal` tells why.
    """

    account: ProviderAccount
    sql: str
    tables: frozenset[str]
    views: bool
    statement: Statement | None
    refusal: Inexpressible | None
    schemas: Mapping[str, TableSchema]

    @property
    def sent(self) -> Statement:
        """What a portal is asked; raises what it has against that."""
        if self.statement is None or self.views:
            raise self.refusal or Invalid([("query", "A portal has no views: only its mirror does.")])
        return self.statement

    @property
    def sendable(self) -> bool:
        return self.statement is not None and not self.views

    def on_demand(self) -> list[str]:
        """Its tables that are kept row by row."""
        return [name for name in self.tables if self.schemas[name].sync.strategy is Strategy.ON_DEMAND]

    def filled(self, records: Mapping[str, TableRecord]) -> bool:
        """Whether the mirror has all rows of all tables, of whatever time; those on demand apart."""
        apart = set(self.on_demand())
        return bool(self.tables) and all(
            name in apart or ((one := records.get(name)) is not None and one.whole and not one.disabled)
            for name in self.tables
        )

    def stale(self, records: Mapping[str, TableRecord], now: int) -> list[str]:
        """Its tables that are older than they may be, or were described otherwise."""
        apart = set(self.on_demand())
        return [
            name
            for name in sorted(self.tables - apart)
            if (one := records.get(name)) is None or not one.fresh(now) or one.schema_hash != self.schemas[name].hash
        ]

    def missing(self, records: Mapping[str, TableRecord]) -> Exception:
        """Why the mirror cannot answer."""
        for name in sorted(self.tables):
            record = records.get(name)
            if record is None:
                return NotFound(f"{name} is not mirrored: sync it first.", code="table_not_mirrored")
            if record.disabled:
                return Conflict(record.disabled_reason or f"{name} is disabled.", code="table_disabled")
            if not (record.filled if name in self.on_demand() else record.whole):
                return Conflict(f"{name} has not been synced yet.", code="table_not_mirrored")
        if not self.tables:
            return Invalid([("query", "The query names no table; a mirror has nothing else.")])
        return Invalid([("query", "The mirror has rows of this table by their ids alone.")])

    def named(self, rows: Sequence[Sequence[Any]]) -> Sequence[str]:
        """Names for rows that came without: those of the statement, else those of its one table."""
        known = None if self.statement is None else self.statement.columns
        width = len(rows[0]) if rows else 0
        if known is not None and (not rows or len(known) == width):
            return known
        schemas = list(self.schemas.values())
        fields = {one.position: one.remote for one in schemas[0].fields} if len(schemas) == 1 else {}
        return [fields.get(at, unnamed(at)) for at in range(width)]


class Reading:
    """Reads statements, and remembers them: the parser takes longer than an answer that is there."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._known: dict[tuple[str, str], tuple[Mapping[str, TableSchema], Asked]] = {}

    def asked(self, account: ProviderAccount, sql: str) -> Asked:
        """Raises `Inexpressible`, with its place, for all that is no SELECT in every node."""
        schemas = self._mirror.described(account)
        known = self._known.get((account.id, sql))
        if known is not None and known[0] is schemas and known[1].account == account:
            return known[1]
        made = self._made(account, sql, schemas)
        if len(self._known) >= MOST:
            self._known.pop(next(iter(self._known)))
        self._known[account.id, sql] = (schemas, made)
        return made

    def _made(self, account: ProviderAccount, sql: str, schemas: Mapping[str, TableSchema]) -> Asked:
        read = tables_read(sql)
        bare = frozenset(one.removesuffix(VIEW) for one in read)
        columns = {name: one.remote_columns for name, one in schemas.items() if one.remote_columns is not None}
        statement, refusal = None, None
        try:
            statement = transpile(sql, tables=columns)
        except Inexpressible as error:
            refusal = error
        return Asked(
            account=account,
            sql=sql,
            tables=bare,
            views=bare != read,
            statement=statement,
            refusal=refusal,
            schemas={name: self._mirror.schema(account, name) for name in bare},
        )
