"""`lineup portal sync`: what of an operator's tables is mirrored, and bringing it up to date."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from app.api.tables import table_body
from app.cli.asking import confirm
from app.cli.output import JsonFlag, complain, say
from app.cli.portal_opening import Registered, opened_provider
from app.cli.portal_options import Form, FormOption, ProviderOption, SetOption, form_of
from app.cli.portal_output import show_listing
from app.cli.running import awaited, ended
from app.cli.sync import ForceOption, WaitOption, start
from app.cli.workers import worker_alive
from app.core.clock import rfc3339
from app.core.errors import Invalid, NotFound
from app.domain.kinds import SyncMode
from app.mirror.clearing import clear
from app.mirror.service import PREFIX, WORD, TableView
from app.providers.iptvportal.errors import QueryRefused

app = typer.Typer()

NUMBERS: Final = ("ROWS", "REMOTE", "SECONDS", "FAILED")
COLUMNS: Final = ("TABLE", "STATE", "STRATEGY", *NUMBERS[:2], "LAST SYNC", "NEXT SYNC", *NUMBERS[2:], "ERROR")


@app.command("init")
@awaited
async def init(
    *,
    provider: ProviderOption = None,
    given: SetOption = None,
    form: FormOption = Form.TABLE,
    as_json: JsonFlag = False,
) -> None:
    """Take all tables into the mirror that schemas describe; rows come with the next sync."""
    async with opened_provider(provider, given) as portal:
        tables, pk = portal.context.mirror.tables, portal.view.pk
        described = [one for one in await tables.tables(pk) if not one.schema.sync.disabled]
        if not described:
            raise NotFound("There are no schemas; `lineup portal schema introspect` makes some.")
        found, faults = await _registered(portal, [one.name for one in described])
    _show(found, form_of(form, as_json=as_json))
    _tell(faults)


@app.command("register")
@awaited
async def register(
    *,
    tables: Annotated[list[str], typer.Argument(metavar="TABLE...", help="As the portal names them.")],
    provider: ProviderOption = None,
    given: SetOption = None,
    form: FormOption = Form.TABLE,
    as_json: JsonFlag = False,
) -> None:
    """Take tables into the mirror, and see how large they are; what may not be read is disabled."""
    async with opened_provider(provider, given) as portal:
        found, faults = await _registered(portal, tables)
    _show(found, form_of(form, as_json=as_json))
    _tell(faults)


@app.command("status")
@awaited
async def status(
    *,
    tables: Annotated[list[str] | None, typer.Argument(metavar="[TABLE]...", help="All without.")] = None,
    provider: ProviderOption = None,
    given: SetOption = None,
    form: FormOption = Form.TABLE,
    as_json: JsonFlag = False,
) -> None:
    """Show tables that are described or mirrored: how many rows, how old, what went wrong."""
    async with opened_provider(provider, given) as portal:
        mirror, pk = portal.context.mirror.tables, portal.view.pk
        found = [await mirror.table(pk, name) for name in tables] if tables else await mirror.tables(pk)
    _show(found, form_of(form, as_json=as_json), fields=bool(tables))


@app.command("run")
@awaited
async def run(
    *,
    tables: Annotated[
        list[str] | None, typer.Argument(metavar="[TABLE]...", help="All that are stale without.")
    ] = None,
    provider: ProviderOption = None,
    given: SetOption = None,
    force: ForceOption = False,
    wait: WaitOption = False,
    as_json: JsonFlag = False,
) -> None:
    """Sync tables: through the worker that runs, else in this process."""
    async with opened_provider(provider, given) as portal:
        if given and await worker_alive(portal.context):
            raise Invalid([("--set", "A worker runs the sync, with the settings that it was started with.")])
        mirror, pk = portal.context.mirror.tables, portal.view.pk
        for name in tables or ():
            if mirror.schema(await mirror.account(pk), name).sync.disabled:
                complain(f"{name} is disabled in its schema")
        only = frozenset(f"{PREFIX}{name}" for name in tables) if tables else frozenset({WORD})
        await start(
            portal.context, [portal.view], mode=SyncMode.AUTO, only=only, force=force, wait=wait, as_json=as_json
        )


@app.command("clear")
@awaited
async def clear_tables(
    *,
    tables: Annotated[list[str], typer.Argument(metavar="TABLE...", help="As the portal names them.")],
    provider: ProviderOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take tables out of the mirror, rows and all."""
    if not yes:
        confirm(f"All mirrored rows of {', '.join(tables)} go. Go on?")
    async with opened_provider(provider) as portal:
        for name in tables:
            await clear(portal.context.mirror.tables, portal.context.database, portal.view.pk, name)
            say(name)


async def _registered(portal: Registered, tables: Sequence[str]) -> tuple[list[TableView], dict[str, str]]:
    """Each by itself: what one table has against it is no fault of the others."""
    found, faults = [], {}
    for name in tables:
        try:
            found.append(await portal.context.mirror.tables.register(portal.view.pk, name))
        except QueryRefused as error:
            faults[name] = error.detail
    return found, faults


def _tell(faults: Mapping[str, str]) -> None:
    for name, detail in faults.items():
        complain(f"{name}: {detail}")
    ended(well=not faults)


def _show(found: Sequence[TableView], form: Form, *, fields: bool = False) -> None:
    bodies = [table_body(one, fields=fields).model_dump(mode="json", by_alias=True) for one in found]
    show_listing(form, COLUMNS, [_row(one) for one in found], {"tables": bodies}, right=NUMBERS)


def _row(view: TableView) -> tuple[Any, ...]:
    record, strategy = view.record, view.schema.sync.strategy.value
    if record is None:
        return view.name, view.state, strategy, *[None] * 7
    took = record.last_sync_duration_ms
    return (
        view.name,
        view.state,
        strategy,
        record.local_row_count if record.filled else None,
        record.row_count,
        rfc3339(record.last_sync_at),
        rfc3339(record.next_sync_at),
        None if took is None else f"{took / 1000:.1f}",
        record.failed_syncs,
        record.last_error or record.disabled_reason,
    )
