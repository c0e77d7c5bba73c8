"""`lineup sync`: run, all, status, cancel, history."""

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from app.api.model import Answer
from app.api.schemas import ChangeBody, ChangedKind, JobAnswer, RejectedBody
from app.cli.output import JsonFlag, complain, console, say, show_fields, show_json, show_table
from app.cli.progress import all_well, duration, outcome, watch
from app.cli.provider import ProviderArgument
from app.cli.running import awaited, ended, named, opened
from app.cli.workers import minded, run_here, worker_alive
from app.context import ProcessContext
from app.core.clock import rfc3339
from app.core.errors import Invalid
from app.domain.kinds import PARTS, JobStatus, SyncMode
from app.jobs.changes import Op
from app.jobs.views import JobView
from app.registry.views import ProviderView

app = typer.Typer()

HISTORY: Final = 20
LINES: Final = 100

ModeOption = Annotated[SyncMode, typer.Option("--mode", help="auto walks what is missing or due.")]
OnlyOption = Annotated[
    str | None, typer.Option("--only", help=f"Parts alone, comma-separated: {', '.join(sorted(PARTS))}.")
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Sweep whatever a complete walk did not see, however much that is.")
]
WaitOption = Annotated[bool, typer.Option("--wait", help="Watch it to its end although a worker runs it.")]


@app.command("run")
@awaited
async def run_sync(
    *,
    provider: ProviderArgument,
    mode: ModeOption = SyncMode.AUTO,
    only: OnlyOption = None,
    force: ForceOption = False,
    wait: WaitOption = False,
    as_json: JsonFlag = False,
) -> None:
    """Sync one provider: through the worker that runs, else in this process."""
    parts = _parts(only)
    async with opened() as context:
        view = await named(context, provider)
        await start(context, [view], mode=mode, only=parts, force=force, wait=wait, as_json=as_json)


@app.command("all")
@awaited
async def sync_all(
    *,
    mode: ModeOption = SyncMode.AUTO,
    only: OnlyOption = None,
    force: ForceOption = False,
    wait: WaitOption = False,
    as_json: JsonFlag = False,
) -> None:
    """Sync every enabled provider."""
    parts = _parts(only)
    async with opened() as context:
        views = [view for view in await context.registry.list() if view.enabled]
        await start(context, views, mode=mode, only=parts, force=force, wait=wait, as_json=as_json)


