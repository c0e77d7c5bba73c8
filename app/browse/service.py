"""Reading catalogues: lists, single items, categories, counts. Item documents are handed on as the bytes they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.browse import cursor as cursors
from app.browse.catalogues import Catalogue, NamedCategory, Totals, catalogues, named
from app.browse.categories import CategoryWish, category_page
from app.browse.listing import Wish, choose
from app.browse.orders import Order, order_of
from app.browse.pages import Filter, bodies
from app.core import jsonio
from app.core.errors import NotFound
from app.db import search, tags
from app.db.engine import Database, Reader
from app.db.marks import Marks, fetch
from app.domain.kinds import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemWish:
    """Which items: the query of a list as a client asks it."""

    page: int = 1
    limit: int = 100
    category: str | None = None
    search: str = ""
    sort: str | None = None
    tags: tuple[str, ...] = ()  # in small letters
    active: bool | None = True
    visible: bool | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What a catalogue holds now, active items only, and its published version (`epoch.n`)."""

    total_movies: int
    total_series: int
    total_channels: int
    total_categories: int
    version: str | None


class Browse:
    """Answers are JSON bytes, made by joining stored documents."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._totals = Totals()

    async def page(self, kind: Kind, wish: ItemWish, provider_id: str | None = None) -> bytes:
        """A page of one provider's items, or of all providers'."""
        order = order_of(kind, wish.sort)
        async with self._database.reader() as reader:
            asked = await catalogues(reader, provider_id)
            chosen = await _categories(reader, kind, asked, wish.category)
            filters = await _filters(reader, kind, asked, chosen, wish)
            place = _wish(kind, order, wish, provider_id)
            found = await choose(reader, filters, place)
            documents = await bodies(reader, kind, found.places)
            total = await self._total(reader, asked, filters, chosen)
        number = place.cursor.page if place.cursor else wish.page
        return _answer(kind.plural, documents, total=total, page=number, limit=wish.limit, following=found.next)

    async def item(self, kind: Kind, item_id: str) -> bytes:
        """One item: its document and what else the provider said, as `extra`."""
        async with self._database.reader() as reader:
            marks = Marks(sqlite=reader.sqlite)
            statement = (
                f"SELECT d.body, m.extra FROM {kind.value} m JOIN document d "  # noqa: S608 - our names, marks
                f"ON d.provider_pk = m.provider_pk AND d.kind = {kind.number} AND d.ordinal = m.ordinal "
                f"WHERE m.id = {marks(item_id)}"
            )
            rows = await fetch(reader, statement, marks)
        if not rows:
            raise NotFound(f"There is no such {kind.value}.")
        body, extra = rows[0]
        return bytes(body[:-1]) + b',"extra":' + (extra or b"{}") + b"}"

    async def categories(self, wish: CategoryWish, provider_id: str | None = None) -> bytes:
        """A page of categories with their counts."""
        async with self._database.reader() as reader:
            found = await category_page(reader, await catalogues(reader, provider_id), wish)
        rows = [jsonio.dumps(row) for row in found.rows]
        return _answer("categories", rows, total=found.total, page=found.page, limit=wish.limit, following=found.next)

    async def stats(self, provider_id: str) -> Stats:
        """Counts of one catalogue."""
        return (await self.all_stats(provider_id))[provider_id]

    async def all_stats(self, provider_id: str | None = None) -> dict[str, Stats]:
        """Counts of all catalogues, by provider id."""
        async with self._database.reader() as reader:
            return {one.provider_id: await self._stats(reader, one) for one in await catalogues(reader, provider_id)}

    async def _stats(self, reader: Reader, catalogue: Catalogue) -> Stats:
        marks = Marks(sqlite=reader.sqlite)
        statement = f"SELECT count(*) FROM category WHERE provider_pk = {catalogue.provider_pk:d} AND is_active"  # noqa: S608
        rows = await fetch(reader, statement, marks)
        totals = {kind: await self._totals.of_kind(reader, catalogue, kind) for kind in Kind}
        return Stats(
            total_movies=totals[Kind.MOVIE],
            total_series=totals[Kind.SERIES],
            total_channels=totals[Kind.CHANNEL],
            total_categories=rows[0][0],
            version=f"{catalogue.epoch}.{catalogue.version}" if catalogue.version else None,
        )

    async def _total(
        self,
        reader: Reader,
        asked: Sequence[Catalogue],
        filters: Sequence[Filter],
        chosen: Sequence[NamedCategory] | None,
    ) -> int:
        by_pk = {one.provider_pk: one for one in asked}
        counts = {one.id: one.count for one in chosen or ()}
        total = 0
        for wanted in filters:
            single = wanted.categories and len(wanted.categories) == 1
            stored = counts[wanted.categories[0]] if wanted.categories and single else None
            total += await self._totals.of(reader, by_pk[wanted.provider_pk], wanted, stored)
        return total


async def _categories(
    reader: Reader, kind: Kind, asked: Sequence[Catalogue], name: str | None
) -> list[NamedCategory] | None:
    if name is None:
        return None
    return await named(reader, kind, [one.provider_pk for one in asked], name)


async def _filters(
    reader: Reader, kind: Kind, asked: Sequence[Catalogue], chosen: Sequence[NamedCategory] | None, wish: ItemWish
) -> list[Filter]:
    """One filter per provider; those without a category of that name, or without one of the tags, show nothing."""
    words = search.words_of(wish.search)
    found = []
    for one in asked:
        mine = None if chosen is None else tuple(c.id for c in chosen if c.provider_pk == one.provider_pk)
        spelled = await _spelled(reader, kind, one.provider_pk, wish.tags)
        if (mine is None or mine) and all(spelled):
            found.append(
                Filter(
                    provider_pk=one.provider_pk,
                    kind=kind,
                    categories=mine,
                    words=words,
                    tags=spelled,
                    active=wish.active,
                    visible=wish.visible,
                )
            )
    return found


async def _spelled(
    reader: Reader, kind: Kind, provider_pk: int, wanted: tuple[str, ...]
) -> tuple[tuple[str, ...], ...]:
    """How each tag that is asked for is spelled in a catalogue; nowhere: ()."""
    known = await tags.spellings(reader, kind, provider_pk) if wanted else []
    return tuple(tuple(one for one in known if one.lower() == tag) for tag in wanted)


def _wish(kind: Kind, order: Order, wish: ItemWish, provider_id: str | None) -> Wish:
    words = search.words_of(wish.search)
    asked = cursors.question(kind, order.name, provider_id, wish.category, words, wish.tags, wish.active, wish.visible)
    columns = [stretch.column for stretch in order.stretches]
    cursor = cursors.decode(wish.cursor, asked, columns) if wish.cursor is not None else None
    return Wish(order=order, page=wish.page, limit=wish.limit, question=asked, cursor=cursor)


def _answer(
    name: str, documents: Sequence[bytes], *, total: int, page: int, limit: int, following: str | None
) -> bytes:
    has_more = following is not None
    head = {"total": total, "page": page, "limit": limit, "hasMore": has_more, "nextCursor": following}
    return b"".join((jsonio.dumps(head)[:-1], b',"', name.encode(), b'":[', b",".join(documents), b"]}"))
