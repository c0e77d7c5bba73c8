"""Entries of a playlist: what it lines up, and what is changed in it by hand."""

from typing import Annotated, Any

import typer

from app.api.playlists import entry
from app.cli.output import JsonFlag, say, show_fields, show_json, show_table
from app.cli.running import awaited
from app.cli.running import opened as opened_context
from app.domain.kinds import Kind
from app.playlists.dressing import Entry
from app.playlists.entries import EntryChange

PlaylistArgument = Annotated[str, typer.Argument(metavar="PLAYLIST", help="Its id or its slug.")]
COLUMNS = ("number", "name", "group", "item", "provider")


@awaited
async def list_entries(
    playlist: PlaylistArgument,
    *,
    kind: Annotated[Kind, typer.Option(help="Which of its kinds.")] = Kind.CHANNEL,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    as_json: JsonFlag = False,
) -> None:
    """What it lines up, in its order, with what was changed by hand."""
    found: list[Entry] = []
    async with opened_context() as context:
        view = await context.playlists.saved.get(playlist)
        async for part in context.playlists.line_ups.entries(view.line_up, kind):
            found += part
            if len(found) >= limit:
                break
    rows = [(one.number, one.name, one.group, one.item_id, one.provider_id) for one in found[:limit]]
    if as_json:
        show_json({"entries": [dict(zip(COLUMNS, row, strict=True)) for row in rows]})
    else:
        show_table(COLUMNS, rows, right=("number",))


@awaited
async def change_entry(
    *,
    playlist: PlaylistArgument,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="The item's id.")],
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    number: Annotated[float | None, typer.Option(help="Another number.")] = None,
    position: Annotated[int | None, typer.Option(help="Its place, from 1.")] = None,
    hide: Annotated[bool | None, typer.Option("--hide/--show", help="Whether it is left out.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Take back all that was changed before.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Rename, renumber, move or hide one item in a playlist."""
    values: dict[str, Any] = {"name": None, "number": None, "position": None, "hidden": False} if reset else {}
    given = {"name": name, "number": number, "position": position, "hidden": hide}
    values |= {key: value for key, value in given.items() if value is not None}
    async with opened_context() as context:
        view = await context.playlists.saved.get(playlist)
        found = entry(item, await context.playlists.entries.change(view.id, item, EntryChange(**values)))
    answer = found.model_dump(mode="json", by_alias=True)
    show_json(answer) if as_json else show_fields(answer)


@awaited
async def order_entries(
    playlist: PlaylistArgument,
    items: Annotated[list[str], typer.Argument(metavar="ITEM...", help="Ids of items, the first one first.")],
) -> None:
    """Put these items first, in this order, and give up all positions that were given before."""
    async with opened_context() as context:
        view = await context.playlists.saved.get(playlist)
        ordered = await context.playlists.entries.order(view.id, items)
    say(f"Put {ordered} first.")
