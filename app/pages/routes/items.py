"""Catalogues to look through: channels, movies, series."""

from typing import Final, Literal

from fastapi import Request, Response
from starlette.convertors import StringConvertor, register_url_convertor

from app.api.deps import ContextDep
from app.core.errors import LineupError
from app.domain.kinds import PLURALS, Kind
from app.pages.forms import FormDep
from app.pages.look import go, page
from app.pages.routing import page_router
from app.pages.shelves import (
    SORTS,
    Episodes,
    copies_of,
    episode_urls,
    episodes_of,
    find,
    item_of,
    kind_of,
    play_url,
    question_of,
    shows_of,
)

KindWord = Literal["channels", "movies", "series"]
M3U: Final = "audio/x-mpegurl"


class KindWords(StringConvertor):
    """The three lists; other words of one part are other pages."""

    regex = "|".join(PLURALS)


register_url_convertor("kind", KindWords())
router = page_router()


@router.get("/{word:kind}")
async def show_items(request: Request, context: ContextDep, word: KindWord) -> Response:
    """A list, by provider, category, tag and words."""
    asked = question_of(kind_of(word), request.query_params)
    found = await find(context, asked)
    return page(request, "items.html", asked=asked, found=found, sorts=SORTS[asked.kind])


@router.get("/{word:kind}/{item_id}")
async def show_item(request: Request, context: ContextDep, word: KindWord, item_id: str) -> Response:
    """One item with all that is known of it."""
    kind = kind_of(word)
    item = await item_of(context, kind, item_id)
    url = None if kind is Kind.SERIES else await play_url(request, context, item["providerId"], kind, item_id)
    shows = await shows_of(context, item_id) if kind is Kind.CHANNEL else ()
    return page(request, "item.html", kind=kind, item=item, url=url, shows=shows)


@router.get("/{word:kind}/{item_id}/copies")
async def show_copies(request: Request, context: ContextDep, word: KindWord, item_id: str) -> Response:
    """The same item elsewhere."""
    kind = kind_of(word)
    item, copies = await item_of(context, kind, item_id), await copies_of(context, kind, item_id)
    names = {one.id: one.name for one in await context.registry.list()}
    return page(request, "copies.html", kind=kind, item=item, copies=copies, names=names)


@router.get("/series/{item_id}/seasons")
async def show_seasons(request: Request, context: ContextDep, item_id: str, season: int | None = None) -> Response:
    """The seasons of a series and the episodes of one, asked of the provider where they are not stored."""
    item, trouble = await item_of(context, Kind.SERIES, item_id), None
    found = Episodes()
    try:
        found = await episodes_of(context, item_id, season)
    except LineupError as error:
        trouble = error.detail
    urls = await episode_urls(request, context, item["providerId"], found)
    return page(request, "seasons.html", item=item, found=found, trouble=trouble, urls=urls)


@router.get("/{word:kind}/{item_id}/play.m3u")
async def open_item(request: Request, context: ContextDep, word: KindWord, item_id: str) -> Response:
    """A list of one, which a device opens with its player."""
    kind = kind_of(word)
    item = await item_of(context, kind, item_id)
    url = await play_url(request, context, item["providerId"], kind, item_id)
    headers = {"content-disposition": f'attachment; filename="{item_id}.m3u"', "cache-control": "no-store"}
    return Response(_list(item["name"], url), headers=headers, media_type=M3U)


@router.get("/series/{item_id}/episodes/{episode_id}/play.m3u")
async def open_episode(request: Request, context: ContextDep, item_id: str, episode_id: str) -> Response:
    """The same for an episode."""
    item = await item_of(context, Kind.SERIES, item_id)
    url = await play_url(request, context, item["providerId"], Kind.SERIES, episode_id)
    headers = {"content-disposition": f'attachment; filename="{episode_id}.m3u"', "cache-control": "no-store"}
    return Response(_list(item["name"], url), headers=headers, media_type=M3U)


@router.post("/{word:kind}/{item_id}/tags")
async def change_tags(request: Request, context: ContextDep, word: KindWord, item_id: str, form: FormDep) -> Response:
    """Gives an item a tag that stays, or takes one back."""
    own, kind = context.tags.own, kind_of(word)
    try:
        await (
            own.take_back(kind, item_id, form.get("away"))
            if form.get("away")
            else own.set(kind, item_id, form.get("tag"))
        )
    except LineupError as error:
        return go(request, f"/{word}/{item_id}", f"{error.detail} Tags of rules change with their rules.")
    return go(request, f"/{word}/{item_id}", "The tags were changed.")


def _list(name: str, url: str) -> str:
    title = " ".join(name.split())
    return f"#EXTM3U\n#EXTINF:-1,{title}\n{url}\n"
