"""Published versions: what there is, how big it is, and the files themselves."""

from fastapi import Request, Response

from app.api.deps import ContextDep, ProviderDep
from app.pages.look import page
from app.pages.routing import page_router
from app.pages.versions import downloads, manifest_of, rows_of

router = page_router("/snapshots")


@router.get("")
async def show_snapshots(request: Request, context: ContextDep) -> Response:
    """The current version of every provider."""
    views = await context.registry.list()
    heads = [(view, await context.snapshots.current(view.id)) for view in views]
    rows = [(view, next((one for one in await rows_of(context, head) if one.current), None)) for view, head in heads]
    return page(request, "snapshots.html", rows=rows)


@router.get("/{provider_id}")
async def show_versions(request: Request, context: ContextDep, provider: ProviderDep) -> Response:
    """All versions of one provider that are kept, and the files of the current one."""
    rows = await rows_of(context, await context.snapshots.current(provider.id))
    current = next((one for one in rows if one.current), None)
    manifest = await manifest_of(context, provider.id) if current else None
    files = downloads(provider.id, current, manifest) if current and manifest else ()
    return page(request, "versions.html", provider=provider, rows=rows, current=current, manifest=manifest, files=files)
