"""What players are given: lists, guides, a tuner, and the addresses in them. A word in the URL opens each."""

from typing import Annotated, Any, Final, NamedTuple

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app.api.deps import base_of, context_of
from app.api.editions import respond_edition, respond_packed
from app.api.model import UPSTREAM, Problem
from app.api.relay import respond_played
from app.core.errors import NotFound
from app.domain.kinds import Kind
from app.playlists import hdhr
from app.playlists.sources import FOLDERS, NOTHING, Source
from app.providers.base import StreamLink

READ: Final = ["GET", "HEAD"]
LONGEST_REPLAY: Final = 24 * 60  # minutes
FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file, as it is made; gzip when accepted."},
    304: {"description": "`If-None-Match` names what would be sent."},
    404: {"model": Problem, "description": "No such playlist, or not with this token."},
}
Word = Annotated[str, Path(description="The playlist's token.")]
Token = Annotated[str | None, Query(description="The playlist's token; none for the files of a provider.")]
Folder = Annotated[str, Path(description="`live`, `movie` or `series`.")]
Utc = Annotated[int | None, Query(ge=0, le=2**33, description="Seconds since 1970: what a channel showed then.")]
Duration = Annotated[int, Query(ge=1, description="Seconds of it.")]


class Past(NamedTuple):
    """What a channel showed: from when, and for how long."""

    start_ms: int
    minutes: int


async def get_past(utc: Utc = None, duration: Duration = 3600) -> Past | None:
    """The past that a player asks for; None = now."""
    return None if utc is None else Past(utc * 1000, min(-(-duration // 60), LONGEST_REPLAY))


PastDep = Annotated[Past | None, Depends(get_past)]
router = APIRouter(tags=["outputs"], responses=FILE)
hidden = APIRouter(tags=["outputs"], responses=FILE, include_in_schema=False)


@hidden.head("/playlist/{name}.m3u")
@hidden.api_route("/playlist/{name}.m3u8", methods=READ)
@router.get("/playlist/{name}.m3u", response_class=Response)
async def get_playlist_m3u(request: Request, name: str, token: Token = None) -> Response:
    """A playlist by its slug and token, or everything of a provider by its id, as M3U."""
    return await _m3u(request, await _source(request, name, token))


@hidden.head("/epg/{name}.xml")
@router.get("/epg/{name}.xml", response_class=Response)
async def get_playlist_epg(request: Request, name: str, token: Token = None) -> Response:
    """The programmes of the same channels, as XMLTV."""
    return await _guide(request, await _source(request, name, token))


@hidden.head("/epg/{name}.xml.gz")
@router.get("/epg/{name}.xml.gz", response_class=Response)
async def get_packed_epg(request: Request, name: str, token: Token = None) -> Response:
    """The same as a gzip file."""
    return await _guide(request, await _source(request, name, token), packed=True)


@hidden.head("/p/{word}/playlist.m3u")
@hidden.api_route("/p/{word}/playlist.m3u8", methods=READ)
@router.get("/p/{word}/playlist.m3u", response_class=Response)
async def get_short_m3u(request: Request, word: Word) -> Response:
    """A playlist by its token alone, for players that drop queries."""
    return await _m3u(request, await _opened(request, word))


@hidden.head("/p/{word}/epg.xml")
@router.get("/p/{word}/epg.xml", response_class=Response)
async def get_short_epg(request: Request, word: Word) -> Response:
    """Its programmes."""
    return await _guide(request, await _opened(request, word))


@hidden.head("/p/{word}/epg.xml.gz")
@router.get("/p/{word}/epg.xml.gz", response_class=Response)
async def get_short_packed_epg(request: Request, word: Word) -> Response:
    """The same as a gzip file."""
    return await _guide(request, await _opened(request, word), packed=True)


@hidden.get("/hdhr/{word}")
@router.get("/hdhr/{word}/discover.json")
async def discover_tuner(request: Request, word: Word) -> dict[str, Any]:
    """The playlist as an HDHomeRun tuner: what it is."""
    source = await _opened(request, word)
    return hdhr.discovery(base_of(request), source, await context_of(request).playlists.outputs.tuners(source))


@router.get("/hdhr/{word}/lineup.json", response_class=Response)
async def get_tuner_lineup(request: Request, word: Word) -> Response:
    """Its channels."""
    context = context_of(request)
    edition = await context.playlists.outputs.channels(await _opened(request, word), base_of(request))
    return await respond_edition(request, context.playlists.press, edition)


@hidden.post("/hdhr/{word}/lineup.post")
@router.get("/hdhr/{word}/lineup_status.json")
async def get_tuner_status(request: Request, word: Word) -> dict[str, Any]:
    """Whether it looks for channels: never, they are all there."""
    await _opened(request, word)
    return hdhr.STATUS


@router.get("/hdhr/{word}/device.xml", response_class=Response)
async def get_tuner_device(request: Request, word: Word) -> Response:
    """The same as `discover.json`, for UPnP."""
    return Response(hdhr.device(base_of(request), await _opened(request, word)), media_type="application/xml")


@hidden.head("/play/{word}/{folder}/{item_id}")
@router.get(
    "/play/{word}/{folder}/{item_id}",
    status_code=302,
    response_class=Response,
    responses={**UPSTREAM, 302: {"description": "Where it plays at this moment."}},
)
async def play(request: Request, word: Word, folder: Folder, item_id: str, past: PastDep) -> Response:
    """Plays one item of a list, resolved with its provider now; with `utc` what a channel showed then."""
    kind, source = await _playable(request, word, folder, item_id)
    return await respond_played(request, await _link(request, kind, item_id, past), source.holder)


@hidden.api_route("/relay/{word}/{name}", methods=READ)
async def relay(request: Request, word: Word, name: str) -> Response:
    """A part of a stream that only the account may open; `word` holds its address, sealed."""
    del name  # what players like to see at the end of an address
    context = context_of(request)
    link, holder = context.streams.passing.opened(word)
    await context.players.confirm(holder)
    return await respond_played(request, link, holder)


async def _m3u(request: Request, source: Source) -> Response:
    context = context_of(request)
    return await respond_edition(
        request, context.playlists.press, await context.playlists.outputs.m3u(source, base_of(request))
    )


async def _guide(request: Request, source: Source, *, packed: bool = False) -> Response:
    context = context_of(request)
    respond = respond_packed if packed else respond_edition
    return await respond(request, context.playlists.press, await context.playlists.outputs.guide(source))


async def _source(request: Request, name: str, token: str | None) -> Source:
    """With a token a playlist and nothing else; without one the provider, for whoever the door let in."""
    sources = context_of(request).playlists.sources
    return await sources.provider(name) if token is None else await sources.by_word(token, name)


async def _opened(request: Request, word: str) -> Source:
    return await context_of(request).playlists.sources.by_word(word)


async def _playable(request: Request, word: str, folder: str, item_id: str) -> tuple[Kind, Source]:
    context = context_of(request)
    if folder not in FOLDERS:
        raise NotFound(NOTHING)
    source = await context.playlists.sources.played(word, folder, item_id)
    return await context.playlists.outputs.playable(source, folder, item_id), source


async def _link(request: Request, kind: Kind, item_id: str, past: Past | None) -> StreamLink:
    streams = context_of(request).streams
    if kind is Kind.SERIES:
        return await streams.episode(item_id)
    if kind is Kind.CHANNEL and past is not None:
        return await streams.replay(item_id, start_ms=past.start_ms, minutes=past.minutes)
    return await streams.item(kind, item_id)
