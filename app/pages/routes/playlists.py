"""Playlists: what they hold, their order, their links and their users."""

from typing import Any

from fastapi import Request, Response

from app.api.deps import ContextDep, base_of
from app.api.playlists import UserBody, links
from app.browse.categories import CategoryWish
from app.context import ProcessContext
from app.core import jsonio
from app.core.errors import Invalid
from app.domain.kinds import PLURALS
from app.pages.editor import SHOWN, entry_change, part_of, reorder
from app.pages.forms import Form, FormDep, body_of
from app.pages.lists import Listed
from app.pages.look import go, page
from app.pages.pictures import qr_code
from app.pages.routing import page_router
from app.pages.rule_forms import ANSWERS, form_of_playlist, new_playlist, playlist_change

router = page_router("/playlists")


@router.get("")
async def show_playlists(request: Request, context: ContextDep) -> Response:
    """All playlists."""
    return page(request, "playlists.html", playlists=await context.playlists.saved.list())


@router.get("/new")
async def show_new(request: Request, context: ContextDep) -> Response:
    """The form of a new playlist."""
    return await _form(request, context, Form(fields=(("kinds", "channel"),)))


@router.post("/new")
async def add_playlist(request: Request, context: ContextDep, form: FormDep) -> Response:
    """Adds a playlist."""
    try:
        view = await context.playlists.saved.add(new_playlist(form))
    except Invalid as error:
        return await _form(request, context, form.wrong(error), 422)
    return go(request, f"/playlists/{view.id}", f"{view.name} was added.")


@router.get("/{playlist_id}")
async def show_playlist(request: Request, context: ContextDep, playlist_id: str) -> Response:
    """One playlist: its links and who may ask for it, its first entries."""
    return await _shown(request, context, playlist_id)


@router.get("/{playlist_id}/edit")
async def show_edit(request: Request, context: ContextDep, playlist_id: str) -> Response:
    """The form of what it holds."""
    view = await context.playlists.saved.get(playlist_id)
    return await _form(request, context, form_of_playlist(view), playlist=view)


@router.post("/{playlist_id}/edit")
async def edit_playlist(request: Request, context: ContextDep, playlist_id: str, form: FormDep) -> Response:
    """Changes what it holds."""
    view = await context.playlists.saved.get(playlist_id)
    try:
        await context.playlists.saved.change(view.id, playlist_change(form))
    except Invalid as error:
        return await _form(request, context, form.wrong(error), 422, playlist=view)
    return go(request, f"/playlists/{view.id}", "The playlist was changed.")


@router.get("/{playlist_id}/entries")
async def show_entries(request: Request, context: ContextDep, playlist_id: str) -> Response:
    """The editor: order, names, numbers, what is hidden."""
    view, query = await context.playlists.saved.get(playlist_id), request.query_params
    kind = PLURALS.get(query.get("kind", ""), view.definition.kinds[0])
    part = await part_of(context, view, kind, Listed.of(query, SHOWN).page)
    return page(request, "entries.html", playlist=view, part=part)


@router.post("/{playlist_id}/order")
async def order_entries(request: Request, context: ContextDep, playlist_id: str, form: FormDep) -> Response:
    """Puts entries in this order."""
    view = await context.playlists.saved.get(playlist_id)
    wanted = [one for one in form.get("items").split(",") if one]
    await reorder(context, view, wanted)
    return go(request, f"/playlists/{view.id}/entries", "The order was kept.")


@router.post("/{playlist_id}/entries/{item_id}")
async def change_entry(
    request: Request, context: ContextDep, playlist_id: str, item_id: str, form: FormDep
) -> Response:
    """Renames, renumbers, moves or hides one entry."""
    view = await context.playlists.saved.get(playlist_id)
    await context.playlists.entries.change(view.id, item_id, entry_change(form))
    return go(request, f"/playlists/{view.id}/entries", "The entry was changed.")


@router.post("/{playlist_id}/users")
async def add_user(request: Request, context: ContextDep, playlist_id: str, form: FormDep) -> Response:
    """Adds a user for players that ask for a name and a password."""
    view = await context.playlists.saved.get(playlist_id)
    values = {"username": form.get("username"), "maxConnections": form.get("maxConnections") or 1}
    try:
        user, _ = await context.playlists.users.add(view.id, body_of(UserBody, values).order())
    except Invalid as error:
        return await _shown(request, context, playlist_id, form.wrong(error), 422)
    return go(request, f"/playlists/{view.id}", f"{user.username} was added; the password stands beside the name.")


@router.post("/{playlist_id}/users/{user_id}/remove")
async def remove_user(request: Request, context: ContextDep, playlist_id: str, user_id: str, form: FormDep) -> Response:
    """Removes a user."""
    del form
    view = await context.playlists.saved.get(playlist_id)
    await context.playlists.users.remove(view.id, user_id)
    return go(request, f"/playlists/{view.id}", "The user was removed.")


@router.post("/{playlist_id}/token")
async def rotate_token(request: Request, context: ContextDep, playlist_id: str, form: FormDep) -> Response:
    """New links: all that were handed out before end at once."""
    del form
    await context.playlists.saved.rotate(playlist_id)
    return go(request, f"/playlists/{playlist_id}", "The links are new; the old ones have ended.")


@router.post("/{playlist_id}/delete")
async def remove_playlist(request: Request, context: ContextDep, playlist_id: str, form: FormDep) -> Response:
    """Removes a playlist."""
    del form
    await context.playlists.saved.remove(playlist_id)
    return go(request, "/playlists", "The playlist was removed.")


async def _shown(
    request: Request, context: ProcessContext, playlist_id: str, form: Form | None = None, status: int = 200
) -> Response:
    view = await context.playlists.saved.get(playlist_id)
    source = await context.playlists.sources.playlist(view.id)
    told = links(view.slug, source.word, base_of(request))
    users = [
        (one, await context.playlists.users.password(view.id, one.id))
        for one in await context.playlists.users.list(view.id)
    ]
    known = {"playlist": view, "links": told, "qr": qr_code(told.m3u_short), "users": users, "base": base_of(request)}
    part = await part_of(context, view, view.definition.kinds[0], 1)
    return page(request, "playlist.html", status, form=form or Form(), part=part, **known)


async def _form(request: Request, context: ProcessContext, form: Form, status: int = 200, **told: Any) -> Response:
    categories = jsonio.loads(await context.browse.categories(CategoryWish(limit=1000)))["categories"]
    known = {"views": await context.registry.list(), "categories": categories, "playlist": None} | told
    return page(request, "playlist-form.html", status, form=form, **known, **ANSWERS)
