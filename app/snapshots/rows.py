"""What a version is made of, read in chunks by key: no cursor stays open and no chunk grows with the catalogue."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct
from sqlalchemy import Select, and_, bindparam, select
from sqlmodel import col

from app.core.jsonio import loads
from app.db.engine import Database, Reader
from app.db.marks import Marks, fetch
from app.db.tables import ITEM_TABLES, CatalogueHead, Category, Change, Document, Provider, metadata
from app.domain.documents import category_document
from app.domain.kinds import Kind
from app.snapshots.gather import Line

GROUP_IDS: Final = 10_000  # ids of members read at once: 0.5 MB of JSON
GROUP_CATEGORIES: Final = 200
BATCH_ITEMS: Final = 1_000  # documents read at once: 1.5 MB
SHORT: Final = 500  # ordinals: a stretch of no more is read together with others


class Member(NamedTuple):
    """An item in a category; "" = in none."""

    category: str
    item: str
    ordinal: int


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
    """The documents of a kind's active items, in order.

    `planned` = stretches (after, upto) of ordinals that will be read, in order: short ones are read many at a time.
    """

    def __init__(
        self, database: Database, provider_pk: int, kind: Kind, planned: Sequence[tuple[int, int]] = ()
    ) -> None:
        self._database = database
        self._kind = kind
        self._query = _bodies(kind)
        self._values = {"pk": provider_pk, "number": kind.number, "limit": BATCH_ITEMS}
        self._planned = deque(stretch for stretch in planned if stretch[1] - stretch[0] <= SHORT)
        self._read: deque[tuple[int, int, list[Line]]] = deque()

    async def between(self, after: int, upto: int) -> AsyncIterator[Sequence[Line]]:
        """Ordinals and documents behind `after`, up to `upto`."""
        while after < upto:
            await self._prepare(after)
            start, end, lines = self._read[0] if self._read else (upto, upto, [])
            if start == after and end <= upto:
                self._read.popleft()
                yield lines
                after = end
                continue
            end = min(start, upto)
            async for batch in self._stretch(after, end):
                yield batch
            after = end

    async def _prepare(self, after: int) -> None:
        """Has the next planned stretch at hand, and with it those that follow soon."""
        while self._read and self._read[0][0] < after:
            self._read.popleft()
        if self._read:
            return
        chosen: list[tuple[int, int]] = []
        while self._planned and sum(end - start for start, end in chosen) < BATCH_ITEMS:
            stretch = self._planned.popleft()
            chosen += [stretch] if stretch[0] >= after else []
        if chosen:
            lines = deque(await self._chosen([place for start, end in chosen for place in range(start + 1, end + 1)]))
            for start, end in chosen:
                own = []
                while lines and lines[0][0] <= end:
                    own.append(lines.popleft())
                self._read.append((start, end, own))

    async def _stretch(self, after: int, upto: int) -> AsyncIterator[list[Line]]:
        while True:
            async with self._database.reader() as reader:
                rows = await reader.rows(self._query, {**self._values, "after": after, "upto": upto})
            if rows:
                yield [(row.ordinal, row.body) for row in rows]
            if len(rows) < BATCH_ITEMS:
                return
            after = rows[-1].ordinal

    async def _chosen(self, places: Sequence[int]) -> Sequence[Line]:
        async with self._database.reader() as reader:
            marks = Marks(sqlite=reader.sqlite)
            statement = (
                f"SELECT d.ordinal, d.body FROM document d JOIN {self._kind.value} i "  # noqa: S608 - a table's name
                "ON i.provider_pk = d.provider_pk AND i.ordinal = d.ordinal "
                f"WHERE d.provider_pk = {marks(self._values['pk'])} AND d.kind = {marks(self._kind.number)} "
                f"AND d.ordinal {marks.one_of(places, 'int')} AND i.is_active ORDER BY d.ordinal"
            )
            return [(row[0], row[1]) for row in await fetch(reader, statement, marks)]


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


async def memberships(database: Database, provider_pk: int, kind: Kind) -> AsyncIterator[Sequence[Member]]:
    """Active items by category: those without one under "" first, then by the ids of categories."""
    async for strays in _strays(database, provider_pk, kind):
        yield strays
    for group in await _groups(database, provider_pk, kind):
        async for members in _members(database, provider_pk, kind, group):
            yield members


async def _fetched(reader: Reader, query: str, marks: Marks) -> Sequence[Member]:
    """The rows of a query in their order; on SQLite as one row: each more would wait for the interpreter's lock."""
    if not reader.sqlite:
        return [Member(*row) for row in await fetch(reader, query, marks)]
    packed = f"SELECT json_group_array(json_array(category_id, id, ordinal)) FROM ({query})"  # noqa: S608 - ours
    ((told,),) = await fetch(reader, packed, marks)
    return [Member(*row) for row in loads(told)]


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


async def _strays(database: Database, provider_pk: int, kind: Kind) -> AsyncIterator[Sequence[Member]]:
    after = -1
    while True:
        async with database.reader() as reader:
            marks = Marks(sqlite=reader.sqlite)
            query = (
                f"SELECT '' AS category_id, id, ordinal FROM {kind.value} "  # noqa: S608 - a table's name
                f"WHERE provider_pk = {marks(provider_pk)} AND ordinal > {marks(after)} AND category_id IS NULL "
                f"AND is_active ORDER BY ordinal LIMIT {GROUP_IDS}"
            )
            found = await _fetched(reader, query, marks)
        if not found:
            return
        yield found
        after = found[-1].ordinal


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
) -> AsyncIterator[Sequence[Member]]:
    after: Member | None = None
    while True:
        async with database.reader() as reader:
            marks = Marks(sqlite=reader.sqlite)
            found = await _fetched(reader, _of_group(marks, provider_pk, kind, group, after), marks)
        if found:
            yield found
        if len(found) < GROUP_IDS:
            return
        after = found[-1]


def _of_group(marks: Marks, provider_pk: int, kind: Kind, group: list[str], after: Member | None) -> str:
    query = (
        "SELECT ic.category_id AS category_id, i.id AS id, ic.ordinal AS ordinal "  # noqa: S608 - a table's name
        f"FROM item_category ic JOIN {kind.value} i ON i.provider_pk = {marks(provider_pk)} AND i.ordinal = ic.ordinal "
        f"WHERE ic.category_id {marks.one_of(group, 'text')} AND i.is_active "
    )
    if after is not None:
        query += f"AND (ic.category_id, ic.ordinal) > ({marks(after.category)}, {marks(after.ordinal)}) "
    return f"{query}ORDER BY ic.category_id, ic.ordinal LIMIT {GROUP_IDS}"
