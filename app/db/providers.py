"""What a sync writes on a provider's own row."""

from typing import Final

from sqlalchemy import update

from app.db.engine import Writer
from app.db.tables import metadata
from app.domain.kinds import Kind

PROVIDER: Final = metadata.tables["provider"]


async def mark_synced(writer: Writer, provider_pk: int, kind: Kind, now: int) -> None:
    """Remembers when a kind was last brought up to date."""
    values = {f"{kind.plural}_synced_at": now}
    await writer.execute(update(PROVIDER).where(PROVIDER.c.pk == provider_pk).values(**values))
