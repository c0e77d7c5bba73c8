"""Category rows."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, select, text
from sqlmodel import col

from app.db.bulk import insert_rows, update_rows
from app.db.engine import Reader, Writer
from app.db.tables import Category, metadata
from app.domain.kinds import Kind
from app.domain.ordinals import OrdinalSet

CATEGORY: Final = metadata.tables["category"]
MEMBERSHIP: Final = metadata.tables["item_category"]
CONTENT: Final = ("name", "position", "censored", "is_active", "updated_at")


async def load(reader: Reader, kind: Kind, provider_pk: int) -> dict[str, Category]:
    """All categories of a kind by public id, inactive ones too."""
    query = select(*CATEGORY.c).where(_of(kind, provider_pk))
    return {row.id: Category(**row._asdict()) for row in await reader.rows(query)}


async def censored_places(reader: Reader, kind: Kind, provider_pk: int) -> OrdinalSet:
    """The places of all items in censored categories."""
    mine = (CATEGORY.c.provider_pk == provider_pk, CATEGORY.c.kind == kind.value, CATEGORY.c.censored)
    joined = select(MEMBERSHIP.c.ordinal).join(CATEGORY, CATEGORY.c.id == MEMBERSHIP.c.category_id)
    return OrdinalSet(row.ordinal for row in await reader.rows(joined.where(*mine)))


async def insert(writer: Writer, kind: Kind, provider_pk: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """New categories; each mapping holds id, external_id, space and CONTENT."""
    columns = ("id", "external_id", "space", *CONTENT)
    values = [(provider_pk, kind.value, 0, *(row[column] for column in columns)) for row in rows]
    await insert_rows(writer, "category", ("provider_pk", "kind", "count", *columns), values)


async def rewrite(writer: Writer, rows: Sequence[Mapping[str, Any]]) -> None:
    """Known categories with new content."""
    values = [(*(row[column] for column in CONTENT), row["id"]) for row in rows]
    await update_rows(writer, "category", CONTENT, ("id",), values)


async def recount(writer: Writer, kind: Kind, provider_pk: int) -> list[Category]:
    """Sets `count` to the number of active items of each category; returns the active ones whose count it changed."""
    before = await load(writer, kind, provider_pk)
    # CROSS JOIN keeps the order on SQLite: before its first ANALYZE it would scan all items once per category.
    members = f"item_category ic CROSS JOIN {kind.value} i WHERE i.ordinal = ic.ordinal AND i.is_active "
    members += "AND i.provider_pk = :pk"
    if writer.sqlite:
        counted = f"(SELECT count(*) FROM {members} AND ic.category_id = category.id)"  # noqa: S608 - a table's name
    else:  # Postgres is quicker with all categories at once: a hash join instead of one join per category
        mine = "SELECT id FROM category WHERE provider_pk = :pk AND kind = :kind"
        every = f"SELECT ic.category_id, count(*) n FROM {members} AND ic.category_id IN ({mine}) GROUP BY 1"  # noqa: S608
        counted = f"coalesce((SELECT n FROM ({every}) e WHERE e.category_id = category.id), 0)"  # noqa: S608
    statement = f"UPDATE category SET count = {counted} WHERE provider_pk = :pk AND kind = :kind"  # noqa: S608
    await writer.execute(text(statement), {"pk": provider_pk, "kind": kind.value})
    after = await load(writer, kind, provider_pk)
    return [one for public, one in after.items() if one.is_active and one.count != before[public].count]


def _of(kind: Kind, provider_pk: int) -> ColumnElement[bool]:
    return and_(col(Category.provider_pk) == provider_pk, col(Category.kind) == kind.value)
