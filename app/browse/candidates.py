"""Channels that tags, a category and words leave: places of rows, or positions in a live reading. In browse's order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from app.browse.catalogues import Catalogue, Totals, named
from app.db import search, tags
from app.db.engine import Reader
from app.db.marks import Marks, fetch
from app.db.tables.catalogue import NO_NUMBER
from app.domain.kinds import Kind
from app.domain.live import LiveChannel

EVERYTHING: Final = 2**31 - 1


class Candidate(NamedTuple):
    """A channel in the order of lists: by number, then provider, then first appearance (or place in the reading)."""

    number: float
    provider_pk: int
    ordinal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """All of `tags`, whatever their case; a category by public id, name or the provider's id; words as prefixes."""

    tags: tuple[str, ...] = ()
    category: str | None = None
    words: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        return not self.tags and self.category is None and not self.words


class Found(NamedTuple):
    """The first candidates of one provider, and how many there are."""

    candidates: Sequence[Candidate]
    total: int


async def of_rows(reader: Reader, totals: Totals, catalogue: Catalogue, wanted: Narrowing, *, upto: int) -> Found:
    """Candidates among the active channels of one catalogue, at most `upto`."""
    marks = Marks(sqlite=reader.sqlite)
    conditions = await _conditions(reader, marks, catalogue.provider_pk, wanted)
    if conditions is None:
        return Found((), 0)
    source = f"FROM channel m WHERE {' AND '.join(conditions)}"
    statement = f"SELECT m.sort_number, m.ordinal {source} ORDER BY m.sort_number, m.ordinal LIMIT {upto:d}"
    rows = await fetch(reader, statement, marks)
    found = [Candidate(row[0], catalogue.provider_pk, row[1]) for row in rows]
    if len(found) < upto:
        return Found(found, len(found))
    if wanted.nothing:
        return Found(found, await totals.of_kind(reader, catalogue, Kind.CHANNEL))
    ((total,),) = await fetch(reader, f"SELECT count(*) {source}", marks)
    return Found(found, total)


def of_live(provider_pk: int, channels: Sequence[LiveChannel], wanted: Narrowing) -> Found:
    """Candidates among channels that were read live, by the same rules."""
    asked = {tag.lower() for tag in wanted.tags}
    category = None if wanted.category is None else {wanted.category, wanted.category.strip().casefold()}
    found = [
        Candidate(NO_NUMBER if one.number is None else one.number, provider_pk, place)
        for place, one in enumerate(channels)
        if (not asked or asked <= {tag.lower() for tag in one.tags})
        and (category is None or not category.isdisjoint(one.categories))
        and all(any(word.startswith(start) for word in one.words) for start in wanted.words)
    ]
    return Found(sorted(found), len(found))


async def _conditions(reader: Reader, marks: Marks, provider_pk: int, wanted: Narrowing) -> list[str] | None:
    """The conditions of one catalogue's rows; None when it has no such tag or category."""
    found = [f"m.provider_pk = {provider_pk:d}", "m.is_active"]
    if wanted.category is not None:
        categories = [one.id for one in await named(reader, Kind.CHANNEL, [provider_pk], wanted.category)]
        if not categories:
            return None
        among = marks.one_of(categories, "text")
        found.append(f"m.ordinal IN (SELECT c.ordinal FROM item_category c WHERE c.category_id {among})")  # noqa: S608
    spelled = await tags.spellings(reader, Kind.CHANNEL, provider_pk) if wanted.tags else ()
    for asked in wanted.tags:
        same = [tag for tag in spelled if tag.lower() == asked.lower()]
        if not same:
            return None
        found.append(
            f"m.ordinal IN (SELECT t.ordinal FROM item_tag t WHERE t.provider_pk = {provider_pk:d} "  # noqa: S608
            f"AND t.kind = {Kind.CHANNEL.number} AND t.tag {marks.one_of(same, 'text')})"
        )
    if wanted.words:
        words = search.condition(marks, provider_pk=provider_pk, kind=Kind.CHANNEL, words=wanted.words)
        found.append(f"m.ordinal {words}")
    return found
