"""`lineup portal auth`, `sql` and `jsonsql`: statements in SQL or JSONSQL, sent or only shown."""

import time
from dataclasses import replace
from typing import Annotated, Any

import typer

from app.cli.asking import check_asked, confirm
from app.cli.output import JsonFlag, say, show_fields
from app.cli.portal_local import ModeOption, answer, tell_mirror
from app.cli.portal_opening import OpenedPortal, opened_portal
from app.cli.portal_options import (
    DebugFlag,
    DryRunFlag,
    Form,
    FormOption,
    ProviderOption,
    SetOption,
    Wish,
    form_of,
)
from app.cli.portal_output import explain, show_listing, show_request, statement_document, told
from app.cli.portal_transpile import QueryArgument, pointed, read_object, read_text
from app.cli.running import awaited
from app.core.clock import now_ms, rfc3339
from app.core.errors import Invalid
from app.core.redaction import HIDDEN
from app.domain.jsonsql.errors import Inexpressible
from app.domain.jsonsql.language import is_read_only, to_sql, transpile
from app.domain.jsonsql.words import Method, Params, Statement, Tables
from app.domain.values import integer
from app.mirror.query import Mode
from app.providers.iptvportal.portal import Result

AllowWrites = Annotated[bool, typer.Option("--allow-writes", help="Let INSERT, UPDATE and DELETE through.")]
YesFlag = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before something is changed.")]


@awaited
async def log_in(
    *,
    provider: ProviderOption = None,
    given: SetOption = None,
    renew: Annotated[bool, typer.Option("--renew", help="Open a new session, also where one is good.")] = False,
    debug: DebugFlag = False,
    dry_run: DryRunFlag = False,
    form: FormOption = Form.TABLE,
    as_json: JsonFlag = False,
) -> None:
    """Log in, or see that the session that is kept is still good."""
    wanted = form_of(form, as_json=as_json)
    async with opened_portal(provider, given) as portal:
        inner = portal.client.client
        request = inner.prepare(inner.login)
        if dry_run:
            show_request(wanted, request)
            return
        began, opening = time.perf_counter(), now_ms()
        session = await portal.client.login(renew=renew)
        if debug:
            told("request", str(request) if session.opened_at >= opening else "none: the session that is kept is good")
            told("took", f"{(time.perf_counter() - began) * 1000:.1f} ms")
    found = {
        "portal": inner.endpoints.base,
        "session": HIDDEN,
        "openedAt": rfc3339(session.opened_at),
        "expiresAt": rfc3339(session.expires_at),
        "kept": portal.kept,
    }
    if wanted is Form.TABLE:
        show_fields(found)
    else:
        show_listing(wanted, tuple(found), [tuple(found.values())], found)


@awaited
async def run_sql(
    *,
    query: QueryArgument,
    provider: ProviderOption = None,
    given: SetOption = None,
    mode: ModeOption = Mode.AUTO,
    form: FormOption = Form.TABLE,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
    dry_run: DryRunFlag = False,
    allow_writes: AllowWrites = False,
    yes: YesFlag = False,
) -> None:
    """Ask in SQL: the mirror of a provider, or the portal."""
    text = read_text(query)
    wish = Wish(form=form_of(form, as_json=as_json), debug=debug, dry_run=dry_run, allow_writes=allow_writes, yes=yes)
    with pointed(text):
        await _ask(text, provider, given, mode, wish)


async def _ask(text: str, provider: str | None, given: list[str] | None, mode: Mode, wish: Wish) -> None:
    async with opened_portal(provider, given) as portal:
        if mode is Mode.LOCAL and portal.registered is None:
            raise Invalid([("--mode", "Only a provider of the registry has a mirror.")])
        if mode is not Mode.REMOTE and portal.registered is not None and is_read_only(text):
            await answer(portal.registered, text, mode, wish)
        else:
            await _run(portal, portal.client.statement(text), text, wish)


