"""`lineup playlist users`: names and passwords for players."""

import sys
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from app.api.playlists import UserAnswer, added
from app.cli.output import JsonFlag, say, show_fields, show_json, show_table
from app.cli.running import awaited, opened
from app.context import ProcessContext
from app.core.clock import rfc3339
from app.core.errors import NotFound
from app.playlists.users import NO_USER, NewUser, User, UserChange

app = typer.Typer(no_args_is_help=True)

FROM_STDIN: Final = "-"
PlaylistArgument = Annotated[str, typer.Argument(metavar="PLAYLIST", help="Its id or its slug.")]
UserArgument = Annotated[str, typer.Argument(metavar="USER", help="The user's name or id.")]
Password = Annotated[str | None, typer.Option(help="`-` reads it from standard input; omitted, one is made.")]
Expires = Annotated[datetime | None, typer.Option(help="Until when, in UTC: 2030-01-31 or 2030-01-31T20:00:00.")]
Connections = Annotated[int | None, typer.Option(help="How many streams at once.")]


@app.command("add")
@awaited
async def add_user(
    playlist: PlaylistArgument,
    username: Annotated[str, typer.Argument(metavar="USERNAME", help="What the player sends.")],
    *,
    password: Password = None,
    expires: Expires = None,
    connections: Connections = None,
    as_json: JsonFlag = False,
) -> None:
    """Add a user; the password is said once."""
    new = NewUser(
        username=username, password=_typed(password), expires_at=_ms(expires), max_connections=connections or 1
    )
    async with opened() as context:
        view = await context.playlists.saved.get(playlist)
        user, word = await context.playlists.users.add(view.id, new)
    if as_json:
        show_json(added(user, word).model_dump(mode="json", by_alias=True))
    else:
        show_fields({"id": user.id, "username": user.username, "password": word})


@app.command("list")
@awaited
async def list_users(playlist: PlaylistArgument, as_json: JsonFlag = False) -> None:
    """The users of a playlist."""
    async with opened() as context:
        users = await context.playlists.users.list((await context.playlists.saved.get(playlist)).id)
    if as_json:
        answers = [UserAnswer.model_validate(user).model_dump(mode="json", by_alias=True) for user in users]
        show_json({"total": len(answers), "users": answers})
        return
    rows = [(one.id, one.username, one.enabled, rfc3339(one.expires_at), one.max_connections) for one in users]
    show_table(("id", "username", "enabled", "expires", "connections"), rows, right=("connections",))


@app.command("edit")
@awaited
async def edit_user(
    playlist: PlaylistArgument,
    user: UserArgument,
    *,
    password: Annotated[str | None, typer.Option(help="Another one; `-` reads it from standard input.")] = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether the user may watch.")] = None,
    expires: Expires = None,
    connections: Connections = None,
) -> None:
    """Change what is named."""
    given: dict[str, Any] = {
        "password": _typed(password),
        "enabled": enabled,
        "expires_at": _ms(expires),
        "max_connections": connections,
    }
    change = UserChange(**{name: value for name, value in given.items() if value is not None})
    async with opened() as context:
        playlist_id, found = await _found(context, playlist, user)
        await context.playlists.users.change(playlist_id, found.id, change)
        say(f"Changed {found.username}.")


@app.command("password")
@awaited
async def tell_password(playlist: PlaylistArgument, user: UserArgument) -> None:
    """Say the password of a user who forgot it."""
    async with opened() as context:
        playlist_id, found = await _found(context, playlist, user)
        say(await context.playlists.users.password(playlist_id, found.id))


@app.command("remove")
@awaited
async def remove_user(playlist: PlaylistArgument, user: UserArgument) -> None:
    """Remove a user."""
    async with opened() as context:
        playlist_id, found = await _found(context, playlist, user)
        await context.playlists.users.remove(playlist_id, found.id)
        say(f"Removed {found.username}.")


async def _found(context: ProcessContext, playlist: str, user: str) -> tuple[str, User]:
    view = await context.playlists.saved.get(playlist)
    for one in await context.playlists.users.list(view.id):
        if user in (one.id, one.username):
            return view.id, one
    raise NotFound(NO_USER)


def _typed(password: str | None) -> str | None:
    return sys.stdin.readline().rstrip("\r\n") if password == FROM_STDIN else password


def _ms(at: datetime | None) -> int | None:
    return None if at is None else int(at.replace(tzinfo=UTC).timestamp() * 1000)
