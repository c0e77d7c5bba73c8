"""What a proven walk did not see, described for the provider that is to look for it once more."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from app.db import categories, items
from app.domain.documents import decode
from app.domain.identity import space_of
from app.domain.kinds import ITEM_STEPS, Kind
from app.domain.ordinals import OrdinalSet
from app.providers.base import ItemKey, Missing, StoredItem
from app.sync.ledger import Ledger

MOST_NAMED: Final = 20_000  # items of about 400 bytes each; more are only counted
STRETCH: Final = 1_000  # items read together, with their documents


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Missing items, and the place of each."""

    missing: Missing
    places: Mapping[ItemKey, int]


async def describe(ledger: Ledger, kind: Kind, places: OrdinalSet) -> Described:
    """Names the items at these places, unless they are too many."""
    count, step = len(places), ITEM_STEPS[kind]
    if count > MOST_NAMED:
        return Described(missing=Missing(step=step, kind=kind, count=count), places={})
    async with ledger.database.reader() as reader:
        known = await categories.load(reader, kind, ledger.job.provider_pk)
    named = {public: (one.space, one.external_id) for public, one in known.items()}
    found: list[StoredItem] = []
    where: dict[ItemKey, int] = {}
    left = iter(places)
    while chunk := list(islice(left, STRETCH)):
        async with ledger.database.reader() as reader:
            rows = await items.described(reader, kind, ledger.job.provider_pk, chunk)
        for row in rows:
            key = (space_of(ledger.provider_id, kind, row.external_id, row.id), row.external_id)
            own = decode(kind, row.body).category_ids
            where[key] = row.ordinal
            found.append(
                StoredItem(
                    key=key,
                    categories=tuple(named[one] for one in own if one in named),
                    added_at=row.added_at,
                    censored=bool(row.censored),
                )
            )
    sizes = {named[public]: one.count for public, one in known.items()}
    return Described(missing=Missing(step=step, kind=kind, count=count, items=found, sizes=sizes), places=where)
