"""What is asked of the provider at the moment it is wanted: links to play, seasons, episodes."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse, RedirectResponse

from app.api.deps import ContextDep, ItemId, Limit, Page
from app.api.examples import EPISODE, SEASON, page_example
from app.api.model import UPSTREAM
from app.api.schemas import StreamAnswer
from app.core import jsonio
from app.domain.kinds import Kind
from app.providers.base import StreamLink

NO_STORE: Final = {"Cache-Control": "no-store"}
JSON: Final = "application/json"
LINKED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": StreamAnswer},
    302: {"description": "With `redirect=1`: the link itself."},
}

router = APIRouter(tags=["streams"], responses=UPSTREAM)

Redirect = Annotated[bool, Query(description="Answers with a redirect instead of a body.")]
SeasonNumber = Annotated[int, Path(ge=0, le=2**31 - 1, description="The season's number; 0 holds specials.")]


@router.get("/channels/{item_id}/stream", responses=LINKED, response_class=Response)
async def get_channel_stream(context: ContextDep, item_id: ItemId, *, redirect: Redirect = False) -> Response:
    """Where a channel plays, resolved with the provider at this moment."""
    return _link(await context.streams.item(Kind.CHANNEL, item_id), redirect=redirect)


@router.get("/movies/{item_id}/stream", responses=LINKED, response_class=Response)
async def get_movie_stream(context: ContextDep, item_id: ItemId, *, redirect: Redirect = False) -> Response:
    """Where a movie plays, resolved with the provider at this moment."""
    return _link(await context.streams.item(Kind.MOVIE, item_id), redirect=redirect)


@router.get("/episodes/{item_id}/stream", responses=LINKED, response_class=Response)
async def get_episode_stream(context: ContextDep, item_id: ItemId, *, redirect: Redirect = False) -> Response:
    """Where an episode plays, resolved with the provider at this moment."""
    return _link(await context.streams.episode(item_id), redirect=redirect)


@router.get(
    "/series/{item_id}/seasons",
    responses={200: {"content": {JSON: {"example": page_example("seasons", SEASON, keyset=False)}}}},
    response_class=Response,
)
async def list_seasons(context: ContextDep, item_id: ItemId, page: Page = 1, limit: Limit = 100) -> Response:
    """The seasons of a series: asked of the provider once, then served from a copy that is renewed after a day."""
    documents, total = await context.streams.seasons(item_id, page=page, limit=limit)
    return _list("seasons", documents, total=total, page=page, limit=limit)


@router.get(
    "/series/{item_id}/seasons/{number}/episodes",
    responses={200: {"content": {JSON: {"example": page_example("episodes", EPISODE, keyset=False)}}}},
    response_class=Response,
)
async def list_episodes(
    context: ContextDep, item_id: ItemId, number: SeasonNumber, page: Page = 1, limit: Limit = 100
) -> Response:
    """The episodes of a season, kept as its seasons are."""
    documents, total = await context.streams.episodes(item_id, number, page=page, limit=limit)
    return _list("episodes", documents, total=total, page=page, limit=limit)


def _link(link: StreamLink, *, redirect: bool) -> Response:
    if redirect:
        return RedirectResponse(link.url, 302, NO_STORE)
    answer = StreamAnswer.model_validate(link)
    return JSONResponse(answer.model_dump(by_alias=True), headers=NO_STORE)


def _list(name: str, documents: list[bytes], *, total: int, page: int, limit: int) -> Response:
    head = {"total": total, "page": page, "limit": limit, "hasMore": page * limit < total}
    body = b"".join((jsonio.dumps(head)[:-1], b',"', name.encode(), b'":[', b",".join(documents), b"]}"))
    return Response(body, media_type=JSON)
