"""`lineup db`: upgrade, check, vacuum, analyze; backup, restore and rotate-key are in keeping.py."""

import typer

from app.cli.keeping import backup, restore, rotate_key
from app.cli.output import JsonFlag, say, show_json
from app.cli.running import awaited, database_settings, ended
from app.db import migrate, upkeep

app = typer.Typer()
app.command("backup")(backup)
app.command("restore")(restore)
app.command("rotate-key")(rotate_key)


@app.command("upgrade")
@awaited
async def upgrade() -> None:
    """Bring the database to the schema of this release; starting any process does that too."""
    await migrate.upgrade(database_settings().resolved_database_url)
    say(f"The database is at revision {migrate.head_revision()}.")


@app.command("check")
@awaited
async def check(as_json: JsonFlag = False) -> None:
    """Compare the database with this release; exit code 1 when they differ."""
    found = await migrate.check(database_settings().resolved_database_url)
    if as_json:
        show_json({"revision": migrate.head_revision(), "differences": found})
    else:
        for difference in found or [f"The database is at revision {migrate.head_revision()}."]:
            say(difference)
    ended(well=not found)


@app.command("vacuum")
@awaited
async def vacuum() -> None:
    """Give unused space back; on SQLite writers wait meanwhile."""
    await upkeep.vacuum(database_settings().resolved_database_url)
    say("Vacuumed.")


@app.command("analyze")
@awaited
async def analyze() -> None:
    """Renew the statistics that plans of queries are made from."""
    await upkeep.analyze(database_settings().resolved_database_url)
    say("Analyzed.")
