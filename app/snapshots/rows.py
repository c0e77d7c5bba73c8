"""What a version is made of, read in chunks by key: no cursor stays open and no chunk grows with the catalogue."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Row, Select, and_, bindparam, literal, select, tuple_
from sqlmodel import col

from app.db.engine import Database
from app.db.tables import ITEM_TABLES, CatalogueHead, Category, Change, Document, ItemCategory, Provider, metadata
from app.domain.documents import category_document
from app.domain.kinds import Kind
from app.snapshots.gather import Line

GROUP_IDS: Final = 10_000  # ids of members read at once: 0.5 MB of JSON
GROUP_CATEGORIES: Final = 200
BATCH_ITEMS: Final = 1_000  # documents read at once: 1.5 MB


class Head(Struct, frozen=True, kw_only=True):
    """A catalogue as a publish finds it; `provider` is what the document says about it."""

    epoch: str
    version: int
    pending: bool
    floor: int
    provider: dict[str, str]

    @property
    def logged(self) -> bool:
        """Whether the log tells all that was written since the last publish."""
        return self.floor <= self.version


async def head(database: Database, provider_pk: int) -> Head | None:
    """The head of a catalogue."""
    query = (
        select(  # type: ignore[call-overload]
            Provider.id,
            Provider.name,
            Provider.kind,
            CatalogueHead.epoch,
            CatalogueHead.version,
            CatalogueHead.pending,
            CatalogueHead.floor,
        )
        .join(CatalogueHead, col(CatalogueHead.provider_pk) == col(Provider.pk))
        .where(col(Provider.pk) == provider_pk)
    )
    async with database.reader() as reader:
        row = await reader.row(query)
    if row is None:
        return None
    provider = {"id": row.id, "name": row.name, "kind": row.kind}
    return Head(epoch=row.epoch, version=row.version, pending=row.pending, floor=row.floor, provider=provider)


class Items:
    """The documents of a kind's active items, in order."""

    def __init__(self, database: Database, provider_pk: int, kind: Kind) -> None:
        self._database = database
        self._query = _bodies(kind)
        self._values = {"pk": provider_pk, "number": kind.number, "limit": BATCH_ITEMS}

    async def between(self, after: int, upto: int) -> AsyncIterator[Sequence[Line]]:
        """Ordinals and documents behind `after`, up to `upto`."""
        while True:
            async with self._database.reader() as reader:
                rows = await reader.rows(self._query, {**self._values, "after": after, "upto": upto})
            if rows:
                yield [(row.ordinal, row.body) for row in rows]
            if len(rows) < BATCH_ITEMS:
                return
            after = rows[-1].ordinal


async def touched(database: Database, provider_pk: int, kind: Kind, version: int) -> list[int]:
    """The places of a kind that the log names for a version, in order."""
    item = ITEM_TABLES[kind]
    query = (
        select(col(item.ordinal))
        .join(Change, col(Change.item_id) == col(item.id))
        .where(
            col(Change.provider_pk) == provider_pk,
            col(Change.version) == version,
            col(Change.kind) == kind.value,
            col(item.provider_pk) == provider_pk,
        )
        .distinct()
    )
    async with database.reader() as reader:
        return sorted(row.ordinal for row in await reader.rows(query))


async def categories(database: Database, provider_pk: int, provider_id: str) -> list[bytes]:
    """The active categories as documents: channels, movies, series, each in the provider's order."""
    query = select(*metadata.tables["category"].c).where(
        col(Category.provider_pk) == provider_pk, col(Category.is_active).is_(True)
    )
    async with database.reader() as reader:
        rows = await reader.rows(query)
    place = {kind.value: kind.number for kind in Kind}
    ordered = sorted(rows, key=lambda row: (place[row.kind], row.position, row.id))
    return [category_document(row._asdict(), provider_id) for row in ordered]


async def memberships(database: Database, provider_pk: int, kind: Kind) -> AsyncIterator[Sequence[Row[Any]]]:
    """(category id, item id, ordinal) of active items: those without a category under "" first, then by category."""
    async for strays in _strays(database, provider_pk, kind):
        yield strays
    for group in await _groups(database, provider_pk, kind):
        async for members in _members(database, provider_pk, kind, group):
            yield members


def _bodies(kind: Kind) -> Select[Any]:
    item = ITEM_TABLES[kind]
    query: Select[Any] = (
        select(Document.ordinal, Document.body)  # type: ignore[call-overload]
        .join(
            item,
            and_(col(item.provider_pk) == col(Document.provider_pk), col(item.ordinal) == col(Document.ordinal)),
        )
        .where(
            col(Document.provider_pk) == bindparam("pk"),
            col(Document.kind) == bindparam("number"),
            col(Document.ordinal) > bindparam("after"),
            col(Document.ordinal) <= bindparam("upto"),
            col(item.is_active).is_(True),
        )
        .order_by(col(Document.ordinal))
        .limit(bindparam("limit"))
    )
    return query


async def _strays(database: Database, provider_pk: int, kind: Kind) -> AsyncIterator[Sequence[Row[Any]]]:
    item = ITEM_TABLES[kind]
    query = (
        select(literal("").label("category_id"), item.id, item.ordinal)  # type: ignore[call-overload]
        .where(
            col(item.provider_pk) == provider_pk,
            col(item.ordinal) > bindparam("after"),
            col(item.category_id).is_(None),
            col(item.is_active).is_(True),
        )
        .order_by(col(item.ordinal))
        .limit(GROUP_IDS)
    )
    after = -1
    while True:
        async with database.reader() as reader:
            rows = await reader.rows(query, {"after": after})
        if not rows:
            return
        yield rows
        after = rows[-1].ordinal


async def _groups(database: Database, provider_pk: int, kind: Kind) -> list[list[str]]:
    """All categories of a kind in the order of their ids, so many at a time that a group fits into one chunk."""
    query = (
        select(Category.id, Category.count)  # type: ignore[call-overload]
        .where(col(Category.provider_pk) == provider_pk, col(Category.kind) == kind.value)
        .order_by(col(Category.id))
    )
    async with database.reader() as reader:
        rows = await reader.rows(query)
    groups: list[list[str]] = []
    room = 0
    for category, count in rows:
        if not groups or room < count or len(groups[-1]) == GROUP_CATEGORIES:
            groups.append([])
            room = GROUP_IDS
        groups[-1].append(category)
        room -= count
    return groups


async def _members(
    database: Database, provider_pk: int, kind: Kind, group: list[str]
) -> AsyncIterator[Sequence[Row[Any]]]:
    after: tuple[str, int] | None = None
    while True:
        async with database.reader() as reader:
            rows = await reader.rows(_of_group(provider_pk, kind, group, after))
        if rows:
            yield rows
        if len(rows) < GROUP_IDS:
            return
        after = (rows[-1].category_id, rows[-1].ordinal)


def _of_group(provider_pk: int, kind: Kind, group: list[str], after: tuple[str, int] | None) -> Select[Any]:
    item = ITEM_TABLES[kind]
    member = tuple_(col(ItemCategory.category_id), col(ItemCategory.ordinal))
    query = (
        select(ItemCategory.category_id, item.id, ItemCategory.ordinal)  # type: ignore[call-overload]
        .join(item, and_(col(item.provider_pk) == provider_pk, col(item.ordinal) == col(ItemCategory.ordinal)))
        .where(col(ItemCategory.category_id).in_(group), col(item.is_active).is_(True))
        .order_by(col(ItemCategory.category_id), col(ItemCategory.ordinal))
        .limit(GROUP_IDS)
    )
    return query if after is None else query.where(member > after)  # type: ignore[no-any-return]