@awaited
async def run_jsonsql(
    *,
    method: Annotated[Method, typer.Argument(help="What the parameters are of.")],
    params: Annotated[str, typer.Argument(metavar="PARAMS", help="A JSON object; `-` reads it from standard input.")],
    provider: ProviderOption = None,
    given: SetOption = None,
    form: FormOption = Form.TABLE,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
    dry_run: DryRunFlag = False,
    allow_writes: AllowWrites = False,
    yes: YesFlag = False,
) -> None:
    """Ask the portal in its own language, as it is written."""
    wish = Wish(form=form_of(form, as_json=as_json), debug=debug, dry_run=dry_run, allow_writes=allow_writes, yes=yes)
    asked = read_object(read_text(params), "PARAMS")
    async with opened_portal(provider, given) as portal:
        await _run(portal, as_written(method, asked, portal.client.schemas.columns), None, wish)


def as_written(method: Method, params: Params, tables: Tables) -> Statement:
    """JSONSQL as it is; its columns have names where it can be said in SQL."""
    bare = Statement(method=method, params=params, columns=None, tables=frozenset())
    try:
        made = transpile(to_sql(method, params, tables=tables), tables=tables, order_by_id=False)
    except Inexpressible:
        return bare
    return replace(bare, columns=made.columns, tables=made.tables)


async def _run(portal: OpenedPortal, statement: Statement, sql: str | None, wish: Wish) -> None:
    request = portal.client.prepare(statement)
    if wish.debug:
        explain(sql, statement, request)
    if wish.dry_run:
        show_request(wish.form, request)
        return
    if not reads_only(statement):
        await _permit(portal, statement, wish)
    result = await portal.client.run(statement)
    if portal.registered is not None and not reads_only(statement):
        await tell_mirror(portal.registered, result)
    if wish.debug:
        told("took", f"{result.elapsed_ms:.1f} ms")
    _show(result, wish.form)


def reads_only(statement: Statement) -> bool:
    """Whether it is a SELECT whose functions are all known to do nothing else."""
    if statement.method is not Method.SELECT:
        return False
    try:
        return is_read_only(to_sql(statement.method, statement.params))
    except Inexpressible:
        return False


async def _permit(portal: OpenedPortal, statement: Statement, wish: Wish) -> None:
    """Nothing is changed by accident: it has to be allowed, and then somebody has to say yes."""
    word = statement.method.value.upper()
    if not wish.allow_writes:
        what = "This may change something" if statement.method is Method.SELECT else f"{word} changes something"
        raise Invalid([("--allow-writes", f"{what}: it has to be allowed.")])
    if wish.yes:
        return
    check_asked()
    confirm(f"{await _effect(portal, statement)} Go on?")


async def _effect(portal: OpenedPortal, statement: Statement) -> str:
    """What a statement would change, as far as the portal tells beforehand."""
    params = statement.params
    match statement.method:
        case Method.INSERT if "values" in params:
            rows = params["values"]
            several = len(rows) if rows and isinstance(rows[0], list) else 1
            return f"This adds {_rows(several)} to {params['into']}."
        case Method.UPDATE | Method.DELETE:
            table = params["table" if statement.method is Method.UPDATE else "from"]
            counting = {"data": [{"function": "count", "args": ["*"]}], "from": table}
            where = {"where": params["where"]} if params.get("where") is not None else {}
            found = await portal.client.client.select(counting | where)
            count = integer(found[0][0]) if found and found[0] else None
            verb = "changes" if statement.method is Method.UPDATE else "deletes"
            whole = "" if where else ", all there are,"
            return f"This {verb} {'an unknown number of rows' if count is None else _rows(count)}{whole} of {table}."
    return "This may change something."


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _show(result: Result, form: Form) -> None:
    written = result.statement.method is not Method.SELECT
    if written and form is Form.TABLE and not result.rows:
        say("done" if result.count is None else f"{result.count} rows")
        return
    document: dict[str, Any] = {
        "columns": list(result.columns),
        "rows": list(result.rows),
        "source": "remote",
        "transpiled": statement_document(result.statement),
        "elapsedMs": round(result.elapsed_ms, 3),
    }
    if written:
        document["count"] = result.count
    show_listing(form, result.columns, result.rows, document)
