"""`lineup db`: upgrade, check, vacuum, analyze."""

import typer

from app.cli.output import JsonFlag, say, show_json
from app.cli.running import awaited, ended, quiet
from app.config import Settings, load_settings
from app.core.errors import Misconfigured
from app.db import migrate, upkeep

app = typer.Typer()


@app.command("upgrade")
@awaited
async def upgrade() -> None:
    """Bring the database to the schema of this release; starting any process does that too."""
    await migrate.upgrade(_settings().resolved_database_url)
    say(f"The database is at revision {migrate.head_revision()}.")


@app.command("check")
@awaited
async def check(as_json: JsonFlag = False) -> None:
    """Compare the database with this release; exit code 1 when they differ."""
    found = await migrate.check(_settings().resolved_database_url)
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
    await upkeep.vacuum(_settings().resolved_database_url)
    say("Vacuumed.")


@app.command("analyze")
@awaited
async def analyze() -> None:
    """Renew the statistics that plans of queries are made from."""
    await upkeep.analyze(_settings().resolved_database_url)
    say("Analyzed.")


def _settings() -> Settings:
    settings = load_settings()
    quiet(settings)
    if settings.database_url is None:
        try:
            settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Misconfigured(f"LINEUP_DATA_DIR: cannot make {settings.data_dir}: {error.strerror}") from None
    return settings
