"""`lineup provider`: add, list, show, test, remove."""

import sys
from collections.abc import Mapping
from typing import Annotated, Any, Final

import orjson
import typer

from app.api.providers import ProviderAnswer, TestAnswer
from app.api.schemas import StatsBody
from app.browse.service import Stats
from app.cli.asking import confirm, prompt
from app.cli.output import JsonFlag, say, show_fields, show_json, show_table
from app.cli.running import awaited, ended, named, opened
from app.cli.workers import worker_alive
from app.core.clock import rfc3339
from app.core.errors import Invalid
from app.domain.kinds import ProviderKind
from app.registry.views import UNSET, NewProvider, ProviderView, Unset

app = typer.Typer()

FROM_STDIN: Final = "-"
LOGIN: Final = ("username", "password")
NEEDED: Final = {ProviderKind.STALKER: ("mac",), ProviderKind.XTREAM: LOGIN, ProviderKind.IPTVPORTAL: LOGIN}

ProviderArgument = Annotated[str, typer.Argument(metavar="PROVIDER", help="Its id or its name.")]
Credential = Annotated[str | None, typer.Option(help="Stalker.")]


@app.command("add")
@awaited
async def add_provider(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What you call it.")],
    url: Annotated[str, typer.Argument(metavar="URL", help="In any form in which it is usually pasted.")],
    kind: Annotated[ProviderKind, typer.Option(help="The dialect it speaks.")],
    mac: Annotated[str | None, typer.Option(help="Stalker: 00:1A:79:…; asked for when omitted.")] = None,
    username: Annotated[str | None, typer.Option(help="Xtream, and Stalker with a login.")] = None,
    password: Annotated[
        str | None, typer.Option(help="The same; `-` reads it from standard input, omitted it is asked for.")
    ] = None,
    serial_number: Credential = None,
    device_id: Credential = None,
    device_id2: Annotated[str | None, typer.Option("--device-id2", help="Stalker.")] = None,
    timezone: Credential = None,
    language: Credential = None,
    model: Credential = None,
    webhook_secret: Annotated[
        str | None,
        typer.Option(help="Signs what `--option webhookUrl=URL` is told: whsec_… or text of 24 to 64 bytes."),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, such as maxParallelPages=20; repeatable.")
    ] = None,
    every_hours: Annotated[float | None, typer.Option(help="Sync this often; 0 = never by itself.")] = None,
    cron: Annotated[str | None, typer.Option(help='Sync at these times: "0 4 * * *".')] = None,
    cron_timezone: Annotated[str | None, typer.Option(help="Time zone of --cron.")] = None,
    jitter_minutes: Annotated[float | None, typer.Option(help="Begin up to so much later, by chance.")] = None,
    sync: Annotated[bool, typer.Option(help="Queue the first sync.")] = True,
    as_json: JsonFlag = False,
) -> None:
    """Add a provider and queue its first sync."""
    given = {
        "mac": mac,
        "username": username,
        "password": sys.stdin.readline().rstrip("\r\n") if password == FROM_STDIN else password,
        "serialNumber": serial_number,
        "deviceId": device_id,
        "deviceId2": device_id2,
        "timezone": timezone,
        "language": language,
        "model": model,
        "webhookSecret": webhook_secret,
    }
    new = NewProvider(
        name=name,
        kind=kind,
        url=url,
        credentials=_asked_for(kind, url, {key: value for key, value in given.items() if value is not None}),
        options=_options(option or []),
        schedule=_schedule(every_hours, cron, cron_timezone, jitter_minutes),
    )
    async with opened() as context:
        view = await context.registry.add(new)
        started = await context.jobs.start(view.pk) if sync else None
        if as_json:
            show_json({**_answer(view, None), "jobId": started.job_id if started else None})
            return
        say(f"Added {view.name} with the id {view.id}.")
        if started and await worker_alive(context):
            say(f"Its first sync has begun; watch it with: lineup sync run {view.id} --wait")
        else:
            say(f"Sync it now with: lineup sync run {view.id}")


