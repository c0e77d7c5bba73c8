"""`lineup demo`: simulated portals, synced and served, apart from the data of the user."""

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app.cli.output import JsonFlag, say, show_json, show_table, size
from app.cli.portals import FULL, SMALL, DemoPortal, Size, start_portals
from app.cli.progress import all_well, duration, outcome, watch
from app.cli.running import awaited, ended, quiet
from app.cli.serve import HostOption, PortOption, address_of, listener, serving
from app.config import Settings, load_settings
from app.context import ProcessContext
from app.core.errors import Misconfigured
from app.jobs.views import JobView
from app.main import create_app
from app.queue.embedded import join
from app.registry.views import ProviderView
from app.simulator.process import PortalProcess
from workers.lifecycle import embedded_worker

FOLDER: Final = Path("data/demo")
MARK: Final = ".lineup-demo"


@awaited
async def demo(
    *,
    exit_: Annotated[bool, typer.Option("--exit", help="End after the sync; exit code 1 if counts differ.")] = False,
    size_: Annotated[Size, typer.Option("--size", help="small = a quick look.")] = Size.FULL,
    channels: Annotated[int | None, typer.Option(min=1, help=f"Channels; {FULL.channels} in full size.")] = None,
    movies: Annotated[int | None, typer.Option(min=1, help=f"Movies; {FULL.movies} in full size.")] = None,
    series: Annotated[int | None, typer.Option(min=1, help=f"Series; {FULL.series} in full size.")] = None,
    host: HostOption = None,
    port: PortOption = None,
    data_dir: Annotated[Path, typer.Option(help="Emptied at the start, removed at the end.")] = FOLDER,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the data folder behind.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Start simulated portals, add them as providers, sync them, and serve the result.

    A Stalker portal and an Xtream panel have catalogues of full size, a second Stalker panel a tenth of it.
    """
    settings = _apart(load_settings(host=host, port=port), data_dir)
    given = {"channels": channels, "movies": movies, "series": series}
    base = SMALL if size_ is Size.SMALL else FULL
    spec = replace(base, **{name: number for name, number in given.items() if number is not None})
    quiet(settings)
    async with AsyncExitStack() as stack:
        listening = stack.enter_context(listener(settings))
        stack.enter_context(_folder(data_dir, keep=keep))
        portals = await start_portals(spec, stack)
        app = create_app(settings, background=embedded_worker)
        server = await stack.enter_async_context(serving(app, listening))
        context: ProcessContext = app.state.context
        sync = asyncio.create_task(_sync(context, portals, silent=as_json))
        await asyncio.wait([server, sync], return_when=asyncio.FIRST_COMPLETED)
        if not sync.done():  # stopped by hand
            sync.cancel()
            await asyncio.gather(sync, return_exceptions=True)
            ended(well=not exit_)
            return
        results = sync.result()
        _report(results, as_json=as_json)
        if exit_:
            ended(well=all_well([one.job for one in results]) and all(one.right for one in results))
            return
        _invite(address_of(listening), settings, results)
        await server


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a sync brought, beside what the portal has."""

    portal: DemoPortal
    view: ProviderView
    job: JobView
    counts: Mapping[str, int]
    expected: Mapping[str, int]
    gzip_bytes: int

    @property
    def right(self) -> bool:
        return self.counts == self.expected

    @property
    def items(self) -> int:
        return self.counts["channels"] + self.counts["movies"] + self.counts["series"]

    @property
    def per_second(self) -> int:
        took = duration(self.job)
        return round(self.items / took) if took else 0


def _apart(settings: Settings, data_dir: Path) -> Settings:
    """The settings without whatever would lead to the data of the user."""
    own = {"database_url": None, "redis_url": None, "artifacts_url": None, "secret_key": None, "api_keys": ()}
    here = {"data_dir": data_dir, "provider_networks": "any", "sync_interval_hours": 0}
    return settings.model_copy(update=own | here)


@contextmanager
def _folder(data_dir: Path, *, keep: bool) -> Iterator[None]:
    """An empty folder of the demo's own; one that was not made by a demo is never emptied."""
    if data_dir.exists() and any(data_dir.iterdir()):
        if not (data_dir / MARK).exists():
            raise Misconfigured(f"--data-dir: {data_dir} holds something that no demo has made; name another folder")
        if join(data_dir):
            raise Misconfigured(f"--data-dir: another demo is running in {data_dir}")
        shutil.rmtree(data_dir)
    above = [parent for parent in data_dir.parents if not parent.exists()]
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data_dir / MARK).touch()
    except OSError as error:
        raise Misconfigured(f"--data-dir: cannot make {data_dir}: {error.strerror}") from None
    try:
        yield
    finally:
        if not keep:
            shutil.rmtree(data_dir, ignore_errors=True)
            with suppress(OSError):
                for parent in above:
                    parent.rmdir()


