"""What a sync reads and writes on a provider's own row."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select, update

from app.db.engine import Reader, Writer
from app.db.marks import Marks, fetch
from app.db.tables import metadata
from app.domain.kinds import Kind

PROVIDER: Final = metadata.tables["provider"]


FULL_EVERY_HOURS: Final = 168


async def full_walks(reader: Reader, provider_pk: int) -> tuple[float, dict[Kind, int | None]]:
    """After how many hours a full walk of VOD is due again, and when each kind had its last proven one (ms)."""
    row = await reader.row(select(*PROVIDER.c).where(PROVIDER.c.pk == provider_pk))
    options = row.options if row is not None else {}
    walked = {kind: getattr(row, f"{kind.plural}_walked_at", None) for kind in Kind}
    return float(options.get("fullEveryHours", FULL_EVERY_HOURS)), walked


async def mark_synced(writer: Writer, provider_pk: int, kind: Kind, now: int, *, walked: bool) -> None:
    """Remembers when a kind was last brought up to date, and when a walk that saw all of it ended (`walked`)."""
    values = {f"{kind.plural}_synced_at": now}
    if walked:
        values[f"{kind.plural}_walked_at"] = now
    await writer.execute(update(PROVIDER).where(PROVIDER.c.pk == provider_pk).values(**values))


async def stored_kinds(reader: Reader, provider_pks: Sequence[int]) -> dict[int, frozenset[Kind]]:
    """Which kinds of each provider there are: synced once, or begun by a sync that has written some of it.

    A kind that is not among them was never synced: who asks for it is answered by the provider, live.
    """
    marks = Marks(sqlite=reader.sqlite)
    among = marks.one_of(list(provider_pks), "int")
    columns = ", ".join(
        f"p.{kind.plural}_synced_at IS NOT NULL OR EXISTS (SELECT 1 FROM {kind.value} i WHERE i.provider_pk = p.pk)"  # noqa: S608
        for kind in Kind
    )
    rows = await fetch(reader, f"SELECT p.pk, {columns} FROM provider p WHERE p.pk {among}", marks)  # noqa: S608
    return {pk: frozenset(kind for kind, there in zip(Kind, known, strict=True) if there) for pk, *known in rows}


async def enabled(reader: Reader) -> frozenset[int]:
    """The keys of the providers that are not switched off."""
    return frozenset(row.pk for row in await reader.rows(select(PROVIDER.c.pk).where(PROVIDER.c.enabled)))