@app.command("status")
@awaited
async def show_status(
    provider: Annotated[str | None, typer.Argument(metavar="PROVIDER", help="Its id or its name; all without.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """The live or last sync of each provider."""
    async with opened() as context:
        views = [await named(context, provider)] if provider else await context.registry.list()
        jobs = {view.id: await context.history.current(view.pk) for view in views}
    names = {view.id: view.name for view in views}
    if as_json:
        show_json({"providers": [{"providerId": one, "job": _answer(job)} for one, job in jobs.items()]})
        return
    rows = [_row(names, job) if job else (names[one], "never synced", *[None] * 8) for one, job in jobs.items()]
    show_table(COLUMNS, rows, right=NUMBERS)


@app.command("history")
@awaited
async def show_history(
    provider: Annotated[str | None, typer.Argument(metavar="PROVIDER", help="Its id or its name; all without.")] = None,
    status: Annotated[JobStatus | None, typer.Option(help="Those that stand there alone.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = HISTORY,
    as_json: JsonFlag = False,
) -> None:
    """Syncs, newest first."""
    async with opened() as context:
        pk = (await named(context, provider)).pk if provider else None
        jobs, total = await context.history.page(provider_pk=pk, status=status, limit=limit)
        names = {view.id: view.name for view in await context.registry.list()}
    if as_json:
        show_json({"total": total, "jobs": [_answer(job) for job in jobs]})
        return
    show_table(COLUMNS, [_row(names, job) for job in jobs], right=NUMBERS)


@app.command("show")
@awaited
async def show_job(
    *,
    job: Annotated[str, typer.Argument(metavar="JOB", help="Its id, as `lineup sync history` lists it.")],
    changes: Annotated[bool, typer.Option("--changes", help="What it added, updated and removed.")] = False,
    rejected: Annotated[bool, typer.Option("--rejected", help="What it refused, and why.")] = False,
    kind: Annotated[ChangedKind | None, typer.Option(help="Changes of this kind alone.")] = None,
    op: Annotated[Op | None, typer.Option(help="Changes of this sort alone.")] = None,
    page: Annotated[int, typer.Option(min=1, help="Which page of a list.")] = 1,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Lines of a page.")] = LINES,
    as_json: JsonFlag = False,
) -> None:
    """One sync: its steps, or what it changed, or what it refused."""
    async with opened() as context:
        view, lists = await context.history.get(job), dict[str, tuple[Sequence[Any], int]]()
        if changes:
            one = kind.singular if kind else None
            lists["changes"] = await context.changes.page(job, kind=one, op=op, page=page, limit=limit)
        if rejected:
            lists["rejected"] = await context.history.rejected(job, page=page, limit=limit)
    if as_json:
        told = {name: _told(name, found, total) for name, (found, total) in lists.items()}
        show_json({"job": _answer(view), **told})
        return
    if not lists:
        show_fields(
            {"job": view.id, "provider": view.provider_id, "status": view.status.value, "version": view.version}
        )
        show_table(STEP_COLUMNS, [[getattr(step, name) for name in STEP_COLUMNS] for step in view.steps], right=COUNTS)
    for name, (found, total) in lists.items():
        columns = tuple(LISTED[name].model_fields)
        show_table(columns, [[getattr(line, column) for column in columns] for line in found])
        if console.is_terminal:
            say(f"{len(found):,} of {total:,} {name}")


@app.command("cancel")
@awaited
async def cancel_sync(provider: ProviderArgument, as_json: JsonFlag = False) -> None:
    """Ask the live sync of a provider to stop."""
    async with opened() as context:
        view = await named(context, provider)
        job_id = await context.jobs.cancel(view.pk)
        status = (await context.history.get(job_id)).status
    if as_json:
        show_json({"jobId": job_id, "status": "cancelling" if status.live else status.value})
    else:
        say(f"{view.name}: {'asked to stop' if status.live else status.value}, job {job_id}.")


COUNTS: Final = ("fetched", "added", "updated", "unchanged", "removed", "rejected")
STEP_COLUMNS: Final = ("name", "status", *COUNTS, "error")
LISTED: Final[Mapping[str, type[Answer]]] = {"changes": ChangeBody, "rejected": RejectedBody}
NUMBERS: Final = ("%", "channels", "movies", "series", "seconds")
COLUMNS: Final = ("provider", "status", "%", "channels", "movies", "series", "seconds", "started", "version", "job")


async def start(
    context: ProcessContext,
    views: Sequence[ProviderView],
    *,
    mode: SyncMode,
    only: frozenset[str],
    force: bool,
    wait: bool,
    as_json: bool,
) -> None:
    """Starts a job for each, or joins the live one; runs them here when nobody else does."""
    elsewhere = await worker_alive(context)
    started = [await context.jobs.start(view.pk, mode=mode, only=only, force=force) for view in views]
    labels = {job.job_id: view.name for job, view in zip(started, views, strict=True)}
    if elsewhere and not wait:
        if as_json:
            show_json({"jobs": [_answer(await context.history.get(job_id)) for job_id in labels]})
        else:
            for one in started:
                state = "queued" if one.created else f"{one.status.value} already"
                say(f"{labels[one.job_id]}: {state}, job {one.job_id}")
        return
    jobs = await _finish(context, labels, here=not elsewhere, silent=as_json)
    if as_json:
        show_json({"jobs": [_answer(job) for job in jobs]})
    else:
        for label, job in zip(labels.values(), jobs, strict=True):
            say(outcome(label, job))
    ended(well=all_well(jobs))


async def _finish(context: ProcessContext, labels: Mapping[str, str], *, here: bool, silent: bool) -> list[JobView]:
    if not here:
        return await _wait(context, labels, silent=silent)
    runs = [asyncio.create_task(run_here(context, job_id)) for job_id in labels]
    try:
        return await watch(context, labels, silent=silent)
    finally:
        for run in runs:
            run.cancel()
        await asyncio.gather(*runs, return_exceptions=True)


async def _wait(context: ProcessContext, labels: Mapping[str, str], *, silent: bool) -> list[JobView]:
    """Watches what a worker does; whoever stops watching stops nothing else."""
    try:
        async with minded(context):
            return await watch(context, labels, silent=silent)
    except asyncio.CancelledError:
        for label in labels.values():
            complain(f"the sync goes on; it is stopped with: lineup sync cancel {shlex.quote(label)}")
        raise


def _parts(only: str | None) -> frozenset[str]:
    words = frozenset(word.strip() for word in (only or "").split(",") if word.strip())
    if unknown := sorted(words - PARTS):
        raise Invalid([("--only", f"{unknown[0]} is not one of {', '.join(sorted(PARTS))}.")])
    return words


def _row(names: Mapping[str, str], job: JobView) -> tuple[Any, ...]:
    return (
        names.get(job.provider_id, job.provider_id),
        job.current_step or job.status.value,
        job.progress,
        job.channels_synced,
        job.movies_synced,
        job.series_synced,
        f"{duration(job):.1f}" if job.completed_at else None,
        rfc3339(job.started_at or job.queued_at),
        job.version,
        job.id,
    )


def _told(name: str, found: Sequence[Any], total: int) -> dict[str, Any]:
    """A page of a list in the API's bodies."""
    bodies = (LISTED[name].model_validate(line) for line in found)
    return {"total": total, name: [body.model_dump(mode="json", by_alias=True) for body in bodies]}


def _answer(job: JobView | None) -> dict[str, Any] | None:
    """The same body as the API's."""
    if job is None:
        return None
    body: dict[str, Any] = JobAnswer.model_validate(job).model_dump(mode="json", by_alias=True)
    return body
