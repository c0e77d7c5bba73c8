"""`lineup playlist`: saved line-ups and what players are given."""

from typing import Annotated, Any

import typer

from app.api.playlists import LinksBody, PlaylistAnswer, links, opened, told
from app.cli import playlist_entries, playlist_users
from app.cli.asking import confirm
from app.cli.output import JsonFlag, say, show_fields, show_json, show_table
from app.cli.running import awaited, named
from app.cli.running import opened as opened_context
from app.context import ProcessContext
from app.core.clock import rfc3339
from app.domain.kinds import Kind
from app.playlists.definition import Grouping, GuideIds, Match, Naming, Sort, shown
from app.playlists.views import NewPlaylist, PlaylistChange, PlaylistView

app = typer.Typer()
app.add_typer(playlist_users.app, name="users", help="Who may ask for a playlist with a name and a password.")
app.command("entries")(playlist_entries.list_entries)
app.command("entry")(playlist_entries.change_entry)
app.command("order")(playlist_entries.order_entries)

PlaylistArgument = playlist_entries.PlaylistArgument
SlugOption = Annotated[str | None, typer.Option(help="Words of a-z and 0-9 joined by -.")]
Providers = Annotated[list[str] | None, typer.Option("--provider", help="An id or a name; repeatable, in this order.")]
Kinds = Annotated[list[Kind] | None, typer.Option("--kind", help="Repeatable; channels alone when omitted.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Items with this tag; repeatable.")]
AnyTag = Annotated[bool | None, typer.Option("--any-tag/--all-tags", help="Whether one of the tags is enough.")]
NotTags = Annotated[list[str] | None, typer.Option("--without-tag", help="No items with this tag; repeatable.")]
Categories = Annotated[list[str] | None, typer.Option("--category", help="An id or a name; repeatable.")]
NotCategories = Annotated[list[str] | None, typer.Option("--without-category", help="The same, left out.")]
SearchOption = Annotated[str | None, typer.Option("--search", help="Names that hold these words.")]
SortOption = Annotated[Sort | None, typer.Option("--sort", help="The order.")]
Start = Annotated[int | None, typer.Option("--start-number", help="Number channels anew from here; 0 keeps theirs.")]
Adult = Annotated[bool | None, typer.Option("--adult/--no-adult", help="Whether adult items are shown.")]
Groups = Annotated[Grouping | None, typer.Option("--groups", help="What players show as groups.")]
Names = Annotated[Naming | None, typer.Option("--names", help="Tidy names, or the provider's own.")]
Ids = Annotated[GuideIds | None, typer.Option("--guide-ids", help="Whose ids tie channels to the guide.")]
Shift = Annotated[float | None, typer.Option("--timeshift", help="Hours added to the times of the guide.")]


@app.command("add")
@awaited
async def add_playlist(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What you call it.")],
    slug: SlugOption = None,
    provider: Providers = None,
    kind: Kinds = None,
    tag: Tags = None,
    any_tag: AnyTag = None,
    without_tag: NotTags = None,
    category: Categories = None,
    without_category: NotCategories = None,
    search: SearchOption = None,
    sort: SortOption = None,
    start_number: Start = None,
    adult: Adult = None,
    groups: Groups = None,
    names: Names = None,
    guide_ids: Ids = None,
    timeshift: Shift = None,
    as_json: JsonFlag = False,
) -> None:
    """Save a line-up and say where players find it."""
    given: dict[str, Any] = {"kinds": kind, "search": search, "sort": sort, "adult": adult}
    given |= {"startNumber": start_number or None}
    given |= {"groups": groups, "names": names, "guideIds": guide_ids, "timeshift": timeshift}
    given |= {"tags": _tags(tag, without_tag, any_tag), "categories": _choice(category, without_category)}
    async with opened_context() as context:
        definition = {key: value for key, value in given.items() if value is not None}
        if provider:
            definition["providers"] = [(await named(context, one)).id for one in provider]
        view = await context.playlists.saved.add(NewPlaylist(name=name, slug=slug, definition=definition))
        await _tell(context, view, as_json=as_json)


@app.command("list")
@awaited
async def list_playlists(as_json: JsonFlag = False) -> None:
    """All playlists, oldest first."""
    async with opened_context() as context:
        views = await context.playlists.saved.list()
    if as_json:
        answers = [PlaylistAnswer(**told(view)).model_dump(mode="json", by_alias=True) for view in views]
        show_json({"total": len(answers), "playlists": answers})
        return
    rows = [(view.id, view.slug, view.name, view.revision, rfc3339(view.updated_at)) for view in views]
    show_table(("id", "slug", "name", "revision", "changed"), rows, right=("revision",))


