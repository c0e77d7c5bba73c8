"""Calls of players as panels take them: parameters from query and form, and an answer for every action."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec
from fastapi import Request, Response

from app.api.deps import base_of, context_of
from app.api.editions import respond_edition, respond_packed
from app.api.errors import problem
from app.api.relay import NO_STORE, respond_played
from app.core.clock import now_ms
from app.core.errors import Invalid, NotFound
from app.domain.kinds import Kind
from app.domain.values import epoch_ms, integer, local_ms, minutes_of_seconds
from app.playlists.editions import Press
from app.playlists.xtream import Players, Visitor
from app.playlists.xtream_account import DENIED, TIMEZONE, Address, account
from app.playlists.xtream_guide import SHORT
from app.playlists.xtream_m3u import PLAYLIST_FORMATS, PLUS, Wish

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
LONGEST_FORM: Final = 16_384  # bytes; no player sends more than a few names and numbers
HOUR: Final = 3_600  # seconds that are played where a player names no length
LONGEST_REPLAY: Final = 1_440  # minutes; players ask for one programme
CHANNEL, MOVIE = Kind.CHANNEL.value, Kind.MOVIE.value
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d)[:_ T](\d\d)[-:](\d\d)(?:[-:]\d\d)?", re.ASCII)
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
CATEGORIES: Final = {
    "get_live_categories": Kind.CHANNEL,
    "get_vod_categories": Kind.MOVIE,
    "get_series_categories": Kind.SERIES,
}
LISTS: Final = {"get_live_streams": Kind.CHANNEL, "get_vod_streams": Kind.MOVIE, "get_series": Kind.SERIES}
# Values of `key` in get.php.
KEYS: Final = {"live": Kind.CHANNEL, "movie": Kind.MOVIE, "series": Kind.SERIES}
# Older players call actions by their numbers in the panel's source, and one by its old misspelling.
ALIASES: Final = {
    "200": "get_vod_categories",
    "201": "get_live_categories",
    "202": "get_live_streams",
    "203": "get_vod_streams",
    "204": "get_series_info",
    "205": "get_short_epg",
    "206": "get_series_categories",
    "207": "get_simple_data_table",
    "208": "get_series",
    "209": "get_vod_info",
    "get_simple_date_table": "get_simple_data_table",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a player asks, and as whom; a form's fields win over the query's, as in PHP. Its repr tells no password."""

    request: Request
    params: Mapping[str, str]

    def __repr__(self) -> str:
        return f"<Call {self.action}>"

    @property
    def players(self) -> Players:
        return context_of(self.request).players

    @property
    def action(self) -> str:
        named = self.params.get("action", "")
        return ALIASES.get(named, named)

    @property
    def press(self) -> Press:
        return context_of(self.request).playlists.press

    async def visitor(self) -> Visitor | None:
        """Whoever the call is made for; None when name and password do not belong together."""
        return await self.players.visitor(self.params.get("username", ""), self.params.get("password", ""))


async def read_call(request: Request, **path: str) -> Call:
    """The call; `path` are the parameters that stand in its address."""
    params = dict(request.query_params)
    if request.method == "POST" and request.headers.get("content-type", "").startswith(FORM):
        params |= dict(parse_qsl((await _form(request)).decode(errors="replace"), keep_blank_values=True))
    if any("\0" in value for value in params.values()):
        raise Invalid([("body", "No call of a player holds NUL characters.")])
    return Call(request=request, params=params | path)


async def answer(call: Call) -> Response:
    """What `player_api.php` says."""
    visitor = await call.visitor()
    if visitor is None:
        return Response(DENIED, media_type=JSON, headers=NO_STORE)
    action = call.action
    if action not in CATEGORIES and action not in LISTS and action not in _SINGLE:
        return _json(account(visitor.user, call.params["password"], address_of(call.request)))
    if not visitor.welcome:
        return _json([])
    if action in CATEGORIES:
        return _json(await call.players.categories(visitor, CATEGORIES[action]))
    if action in LISTS:
        edition = await call.players.items(visitor, LISTS[action], call.params.get("category_id", ""))
        return await respond_edition(call.request, call.press, edition)
    return _json(await _SINGLE[action](call, visitor))


async def list_file(call: Call) -> Response:
    """What `get.php` gives: a list of everything that plays, to be kept as a file."""
    visitor = await call.visitor()
    if visitor is None or not visitor.welcome:
        return refusal()
    plus = call.params.get("type", PLUS) != "m3u"
    kinds = [KEYS[key] for key in call.params.get("key", "").split(",") if key in KEYS]
    wish = Wish(
        base=base_of(call.request),
        username=visitor.user.username,
        password=call.params["password"],
        plain=not plus,
        ending="m3u8" if call.params.get("output") in PLAYLIST_FORMATS else "ts",
        kinds=tuple(kind for kind in Kind if kind in kinds) or tuple(Kind),
    )
    answer = await respond_edition(call.request, call.press, await call.players.m3u(visitor, wish))
    name = f"tv_channels_{visitor.user.username}{'_plus' if plus else ''}.m3u"
    answer.headers["content-disposition"] = f'attachment; filename="{name}"'
    return answer


