"""Taking a table out of a mirror, and forgetting what was answered from it; other processes see both in a second."""

from app.core.errors import NotFound
from app.db.engine import Database
from app.jobs import lease
from app.mirror import tables
from app.mirror.layout import Layout, checked_table
from app.mirror.records import changed, forget_table
from app.mirror.service import Mirror

HOLDER = "clear"  # in place of a job


async def clear(mirror: Mirror, database: Database, provider_pk: int, name: str) -> None:
    """Drops the table and all that is known of it; `Conflict` while a job of the provider runs.

    A job that is queued meanwhile, or whose worker was lost, begins it anew.
    """
    account = await mirror.account(provider_pk)
    name = checked_table(name)
    if name not in await mirror.records(account, [name]):
        raise _unknown(name)
    layout = Layout(table=name, columns=(), key=None)
    async with (
        lease.held(database, provider_pk=provider_pk, job_id=HOLDER) as fence,
        mirror.home(account).writer(fence=fence) as writer,
    ):
        await tables.drop_view(writer, layout)
        for one in (name, layout.staging, layout.seen):
            await tables.drop(writer, one)
        await forget_table(writer, name)
    mirror.forget(account, name)


async def forget_answers(mirror: Mirror, provider_pk: int, name: str | None = None) -> list[str]:
    """Makes every process ask the mirror again for what it remembers of a table, or of all; which these are."""
    account = await mirror.account(provider_pk)
    found = await mirror.records(account, None if name is None else [checked_table(name)])
    if name is not None and not found:
        raise _unknown(name)
    if found:
        async with mirror.home(account).writer() as writer:
            for one in found:
                await changed(writer, one)
        for one in found:
            mirror.forget(account, one)
    return list(found)


def _unknown(name: str) -> NotFound:
    return NotFound(f"{name} is not mirrored.", code="table_not_mirrored")