async def _sync(
    context: ProcessContext, portals: Sequence[tuple[DemoPortal, PortalProcess]], *, silent: bool
) -> list[Result]:
    views = [await context.registry.add(portal.provider(process.url)) for portal, process in portals]
    results = []
    for (portal, process), view in zip(portals, views, strict=True):
        # One after the other: side by side on a small machine, each would be measured with the others' work.
        started = await context.jobs.start(view.pk)
        (job,) = await watch(context, {started.job_id: view.name}, silent=silent)
        results.append(await _result(context, portal, process, view, job))
    return results


async def _result(
    context: ProcessContext, portal: DemoPortal, process: PortalProcess, view: ProviderView, job: JobView
) -> Result:
    stats = await context.browse.stats(view.id)
    expected = await asyncio.to_thread(process.expected)
    kinds = ("channels", "movies", "series")
    titles = expected["movie_categories"] + expected["series_categories"]
    categories = expected["channel_categories"] + titles * (2 if portal.mixed else 1)
    gzip_bytes = 0
    if stats.version:
        gzip_bytes = (await context.snapshots.edition(view.id, None)).document.gzip_bytes
    return Result(
        portal=portal,
        view=view,
        job=job,
        counts={**{kind: getattr(stats, f"total_{kind}") for kind in kinds}, "categories": stats.total_categories},
        expected={**{kind: expected[kind] for kind in kinds}, "categories": categories},
        gzip_bytes=gzip_bytes,
    )


def _report(results: Sequence[Result], *, as_json: bool) -> None:
    if as_json:
        show_json({"providers": [_answer(one) for one in results]})
        return
    numbers = ("channels", "movies", "series", "categories", "seconds", "items/s", "gzipped")
    rows = [
        (
            one.view.name,
            one.portal.kind.value,
            *one.counts.values(),
            f"{duration(one.job):.1f}",
            one.per_second,
            one.job.version,
            size(one.gzip_bytes),
            "ok" if one.right else f"expected {', '.join(map(str, one.expected.values()))}",
        )
        for one in results
    ]
    show_table(
        ("provider", "kind", *numbers[:-1], "version", "gzipped", "check"),
        rows,
        right=numbers,
    )
    for one in results:
        if not all_well([one.job]):
            say(outcome(one.view.name, one.job))


def _answer(one: Result) -> dict[str, Any]:
    return {
        "id": one.view.id,
        "name": one.view.name,
        "kind": one.portal.kind.value,
        "status": one.job.status.value,
        "counts": one.counts,
        "expected": one.expected,
        "right": one.right,
        "seconds": duration(one.job),
        "itemsPerSecond": one.per_second,
        "version": one.job.version,
        "snapshotGzipBytes": one.gzip_bytes,
        "errors": list(one.job.errors),
    }


def _command() -> str:
    """`lineup` as it was called, or as the shell finds it."""
    called = Path(sys.argv[0])
    if called.name != "lineup" or shutil.which("lineup"):
        return "lineup"
    return os.path.relpath(called)


def _invite(url: str, settings: Settings, results: Sequence[Result]) -> None:
    """Lines to copy."""
    first = results[0].view.id
    below = f"{url}/api/providers/{first}"
    say(f"\nServing {url} (API: {url}/docs). Stop with Ctrl-C. To copy:\n")
    for line in (
        f"curl -s --compressed {below}/snapshot -o catalogue.json",
        f"curl -s '{below}/snapshot?page=1&limit=1000' --compressed | head -c 600",
        f"curl -s '{below}/movies?search=the&sort=-rating&limit=5'",
        f"curl -s -X POST {below}/sync",
        f"curl -s {below}/sync",
        f"LINEUP_DATA_DIR={settings.data_dir} {_command()} provider list",
    ):
        say(f"  {line}")
    say("")
