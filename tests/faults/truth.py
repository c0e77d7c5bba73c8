"""What is compared: the portal's own ids, the rows, and the published document."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import httpx
from sqlalchemy import select
from sqlmodel import col

from app.db.engine import Database
from app.db.tables import Category, Channel, Document, Movie, Provider, Series
from app.db.tables.catalogue import Item
from app.domain.kinds import Kind
from tests.support.services import run_apart

TABLES: Final[Mapping[Kind, type[Item]]] = {Kind.CHANNEL: Channel, Kind.MOVIE: Movie, Kind.SERIES: Series}
# What is a matter of this provider row or of the moment, not of the catalogue.
OWN: Final = ("id", "providerId", "updatedAt", "stream")
Rows = Mapping[Kind, Mapping[str, dict[str, Any]]]


def portal_ids(portal: str) -> dict[Kind, set[str]]:
    """What the portal offers now."""
    return {kind: set(httpx.get(f"{portal}/_sim/ids?kind={kind.value}", timeout=60).json()) for kind in Kind}


def stored(database_url: str, provider: str) -> dict[Kind, dict[str, dict[str, Any]]]:
    """The active items by kind and the provider's own id, in their order, as documents without what is our own."""
    return run_apart(lambda: _stored(database_url, provider))


async def _stored(database_url: str, provider: str) -> dict[Kind, dict[str, dict[str, Any]]]:
    database = Database(database_url, pool_size=1)
    try:
        async with asyncio.timeout(60), database.reader() as reader:
            pk = await reader.scalar(select(col(Provider.pk)).where(col(Provider.id) == provider))
            mine = select(col(Category.id), col(Category.external_id)).where(col(Category.provider_pk) == pk)
            categories = {row.id: row.external_id for row in await reader.rows(mine)}
            found: dict[Kind, dict[str, dict[str, Any]]] = {}
            for kind, items in TABLES.items():
                rows = await reader.rows(
                    select(col(items.external_id), col(Document.body))
                    .join(
                        Document,
                        (col(Document.provider_pk) == col(items.provider_pk))
                        & (col(Document.ordinal) == col(items.ordinal))
                        & (col(Document.kind) == kind.number),
                    )
                    .where(col(items.provider_pk) == pk, col(items.is_active))
                    .order_by(col(items.ordinal))
                )
                found[kind] = {row.external_id: _plain(json.loads(row.body), categories) for row in rows}
            return found
    finally:
        await database.close()


def _plain(document: dict[str, Any], categories: Mapping[str, str]) -> dict[str, Any]:
    kept = {name: value for name, value in document.items() if name not in OWN}
    kept["categoryId"] = categories.get(kept.get("categoryId") or "")
    if "categoryIds" in kept:
        kept["categoryIds"] = [categories.get(one) for one in kept["categoryIds"]]
    return kept


def wiped(before: Rows, after: Rows, offered: Mapping[Kind, set[str]]) -> int:
    """Rows that were stored, are still offered, and are gone."""
    return sum(len((before[kind].keys() & offered[kind]) - after[kind].keys()) for kind in Kind)


def missing(rows: Rows, offered: Mapping[Kind, set[str]]) -> int:
    """What the portal offers and we do not have."""
    return sum(len(offered[kind] - rows[kind].keys()) for kind in Kind)


def surplus(rows: Rows, offered: Mapping[Kind, set[str]]) -> int:
    """What we have and the portal does not offer."""
    return sum(len(rows[kind].keys() - offered[kind]) for kind in Kind)


def different(one: Rows, other: Rows) -> list[str]:
    """Where two catalogues differ, in content or in order; a few examples."""
    found = []
    for kind in Kind:
        mine, theirs = one[kind], other[kind]
        found += [f"{kind}:{key}" for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key)]
        if mine.keys() == theirs.keys() and list(mine) != list(theirs):
            found.append(f"{kind}: another order")
    return found[:5]


def published(document: Mapping[str, Any]) -> dict[Kind, set[str]]:
    """The provider's own ids in a snapshot document."""
    return {kind: {item["externalId"] for item in document[kind.plural]} for kind in Kind}


def unpublished(document: Mapping[str, Any], rows: Rows) -> int:
    """Active rows that the published document lacks, and what it has beyond them."""
    shown = published(document)
    return sum(len(shown[kind] ^ rows[kind].keys()) for kind in Kind)
