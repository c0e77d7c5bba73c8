"""Made-up catalogues, written straight into the tables; and what a document of them has to be."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlmodel import col

from app.core.clock import now_ms
from app.core.jsonio import canonical, loads
from app.db.bulk import insert_rows
from app.db.engine import Database, Writer
from app.db.tables import CatalogueHead, Category, Document, Provider, metadata
from app.domain.documents import category_document
from app.domain.kinds import Kind
from app.jobs import lease

PROVIDER = "prov1"
Line = tuple[str, str, str, bytes | None]  # kind, public id, op, document


@dataclass
class Item:
    """An item of a test: `categories` are public ids, the first is its own."""

    kind: Kind
    ordinal: int
    name: str
    categories: tuple[str, ...] = ()
    is_active: bool = True

    @property
    def id(self) -> str:
        return f"{self.kind.value}-{self.ordinal}"

    @property
    def document(self) -> dict[str, Any]:
        return {
            "categoryId": self.categories[0] if self.categories else None,
            "categoryIds": list(self.categories),
            "id": self.id,
            "isActive": self.is_active,
            "kind": self.kind.value,
            "name": self.name,
        }


@dataclass
class Catalogue:
    """One provider's items and categories, as the rows have them."""

    items: list[Item] = field(default_factory=list)
    categories: dict[str, Kind] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)  # of categories that were renamed

    def active(self, kind: Kind) -> list[dict[str, Any]]:
        return [item.document for item in self.items if item.kind is kind and item.is_active]

    def by_category(self, kind: Kind) -> dict[str, list[str]]:
        lists: dict[str, list[str]] = {}
        for document in self.active(kind):
            for category in document["categoryIds"] or [""]:
                lists.setdefault(category, []).append(document["id"])
        return lists


def simple(channels: int, movies: int, series: int) -> Catalogue:
    """Two categories of each kind, some items in both, in one or in none."""
    catalogue = Catalogue()
    for kind, count in ((Kind.CHANNEL, channels), (Kind.MOVIE, movies), (Kind.SERIES, series)):
        first, second = f"a{kind.value}", f"b{kind.value}"
        catalogue.categories.update({first: kind, second: kind})
        choices = ((first,), (second, first), (second,), ())
        for number in range(count):
            name = f"{kind.value} “{number}” " + "some words " * (number % 7)
            catalogue.items.append(Item(kind, number, name, choices[number % 4]))
    return catalogue


async def add_provider(database: Database, provider_id: str = PROVIDER) -> int:
    """A provider with an empty head; returns its pk."""
    now = now_ms()
    async with database.writer() as writer:
        provider = {
            "id": provider_id,
            "name": "Home “TV”",
            "kind": "xtream",
            "url": b"sealed",
            "address": "http://portal.test",
            "credentials": b"sealed-fake-password",
            "credential_names": ["username", "password"],
            "options": {},
            "created_at": now,
            "updated_at": now,
        }
        pk = await writer.scalar(insert(Provider).values(**provider).returning(col(Provider.pk)))
        await writer.execute(insert(CatalogueHead).values(provider_pk=pk, epoch="k7f2"))
    return int(pk)


async def find_or_add(database: Database) -> int:
    """The provider that is there, or a new one."""
    async with database.reader() as reader:
        pk = await reader.scalar(select(col(Provider.pk)).where(col(Provider.id) == PROVIDER))
    return int(pk) if pk is not None else await add_provider(database)


async def take_lease(database: Database, pk: int) -> int:
    """A fence for `publish`; takes the lease from whoever held it."""
    async with database.writer() as writer:
        await writer.execute(update(CatalogueHead).where(col(CatalogueHead.provider_pk) == pk).values(lease_until=None))
        return await lease.acquire(writer, provider_pk=pk, job_id="job", seconds=3600)


async def write(database: Database, pk: int, catalogue: Catalogue) -> None:
    """Brings the rows to this state, says that they are pending and what changed, as a sync does.

    What is not in the catalogue any more stays as a removed row; a first load is not in the log.
    """
    async with database.writer() as writer:
        before = {(row.kind, row.ordinal): row.body for row in await writer.rows(select(Document))}
        categories = await _categories(writer, pk)
        gone = [_removed(kind, ordinal) for kind, ordinal in before.keys() - _places(catalogue)]
        await _clear(writer, pk)
        await _write_categories(writer, pk, catalogue)
        items = [*catalogue.items, *gone]
        for kind in Kind:
            await _write_items(writer, pk, kind, [item for item in items if item.kind is kind])
        changed = [_line(item) for item in items if before.get(_place(item)) != canonical(item.document)]
        await _log(writer, pk, [*changed, *_category_lines(categories, await _categories(writer, pk))])


def _place(item: Item) -> tuple[int, int]:
    return item.kind.number, item.ordinal


