"""What people changed about the entries of a playlist; rows name items by their public ids and outlive every sync."""

from typing import Final

from msgspec import Struct

from app.db.engine import Reader
from app.db.marks import Marks, fetch


class Override(Struct, frozen=True, kw_only=True, gc=False):
    """A change by hand; None = as the catalogue and the definition have it. `position` from 1 within the kind."""

    position: int | None = None
    number: float | None = None
    name: str | None = None
    hidden: bool = False


NONE: Final = Override()


async def load_overrides(reader: Reader, playlist_pk: int | None, item_id: str | None = None) -> dict[str, Override]:
    """The changes of a playlist by item, or the one of an item."""
    if playlist_pk is None:
        return {}
    marks = Marks(sqlite=reader.sqlite)
    one = "" if item_id is None else f" AND item_id = {marks(item_id)}"
    statement = (
        "SELECT item_id, position, number, name, hidden FROM playlist_entry "  # noqa: S608 - a whole number, a mark
        f"WHERE playlist_pk = {playlist_pk:d}{one}"
    )
    rows = await fetch(reader, statement, marks)
    return {row[0]: Override(position=row[1], number=row[2], name=row[3], hidden=bool(row[4])) for row in rows}
