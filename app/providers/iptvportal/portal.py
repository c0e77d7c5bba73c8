"""An operator's tables from Python: statements in, rows, dicts or models out.

async with PortalClient("acme", "user", "password") as portal:
    found = await portal.run(select(["id", "username"], "subscriber", where=Field("disabled") == False))
    found.dicts()
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, TypeVar

from app.domain.jsonsql.language import transpile
from app.domain.jsonsql.words import Method, Statement, Tables
from app.domain.schema_guess import TableMatch
from app.domain.schemas import Schemas, TableSchema, unique, unnamed
from app.providers.iptvportal.client import IptvPortalClient, Options, Row
from app.providers.iptvportal.endpoints import portal_url
from app.providers.iptvportal.envelope import Prepared, Request
from app.providers.iptvportal.introspection import SAMPLE, compared, introspected
from app.providers.iptvportal.session import Session, SessionStore
from app.providers.transport import Transport

Model = TypeVar("Model")


class Built(Protocol):
    """What `app.domain.jsonsql.builder` makes."""

    def statement(self, *, tables: Tables | None = None, order_by_id: bool = True) -> Statement: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Rows in the order of `columns`; `count`: rows that a change touched, None where the portal does not say."""

    columns: tuple[str, ...]
    rows: Sequence[Row] = field(repr=False)
    statement: Statement
    count: int | None = None
    elapsed_ms: float

    def dicts(self) -> list[dict[str, Any]]:
        """Each row by the names of its columns."""
        return [dict(zip(self.columns, row, strict=False)) for row in self.rows]

    def models(self, kind: type[Model]) -> list[Model]:
        """Each row as a model: validated by Pydantic's and SQLModel's classes, as keywords by any other."""
        made = getattr(kind, "model_validate", None) or (lambda row: kind(**row))
        return [made(row) for row in self.dicts()]


class PortalClient:
    """One user at one portal; `url` as people paste it. `schemas` name the columns of `*`.

    Raises `Inexpressible` for what JSONSQL cannot say, else what `IptvPortalClient` raises. A `transport` that is given
    stays open.
    """

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        *,
        schemas: Schemas | None = None,
        transport: Transport | None = None,
        store: SessionStore | None = None,
        options: Options | None = None,
        order_by_id: bool = True,
    ) -> None:
        used = transport or Transport()
        address = portal_url(url).url
        self.client = IptvPortalClient(address, username, password, transport=used, store=store, options=options)
        self.schemas = schemas or Schemas()
        self._order_by_id = order_by_id
        self._own = used if transport is None else None

    @classmethod
    def of(cls, client: IptvPortalClient, *, schemas: Schemas | None = None, order_by_id: bool = True) -> Self:
        """Around a client that is there, whose transport stays open."""
        made = cls.__new__(cls)
        made.client = client
        made.schemas = schemas or Schemas()
        made._order_by_id = order_by_id  # noqa: SLF001 - one of its own
        made._own = None  # noqa: SLF001 - as above
        return made

    def __repr__(self) -> str:
        return f"<PortalClient {self.client.endpoints.base}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self._own is not None:
            await self._own.close()

    async def login(self, *, renew: bool = True) -> Session:
        """A new session; without `renew` the one that is kept, where it is still good."""
        return await self.client.authorize(renew=renew)

    async def run(self, what: str | Built | Statement) -> Result:
        """What a statement gives: SQL, one that was built, or one of JSONSQL."""
        statement = self.statement(what)
        began = time.perf_counter()
        if statement.method is Method.SELECT:
            rows, count = await self.client.select(statement.params), None
        else:
            written = await self.client.write(statement.method, statement.params)
            rows, count = list(written.rows), written.count
        return Result(
            columns=self._columns(statement, rows),
            rows=rows,
            statement=statement,
            count=count,
            elapsed_ms=(time.perf_counter() - began) * 1000,
        )

    async def call(self, method: str, params: Mapping[str, Any]) -> Any:
        """The `result` of any request, as the portal sends it."""
        return await self.client.call(method, params)

    async def introspect(self, table: str, *, sample: int = SAMPLE, names: Iterable[str] = ()) -> TableSchema:
        """A schema made from the table itself; see `introspection.py`."""
        return await introspected(self.client, table, sample=sample, names=names)

    async def validate(self, table: str, *, sample: int = SAMPLE) -> TableMatch:
        """The schema of a table against the table; `NotFound` without one."""
        return await compared(self.client, self.schemas.table(table), sample=sample)

    def statement(self, what: str | Built | Statement) -> Statement:
        """What would be asked, in JSONSQL."""
        if isinstance(what, Statement):
            return what
        tables = self.schemas.columns
        if isinstance(what, str):
            return transpile(what, tables=tables, order_by_id=self._order_by_id)
        return what.statement(tables=tables, order_by_id=self._order_by_id)

    def prepare(self, what: str | Built | Statement) -> Prepared:
        """What would be sent, without sending it."""
        statement = self.statement(what)
        return self.client.prepare(Request(method=statement.method, params=statement.params))

    def _columns(self, statement: Statement, rows: Sequence[Row]) -> tuple[str, ...]:
        """The names of results; those of `*` by the schema of its table."""
        width = max((len(row) for row in rows), default=0)
        if statement.columns is not None:
            return unique(statement.columns)
        table = statement.params.get("from")
        schema = self.schemas.tables.get(table) if isinstance(table, str) else None
        if schema is not None and statement.params.get("data") == ["*"]:
            return schema.columns(width or schema.width or 0)
        return tuple(unnamed(place) for place in range(width))
