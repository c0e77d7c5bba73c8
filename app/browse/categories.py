"""Lists of categories: a few hundred rows, so they are filtered and sorted where they are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.browse import cursor as cursors
from app.browse.catalogues import Catalogue
from app.browse.cursor import Cursor
from app.core.errors import Invalid
from app.db import search
from app.db.engine import Reader
from app.db.marks import Marks, fetch
from app.domain.kinds import KIND_NUMBERS, Kind
from app.domain.titles import search_words, sort_key

_COLUMNS: Final = "id, provider_pk, external_id, kind, name, position, count, is_active"
SORTS: Final = ("name", "-name", "number", "-number")


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryWish:
    """Which categories; `number` sorts by the provider's own order, as no sort does within each kind."""

    kind: Kind | None = None
    name: str | None = None
    search: str = ""
    sort: str | None = None
    active: bool | None = True
    page: int = 1
    limit: int = 100
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryPage:
    total: int
    page: int
    rows: Sequence[dict[str, Any]]
    next: str | None


async def category_page(reader: Reader, asked: Sequence[Catalogue], wish: CategoryWish) -> CategoryPage:
    """One page of the categories of these catalogues."""
    providers = {one.provider_pk: one.provider_id for one in asked}
    question = cursors.question(
        "categories", sorted(providers.values()), wish.kind, wish.name, wish.search, wish.sort, wish.active
    )
    rows = [row for row in await _rows(reader, list(providers), wish) if _matches(row, wish)]
    _sort(rows, wish.sort)
    page, start = wish.page, (wish.page - 1) * wish.limit
    if wish.cursor is not None:
        where = cursors.decode(wish.cursor, question, (None,))
        page, start = where.page, where.ordinal
    end = start + wish.limit
    following = cursors.encode(Cursor(question, page + 1, 0, None, 0, end)) if end < len(rows) else None
    documents = [_document(row, providers[row[1]]) for row in rows[start:end]]
    return CategoryPage(total=len(rows), page=page, rows=documents, next=following)


async def _rows(reader: Reader, provider_pks: list[int], wish: CategoryWish) -> list[Any]:
    marks = Marks(sqlite=reader.sqlite)
    conditions = [f"provider_pk {marks.one_of(provider_pks, 'int')}"]
    if wish.kind is not None:
        conditions.append(f"kind = '{wish.kind.value}'")
    if wish.active is not None:
        conditions.append("is_active" if wish.active else "NOT is_active")
    statement = f"SELECT {_COLUMNS} FROM category WHERE {' AND '.join(conditions)}"  # noqa: S608 - our names, marks
    return list(await fetch(reader, statement, marks))


def _matches(row: Any, wish: CategoryWish) -> bool:
    if wish.name is not None and wish.name not in (row[0], row[2]) and row[4].casefold() != wish.name.casefold():
        return False
    asked = search.words_of(wish.search)
    if not asked:
        return True
    words = search_words(row[4]).split()
    return all(any(word.startswith(one) for word in words) for one in asked)


def _sort(rows: list[Any], sort: str | None) -> None:
    if sort is not None and sort not in SORTS:
        raise Invalid([("sort", f"Categories are sorted by one of {', '.join(SORTS)}.")])
    rows.sort(key=lambda row: (row[1], KIND_NUMBERS[Kind(row[3])], row[5], row[0]))
    if sort:
        by_name = sort.endswith("name")
        rows.sort(key=lambda row: sort_key(row[4]) if by_name else row[5], reverse=sort.startswith("-"))


def _document(row: Any, provider_id: str) -> dict[str, Any]:
    return {
        "id": row[0],
        "providerId": provider_id,
        "externalId": row[2],
        "kind": row[3],
        "name": row[4],
        "position": row[5],
        "count": row[6],
        "isActive": bool(row[7]),
    }
