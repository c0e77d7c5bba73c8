"""The word index of items: SQLite FTS5 or a Postgres `tsvector` with GIN, beside the item tables and filled in bulk.

It is no table of the metadata: each dialect has its own statements, run by a migration. What it holds are the words of
`search_text`, which are folded already ([a-z0-9]+), so neither side needs a language or a parser.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text

from app.db.engine import Writer
from app.db.marks import Marks, fetch
from app.domain.kinds import Kind
from app.domain.titles import search_words

NAME: Final = "search_index"  # FTS5 keeps its own tables under names that begin with it
MAX_WORDS: Final = 16
MANY: Final = 1_000  # entries that make the statistics worth the 20 ms they take
_PLACE_BITS: Final = 32
_LEXEMES: Final = "array_to_tsvector(string_to_array(i.search_text, ' '))"


def belongs(table: str | None) -> bool:
    """Whether a table in the database is the index or a part of it; comparisons with the metadata leave it out."""
    return table is not None and (table == NAME or table.startswith(f"{NAME}_"))


def words_of(search: str) -> tuple[str, ...]:
    """The words asked for, folded as the index has them; none when the search is empty or all punctuation."""
    return tuple(search_words(search).split()[:MAX_WORDS])


def condition(marks: Marks, *, provider_pk: int, kind: Kind, words: Sequence[str]) -> str:
    """The right side of `ordinal …`: the places whose names hold every word as a prefix."""
    if marks.sqlite:
        match = " AND ".join(f'"{word}" *' for word in words)
        low, high = _rows(provider_pk, kind)
        return (
            f"IN (SELECT rowid - {low} FROM {NAME} "  # noqa: S608 - whole numbers
            f"WHERE {NAME} MATCH {marks(match)} AND rowid BETWEEN {low} AND {high})"
        )
    match = " & ".join(f"'{word}':*" for word in words)
    return (
        f"IN (SELECT s.ordinal FROM {NAME} s WHERE s.provider_pk = {provider_pk:d} AND s.kind = {kind.number} "  # noqa: S608
        f"AND s.words @@ {marks(match)}::text::tsquery)"
    )


async def refresh(writer: Writer, *, provider_pk: int, kind: Kind, ordinals: Sequence[int] | None = None) -> None:
    """Brings the index up to the rows of these places; None = of the whole kind, writing only what differs."""
    if ordinals is not None and not ordinals:
        return
    steps = _sqlite_steps if writer.sqlite else _postgres_steps
    chosen = None if ordinals is None else list(ordinals)
    await writer.execute(text("SELECT 1"))  # begins the transaction, which the driver's own statements do not
    for statement, marks in steps(provider_pk, kind, chosen):
        await fetch(writer, statement, marks)
    if not writer.sqlite and (chosen is None or len(chosen) >= MANY):
        await _settle(writer)


async def forget(writer: Writer, provider_pk: int, *, limit: int = 1_000_000) -> int:
    """Takes a provider out of the index, at most `limit` entries at once; returns how many went."""
    if writer.sqlite:
        low, high = provider_pk << _PLACE_BITS + 2, (provider_pk + 1 << _PLACE_BITS + 2) - 1
        chosen = f"SELECT id FROM {NAME}_content WHERE id BETWEEN {low} AND {high} LIMIT {limit:d}"  # noqa: S608
        return await writer.execute(text(f"DELETE FROM {NAME} WHERE rowid IN ({chosen})"))  # noqa: S608
    chosen = f"SELECT ctid FROM {NAME} WHERE provider_pk = {provider_pk:d} LIMIT {limit:d}"  # noqa: S608
    return await writer.execute(text(f"DELETE FROM {NAME} WHERE ctid = ANY(ARRAY({chosen}))"))  # noqa: S608


async def _settle(writer: Writer) -> None:
    """After a load Postgres would still plan for an empty table, and read what it has not sorted in yet."""
    await writer.execute(text(f"SELECT gin_clean_pending_list('ix_{NAME}_words')"))
    await writer.execute(text(f"ANALYZE {NAME}"))


def _rows(provider_pk: int, kind: Kind) -> tuple[int, int]:
    """The first and last row number of a kind: an FTS5 row has no other key."""
    low = (provider_pk << 2 | kind.number) << _PLACE_BITS
    return low, low + (1 << _PLACE_BITS) - 1


def _sqlite_steps(provider_pk: int, kind: Kind, ordinals: list[int] | None) -> list[tuple[str, Marks]]:
    low, high = _rows(provider_pk, kind)
    drop, fill = Marks(sqlite=True), Marks(sqlite=True)
    entries = f"{NAME}_content c WHERE c.id BETWEEN {low} AND {high}"
    mine = f"i.provider_pk = {provider_pk:d}"
    chosen = ""
    if ordinals is not None:
        entries += f" AND c.id - {low} {drop.one_of(ordinals, 'int')}"
        chosen = f" AND i.ordinal {fill.one_of(ordinals, 'int')}"
    stale = (
        f"SELECT c.id FROM {entries} AND NOT EXISTS (SELECT 1 FROM {kind.value} i "  # noqa: S608
        f"WHERE {mine} AND i.ordinal = c.id - {low} AND i.search_text = c.c0)"
    )
    missing = (
        f"SELECT {low} + i.ordinal, i.search_text FROM {kind.value} i WHERE {mine}{chosen} "  # noqa: S608
        f"AND NOT EXISTS (SELECT 1 FROM {NAME}_content c WHERE c.id = {low} + i.ordinal)"
    )
    return [
        (f"DELETE FROM {NAME} WHERE rowid IN ({stale})", drop),  # noqa: S608
        (f"INSERT INTO {NAME}(rowid, words) {missing}", fill),
    ]


def _postgres_steps(provider_pk: int, kind: Kind, ordinals: list[int] | None) -> list[tuple[str, Marks]]:
    drop, fill = Marks(sqlite=False), Marks(sqlite=False)
    gone, chosen = "", ""
    if ordinals is not None:
        gone = f" AND s.ordinal {drop.one_of(ordinals, 'int')}"
        chosen = f" AND i.ordinal {fill.one_of(ordinals, 'int')}"
    mine = f"i.provider_pk = {provider_pk:d}"
    delete = (
        f"DELETE FROM {NAME} s WHERE s.provider_pk = {provider_pk:d} AND s.kind = {kind.number}{gone} "  # noqa: S608
        f"AND NOT EXISTS (SELECT 1 FROM {kind.value} i WHERE {mine} AND i.ordinal = s.ordinal)"
    )
    upsert = (
        f"INSERT INTO {NAME} (provider_pk, kind, ordinal, words) "  # noqa: S608
        f"SELECT i.provider_pk, {kind.number}, i.ordinal, {_LEXEMES} FROM {kind.value} i WHERE {mine}{chosen} "
        f"ON CONFLICT ON CONSTRAINT pk_{NAME} DO UPDATE SET words = excluded.words "
        f"WHERE {NAME}.words IS DISTINCT FROM excluded.words"
    )
    return [(delete, drop), (upsert, fill)]
