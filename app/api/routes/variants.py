"""Copies of the same channel, movie or series: all groups, and the group of one."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from app.api.deps import ContextDep, ItemId, Limit, Page
from app.api.examples import EXAMPLES
from app.api.routes.browse import JSON, Search
from app.api.routes.preview import listed
from app.browse.variants import VariantWish
from app.domain.kinds import Kind

LINK: Final = {"id": "t4mv7x2cq5tz3yda", "name": "ARTE +1", "shiftMinutes": 60, "confidence": 0.95, "count": 2}
OF_CHANNEL: Final[dict[str, Any]] = {"country": "FR", "shiftMinutes": 0, "links": [LINK]}

Providers = Annotated[
    str,
    Query(alias="providerIds", max_length=4000, description="Ids of providers, separated by commas; else all of them."),
]


def _example(kind: Kind) -> dict[str, Any]:
    item = {**EXAMPLES[kind], "visibility": "shown", "quality": "HD"}
    own = OF_CHANNEL if kind is Kind.CHANNEL else {"year": item["year"]}
    return {"id": item["id"], "name": item["cleanedName"], "count": 2, **own, kind.plural: [item]}


def _documented(example: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {JSON: {"schema": {"type": "object"}, "example": example}}}}


def _add_kind(kind: Kind) -> None:
    """The routes of a kind."""
    group = _example(kind)
    page = _documented({"total": 1, "page": 1, "limit": 100, "hasMore": False, "groups": [group]})

    @router.get(
        f"/{kind.plural}/variants",
        name=f"list_{kind.value}_variants",
        summary=f"Groups of {kind.plural} that are copies of each other, the best first",
        responses=page,
    )
    async def list_groups(
        context: ContextDep, page: Page = 1, limit: Limit = 100, search: Search = "", providers: Providers = ""
    ) -> Response:
        wish = VariantWish(search=search, provider_ids=listed(providers) or None, page=page, limit=limit)
        return Response(await context.variants.page(kind, wish), media_type=JSON)

    @router.get(
        f"/{kind.plural}/{{item_id}}/variants",
        name=f"get_{kind.value}_variants",
        summary=f"All copies of one {kind.value}, itself among them, the best first",
        responses=_documented(group),
    )
    async def get_group(context: ContextDep, item_id: ItemId) -> Response:
        return Response(await context.variants.of(kind, item_id), media_type=JSON)


router = APIRouter(tags=["browse"], default_response_class=Response)
for one in Kind:
    _add_kind(one)
