"""Mirrors of providers that go, or whose catalogue is emptied: what was fetched is fetched anew."""

from sqlalchemy import select
from sqlmodel import col

from app.db.engine import Database
from app.db.tables import Provider
from app.domain.kinds import ProviderKind
from app.mirror.homes import Homes


async def remove_mirror(database: Database, homes: Homes, provider_pk: int) -> None:
    """Takes a provider's mirror away, where it can have one."""
    async with database.reader() as reader:
        row = await reader.row(select(col(Provider.id), col(Provider.kind)).where(col(Provider.pk) == provider_pk))
    if row is not None and row.kind == ProviderKind.IPTVPORTAL:
        await homes.remove(row.id)