async def guide_file(call: Call) -> Response:
    """What `xmltv.php` gives: all programmes, as a gzip file where that is asked for."""
    visitor = await call.visitor()
    if visitor is None or not visitor.welcome:
        return refusal()
    respond = respond_packed if call.params.get("gzip") == "1" else respond_edition
    return await respond(call.request, call.press, await call.players.guide(visitor))


def address_of(request: Request) -> Address:
    """How clients reach this server: as it is set, else as this one did."""
    parts = urlsplit(base_of(request))
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return Address(scheme=parts.scheme, host=shown, port=parts.port or DEFAULT_PORTS[parts.scheme])


async def played(request: Request, *kinds: str) -> Response:
    """Sends the player to where a channel, movie or episode plays at this moment."""
    call = await read_call(request, **request.path_params)
    visitor = await call.visitor()
    if visitor is None or not visitor.welcome:
        return refusal()
    number = numbered(call.params["file"])
    if "utc" in call.params and CHANNEL in kinds:  # how our own lists ask for the past
        minutes = minutes_of_seconds(call.params.get("duration", str(HOUR)))
        return await _replay(call, visitor, number, call.params["utc"], minutes=minutes)
    return await respond_played(request, await call.players.link(visitor, number, kinds), visitor.holder)


async def replayed(request: Request) -> Response:
    """The same for what a channel showed: `start` as a clock in UTC showed it, `duration` in minutes."""
    call = await read_call(request, **request.path_params)
    visitor = await call.visitor()
    if visitor is None or not visitor.welcome:
        return refusal()
    number = numbered(call.params.get("file") or call.params.get("stream", ""))
    minutes = integer(call.params.get("duration"))
    return await _replay(call, visitor, number, call.params.get("start", ""), minutes=minutes)


async def _replay(call: Call, visitor: Visitor, number: str, start: str, *, minutes: int | None) -> Response:
    at = moment(start)
    if at is None or at >= now_ms() or minutes is None or not 0 < minutes <= LONGEST_REPLAY:
        raise Invalid([("start", "The past is asked for as YYYY-MM-DD:HH-MM and a duration in minutes.")])
    link = await call.players.replay(visitor, number, start_ms=at, minutes=minutes)
    return await respond_played(call.request, link, visitor.holder)


def moment(start: str) -> int | None:
    """The ms of `2025-10-09:21-00`, as players write it, or of epoch seconds; None for anything else."""
    if start.isascii() and start.isdigit():
        return epoch_ms(start)
    found = _MOMENT.fullmatch(start)
    return local_ms(f"{found[1]} {found[2]}:{found[3]}", TIMEZONE) if found else None


def numbered(file: str) -> str:
    """The number in the name of a file; which ending a player wants to see is its own affair."""
    return file.partition(".")[0]


def refusal() -> Response:
    """For those who may watch nothing: strangers, and users who are disabled or expired."""
    return problem(403, "This user may watch nothing here.", code="forbidden", headers=NO_STORE)


async def _form(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_FORM:
            raise Invalid([("body", "No call of a player is that long.")])
    return body


async def _movie(call: Call, visitor: Visitor) -> Any:
    return await call.players.movie(visitor, call.params.get("vod_id", ""))


async def _series(call: Call, visitor: Visitor) -> Any:
    return await call.players.series(visitor, call.params.get("series_id", ""))


async def _short_guide(call: Call, visitor: Visitor) -> Any:
    limit = integer(call.params.get("limit")) or SHORT
    return await _guide(call.players.next_programmes(visitor, call.params.get("stream_id", ""), limit))


async def _whole_guide(call: Call, visitor: Visitor) -> Any:
    return await _guide(call.players.all_programmes(visitor, call.params.get("stream_id", "")))


async def _guide(asked: Awaitable[Any]) -> Any:
    """Panels know no programmes of what they do not know, and players ask for every channel that they once saw."""
    try:
        return {"epg_listings": await asked}
    except NotFound:
        return {"epg_listings": []}


_SINGLE: Final[dict[str, Callable[[Call, Visitor], Awaitable[Any]]]] = {
    "get_vod_info": _movie,
    "get_series_info": _series,
    "get_short_epg": _short_guide,
    "get_simple_data_table": _whole_guide,
}


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type=JSON, headers=NO_STORE)
