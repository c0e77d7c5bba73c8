"""Previews: which channels tags, a category and a search leave: of one provider or across them, synced or not."""

from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BeforeValidator

from app.api.deps import MAX_PAGE, ContextDep, Limit, ProviderId
from app.api.examples import EXAMPLES
from app.api.model import UPSTREAM
from app.api.routes.browse import JSON, CategoryName, Search
from app.browse.preview import PreviewWish
from app.domain.kinds import Kind

COPIES: Final = {"variants": 2, "variantIds": ["n5wvx2p7c3qjy4ta", "q7m2x4v6b3tfzy5k"]}
EXAMPLE: Final[dict[str, Any]] = {
    "total": 1,
    "showing": 1,
    "has_more": False,
    "channels": [{**EXAMPLES[Kind.CHANNEL], "visibility": "shown", **COPIES}],
    "using_database": True,
    "filter_tags": ["FR", "HD"],
}
SHOWN: Final[dict[int | str, dict[str, Any]]] = {
    **UPSTREAM,
    200: {"content": {JSON: {"schema": {"type": "object"}, "example": EXAMPLE}}},
}

TagList = Annotated[str, Query(max_length=1000, description="Tags that a channel must have, all of them: `US,HD`.")]
FIFTY: Final = 50  # channels of a page, unless told otherwise


def or_else(value: Any) -> BeforeValidator:
    """`limit=` without a value is as if it were not there: so a form with empty fields asks."""
    return BeforeValidator(lambda told: value if told == "" else told)


HowMany = Annotated[Limit, or_else(FIFTY)]
Offset = Annotated[int, Query(ge=0, le=MAX_PAGE, description="How many to leave out in front."), or_else(0)]
Collapse = Annotated[
    bool,
    Query(description="Copies of a channel as one, the best; `variants` and `variantIds` tell of the others."),
    or_else(value=False),
]
Accounts = Annotated[
    str, Query(max_length=4000, description="Ids of providers, separated by commas; without it all of them.")
]


def preview_wish(
    *,
    tags: TagList = "",
    category: CategoryName = None,
    search: Search = "",
    limit: HowMany = FIFTY,
    offset: Offset = 0,
    collapse_duplicates: Collapse = False,
) -> PreviewWish:
    """The query of a preview."""
    return PreviewWish(
        tags=listed(tags),
        category=category or None,
        search=search,
        limit=limit,
        offset=offset,
        collapse=collapse_duplicates,
    )


def listed(text: str) -> tuple[str, ...]:
    """The parts between commas, each once."""
    return tuple(dict.fromkeys(part for one in text.split(",") if (part := one.strip())))


PreviewWishDep = Annotated[PreviewWish, Depends(preview_wish)]
below = APIRouter(tags=["browse"], default_response_class=Response)
across = APIRouter(tags=["browse"], default_response_class=Response)


@below.get("/{provider_id}/preview", responses=SHOWN)
async def preview_provider(context: ContextDep, provider_id: ProviderId, wish: PreviewWishDep) -> Response:
    """The channels of a provider that this leaves; one that was never synced is asked live."""
    return Response(await context.preview.page(replace(wish, provider_ids=(provider_id,))), media_type=JSON)


@across.get("/channels/preview", responses=SHOWN)
async def preview_channels(context: ContextDep, wish: PreviewWishDep, account_ids: Accounts = "") -> Response:
    """The same across providers: each is read where its channels are."""
    chosen = replace(wish, provider_ids=listed(account_ids) or None)
    return Response(await context.preview.page(chosen), media_type=JSON)
