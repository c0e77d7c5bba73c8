"""Saved line-ups: add, change, remove; what is changed in them by hand; who may ask for them."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from app.api.deps import ContextDep, Limit, Page, base_of
from app.api.playlists import (
    AddedUser,
    EntryAnswer,
    EntryList,
    EntryPatch,
    OpenPlaylist,
    OrderAnswer,
    OrderBody,
    PasswordAnswer,
    PlaylistAnswer,
    PlaylistBody,
    PlaylistList,
    PlaylistPatch,
    UserAnswer,
    UserBody,
    UserList,
    UserPatch,
    added,
    entry,
    opened,
    paged,
    told,
)
from app.context import ProcessContext

PlaylistId = Annotated[str, Path(description="The playlist's id or slug.", examples=["living-room"])]
EntryId = Annotated[str, Path(description="The item's public id.", examples=["n5wvx2p7c3qjy4ta"])]
UserId = Annotated[str, Path(description="The user's id.", examples=["1m7zgcgdzcg6dkjbp5vy"])]

router = APIRouter(prefix="/playlists", tags=["playlists"])


@router.post("", status_code=201)
async def add_playlist(request: Request, context: ContextDep, body: PlaylistBody) -> OpenPlaylist:
    """Adds a playlist with a token of its own; `links` are what players are given."""
    return await _opened(request, context, (await context.playlists.saved.add(body.order())).id)


@router.get("")
async def list_playlists(context: ContextDep, page: Page = 1, limit: Limit = 100) -> PlaylistList:
    """All playlists, oldest first, without their tokens."""
    part = paged(await context.playlists.saved.list(), page, limit)
    return PlaylistList(**part, playlists=[PlaylistAnswer(**told(view)) for view in part.pop("rows")])


@router.get("/{playlist_id}")
async def get_playlist(request: Request, context: ContextDep, playlist_id: PlaylistId) -> OpenPlaylist:
    """A playlist with its token and its links."""
    return await _opened(request, context, playlist_id)


@router.patch("/{playlist_id}")
async def change_playlist(
    request: Request, context: ContextDep, playlist_id: PlaylistId, body: PlaylistPatch
) -> OpenPlaylist:
    """Changes what is sent and leaves the rest; the token stays."""
    view = await context.playlists.saved.change(playlist_id, body.order())
    return await _opened(request, context, view.id)


@router.delete("/{playlist_id}", status_code=204, response_class=Response)
async def remove_playlist(context: ContextDep, playlist_id: PlaylistId) -> None:
    """Removes a playlist with its users and what was changed in it by hand."""
    await context.playlists.saved.remove(playlist_id)


@router.post("/{playlist_id}/token")
async def rotate_token(request: Request, context: ContextDep, playlist_id: PlaylistId) -> OpenPlaylist:
    """A new token: all links and stream addresses that were handed out before end at once."""
    await context.playlists.saved.rotate(playlist_id)
    return await _opened(request, context, playlist_id)


@router.get("/{playlist_id}/entries")
async def list_entries(context: ContextDep, playlist_id: PlaylistId, page: Page = 1, limit: Limit = 100) -> EntryList:
    """What was changed by hand, also about items that are not in the catalogue now."""
    changes = await context.playlists.entries.list((await context.playlists.saved.get(playlist_id)).id)
    part = paged(list(changes.items()), page, limit)
    return EntryList(**part, entries=[entry(*pair) for pair in part.pop("rows")])


@router.patch("/{playlist_id}/entries/{item_id}")
async def change_entry(context: ContextDep, playlist_id: PlaylistId, item_id: EntryId, body: EntryPatch) -> EntryAnswer:
    """Renames, renumbers, moves or hides an item in this playlist; it stays so through every sync."""
    view = await context.playlists.saved.get(playlist_id)
    return entry(item_id, await context.playlists.entries.change(view.id, item_id, body.order()))


@router.put("/{playlist_id}/order")
async def order_entries(context: ContextDep, playlist_id: PlaylistId, body: OrderBody) -> OrderAnswer:
    """Puts these items first, in this order; positions that were given before are given up."""
    view = await context.playlists.saved.get(playlist_id)
    return OrderAnswer(ordered=await context.playlists.entries.order(view.id, body.items))


@router.post("/{playlist_id}/users", status_code=201)
async def add_user(context: ContextDep, playlist_id: PlaylistId, body: UserBody) -> AddedUser:
    """Adds a user; the answer holds the password."""
    view = await context.playlists.saved.get(playlist_id)
    return added(*await context.playlists.users.add(view.id, body.order()))


@router.get("/{playlist_id}/users")
async def list_users(context: ContextDep, playlist_id: PlaylistId, page: Page = 1, limit: Limit = 100) -> UserList:
    """The users of a playlist, without their passwords."""
    users = await context.playlists.users.list((await context.playlists.saved.get(playlist_id)).id)
    part = paged(users, page, limit)
    return UserList(**part, users=[UserAnswer.model_validate(user) for user in part.pop("rows")])


@router.get("/{playlist_id}/users/{user_id}")
async def get_user(context: ContextDep, playlist_id: PlaylistId, user_id: UserId) -> UserAnswer:
    """One user, without the password."""
    view = await context.playlists.saved.get(playlist_id)
    return UserAnswer.model_validate(await context.playlists.users.get(view.id, user_id))


@router.get("/{playlist_id}/users/{user_id}/password")
async def get_password(context: ContextDep, playlist_id: PlaylistId, user_id: UserId) -> PasswordAnswer:
    """The password of a user who forgot it."""
    view = await context.playlists.saved.get(playlist_id)
    user = await context.playlists.users.get(view.id, user_id)
    return PasswordAnswer(username=user.username, password=await context.playlists.users.password(view.id, user_id))


@router.patch("/{playlist_id}/users/{user_id}")
async def change_user(context: ContextDep, playlist_id: PlaylistId, user_id: UserId, body: UserPatch) -> UserAnswer:
    """Changes what is sent and leaves the rest."""
    view = await context.playlists.saved.get(playlist_id)
    return UserAnswer.model_validate(await context.playlists.users.change(view.id, user_id, body.order()))


@router.delete("/{playlist_id}/users/{user_id}", status_code=204, response_class=Response)
async def remove_user(context: ContextDep, playlist_id: PlaylistId, user_id: UserId) -> None:
    """Removes a user; what they play now is not interrupted."""
    view = await context.playlists.saved.get(playlist_id)
    await context.playlists.users.remove(view.id, user_id)


async def _opened(request: Request, context: ProcessContext, id_or_slug: str) -> OpenPlaylist:
    view = await context.playlists.saved.get(id_or_slug)
    return opened(view, await context.playlists.sources.playlist(view.id), base_of(request))
