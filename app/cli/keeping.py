"""`lineup db backup`, `restore` and `rotate-key`: what an operator does seldom and must be able to trust."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.asking import confirm
from app.cli.output import JsonFlag, complain, say, show_json, size
from app.cli.running import awaited, database_settings, ended, opened
from app.config import Settings
from app.context import ProcessContext
from app.core.errors import Conflict, LineupError, Misconfigured
from app.core.ids import new_id
from app.db import migrate
from app.db.engine import Database
from app.jobs import lease
from app.queue.embedded import join
from app.registry import backups
from app.registry.rotation import rotate
from app.registry.secrets import Secrets, begin_rotation, end_rotation, keys_in

File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]
FromStdin = Annotated[
    bool, typer.Option("--stdin", help="Read the new key from standard input; those in force open what is sealed.")
]


@awaited
async def backup(
    file: File,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Write the database to a file, of one state, while everything goes on; the secret key is not in it."""
    if file.exists() and not force:
        raise Conflict(f"{file} is there already; --force replaces it.")
    made = await backups.back_up(database_settings().resolved_database_url, file)
    if as_json:
        show_json({"file": str(file), "revision": made.revision, "bytes": made.bytes})
        return
    say(f"{file}: {size(made.bytes)}, revision {made.revision}.")
    say("Not in it: the secret key, which opens the credentials; artifacts and mirrors, which are made again.")


@awaited
async def restore(
    file: File,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Although something uses the database.")] = False,
    build: Annotated[bool, typer.Option(help="Publish every catalogue again at once.")] = True,
) -> None:
    """Put a backup in the place of the database; clients fetch everything anew."""
    settings = database_settings()
    if not force:
        _check_stopped(settings)
    if not yes:
        confirm("All that the database holds now is lost. Go on?")
    count = await backups.restore(settings.resolved_database_url, file, force=force)
    say(f"Restored {count} catalogues, each with a new epoch.")
    async with opened(settings) as context:
        well = await _opens(context)
        ended(well=(await _published(context) if build else True) and well)


@awaited
async def rotate_key(*, stdin: FromStdin = False) -> None:
    """Seal everything that is encrypted with a new key; when it was interrupted, the same command goes on."""
    settings = database_settings()
    new = (sys.stdin.readline().strip() or None) if stdin else None
    if stdin and new is None:
        raise Misconfigured("There is no key on standard input.")
    await migrate.upgrade(settings.resolved_database_url)
    if settings.secret_key is not None or not settings.embedded:
        await _rotate(settings, _given(settings, new))
        say("Every process needs this key first in LINEUP_SECRET_KEY; then the old one can be taken out.")
        return
    _check_stopped(settings)
    await _rotate(settings, begin_rotation(settings.data_dir, new))
    end_rotation(settings.data_dir)
    say("The old key is gone from the data folder.")


def _given(settings: Settings, new: str | None) -> Secrets:
    keys = [*([new] if new else []), *keys_in(settings.secret_key or "")]
    if len(keys) < 2:  # noqa: PLR2004 - the new one and the old one
        raise Misconfigured("LINEUP_SECRET_KEY names no second key: set it to NEW,OLD, or give NEW with --stdin.")
    return Secrets(keys)


async def _rotate(settings: Settings, secrets: Secrets) -> None:
    database = Database(settings.resolved_database_url, pool_size=1)
    try:
        counts = await rotate(database, secrets)
    finally:
        await database.close()
    for table, count in counts.items():
        say(f"{table}: {count} sealed anew")


def _check_stopped(settings: Settings) -> None:
    if settings.embedded and join(settings.data_dir):
        raise Conflict("A server of this installation runs: stop it first.", code="server_runs")


async def _opens(context: ProcessContext) -> bool:
    """Whether the key that is set is the one of the backup."""
    for view in await context.registry.list():
        try:
            await context.registry.account(view.pk)
        except Misconfigured as error:
            complain(f"{view.name}: {error.detail}")
            return False
    return True


async def _published(context: ProcessContext) -> bool:
    """Clients are served again before the next sync."""
    well = True
    for view in await context.registry.list():
        try:
            async with lease.held(context.database, provider_pk=view.pk, job_id=f"restore {new_id()}") as fence:
                version = await context.publisher.publish(view.pk, fence)
        except LineupError as error:
            complain(f"{view.name}: {error.detail}")
            well = False
        else:
            say(f"{view.name}: {f'version {version}' if version else 'nothing to publish'}")
    return well