@app.command("show")
@awaited
async def show_playlist(playlist: PlaylistArgument, as_json: JsonFlag = False) -> None:
    """One playlist with its links; each of them holds its token."""
    async with opened_context() as context:
        await _tell(context, await context.playlists.saved.get(playlist), as_json=as_json)


@app.command("edit")
@awaited
async def edit_playlist(
    *,
    playlist: PlaylistArgument,
    name: Annotated[str | None, typer.Option(help="What you call it.")] = None,
    slug: SlugOption = None,
    provider: Providers = None,
    kind: Kinds = None,
    tag: Tags = None,
    any_tag: AnyTag = None,
    without_tag: NotTags = None,
    category: Categories = None,
    without_category: NotCategories = None,
    search: SearchOption = None,
    sort: SortOption = None,
    start_number: Start = None,
    adult: Adult = None,
    groups: Groups = None,
    names: Names = None,
    guide_ids: Ids = None,
    timeshift: Shift = None,
    as_json: JsonFlag = False,
) -> None:
    """Change what is named; tags and categories are replaced together."""
    given: dict[str, Any] = {"kinds": kind, "search": search, "sort": sort, "adult": adult}
    given |= {"groups": groups, "names": names}
    given |= {"guideIds": guide_ids, "timeshift": timeshift, "tags": _tags(tag, without_tag, any_tag)}
    given |= {"categories": _choice(category, without_category)}
    definition = {key: value for key, value in given.items() if value is not None}
    if start_number is not None:
        definition["startNumber"] = start_number or None
    titles = {key: value for key, value in {"name": name, "slug": slug}.items() if value is not None}
    async with opened_context() as context:
        if provider:
            definition["providers"] = [(await named(context, one)).id for one in provider]
        view = await context.playlists.saved.get(playlist)
        change = PlaylistChange(**titles, definition=definition)
        await _tell(context, await context.playlists.saved.change(view.id, change), as_json=as_json)


@app.command("token")
@awaited
async def rotate_token(playlist: PlaylistArgument, as_json: JsonFlag = False) -> None:
    """A new token: everything that was handed out before ends at once."""
    async with opened_context() as context:
        await context.playlists.saved.rotate(playlist)
        await _tell(context, await context.playlists.saved.get(playlist), as_json=as_json)


@app.command("remove")
@awaited
async def remove_playlist(
    playlist: PlaylistArgument, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
) -> None:
    """Remove a playlist with its users and what was changed in it by hand."""
    async with opened_context() as context:
        view = await context.playlists.saved.get(playlist)
        if not yes:
            confirm(f"Remove the playlist {view.name} ({view.slug}) with its users?")
        await context.playlists.saved.remove(view.id)
        say(f"Removed {view.name}.")


async def _tell(context: ProcessContext, view: PlaylistView, *, as_json: bool) -> None:
    source, base = await context.playlists.sources.playlist(view.id), _base(context)
    if as_json:
        show_json(opened(view, source, base).model_dump(mode="json", by_alias=True))
        return
    found: LinksBody = links(view.slug, source.word, base)
    definition = {key: value for key, value in shown(view.definition).items() if value not in (None, "", (), 0.0)}
    fields = {key: _words(value) for key, value in definition.items()}
    addresses = {"M3U": found.m3u, "M3U without query": found.m3u_short, "EPG": found.epg_gz}
    show_fields({"id": view.id, "slug": view.slug, "name": view.name, **fields, **addresses, "tuner": found.hdhomerun})


def _base(context: ProcessContext) -> str:
    """Where the server would be found, as far as a command can know."""
    settings = context.settings
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return (settings.public_url or f"http://{host}:{settings.port}").rstrip("/")


def _words(value: Any) -> Any:
    if isinstance(value, dict):
        parts = (f"{key} {_words(inner)}" for key, inner in value.items() if inner and key != "match")
        return "; ".join(parts) or None
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _choice(include: list[str] | None, exclude: list[str] | None) -> dict[str, Any] | None:
    return {"include": include or [], "exclude": exclude or []} if include or exclude else None


def _tags(include: list[str] | None, exclude: list[str] | None, any_tag: bool | None) -> dict[str, Any] | None:
    found = _choice(include, exclude)
    return found | {"match": Match.ANY if any_tag else Match.ALL} if found else None
