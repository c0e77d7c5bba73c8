"""Statements about a provider that can have a mirror: who answers them, and what a change means for it."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from app.api.tables import SqlAnswer
from app.cli.output import complain
from app.cli.portal_opening import Registered
from app.cli.portal_options import Form, Wish
from app.cli.portal_output import show_listing, show_request, told
from app.core import jsonio
from app.core.errors import ProviderError
from app.domain.schemas import ID
from app.mirror.query import Answer, Mode, Source
from app.providers.iptvportal.envelope import Prepared
from app.providers.iptvportal.portal import Result

ModeOption = Annotated[
    Mode, typer.Option("--mode", help="auto: the mirror while it is fresh; local: it alone; remote: the portal alone.")
]


async def answer(registered: Registered, sql: str, mode: Mode, wish: Wish) -> None:
    """A SELECT, from the mirror or the portal, printed."""
    queries, pk = registered.context.mirror.queries, registered.view.pk
    found = await queries.run(pk, sql, mode=mode, dry_run=wish.dry_run)
    if wish.debug:
        asked = found
        if found.source is Source.REMOTE and not wish.dry_run:
            asked = await queries.run(pk, sql, mode=Mode.REMOTE, dry_run=True)
        _explain(sql, found, asked.request)
    if wish.dry_run:
        _show_request(found, wish)
        return
    body = SqlAnswer.model_validate(found).model_dump(mode="json", by_alias=True)
    show_listing(wish.form, found.columns, found.rows, body)
    if found.truncated:
        complain(f"there are more than these {len(found.rows)} rows; --mode remote asks for all")
    if found.stale:
        complain("these rows are older than they should be")


async def tell_mirror(registered: Registered, result: Result) -> None:
    """What was changed at the portal is fetched again, or stale from now on."""
    params = result.statement.params
    table = params.get("into") or params.get("table") or params.get("from")
    if not isinstance(table, str):
        return
    mirror, pk = registered.context.mirror.tables, registered.view.pk
    try:
        await mirror.written(pk, table, _ids(result))
    except ProviderError:
        # The change is made; what it did is looked up with the next sync.
        await mirror.written(pk, table, ())


def _ids(result: Result) -> Sequence[Any]:
    if ID not in result.columns:
        return ()
    place = result.columns.index(ID)
    return [row[place] for row in result.rows if len(row) > place]


def _explain(sql: str, found: Answer, request: Any) -> None:
    told("SQL", sql)
    if found.transpiled is not None:
        told("JSONSQL", f"{found.transpiled['method']} {jsonio.dumps(found.transpiled['params']).decode()}")
    if request is not None:
        told("request", str(_prepared(request)))
    told("source", found.source.value)
    told("took", f"{found.elapsed_ms:.1f} ms")


def _show_request(found: Answer, wish: Wish) -> None:
    if found.request is None:
        complain(f"the {found.source.value} would answer, and nothing would be sent; --mode remote asks the portal")
        if wish.form in (Form.JSON, Form.YAML):
            show_listing(wish.form, (), (), None)
    else:
        show_request(wish.form, _prepared(found.request))


def _prepared(request: Any) -> Prepared:
    return Prepared(url=request["url"], headers=request["headers"], document=request["body"])