def _places(catalogue: Catalogue) -> set[tuple[int, int]]:
    return {_place(item) for item in catalogue.items}


def _removed(number: int, ordinal: int) -> Item:
    return Item(next(kind for kind in Kind if kind.number == number), ordinal, "gone", is_active=False)


async def _write_categories(writer: Writer, pk: int, catalogue: Catalogue) -> None:
    for place, (public, kind) in enumerate(catalogue.categories.items()):
        count = sum(public in item.categories and item.is_active for item in catalogue.items)
        await writer.execute(
            insert(Category).values(
                id=public,
                provider_pk=pk,
                kind=kind.value,
                external_id=str(place),
                name=catalogue.names.get(public, f"Category {public}"),
                position=place,
                count=count,
                is_active=public not in catalogue.hidden,
                updated_at=1,
            )
        )


async def _categories(writer: Writer, pk: int) -> dict[str, bytes]:
    """The documents of active categories by public id."""
    rows = await writer.rows(select(*metadata.tables["category"].c).where(col(Category.provider_pk) == pk))
    return {row.id: category_document(row._asdict(), PROVIDER) for row in rows if row.is_active}


def _line(item: Item) -> Line:
    if not item.is_active:
        return item.kind.value, item.id, "removed", None
    return item.kind.value, item.id, "updated", canonical(item.document)


def _category_lines(before: dict[str, bytes], after: dict[str, bytes]) -> list[Line]:
    gone: list[Line] = [("category", public, "removed", None) for public in before if public not in after]
    return [*gone, *(("category", one, "updated", body) for one, body in after.items() if before.get(one) != body)]


async def _log(writer: Writer, pk: int, changed: list[Line]) -> None:
    head = update(CatalogueHead).where(col(CatalogueHead.provider_pk) == pk)
    version = int(await writer.scalar(select(col(CatalogueHead.version)).where(col(CatalogueHead.provider_pk) == pk)))
    if version == 0:
        await writer.execute(head.values(pending=True, floor=1))
        return
    rows = [(pk, version + 1, "job", *line) for line in changed]
    columns = ("provider_pk", "version", "job_id", "kind", "item_id", "op", "document")
    await insert_rows(writer, "change", columns, rows)
    await writer.execute(head.values(pending=True))


async def _clear(writer: Writer, pk: int) -> None:
    driver = await writer.driver()
    await writer.execute(delete(Category).where(col(Category.provider_pk) == pk))
    for table in ("channel", "movie", "series", "document", "item_category"):
        await driver.execute(f"DELETE FROM {table}")


async def _write_items(writer: Writer, pk: int, kind: Kind, items: list[Item]) -> None:
    shared = [
        *("provider_pk", "ordinal", "id", "external_id", "fingerprint", "is_active"),
        *("category_id", "name", "sort_name", "search_text", "updated_at", "locator"),
    ]
    more = ["sort_number"] if kind is Kind.CHANNEL else []
    rows = [
        (
            pk,
            item.ordinal,
            item.id,
            str(item.ordinal),
            0,
            item.is_active,
            item.categories[0] if item.categories else None,
            item.name,
            item.name[:60],
            "",
            1,
            b'{"cmd":"http://portal.test/sealed-fake-password"}',
            *([float(item.ordinal)] if more else []),
        )
        for item in items
    ]
    await insert_rows(writer, kind.value, [*shared, *more], rows)
    documents = [(pk, kind.number, item.ordinal, canonical(item.document)) for item in items]
    await insert_rows(writer, "document", ("provider_pk", "kind", "ordinal", "body"), documents)
    members = [(category, item.ordinal) for item in items for category in item.categories]
    await insert_rows(writer, "item_category", ("category_id", "ordinal"), members)


def check_document(raw: bytes, catalogue: Catalogue, version: str) -> dict[str, Any]:
    """A document must say exactly what the rows say."""
    document: dict[str, Any] = loads(raw)
    assert list(document) == [
        "version",
        "generatedAt",
        "provider",
        "stats",
        "categories",
        "movies",
        "series",
        "channels",
        "moviesByCategory",
        "seriesByCategory",
        "channelsByCategory",
    ]
    assert document["version"] == version
    assert document["provider"] == {"id": PROVIDER, "name": "Home “TV”", "kind": "xtream"}
    shown = [public for public in catalogue.categories if public not in catalogue.hidden]
    assert [one["id"] for one in document["categories"]] == shown
    for kind in Kind:
        assert document[kind.plural] == catalogue.active(kind)
        assert document[f"{kind.plural}ByCategory"] == catalogue.by_category(kind)
    assert document["stats"] == {
        "totalMovies": len(document["movies"]),
        "totalSeries": len(document["series"]),
        "totalChannels": len(document["channels"]),
        "totalCategories": len(shown),
    }
    return document
