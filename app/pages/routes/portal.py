"""An operator's tables: what is mirrored, how fresh it is, and queries."""

from http import HTTPStatus

from fastapi import Request, Response

from app.api.deps import ContextDep, ProviderDep
from app.api.tables import SqlBody, table_body
from app.core.errors import Invalid, LineupError
from app.domain.kinds import ProviderKind
from app.mirror.query import Mode
from app.pages.forms import Form, FormDep, body_of
from app.pages.look import go, page
from app.pages.routing import page_router

SHOWN = 200  # rows of an answer

router = page_router("/portal")


@router.get("")
async def show_portals(request: Request, context: ContextDep) -> Response:
    """The providers that have tables."""
    views = [one for one in await context.registry.list() if one.kind is ProviderKind.IPTVPORTAL]
    return go(request, f"/portal/{views[0].id}") if len(views) == 1 else page(request, "portals.html", views=views)


@router.get("/{provider_id}")
async def show_tables(request: Request, context: ContextDep, provider: ProviderDep) -> Response:
    """All tables, and a place to ask."""
    found = [table_body(one) for one in await context.mirror.tables.tables(provider.pk)]
    return page(request, "portal.html", provider=provider, tables=found, form=Form(), answer=None, modes=list(Mode))


@router.post("/{provider_id}")
async def run_sql(request: Request, context: ContextDep, provider: ProviderDep, form: FormDep) -> Response:
    """Answers a SELECT, below the words that asked."""
    found = [table_body(one) for one in await context.mirror.tables.tables(provider.pk)]
    answer, status = None, HTTPStatus.OK
    try:
        body = body_of(SqlBody, {"query": form.get("query"), "mode": form.get("mode") or "auto", "limit": SHOWN})
        answer = await context.mirror.queries.run(provider.pk, body.query, mode=body.mode, limit=body.limit)
    except LineupError as error:
        wrong = error if isinstance(error, Invalid) else Invalid([("query", error.detail)])
        form, status = form.wrong(wrong), HTTPStatus.UNPROCESSABLE_ENTITY
    told = {"form": form, "answer": answer, "modes": list(Mode)}
    return page(request, "portal.html", status, provider=provider, tables=found, **told)


@router.post("/{provider_id}/sync")
async def sync_table(request: Request, context: ContextDep, provider: ProviderDep, form: FormDep) -> Response:
    """Queues a sync of one table, which is kept from then on."""
    table = form.get("table")
    started = await context.mirror.tables.sync(provider.pk, table)
    return go(request, f"/jobs/{started.job_id}", f"The sync of {table} has begun.")
