"""Numbers of public ids, for players that know nothing but whole numbers. They are given once and never taken back."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import text

from app.core import jsonio
from app.db.engine import Reader, Writer
from app.db.marks import Marks, fetch

NUMBERING: Final = 0x11E0_0002  # of one at a time, among the advisory locks of the database
LARGEST: Final = 2**31 - 1  # what every player can hold; Postgres's own counter of the column ends here too


_ASSIGN: Final = text(
    "INSERT INTO player_number (id, kind, series_id) "
    "SELECT given.id, :kind, :series FROM unnest(CAST(:ids AS text[])) WITH ORDINALITY AS given (id, place) "
    "WHERE NOT EXISTS (SELECT FROM player_number known WHERE known.id = given.id) "  # a conflict costs a number
    "ORDER BY given.place ON CONFLICT DO NOTHING"
)


class Numbered(Struct, frozen=True):
    """What a number stands for; `kind` = channel | movie | series | episode | category."""

    id: str
    kind: str
    series_id: str | None


async def known(reader: Reader, ids: Sequence[str]) -> dict[str, int]:
    """The numbers of those ids that have one."""
    marks = Marks(sqlite=reader.sqlite)
    found = f"FROM player_number WHERE id {marks.one_of(ids, 'text')}"
    if not reader.sqlite:
        return {row[0]: row[1] for row in await fetch(reader, f"SELECT id, number {found}", marks)}
    # One row that holds all: each row more would wait for the interpreter's lock.
    told = await fetch(reader, f"SELECT json_group_array(json_array(id, number)) {found}", marks)
    return dict(jsonio.loads(told[0][0]))


async def assign(writer: Writer, kind: str, ids: Sequence[str], series_id: str | None = None) -> None:
    """Gives numbers, in this order, to those ids that have none."""
    if not writer.sqlite:
        # Two that number the same ids in other orders would wait for each other's rows.
        await writer.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": NUMBERING})
        await writer.execute(_ASSIGN, {"ids": list(ids), "kind": kind, "series": series_id})
        return
    driver = await writer.driver()
    statement = "INSERT INTO player_number (id, kind, series_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
    await driver.executemany(statement, [(one, kind, series_id) for one in ids])


async def named(reader: Reader, number: int) -> Numbered | None:
    """What the number stands for; None when nobody was given it."""
    if not 0 < number <= LARGEST:
        return None
    marks = Marks(sqlite=reader.sqlite)
    statement = f"SELECT id, kind, series_id FROM player_number WHERE number = {marks(number)}"  # noqa: S608 - a mark
    rows = await fetch(reader, statement, marks)
    return Numbered(*rows[0]) if rows else None
