"""`lineup portal cache`: what answers queries before the portal is asked."""

from typing import Annotated, Any

import typer

from app.cli.output import JsonFlag, say, show_json
from app.cli.portal_opening import opened_provider
from app.cli.portal_options import Form, FormOption, ProviderOption, SetOption, form_of
from app.cli.portal_output import show_listing
from app.cli.running import awaited
from app.core.clock import now_ms, rfc3339
from app.mirror.clearing import forget_answers

app = typer.Typer()


@app.command("status")
@awaited
async def status(
    *,
    provider: ProviderOption = None,
    given: SetOption = None,
    form: FormOption = Form.TABLE,
    as_json: JsonFlag = False,
) -> None:
    """Show what may be remembered, what the mirror has, and how long the session is good for."""
    async with opened_provider(provider, given) as portal:
        context = portal.context
        views = await context.mirror.tables.tables(portal.view.pk)
        account = await context.registry.account(portal.view.pk)
        session = await context.sessions.store(account).load()
        cache = context.settings.portal.cache
    states = [view.state for view in views]
    facts: dict[str, dict[str, Any]] = {
        "memory": {"enabled": cache.enabled, "ttl": cache.ttl, "entries": cache.max_entries, "bytes": cache.max_bytes},
        "mirror": {
            "tables": sum(view.record is not None for view in views),
            "fresh": states.count("fresh"),
            "stale": states.count("stale"),
            "rows": sum(view.record.local_row_count for view in views if view.record is not None),
        },
        "session": {
            "kept": session is not None and session.expires_at > now_ms(),
            "expiresAt": None if session is None else rfc3339(session.expires_at),
        },
    }
    rows = [(level, name, value) for level, values in facts.items() for name, value in values.items()]
    show_listing(form_of(form, as_json=as_json), ("LEVEL", "WHAT", "VALUE"), rows, facts)


@app.command("clear")
@awaited
async def clear(
    *,
    table: Annotated[str | None, typer.Argument(metavar="[TABLE]", help="All that are mirrored without.")] = None,
    provider: ProviderOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Let every process forget its answers; the mirror keeps its rows."""
    async with opened_provider(provider) as portal:
        found = await forget_answers(portal.context.mirror.tables, portal.view.pk, table)
    if as_json:
        show_json({"tables": found})
    else:
        say(", ".join(found) or "nothing is mirrored")
