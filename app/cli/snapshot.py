"""`lineup snapshot`: show, download, build."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic.alias_generators import to_camel

from app.cli.download.bar import watching
from app.cli.download.earlier import Earlier, Form
from app.cli.download.place import GZ, STDOUT, form_of, placed
from app.cli.download.run import Download, Outcome, Wanted
from app.cli.download.server import reached
from app.cli.output import JsonFlag, complain, errors, say, seconds, show_fields, show_json, size
from app.cli.provider import ProviderArgument
from app.cli.running import awaited, named, opened, quiet
from app.config import load_settings
from app.context import ProcessContext
from app.core.errors import Invalid
from app.core.ids import new_id
from app.jobs import lease
from app.registry.views import ProviderView
from app.snapshots.files import Edition
from app.snapshots.sqlite_schema import Flavor
from app.snapshots.views import View

app = typer.Typer()

VersionOption = Annotated[str | None, typer.Option("--version", help="A version `epoch.n`; the current one without.")]


@app.command("show")
@awaited
async def show_snapshot(provider: ProviderArgument, as_json: JsonFlag = False) -> None:
    """The current version of a catalogue."""
    async with opened() as context:
        view = await named(context, provider)
        head = await context.snapshots.head(view.id)
        edition = await context.snapshots.edition(view.id, None) if head["version"] else None
    if as_json:
        show_json({**head, "providerId": view.id, **_sizes(edition)})
        return
    stats = head["stats"]
    show_fields(
        {
            "provider": f"{view.name} ({view.id})",
            "version": head["version"],
            "published": head["publishedAt"],
            **{name.removeprefix("total").lower(): number for name, number in stats.items()},
            "document": size(edition.document.raw_bytes) if edition else None,
            "gzipped": size(edition.document.gzip_bytes) if edition else None,
            "path": f"/api/providers/{view.id}/snapshot",
        }
    )


@app.command("download")
@awaited
async def download_snapshot(
    *,
    provider: ProviderArgument,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to; gzipped when it ends with .gz; `-` = stdout.")],
    form: Annotated[
        Form | None, typer.Option("--format", help="What to write; without, FILE's ending says it.")
    ] = None,
    since: Annotated[
        Path | None, typer.Option(metavar="FILE", help="An earlier download: only what changed is fetched.")
    ] = None,
    flavor: Annotated[Flavor | None, typer.Option(help="Of a database: with an index of words, or without.")] = None,
    view: Annotated[View, typer.Option(help="`lite` = what a list on a phone shows.")] = View.FULL,
    version: VersionOption = None,
    server: Annotated[str | None, typer.Option(metavar="URL", help="A server; without, this installation.")] = None,
    key: Annotated[str | None, typer.Option(help="An API key of that server.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Fetch a catalogue by parts, each verified; one that was cut goes on from there."""
    earlier = Earlier(since) if since is not None else None
    chosen = form or form_of(file) or (earlier.form if earlier else Form.JSON)
    _check(file, chosen, view, flavor)
    settings = load_settings()
    quiet(settings)
    with placed(file) as target:
        async with reached(settings, server, key) as found:
            wanted = Wanted(
                provider_id=await found.provider(provider),
                target=target,
                form=chosen,
                packed=target.suffix == GZ,
                view=view,
                flavor=flavor,
                version=version,
                since=earlier,
            )
            with watching(silent=as_json) as bar:
                outcome = await _downloaded(Download(found, wanted, bar))
    if as_json:
        show_json({"file": file, **{to_camel(name): value for name, value in asdict(outcome).items()}})
    else:
        _tell(file, outcome)


def _check(file: str, form: Form, view: View, flavor: Flavor | None) -> None:
    if form is Form.SQLITE and view is not View.FULL:
        raise Invalid([("--view", "A database has every field; lite is for json and ndjson.")])
    if form is Form.SQLITE and file.endswith(GZ):
        raise Invalid([("FILE", "A database is written as it is, without .gz.")])
    if form is not Form.SQLITE and flavor is not None:
        raise Invalid([("--flavor", "Only a database has one; see --format sqlite.")])
    if file != STDOUT and (not Path(file).parent.is_dir() or Path(file).is_dir()):
        raise Invalid([("FILE", f"{file} cannot be written: a file in a folder that exists is needed.")])


async def _downloaded(download: Download) -> Outcome:
    try:
        return await download.run()
    except asyncio.CancelledError:
        complain("what was fetched is kept; the same command goes on from there")
        raise


def _tell(file: str, outcome: Outcome) -> None:
    if outcome.reset:
        complain(f"fetched anew, without changes: {outcome.reset}")
    how = f"{outcome.changes:,} changes, " if outcome.changes is not None else ""
    fetched = f"{how}{size(outcome.fetched)} fetched in {seconds(outcome.seconds)}"
    errors.print(f"{file}: version {outcome.version}, {size(outcome.bytes)}, {fetched}", markup=False)


@app.command("build")
@awaited
async def build_snapshot(provider: ProviderArgument, as_json: JsonFlag = False) -> None:
    """Publish what is stored and not yet published; a sync does that by itself."""
    async with opened() as context:
        view = await named(context, provider)
        built = await _publish(context, view)
        head = await context.snapshots.head(view.id)
    if as_json:
        show_json({"providerId": view.id, "version": head["version"], "built": built is not None})
    elif built:
        say(f"{view.name}: version {built}")
    else:
        say(f"{view.name}: nothing new, {'version ' + head['version'] if head['version'] else 'nothing published'}")


async def _publish(context: ProcessContext, view: ProviderView) -> str | None:
    async with lease.held(context.database, provider_pk=view.pk, job_id=f"build {new_id()}") as fence:
        return await context.publisher.publish(view.pk, fence)


def _sizes(edition: Edition | None) -> dict[str, Any]:
    if edition is None:
        return {"documentBytes": None, "documentGzipBytes": None}
    return {"documentBytes": edition.document.raw_bytes, "documentGzipBytes": edition.document.gzip_bytes}
