"""Taking a table out of a mirror, and forgetting what was answered from it; other processes see both in a second."""

from app.core.errors import Conflict, NotFound
from app.db.engine import Database
from app.jobs.requests import live_job
from app.mirror import tables
from app.mirror.layout import Layout, checked_table
from app.mirror.records import changed, forget_table
from app.mirror.service import Mirror


async def clear(mirror: Mirror, database: Database, provider_pk: int, name: str) -> None:
    """Drops the table and all that is known of it; `Conflict` while a job of the provider may write it."""
    account = await mirror.account(provider_pk)
    name = checked_table(name)
    async with database.reader() as reader:
        if await live_job(reader, provider_pk) is not None:
            raise Conflict("A sync of this provider is queued or running.", code="job_live")
    if name not in await mirror.records(account, [name]):
        raise NotFound(f"{name} is not mirrored.", code="table_not_mirrored")
    layout = Layout(table=name, columns=(), key=None)
    async with mirror.home(account).writer() as writer:
        await tables.drop_view(writer, layout)
        for one in (name, layout.staging, layout.seen):
            await tables.drop(writer, one)
        await forget_table(writer, name)


async def forget_answers(mirror: Mirror, provider_pk: int, name: str | None = None) -> list[str]:
    """Makes every process ask the mirror again for what it remembers of a table, or of all; which these are."""
    account = await mirror.account(provider_pk)
    found = await mirror.records(account, None if name is None else [checked_table(name)])
    if name is not None and not found:
        raise NotFound(f"{name} is not mirrored.", code="table_not_mirrored")
    if found:
        async with mirror.home(account).writer() as writer:
            for one in found:
                await changed(writer, one)
    return list(found)
