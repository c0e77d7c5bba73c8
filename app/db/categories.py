"""Category rows."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlmodel import col

from app.db.bulk import insert_rows, update_rows
from app.db.engine import Reader, Writer
from app.db.tables import ITEM_TABLES, Category, ItemCategory, metadata
from app.domain.kinds import Kind

CATEGORY: Final = metadata.tables["category"]
CONTENT: Final = ("name", "position", "censored", "is_active", "updated_at")


async def load(reader: Reader, kind: Kind, provider_pk: int) -> dict[str, Category]:
    """All categories of a kind by public id, inactive ones too."""
    query = select(*CATEGORY.c).where(_of(kind, provider_pk))
    return {row.id: Category(**row._asdict()) for row in await reader.rows(query)}


async def insert(writer: Writer, kind: Kind, provider_pk: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """New categories; each mapping holds id, external_id, space and CONTENT."""
    columns = ("id", "external_id", "space", *CONTENT)
    values = [(provider_pk, kind.value, 0, *(row[column] for column in columns)) for row in rows]
    await insert_rows(writer, "category", ("provider_pk", "kind", "count", *columns), values)


async def rewrite(writer: Writer, rows: Sequence[Mapping[str, Any]]) -> None:
    """Known categories with new content."""
    values = [(*(row[column] for column in CONTENT), row["id"]) for row in rows]
    await update_rows(writer, "category", CONTENT, ("id",), values)


async def recount(writer: Writer, kind: Kind, provider_pk: int) -> None:
    """Sets `count` to the number of active items of each category, in one statement."""
    item = ITEM_TABLES[kind]
    members = (
        select(func.count())
        .select_from(ItemCategory)
        .join(item, and_(col(item.provider_pk) == provider_pk, col(item.ordinal) == col(ItemCategory.ordinal)))
        .where(col(ItemCategory.category_id) == col(Category.id), col(item.is_active).is_(True))
        .correlate(Category)
        .scalar_subquery()
    )
    await writer.execute(update(Category).where(_of(kind, provider_pk)).values(count=members))


def _of(kind: Kind, provider_pk: int) -> ColumnElement[bool]:
    return and_(col(Category.provider_pk) == provider_pk, col(Category.kind) == kind.value)
