"""Item rows, their documents and memberships. Nothing here decides; `sync` does."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Row, Table, and_, func, select, text

from app.core import jsonio
from app.db.bulk import delete_rows, insert_rows, update_rows
from app.db.engine import Reader, Writer
from app.db.tables import metadata
from app.domain.kinds import Kind
from app.domain.ordinals import OrdinalSet

TABLES: Final[dict[Kind, Table]] = {kind: metadata.tables[kind.value] for kind in Kind}
DOCUMENT: Final = metadata.tables["document"]
STRETCH: Final = 20_000  # rows read together where a whole kind is gone through
KEYS: Final = ("provider_pk", "ordinal")
DOCUMENT_KEYS: Final = ("provider_pk", "kind", "ordinal")
_SHARED: Final = (
    "fingerprint",
    "is_active",
    "category_id",
    "name",
    "sort_name",
    "search_text",
    "added_at",
    "updated_at",
    "censored",
    "visibility",
    "locator",
    "extra",
)
# What an update may set; an insert adds the keys and the ids, which never change.
CONTENT: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.CHANNEL: (*_SHARED, "number", "sort_number", "epg_id"),
    Kind.MOVIE: (*_SHARED, "year", "rating"),
    Kind.SERIES: (*_SHARED, "year", "rating"),
}


class Stored(msgspec.Struct, frozen=True, gc=False):
    """What a row tells about an item before it is read in full."""

    ordinal: int
    fingerprint: int
    is_active: bool


class ItemWrite(msgspec.Struct, frozen=True, gc=False):
    """A row to write: `content` in the order of CONTENT, and its document."""

    ordinal: int
    id: str
    external_id: str
    content: tuple[Any, ...]
    document: bytes
    category_ids: tuple[str, ...]


async def find(reader: Reader, kind: Kind, ids: Sequence[str]) -> dict[str, Stored]:
    """Which of these public ids are stored."""
    driver = await reader.driver()
    if not reader.sqlite:
        query = f"SELECT id, ordinal, fingerprint, is_active FROM {kind.value} WHERE id = ANY($1::text[])"  # noqa: S608
        found = await driver.fetch(query, list(ids))
    else:
        # One row that holds all: each row more would wait for the interpreter's lock.
        query = (
            "SELECT json_group_array(json_array(id, ordinal, fingerprint, is_active)) "  # noqa: S608 - a table's name
            f"FROM {kind.value} WHERE id IN (SELECT value FROM json_each(?))"
        )
        ((told,),) = await driver.execute_fetchall(query, (jsonio.dumps(ids).decode(),))
        found = jsonio.loads(told)
    return {row[0]: Stored(row[1], row[2], bool(row[3])) for row in found}


async def next_ordinal(reader: Reader, kind: Kind, provider_pk: int) -> int:
    """The first place never used."""
    table = TABLES[kind].c
    last = await reader.scalar(select(func.max(table.ordinal)).where(table.provider_pk == provider_pk))
    return 0 if last is None else last + 1


async def active_ordinals(reader: Reader, kind: Kind, provider_pk: int) -> OrdinalSet:
    """The places of all items that are there now, read in stretches: a million rows at once would be 100 MB."""
    driver = await reader.driver()
    found, last = OrdinalSet(), -1
    while True:
        query = (
            f"SELECT ordinal FROM {kind.value} WHERE provider_pk = {provider_pk:d} AND ordinal > {last:d} "  # noqa: S608
            f"AND is_active ORDER BY ordinal LIMIT {STRETCH:d}"
        )
        rows = await (driver.execute_fetchall(query) if reader.sqlite else driver.fetch(query))
        for row in rows:
            found.add(row[0])
        if len(rows) < STRETCH:
            return found
        last = rows[-1][0]


async def count_active(reader: Reader, kind: Kind, provider_pk: int) -> int:
    table = TABLES[kind].c
    query = select(func.count()).where(table.provider_pk == provider_pk, table.is_active)
    return int(await reader.scalar(query) or 0)


async def documents(reader: Reader, kind: Kind, provider_pk: int, ordinals: Iterable[int]) -> dict[int, bytes]:
    """The stored documents of these places."""
    chosen = list(ordinals)
    if not chosen:
        return {}
    of_kind = (DOCUMENT.c.provider_pk == provider_pk, DOCUMENT.c.kind == kind.number)
    query = select(DOCUMENT.c.ordinal, DOCUMENT.c.body).where(*of_kind, DOCUMENT.c.ordinal.in_(chosen))
    return {row.ordinal: row.body for row in await reader.rows(query)}


async def described(reader: Reader, kind: Kind, provider_pk: int, ordinals: Iterable[int]) -> Sequence[Row[Any]]:
    """Place, ids, when it was added, whether it is censored, and document of these items."""
    table = TABLES[kind].c
    columns = (table.ordinal, table.id, table.external_id, table.added_at, table.censored, DOCUMENT.c.body)
    same = (DOCUMENT.c.provider_pk == table.provider_pk, DOCUMENT.c.ordinal == table.ordinal)
    mine = (table.provider_pk == provider_pk, table.ordinal.in_(list(ordinals)), DOCUMENT.c.kind == kind.number)
    return await reader.rows(select(*columns).join(DOCUMENT, and_(*same)).where(*mine).order_by(table.ordinal))


async def insert(writer: Writer, kind: Kind, provider_pk: int, items: Sequence[ItemWrite]) -> None:
    """New items, their documents and memberships."""
    columns = (*KEYS, "id", "external_id", *CONTENT[kind])
    rows = [(provider_pk, item.ordinal, item.id, item.external_id, *item.content) for item in items]
    await insert_rows(writer, kind.value, columns, rows)
    bodies = [(provider_pk, kind.number, item.ordinal, item.document) for item in items]
    await insert_rows(writer, "document", (*DOCUMENT_KEYS, "body"), bodies)
    await join_categories(writer, [(category, item.ordinal) for item in items for category in item.category_ids])


async def rewrite(writer: Writer, kind: Kind, provider_pk: int, items: Sequence[ItemWrite]) -> None:
    """Known items with new content."""
    rows = [(*item.content, provider_pk, item.ordinal) for item in items]
    await update_rows(writer, kind.value, CONTENT[kind], KEYS, rows)
    await rewrite_documents(writer, kind, provider_pk, [(item.ordinal, item.document) for item in items])


async def rewrite_documents(writer: Writer, kind: Kind, provider_pk: int, bodies: Sequence[tuple[int, bytes]]) -> None:
    rows = [(body, provider_pk, kind.number, ordinal) for ordinal, body in bodies]
    await update_rows(writer, "document", ("body",), DOCUMENT_KEYS, rows)


async def deactivate(
    writer: Writer, kind: Kind, provider_pk: int, bodies: Sequence[tuple[int, bytes]], now: int
) -> None:
    """Soft delete: the rows stay, with documents that say so."""
    rows = [(False, now, provider_pk, ordinal) for ordinal, _ in bodies]
    await update_rows(writer, kind.value, ("is_active", "updated_at"), KEYS, rows)
    await rewrite_documents(writer, kind, provider_pk, bodies)


async def join_categories(writer: Writer, memberships: Sequence[tuple[str, int]]) -> None:
    await insert_rows(writer, "item_category", ("category_id", "ordinal"), memberships)


async def leave_categories(writer: Writer, memberships: Sequence[tuple[str, int]]) -> None:
    await delete_rows(writer, "item_category", ("category_id", "ordinal"), memberships)


async def analyze(writer: Writer, kind: Kind) -> None:
    """Fresh statistics after a bulk load: without them the first queries are planned for an empty table."""
    for table in (kind.value, "item_category"):
        await writer.execute(text(f"ANALYZE {table}"))
