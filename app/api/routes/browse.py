"""Lists and items of catalogues, per provider and across all of them."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Response

from app.api.deps import ContextDep, ItemId, Limit, Page, ProviderId
from app.api.examples import CATEGORY, EXAMPLES, page_example
from app.browse.categories import CategoryWish
from app.browse.service import ItemWish
from app.domain.kinds import PLURALS, Kind

JSON: Final = "application/json"
ACTIVE: Final[dict[str, bool | None]] = {"true": True, "false": False, "all": None}

Active = Literal["true", "false", "all"]
KindWord = Literal["channels", "movies", "series"]
Search = Annotated[
    str, Query(max_length=200, description="Every word a prefix of a word in the name; case and accents ignored.")
]
CategoryName = Annotated[str | None, Query(max_length=300, description="A category, by its id or its name.")]
Sort = Annotated[
    str | None,
    Query(max_length=20, description="`name`, `-added`, `-rating`, `year`, `number`; any with or without `-`."),
]
CursorText = Annotated[
    str | None,
    Query(max_length=1000, description="`nextCursor` of the answer before; cheap at any depth, `page` is not."),
]
Tags = Annotated[
    str | None,
    Query(max_length=1000, description="Comma-separated; all of them have to be there.", examples=["US,HD"]),
]
Visible = Annotated[
    Active, Query(description="`false` lists what filters and parental control keep out of outputs; `all` both.")
]
ActiveWord = Annotated[Active, Query(description="`false` lists what the provider took away, `all` both.")]
OneProvider = Annotated[str | None, Query(alias="providerId", description="Items of this provider alone.")]
OneKind = Annotated[KindWord | None, Query(description="Categories of this kind alone.")]


def tags_of(text: str | None) -> tuple[str, ...]:
    """Tags as a query names them."""
    return tuple(dict.fromkeys(tag for one in (text or "").split(",") if (tag := one.strip().lower())))


def item_wish(
    *,
    page: Page = 1,
    limit: Limit = 100,
    category: CategoryName = None,
    search: Search = "",
    sort: Sort = None,
    tags: Tags = None,
    active: ActiveWord = "true",
    visible: Visible = "all",
    cursor: CursorText = None,
) -> ItemWish:
    """The query of a list of items."""
    return ItemWish(
        page=page,
        limit=limit,
        category=category,
        search=search,
        sort=sort or None,
        tags=tags_of(tags),
        active=ACTIVE[active],
        visible=ACTIVE[visible],
        cursor=cursor,
    )


def category_wish(
    *,
    kind: OneKind = None,
    page: Page = 1,
    limit: Limit = 100,
    category: CategoryName = None,
    search: Search = "",
    sort: Sort = None,
    active: ActiveWord = "true",
    cursor: CursorText = None,
) -> CategoryWish:
    """The query of a list of categories."""
    return CategoryWish(
        kind=PLURALS[kind] if kind else None,
        name=category,
        search=search,
        sort=sort or None,
        active=ACTIVE[active],
        page=page,
        limit=limit,
        cursor=cursor,
    )


ItemWishDep = Annotated[ItemWish, Depends(item_wish)]
CategoryWishDep = Annotated[CategoryWish, Depends(category_wish)]


def _documented(example: Any) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {JSON: {"schema": {"type": "object"}, "example": example}}}}


def _add_kind(kind: Kind) -> None:
    """The routes of a kind: below a provider, and across all of them."""
    page = _documented(page_example(kind.plural, EXAMPLES[kind]))
    detail = _documented({**EXAMPLES[kind], "extra": {}})

    @below.get(
        f"/{{provider_id}}/{kind.plural}",
        name=f"list_provider_{kind.plural}",
        summary=f"The {kind.plural} of a provider",
        responses=page,
    )
    async def list_of_provider(context: ContextDep, provider_id: ProviderId, wish: ItemWishDep) -> Response:
        return Response(await context.browse.page(kind, wish, provider_id), media_type=JSON)

    @across.get(
        f"/{kind.plural}", name=f"list_{kind.plural}", summary=f"The {kind.plural} of all providers", responses=page
    )
    async def list_of_all(context: ContextDep, wish: ItemWishDep, provider_id: OneProvider = None) -> Response:
        return Response(await context.browse.page(kind, wish, provider_id), media_type=JSON)

    @across.get(
        f"/{kind.plural}/{{item_id}}",
        name=f"get_{kind.value}",
        summary=f"One {kind.value} with all details",
        responses=detail,
    )
    async def get_item(context: ContextDep, item_id: ItemId) -> Response:
        return Response(await context.browse.item(kind, item_id), media_type=JSON)


below = APIRouter(tags=["browse"], default_response_class=Response)
across = APIRouter(tags=["browse"], default_response_class=Response)
for one in Kind:
    _add_kind(one)
CATEGORIES: Final = _documented(page_example("categories", CATEGORY))


@below.get("/{provider_id}/categories", responses=CATEGORIES)
async def list_provider_categories(context: ContextDep, provider_id: ProviderId, wish: CategoryWishDep) -> Response:
    """The categories of a provider, with how many items each holds."""
    return Response(await context.browse.categories(wish, provider_id), media_type=JSON)


@across.get("/categories", responses=CATEGORIES)
async def list_categories(context: ContextDep, wish: CategoryWishDep, provider_id: OneProvider = None) -> Response:
    """The categories of all providers, with how many items each holds."""
    return Response(await context.browse.categories(wish, provider_id), media_type=JSON)
