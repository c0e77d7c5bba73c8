"""`lineup keys`: create, list, revoke."""

from typing import Annotated

import typer

from app.access.keys import KeyView
from app.cli.output import JsonFlag, say, show_json, show_table
from app.cli.running import awaited, opened
from app.core.clock import rfc3339
from app.domain.access import KeyScope

app = typer.Typer()


@app.command("create")
@awaited
async def create_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who will use it; stands in the audit log.")],
    *,
    scope: Annotated[
        KeyScope, typer.Option(help="`read` looks, `sync` starts and cancels syncs too, `admin` changes things.")
    ],
    as_json: JsonFlag = False,
) -> None:
    """Make a key and show it, this once; from the first one on every request needs a key."""
    async with opened() as context:
        view, word = await context.access.keys.create(name, scope)
    if as_json:
        show_json({**_told(view), "key": word})
    else:
        say(word)


@app.command("list")
@awaited
async def list_keys(as_json: JsonFlag = False) -> None:
    """All keys, those that were revoked too, by how they begin."""
    async with opened() as context:
        views = await context.access.keys.list()
    if as_json:
        show_json({"total": len(views), "keys": [_told(view) for view in views]})
        return
    columns = ("id", "name", "scope", "begins", "created", "used", "revoked")
    show_table(columns, [tuple(_told(view).values()) for view in views])


@app.command("revoke")
@awaited
async def revoke_key(key: Annotated[str, typer.Argument(metavar="KEY", help="Its name or its id.")]) -> None:
    """End a key; servers that run hear of it within moments."""
    async with opened() as context:
        view = await context.access.keys.revoke(key)
    say(f"Revoked {view.name}.")


def _told(view: KeyView) -> dict[str, str | None]:
    return {
        "id": view.id,
        "name": view.name,
        "scope": view.scope.value,
        "hint": f"{view.hint}…",
        "createdAt": rfc3339(view.created_at),
        "lastUsedAt": rfc3339(view.last_used_at),
        "revokedAt": rfc3339(view.revoked_at),
    }
