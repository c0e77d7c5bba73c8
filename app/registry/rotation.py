"""A new secret key: everything that is sealed is opened and sealed anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Row, Table, delete, select, update

from app.core.errors import Misconfigured
from app.db.engine import Database, Writer
from app.db.tables import metadata
from app.registry.secrets import Secrets


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """Where ciphertext lies, and what binds it: `prefix` and the value of the column `owner`.

    What is `losable` costs a login when it cannot be opened, and is deleted then.
    """

    table: str
    column: str
    owner: str
    prefix: str = ""
    losable: bool = False

    def owner_of(self, row: Row[Any]) -> str:
        return f"{self.prefix}{getattr(row, self.owner)}"


SEALED: Final = (
    SealedColumn("provider", "url", "id"),
    SealedColumn("provider", "credentials", "id"),
    SealedColumn("portal_session", "sealed", "provider_id", prefix="session ", losable=True),
    SealedColumn("guide", "url", "id"),
    SealedColumn("playlist", "token", "id"),
    SealedColumn("playlist_user", "password", "id"),
)


async def rotate(database: Database, secrets: Secrets) -> dict[str, int]:
    """Seals everything with the first key; how many values of each table were under another one.

    A table is one transaction: whatever ends this in between, every value is under one of the keys, and the next
    run goes on with those that are left. `Misconfigured` names what no key opens, and its table stays as it was.
    """
    counts = {}
    for name, columns in groupby(SEALED, key=lambda one: one.table):
        async with database.writer() as writer:
            counts[name] = await _rotate_table(writer, secrets, metadata.tables[name], list(columns))
    return counts


async def _rotate_table(writer: Writer, secrets: Secrets, table: Table, columns: Sequence[SealedColumn]) -> int:
    # Postgres: nobody changes a row between its reading and its writing. SQLite has one writer anyway.
    rows = await writer.rows(select(table).with_for_update())
    key = next(iter(table.primary_key.columns))
    changed = 0
    for row in rows:
        mine = key == getattr(row, key.name)
        values = {}
        for column in columns:
            try:
                renewed = _resealed(secrets, row, column)
            except Misconfigured as error:
                if not column.losable:
                    raise Misconfigured(f"{table.name} {getattr(row, column.owner)}: {error.detail}") from None
                await writer.execute(delete(table).where(mine))
                break
            if renewed is not None:
                values[column.column] = renewed
        else:
            if values:
                await writer.execute(update(table).where(mine).values(**values))
                changed += len(values)
    return changed


def _resealed(secrets: Secrets, row: Row[Any], column: SealedColumn) -> bytes | None:
    """None where there is nothing to do."""
    sealed: bytes | None = getattr(row, column.column)
    return None if sealed is None else secrets.resealed(sealed, owner=column.owner_of(row))
