"""Lists of items and single ones, as pages show them: what people asked for, and where the next piece is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request

from app.api.deps import base_of
from app.api.routes.preview import listed
from app.browse.categories import CategoryWish
from app.browse.preview import PreviewWish
from app.browse.service import ItemWish
from app.context import ProcessContext
from app.core import jsonio
from app.core.clock import now_ms
from app.core.errors import Invalid
from app.domain.kinds import PLURALS, Kind
from app.epg.views import Show

PIECE: Final = 60  # items that come together
MOST_CATEGORIES: Final = 1000
SORTS: Final[Mapping[Kind, Sequence[tuple[str, str]]]] = {
    Kind.CHANNEL: (("", "By number"), ("name", "By name"), ("-added", "Newest first")),
    Kind.MOVIE: (
        ("", "As provided"),
        ("name", "By name"),
        ("-added", "Newest first"),
        ("-rating", "Best first"),
        ("-year", "Latest year"),
    ),
    Kind.SERIES: (
        ("", "As provided"),
        ("name", "By name"),
        ("-added", "Newest first"),
        ("-rating", "Best first"),
        ("-year", "Latest year"),
    ),
}
FOLDERS: Final = {Kind.CHANNEL: "live", Kind.MOVIE: "movie", Kind.SERIES: "series"}
HALF_DAY_MS: Final = 12 * 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person looks for."""

    kind: Kind
    provider: str = ""
    category: str = ""
    search: str = ""
    tag: str = ""
    sort: str = ""
    cursor: str = ""
    page: int = 1

    def wish(self) -> ItemWish:
        """The words of the feature."""
        return ItemWish(
            limit=PIECE,
            category=self.category or None,
            search=self.search,
            sort=self.sort or None,
            tags=tuple(one.lower() for one in listed(self.tag)),
            cursor=self.cursor or None,
        )

    def address(self, **changed: Any) -> str:
        """Where the same is asked with something changed."""
        names = ("provider", "category", "search", "tag", "sort")
        asked = {name: getattr(self, name) for name in names} | changed
        return f"/{self.kind.plural}?{urlencode({name: value for name, value in asked.items() if value})}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A piece of a list, and what there is to choose from."""

    total: int
    items: Sequence[Mapping[str, Any]] = field(repr=False)
    next: str | None
    live: bool = False
    providers: Sequence[tuple[str, str]] = ()
    categories: Sequence[Mapping[str, Any]] = ()
    tags: Sequence[str] = ()


def question_of(kind: Kind, query: Mapping[str, str]) -> Question:
    """The query of an address; what makes no sense in it is as if it were not there."""
    names = ("provider", "category", "search", "tag", "sort", "cursor")
    told = {name: query.get(name, "")[:1000].strip() for name in names}
    if told["sort"] not in {value for value, _ in SORTS[kind]}:
        told["sort"] = ""
    page = query.get("page", "1")
    return Question(kind=kind, page=int(page) if page.isdigit() and len(page) < 6 else 1, **told)  # noqa: PLR2004 - digits


async def find(context: ProcessContext, asked: Question) -> Found:
    """What the question finds; channels of a provider that was never synced are asked for live."""
    views = await context.registry.list()
    view = next((one for one in views if one.id == asked.provider), None)
    provider_id = view.id if view else None
    last = view.last_sync if view else None
    told = await _categories(context, asked.kind, provider_id)
    tags = list(await context.tags.names(asked.kind, provider_id))
    known: dict[str, Any] = {"providers": [(one.id, one.name) for one in views], "categories": told, "tags": tags}
    if view and last and asked.kind is Kind.CHANNEL and not (last.channels or last.movies or last.series):
        return await _live(context, asked, known)
    try:
        body = await context.browse.page(asked.kind, asked.wish(), provider_id)
    except Invalid:  # a cursor of another question, or from before
        body = await context.browse.page(asked.kind, Question(kind=asked.kind).wish(), provider_id)
    page = jsonio.loads(body)
    cursor = page["nextCursor"]
    following = asked.address(cursor=cursor) if cursor else None
    return Found(total=page["total"], items=page[asked.kind.plural], next=following, **known)


async def _live(context: ProcessContext, asked: Question, known: Mapping[str, Any]) -> Found:
    wish = PreviewWish(
        provider_ids=(asked.provider,),
        tags=listed(asked.tag),
        category=asked.category or None,
        search=asked.search,
        limit=PIECE,
        offset=(asked.page - 1) * PIECE,
    )
    page = jsonio.loads(await context.preview.page(wish))
    following = asked.address(page=asked.page + 1) if page["has_more"] else None
    return Found(total=page["total"], items=page["channels"], next=following, live=True, **known)


async def _categories(context: ProcessContext, kind: Kind, provider_id: str | None) -> list[dict[str, Any]]:
    wish = CategoryWish(kind=kind, limit=MOST_CATEGORIES)
    found: list[dict[str, Any]] = jsonio.loads(await context.browse.categories(wish, provider_id))["categories"]
    return [one for one in found if one["count"]]


async def item_of(context: ProcessContext, kind: Kind, item_id: str) -> dict[str, Any]:
    """One item with the name of its provider and of its category."""
    item: dict[str, Any] = jsonio.loads(await context.browse.item(kind, item_id))
    view = await context.registry.by_id(item["providerId"])
    names = {one["id"]: one["name"] for one in await _categories(context, kind, view.id)}
    return item | {"provider": view, "category": names.get(item.get("categoryId"))}


async def copies_of(context: ProcessContext, kind: Kind, item_id: str) -> list[dict[str, Any]]:
    """The same elsewhere; the first time it is asked, all catalogues are compared, which takes a while."""
    found = jsonio.loads(await context.variants.of(kind, item_id))[kind.plural]
    return [one for one in found if one["id"] != item_id]


async def play_url(request: Request, context: ProcessContext, provider_id: str, kind: Kind, item_id: str) -> str:
    """An address that any player opens: it leads to the provider at the moment it is asked for."""
    source = await context.playlists.sources.provider(provider_id)
    return f"{base_of(request)}{source.plays(FOLDERS[kind], item_id)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Episodes:
    """The seasons of a series, and the episodes of one."""

    seasons: Sequence[Mapping[str, Any]] = ()
    chosen: int | None = None
    episodes: Sequence[Mapping[str, Any]] = ()


async def episodes_of(context: ProcessContext, series_id: str, season: int | None) -> Episodes:
    """Asked of the provider where they are not stored; of the first season where none is named."""
    seasons = [jsonio.loads(one) for one in (await context.streams.seasons(series_id))[0]]
    if not seasons:
        return Episodes()
    chosen: int = season if season is not None else seasons[0]["number"]
    found, _ = await context.streams.episodes(series_id, chosen, limit=1000)
    return Episodes(seasons=seasons, chosen=chosen, episodes=[jsonio.loads(one) for one in found])


async def episode_urls(
    request: Request, context: ProcessContext, provider_id: str, found: Episodes
) -> Mapping[str, str]:
    """Where each episode plays, by its id."""
    source = await context.playlists.sources.provider(provider_id)
    folder, base = FOLDERS[Kind.SERIES], base_of(request)
    return {one["id"]: f"{base}{source.plays(folder, one['id'])}" for one in found.episodes}


async def shows_of(context: ProcessContext, item_id: str) -> Sequence[Show]:
    """What a channel shows from now on."""
    now = now_ms()
    return (await context.epg.programmes(item_id, start_ms=now, stop_ms=now + HALF_DAY_MS, page=1, limit=8)).shows


def kind_of(word: str) -> Kind:
    """The kind in an address."""
    return PLURALS[word]