@app.command("list")
@awaited
async def list_providers(as_json: JsonFlag = False) -> None:
    """All providers, oldest first."""
    async with opened() as context:
        views, stats = await context.registry.list(), await context.browse.all_stats()
    if as_json:
        answers = [_answer(view, stats.get(view.id)) for view in views]
        show_json({"total": len(answers), "providers": answers})
        return
    numbers = ("channels", "movies", "series")
    rows = [
        (
            view.id,
            view.name,
            view.kind.value,
            view.url,
            *(getattr(stats.get(view.id), f"total_{kind}", 0) for kind in numbers),
            _last_sync(view),
            view.health.last_error or ("ok" if view.enabled else "disabled"),
        )
        for view in views
    ]
    show_table(("id", "name", "kind", "url", *numbers, "last sync", "state"), rows, right=numbers)


@app.command("show")
@awaited
async def show_provider(provider: ProviderArgument, as_json: JsonFlag = False) -> None:
    """One provider, with what is known of its account and its health."""
    async with opened() as context:
        view = await named(context, provider)
        stats = await context.browse.stats(view.id)
    if as_json:
        show_json(_answer(view, stats))
        return
    show_fields(
        {
            "id": view.id,
            "name": view.name,
            "kind": view.kind.value,
            "url": view.url,
            "credentials": ", ".join(sorted(view.credentials)),
            "options": orjson.dumps(dict(view.options)).decode() if view.options else None,
            "enabled": view.enabled,
            "schedule": orjson.dumps(dict(view.schedule)).decode() if view.schedule else None,
            "next sync": rfc3339(view.next_sync_at),
            "last sync": _last_sync(view),
            "last error": view.health.last_error,
            "breaker": view.health.breaker,
            "asked again": rfc3339(view.health.breaker_until),
            "webhook error": view.health.webhook_error,
            "account": view.account.status,
            "expires": rfc3339(view.account.expires_at),
            "channels": stats.total_channels,
            "movies": stats.total_movies,
            "series": stats.total_series,
            "categories": stats.total_categories,
            "version": stats.version,
        }
    )


@app.command("test")
@awaited
async def log_in(provider: ProviderArgument, as_json: JsonFlag = False) -> None:
    """Log in once and say what the provider answers."""
    async with opened() as context:
        status = await context.registry.test((await named(context, provider)).id)
    if as_json:
        show_json(TestAnswer.model_validate(status).model_dump(mode="json", by_alias=True))
    else:
        show_fields(
            {
                "ok": status.ok,
                "status": status.status,
                "message": status.message,
                "expires": rfc3339(status.expires_at),
                "connections": status.max_connections,
                "time zone": status.server_timezone,
            }
        )
    ended(well=status.ok)


@app.command("remove")
@awaited
async def remove_provider(
    provider: ProviderArgument, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
) -> None:
    """Remove a provider with everything it synced."""
    async with opened() as context:
        view = await named(context, provider)
        if not yes:
            confirm(f"Remove {view.name} ({view.id}) with everything it synced?")
        await context.registry.remove(view.id)
        say(f"Removed {view.name}.")


def _asked_for(kind: ProviderKind, url: str, given: Mapping[str, str]) -> dict[str, str]:
    """The credentials, with those that are missing asked for where somebody can answer."""
    found = dict(given)
    in_url = "username=" in url
    for name in NEEDED.get(kind, ()):
        if name not in found and not in_url and sys.stdin.isatty():
            found[name] = prompt(name.capitalize(), hidden=name == "password")
    return found


def _options(given: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise Invalid([("--option", f"{text} is not NAME=VALUE.")])
        try:
            found[name] = orjson.loads(value)
        except orjson.JSONDecodeError:
            found[name] = value
    return found


def _schedule(
    every_hours: float | None, cron: str | None, timezone: str | None, jitter_minutes: float | None
) -> Mapping[str, Any] | Unset | None:
    if every_hours == 0 and cron is None:
        return None
    parts = {"everyHours": every_hours, "cron": cron, "timezone": timezone, "jitterMinutes": jitter_minutes}
    found = {name: value for name, value in parts.items() if value is not None}
    return found or UNSET


def _last_sync(view: ProviderView) -> str | None:
    last = view.last_sync
    return rfc3339(max((at for at in (last.channels, last.movies, last.series) if at), default=None))


def _answer(view: ProviderView, stats: Stats | None) -> dict[str, Any]:
    """The same body as the API's."""
    answer = ProviderAnswer.model_validate(view)
    counted = {"stats": StatsBody.model_validate(stats)} if stats else {}
    body: dict[str, Any] = answer.model_copy(update=counted).model_dump(mode="json", by_alias=True)
    return body
