"""`lineup snapshot`: show, download, build."""

import sys
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer

from app.cli.output import JsonFlag, errors, say, show_fields, show_json, size
from app.cli.provider import ProviderArgument
from app.cli.running import awaited, named, opened
from app.context import ProcessContext
from app.core.ids import new_id
from app.jobs import lease
from app.registry.views import ProviderView
from app.snapshots.files import Edition, Encoding, File

app = typer.Typer()

STDOUT: Final = "-"

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
    provider: ProviderArgument,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to; gzipped when it ends with .gz; `-` = stdout.")],
    version: VersionOption = None,
) -> None:
    """Write the whole catalogue as one JSON document."""
    async with opened() as context:
        view = await named(context, provider)
        document = await context.snapshots.document(view.id, version)
        if file == STDOUT:
            await _write(document, sys.stdout.buffer, gzip=False)
            return
        target = Path(file)
        # Never half a document under its name.
        draft = target.with_name(f".{target.name}.{new_id()}")
        try:
            with draft.open("xb") as output:
                written = await _write(document, output, gzip=target.suffix == ".gz")
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        errors.print(f"{target}: version {document.version}, {size(written)}", markup=False)


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


async def _write(document: File, output: BinaryIO, *, gzip: bool) -> int:
    loaded = await document.load(Encoding.GZIP if gzip else Encoding.IDENTITY)
    if loaded.body is not None:
        output.write(loaded.body)
    elif loaded.stream is not None:
        async for chunk in loaded.stream():
            output.write(chunk)
    return loaded.length


def _sizes(edition: Edition | None) -> dict[str, Any]:
    if edition is None:
        return {"documentBytes": None, "documentGzipBytes": None}
    return {"documentBytes": edition.document.raw_bytes, "documentGzipBytes": edition.document.gzip_bytes}
