"""Tags: what there is, who has them, and giving them anew."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from app.api.deps import ContextDep, ItemId, ProviderDep
from app.api.model import CONFLICT, UPSTREAM
from app.api.routes.browse import KindWord
from app.api.tagging import OwnTagsAnswer, ProcessAnswer
from app.domain.kinds import PLURALS, Kind

router = APIRouter(tags=["tags"])
below = APIRouter(tags=["tags"])

Account = Annotated[str | None, Query(alias="account_id", description="Items of this provider alone.")]
Counts = Annotated[bool, Query(alias="with_counts", description="How many active items have each.")]
KindOf = Annotated[KindWord, Query(description="Tags of which items.")]
TagName = Annotated[str, Path(max_length=200, examples=["Kids"])]
TAGS: Any = {200: {"content": {"application/json": {"example": {"tags": [{"name": "US", "channel_count": 120}]}}}}}


@router.get("/tags", responses=TAGS)
async def list_tags(
    context: ContextDep, account_id: Account = None, kind: KindOf = "channels", *, with_counts: Counts = False
) -> dict[str, list[dict[str, Any]]]:
    """All tags of channels (or movies, or series) by name; `channel_count` counts items of the kind asked for."""
    found = await context.tags.names(PLURALS[kind], account_id or None, counts=with_counts)
    if not with_counts:
        return {"tags": [{"name": name} for name in found]}
    return {"tags": [{"name": name, "channel_count": count} for name, count in found.items()]}


@below.post("/{provider_id}/process-tags", response_model=ProcessAnswer, responses={**CONFLICT, **UPSTREAM})
async def process_tags(context: ContextDep, provider: ProviderDep) -> Any:
    """Marks all items by the rules and filters of now and publishes what changed; 409 `job_live` during a sync."""
    return await context.tags.process(provider.pk)


def _add_kind(kind: Kind) -> None:
    """The routes of a kind."""
    path = f"/{kind.plural}/{{item_id}}/tags/{{tag:path}}"

    @router.put(
        path, name=f"tag_{kind.value}", summary=f"Tags a {kind.value}; the tag stays", response_model=OwnTagsAnswer
    )
    async def set_tag(context: ContextDep, item_id: ItemId, tag: TagName) -> Any:
        return await context.tags.own.set(kind, item_id, tag)

    @router.delete(
        path,
        name=f"untag_{kind.value}",
        summary=f"Takes a person's tag back from a {kind.value}",
        response_model=OwnTagsAnswer,
    )
    async def remove_tag(context: ContextDep, item_id: ItemId, tag: TagName) -> Any:
        return await context.tags.own.take_back(kind, item_id, tag)


for one in Kind:
    _add_kind(one)
