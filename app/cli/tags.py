"""`lineup tags`: list, process, set and take back; `rules`, `rulesets` and `filter` below it."""

from typing import Annotated, Any, Final

import typer

from app.api.tagging import OwnTagsAnswer, ProcessAnswer
from app.cli import filters, rules, rulesets
from app.cli.output import JsonFlag, say, show_fields, show_json, show_table
from app.cli.provider import ProviderArgument
from app.cli.running import awaited, named, opened
from app.domain.kinds import PLURALS, Kind

app = typer.Typer()
for group, name, purpose in (
    (rules.app, "rules", "The rules of a ruleset."),
    (rulesets.app, "rulesets", "Rulesets, and which providers have them."),
    (filters.app, "filter", "What a provider's outputs leave out."),
):
    app.add_typer(group, name=name, help=purpose, no_args_is_help=True)

KINDS: Final = ", ".join(PLURALS)

KindOption = Annotated[str, typer.Option("--kind", help=f"One of {KINDS}.")]
ItemArgument = Annotated[str, typer.Argument(metavar="ITEM", help="The id of a channel, movie or series.")]
TagArgument = Annotated[str, typer.Argument(metavar="TAG", help="Any words.")]


@app.command("list")
@awaited
async def list_tags(
    *,
    provider: Annotated[str | None, typer.Option("--provider", help="Its id or its name; all without.")] = None,
    kind: KindOption = "channels",
    as_json: JsonFlag = False,
) -> None:
    """Show the tags there are, and how many items have each."""
    async with opened() as context:
        public = (await named(context, provider)).id if provider else None
        found = await context.tags.names(_kind(kind), public, counts=True)
    if as_json:
        show_json({"tags": [{"name": name, "channel_count": count} for name, count in found.items()]})
    else:
        show_table(("TAG", kind.upper()), list(found.items()), right=(kind.upper(),))


@app.command("process")
@awaited
async def process_tags(*, provider: ProviderArgument, as_json: JsonFlag = False) -> None:
    """Mark all items of a provider by the rules and filters of now, and publish what changed."""
    async with opened() as context:
        done = await context.tags.process((await named(context, provider)).pk)
    answer = ProcessAnswer.model_validate(done).model_dump(mode="json", by_alias=True)
    if as_json:
        show_json(answer)
    else:
        show_fields({name: value for name, value in answer.items() if name != "success"})


@app.command("set")
@awaited
async def set_tag(
    *, item: ItemArgument, tag: TagArgument, kind: KindOption = "channels", as_json: JsonFlag = False
) -> None:
    """Tag one item; the tag stays, whatever rules and syncs do."""
    async with opened() as context:
        _show(await context.tags.own.set(_kind(kind), item, tag), as_json=as_json)


@app.command("unset")
@awaited
async def unset_tag(
    *, item: ItemArgument, tag: TagArgument, kind: KindOption = "channels", as_json: JsonFlag = False
) -> None:
    """Take back a tag that somebody set."""
    async with opened() as context:
        _show(await context.tags.own.take_back(_kind(kind), item, tag), as_json=as_json)


def _show(found: Any, *, as_json: bool) -> None:
    answer = OwnTagsAnswer.model_validate(found)
    if as_json:
        show_json(answer.model_dump(mode="json", by_alias=True))
    else:
        say(", ".join(answer.tags) or "no tags")


def _kind(word: str) -> Kind:
    if word not in PLURALS:
        raise typer.BadParameter(f"{word} is not one of {KINDS}.", param_hint="--kind")
    return PLURALS[word]
