"""What a sync reads and writes on a provider's own row."""

from typing import Final

from sqlalchemy import select, update

from app.db.engine import Reader, Writer
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
