"""`lineup tags filter`: list, add, remove, test."""

from typing import Annotated

import typer

from app.api.tagging import FilterAnswer
from app.cli.output import JsonFlag, say, show_json, show_table
from app.cli.provider import ProviderArgument
from app.cli.rules import CaseOption, KindsOption, SamplesOption, show_trial
from app.cli.running import awaited, named, opened
from app.domain.filters import Action, Subject
from app.tags.views import FilterView

app = typer.Typer()

ActionArgument = Annotated[Action, typer.Argument(metavar="include|exclude", help="What to do with what it finds.")]
FieldArgument = Annotated[Subject, typer.Argument(metavar="category|name|regex|tag", help="What it looks at.")]
ValueArgument = Annotated[str, typer.Argument(metavar="VALUE", help="What it looks for.")]


@app.command("list")
@awaited
async def list_filters(*, provider: ProviderArgument, as_json: JsonFlag = False) -> None:
    """Show the filters of a provider, in the order in which they are asked."""
    async with opened() as context:
        found = await context.tags.filters.every((await named(context, provider)).pk)
    if as_json:
        bodies = [FilterAnswer.model_validate(one).model_dump(mode="json", by_alias=True) for one in found]
        show_json({"total": len(bodies), "filters": bodies})
        return
    rows = [(one.position, one.action.value, one.field.value, one.value, one.trouble, one.id) for one in found]
    show_table(("POSITION", "ACTION", "FIELD", "VALUE", "TROUBLE", "ID"), rows, right=("POSITION",))


@app.command("add")
@awaited
async def add_filter(
    *,
    provider: ProviderArgument,
    action: ActionArgument,
    field: FieldArgument,
    value: ValueArgument,
    position: Annotated[int | None, typer.Option("--position", min=0, help="Behind the others without.")] = None,
    case_sensitive: CaseOption = False,
    kind: KindsOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Add a filter; it applies when the provider is processed next."""
    wanted = FilterView(action=action, field=field, value=value, case_sensitive=case_sensitive, kinds=tuple(kind or ()))
    async with opened() as context:
        made = await context.tags.filters.add((await named(context, provider)).pk, wanted, position=position)
    if as_json:
        show_json(FilterAnswer.model_validate(made).model_dump(mode="json", by_alias=True))
    else:
        say(made.id)


@app.command("remove")
@awaited
async def remove_filter(
    *, provider: ProviderArgument, chosen: Annotated[str, typer.Argument(metavar="FILTER", help="Its id.")]
) -> None:
    """Remove a filter."""
    async with opened() as context:
        await context.tags.filters.remove((await named(context, provider)).pk, chosen)


@app.command("test")
@awaited
async def try_filter(
    *,
    provider: ProviderArgument,
    action: ActionArgument,
    field: FieldArgument,
    value: ValueArgument,
    samples: SamplesOption = 20,
    as_json: JsonFlag = False,
) -> None:
    """Show what one filter more, behind the others, would show and hide; nothing is stored."""
    async with opened() as context:
        view = await named(context, provider)
        filters = [*await context.tags.filters.every(view.pk), FilterView(action=action, field=field, value=value)]
        trial = await context.tags.try_filters(view.pk, view.id, filters=filters, samples=samples)
    show_trial(trial, as_json=as_json)
