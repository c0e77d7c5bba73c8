"""`lineup tags rules`: list, add, remove, test."""

from typing import Annotated, Any

import typer

from app.api.tagging import RuleAnswer, TrialAnswer
from app.cli.output import JsonFlag, say, show_json, show_table
from app.cli.running import awaited, named, opened
from app.domain.default_rules import DEFAULT_RULESET
from app.domain.kinds import Kind
from app.domain.patterns import PatternType
from app.domain.tagging import CAPTURE, Cleanup, Source
from app.tags.views import RuleView, Trial

app = typer.Typer()

RulesetArgument = Annotated[str, typer.Argument(metavar="RULESET", help="Its id; `default` is the built-in one.")]
PatternArgument = Annotated[str, typer.Argument(metavar="PATTERN", help="What to look for.")]
TagArgument = Annotated[str, typer.Argument(metavar="TAG", help=f"What to give; {CAPTURE}: what group 1 found.")]
TypeOption = Annotated[PatternType, typer.Option("--type", help="How the pattern is read.")]
SourceOption = Annotated[Source, typer.Option("--source", help="Where it looks.")]
CleanupOption = Annotated[Cleanup, typer.Option("--cleanup", help="What becomes of the match in the cleaned name.")]
ReplacementOption = Annotated[str, typer.Option("--replacement", help="For `--cleanup replace`.")]
PriorityOption = Annotated[int, typer.Option("--priority", min=0, help="Lower numbers run first.")]
CaseOption = Annotated[bool, typer.Option("--case-sensitive", help="Letters as they are.")]
KindsOption = Annotated[list[Kind] | None, typer.Option("--kind", help="For these kinds alone; may be repeated.")]
SamplesOption = Annotated[int, typer.Option("--samples", min=0, max=200, help="How many items to show.")]


@app.command("list")
@awaited
async def list_rules(*, ruleset: RulesetArgument = DEFAULT_RULESET, as_json: JsonFlag = False) -> None:
    """Show the rules of a ruleset, in the order in which they run."""
    async with opened() as context:
        found = await context.tags.rulesets.rules(ruleset)
    if as_json:
        bodies = [RuleAnswer.model_validate(one).model_dump(mode="json", by_alias=True) for one in found]
        show_json({"total": len(bodies), "rules": bodies})
        return
    rows = [
        (one.priority, one.tag, one.pattern_type.value, one.pattern, one.cleanup.value, one.trouble, one.id)
        for one in found
    ]
    show_table(("PRIORITY", "TAG", "TYPE", "PATTERN", "CLEANUP", "TROUBLE", "ID"), rows, right=("PRIORITY",))


@app.command("add")
@awaited
async def add_rule(
    *,
    ruleset: RulesetArgument,
    pattern: PatternArgument,
    tag: TagArgument = "",
    pattern_type: TypeOption = PatternType.CONTAINS,
    source: SourceOption = Source.NAME,
    cleanup: CleanupOption = Cleanup.KEEP,
    replacement: ReplacementOption = "",
    priority: PriorityOption = 100,
    case_sensitive: CaseOption = False,
    kind: KindsOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Add a rule; it applies when providers are processed next."""
    wanted = RuleView(
        priority=priority,
        source=source,
        pattern_type=pattern_type,
        pattern=pattern,
        tag=tag,
        cleanup=cleanup,
        replacement=replacement,
        case_sensitive=case_sensitive,
        kinds=tuple(kind or ()),
    )
    async with opened() as context:
        made = await context.tags.rulesets.add_rule(ruleset, wanted)
    if as_json:
        show_json(RuleAnswer.model_validate(made).model_dump(mode="json", by_alias=True))
    else:
        say(made.id)


@app.command("remove")
@awaited
async def remove_rule(
    *, ruleset: RulesetArgument, rule: Annotated[str, typer.Argument(metavar="RULE", help="Its id.")]
) -> None:
    """Remove a rule."""
    async with opened() as context:
        await context.tags.rulesets.remove_rule(ruleset, rule)


@app.command("test")
@awaited
async def try_rule(
    *,
    ruleset: RulesetArgument,
    pattern: PatternArgument,
    tag: TagArgument = "",
    pattern_type: TypeOption = PatternType.CONTAINS,
    source: SourceOption = Source.NAME,
    cleanup: CleanupOption = Cleanup.KEEP,
    replacement: ReplacementOption = "",
    priority: PriorityOption = 100,
    case_sensitive: CaseOption = False,
    provider: Annotated[str | None, typer.Option("--provider", help="Its id or its name.")] = None,
    samples: SamplesOption = 20,
    as_json: JsonFlag = False,
) -> None:
    """Show what one rule more would do to stored items; nothing is stored."""
    wanted = RuleView(
        priority=priority,
        source=source,
        pattern_type=pattern_type,
        pattern=pattern,
        tag=tag,
        cleanup=cleanup,
        replacement=replacement,
        case_sensitive=case_sensitive,
    )
    async with opened() as context:
        public = (await named(context, provider)).id if provider else None
        trial = await context.tags.try_rules(ruleset, provider_id=public, rule=wanted, samples=samples)
    show_trial(trial, as_json=as_json)


def show_trial(trial: Trial, *, as_json: bool) -> None:
    """What a dry run found."""
    if as_json:
        show_json(TrialAnswer.model_validate(trial).model_dump(mode="json", by_alias=True))
        return
    say(f"{trial.changed} of {trial.items} items would change.")
    for trouble in trial.troubles:
        say(f"{trouble.id}: {trouble.message}")
    columns = ("NAME", "TAGS BEFORE", "TAGS AFTER", "NAME BEFORE", "NAME AFTER", "VISIBLE BEFORE", "VISIBLE AFTER")
    rows: list[tuple[Any, ...]] = [
        (
            one.name,
            ", ".join(one.before.tags),
            ", ".join(one.after.tags),
            one.before.cleaned_name,
            one.after.cleaned_name,
            one.before.visibility,
            one.after.visibility,
        )
        for one in trial.samples
    ]
    show_table(columns, rows)
