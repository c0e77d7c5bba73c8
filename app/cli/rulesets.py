"""`lineup tags rulesets`: list, add, remove, assign."""

from typing import Annotated

import typer

from app.api.tagging import RulesetAnswer
from app.cli.output import JsonFlag, say, show_json, show_table
from app.cli.provider import ProviderArgument
from app.cli.rules import RulesetArgument
from app.cli.running import awaited, named, opened
from app.tags.views import RulesetView

app = typer.Typer()


@app.command("list")
@awaited
async def list_rulesets(
    *,
    provider: Annotated[str | None, typer.Option("--provider", help="Those of one provider, in their order.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Show rulesets."""
    async with opened() as context:
        sets = context.tags.rulesets
        _show(await (sets.assigned((await named(context, provider)).pk) if provider else sets.every()), as_json=as_json)


@app.command("add")
@awaited
async def add_ruleset(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What you call it.")],
    copy_of: Annotated[str | None, typer.Option("--copy-of", help="A ruleset whose rules it begins with.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Add a ruleset."""
    async with opened() as context:
        made = await context.tags.rulesets.add(name, copy_of=copy_of)
    if as_json:
        show_json(RulesetAnswer.model_validate(made).model_dump(mode="json", by_alias=True))
    else:
        say(made.id)


@app.command("remove")
@awaited
async def remove_ruleset(*, ruleset: RulesetArgument) -> None:
    """Remove a ruleset with its rules."""
    async with opened() as context:
        await context.tags.rulesets.remove(ruleset)


@app.command("assign")
@awaited
async def assign_rulesets(
    *,
    provider: ProviderArgument,
    rulesets: Annotated[
        list[str] | None, typer.Argument(metavar="[RULESET]...", help="Ids, in their order; none: no rules.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Give a provider these rulesets and no others."""
    async with opened() as context:
        found = await context.tags.rulesets.assign((await named(context, provider)).pk, rulesets or [])
    _show(found, as_json=as_json)


def _show(found: list[RulesetView], *, as_json: bool) -> None:
    if as_json:
        bodies = [RulesetAnswer.model_validate(one).model_dump(mode="json", by_alias=True) for one in found]
        show_json({"total": len(bodies), "rulesets": bodies})
        return
    rows = [(one.id, one.name, one.rules, len(one.providers), one.builtin) for one in found]
    show_table(("ID", "NAME", "RULES", "PROVIDERS", "BUILT-IN"), rows, right=("RULES", "PROVIDERS"))
