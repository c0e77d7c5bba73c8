"""An operator's tables: what is mirrored of them, and queries of them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.api.deps import ContextDep, ProviderDep
from app.api.model import CONFLICT, UPSTREAM
from app.api.tables import SqlAnswer, SqlBody, TableBody, TablesAnswer, TableSyncAnswer, memory_body, table_body

router = APIRouter(tags=["tables"])

Table = Annotated[str, Path(max_length=100, description="The table's name at the portal.", examples=["tv_channel"])]
Force = Annotated[bool, Query(description="Fetches all of it anew, and removes what is gone, however much that is.")]


@router.post("/{provider_id}/sql", responses=CONFLICT | UPSTREAM)
async def run_sql(context: ContextDep, provider: ProviderDep, body: SqlBody) -> SqlAnswer:
    """Answers a SELECT: from memory, from the mirror while it is fresh, from the portal. Nothing else is run."""
    found = await context.mirror.queries.run(
        provider.pk, body.query, mode=body.mode, dry_run=body.dry_run, limit=body.limit
    )
    return SqlAnswer.model_validate(found)


@router.get("/{provider_id}/tables")
async def list_tables(context: ContextDep, provider: ProviderDep) -> TablesAnswer:
    """All tables that a schema describes or the mirror has, by name."""
    found = await context.mirror.tables.tables(provider.pk)
    memory = memory_body(await context.mirror.queries.remembered(provider.pk))
    return TablesAnswer(provider_id=provider.id, tables=[table_body(one) for one in found], memory=memory)


@router.get("/{provider_id}/tables/{table}")
async def get_table(context: ContextDep, provider: ProviderDep, table: Table) -> TableBody:
    """One table, with its columns where it is mirrored."""
    return table_body(await context.mirror.tables.table(provider.pk, table), fields=True)


@router.post("/{provider_id}/tables/{table}/sync", status_code=202, responses=CONFLICT)
async def sync_table(
    context: ContextDep, provider: ProviderDep, table: Table, *, force: Force = False
) -> TableSyncAnswer:
    """Queues a sync of one table, or answers with the live one; from then on the table is kept."""
    started = await context.mirror.tables.sync(provider.pk, table, force=force)
    return TableSyncAnswer(job_id=started.job_id, provider_id=provider.id, table=table, status=started.status)
