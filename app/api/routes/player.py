"""What players ask of a panel. The docs for people are docs/players.md: paths hold passwords, the schema shows none."""

from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.convertors import StringConvertor, register_url_convertor

from app.api.players import CHANNEL, MOVIE, answer, guide_file, list_file, played, read_call, replayed
from app.playlists.xtream_numbers import EPISODE

READ: Final = ["GET", "HEAD"]


class FileName(StringConvertor):
    """A number, with or without an ending: nothing else that has three parts is taken for a stream."""

    regex = r"[0-9]{1,10}(?:\.[A-Za-z0-9]{1,8})?"


class Viewer(StringConvertor):
    """A user's name; below `/api/` nobody is one."""

    regex = r"(?!api/)[^/]+"


register_url_convertor("stream", FileName())
register_url_convertor("viewer", Viewer())
router = APIRouter(include_in_schema=False)


@router.api_route("/player_api.php", methods=[*READ, "POST"])
@router.api_route("/panel_api.php", methods=[*READ, "POST"])  # its old name, which a few players still ask first
async def player_api(request: Request) -> Response:
    """Accounts, lists, details, programmes."""
    return await answer(await read_call(request))


@router.api_route("/get.php", methods=READ)
async def playlist_file(request: Request) -> Response:
    """Everything that plays, as an M3U list."""
    return await list_file(await read_call(request))


@router.api_route("/xmltv.php", methods=READ)
async def programmes_file(request: Request) -> Response:
    """All programmes, as XMLTV."""
    return await guide_file(await read_call(request))


@router.api_route("/live/{username}/{password}/{file:stream}", methods=READ)
async def live_stream(request: Request) -> Response:
    """A channel."""
    return await played(request, CHANNEL)


@router.api_route("/movie/{username}/{password}/{file:stream}", methods=READ)
async def movie_stream(request: Request) -> Response:
    """A movie."""
    return await played(request, MOVIE)


@router.api_route("/series/{username}/{password}/{file:stream}", methods=READ)
async def episode_stream(request: Request) -> Response:
    """An episode."""
    return await played(request, EPISODE)


@router.api_route("/timeshift/{username}/{password}/{duration}/{start}/{file:stream}", methods=READ)
@router.api_route("/streaming/timeshift.php", methods=READ)
async def past_stream(request: Request) -> Response:
    """What a channel showed then."""
    return await replayed(request)


@router.api_route("/{username:viewer}/{password}/{file:stream}", methods=READ)
async def stream(request: Request) -> Response:
    """Anything that plays, under its number alone."""
    return await played(request, CHANNEL, MOVIE, EPISODE)
