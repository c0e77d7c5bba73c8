"""Tags and the rules that give them: keep, change, try."""

from typing import Any

from fastapi import Request, Response

from app.api.deps import ContextDep
from app.api.tagging import RulesetBody, RulesetPatch
from app.context import ProcessContext
from app.core.errors import Invalid
from app.domain.kinds import PLURALS, Kind
from app.pages.forms import Form, FormDep, body_of, status_of
from app.pages.look import go, page
from app.pages.routing import page_router
from app.pages.rule_forms import ANSWERS, first_rule, form_of_rule, rule_change, rule_of
from app.tags.views import Trial

router = page_router("/rules")


@router.get("")
async def show_rulesets(request: Request, context: ContextDep) -> Response:
    """All rulesets, and the tags that there are."""
    kind = PLURALS.get(request.query_params.get("kind", ""), Kind.CHANNEL)
    tags = await context.tags.names(kind, counts=True)
    views = {one.id: one.name for one in await context.registry.list()}
    rulesets = await context.tags.rulesets.every()
    return page(request, "rulesets.html", rulesets=rulesets, tags=tags, kind=kind, views=views, form=Form())


@router.post("")
async def add_ruleset(request: Request, context: ContextDep, form: FormDep) -> Response:
    """A new ruleset, empty or with the rules of another."""
    wish = body_of(RulesetBody, {"name": form.get("name"), "copyOf": form.get("copy") or None})
    made = await context.tags.rulesets.add(wish.name, copy_of=wish.copy_of)
    return go(request, f"/rules/{made.id}", f"{made.name} was added.")


@router.get("/{ruleset_id}")
async def show_ruleset(request: Request, context: ContextDep, ruleset_id: str) -> Response:
    """The rules of a ruleset, and a form for one more."""
    return await _shown(request, context, ruleset_id, first_rule())


@router.post("/{ruleset_id}")
async def add_rule(request: Request, context: ContextDep, ruleset_id: str, form: FormDep) -> Response:
    """Adds a rule, or shows what it would do."""
    try:
        if form.get("do") != "add":
            trial = await _trial(context, ruleset_id, form)
            return await _shown(request, context, ruleset_id, form, trial=trial)
        await context.tags.rulesets.add_rule(ruleset_id, rule_of(form))
    except Invalid as error:
        return await _shown(request, context, ruleset_id, form.wrong(error), status_of(form))
    return go(
        request, f"/rules/{ruleset_id}", "The rule was added. It applies after the next sync, or when you apply it now."
    )


@router.get("/{ruleset_id}/change/{rule_id}")
async def show_rule(request: Request, context: ContextDep, ruleset_id: str, rule_id: str) -> Response:
    """The form of one rule."""
    known = {one.id: one for one in await context.tags.rulesets.rules(ruleset_id)}
    form = form_of_rule(known[rule_id]) if rule_id in known else first_rule()
    return await _shown(request, context, ruleset_id, form, rule_id=rule_id)


@router.post("/{ruleset_id}/change/{rule_id}")
async def change_rule(request: Request, context: ContextDep, ruleset_id: str, rule_id: str, form: FormDep) -> Response:
    """Changes a rule, or shows what the change would do."""
    try:
        if form.get("do") != "save":
            trial = await _trial(context, ruleset_id, form, rule_id)
            return await _shown(request, context, ruleset_id, form, rule_id=rule_id, trial=trial)
        await context.tags.rulesets.change_rule(ruleset_id, rule_id, rule_change(form))
    except Invalid as error:
        return await _shown(request, context, ruleset_id, form.wrong(error), status_of(form), rule_id=rule_id)
    return go(request, f"/rules/{ruleset_id}", "The rule was changed.")


@router.post("/{ruleset_id}/remove/{rule_id}")
async def remove_rule(request: Request, context: ContextDep, ruleset_id: str, rule_id: str, form: FormDep) -> Response:
    """Removes a rule."""
    del form
    await context.tags.rulesets.remove_rule(ruleset_id, rule_id)
    return go(request, f"/rules/{ruleset_id}", "The rule was removed.")


@router.post("/{ruleset_id}/rename")
async def rename_ruleset(request: Request, context: ContextDep, ruleset_id: str, form: FormDep) -> Response:
    """Another name."""
    wish = body_of(RulesetPatch, {"name": form.get("name")})
    await context.tags.rulesets.rename(ruleset_id, wish.name)
    return go(request, f"/rules/{ruleset_id}", "The ruleset has another name.")


@router.post("/{ruleset_id}/delete")
async def remove_ruleset(request: Request, context: ContextDep, ruleset_id: str, form: FormDep) -> Response:
    """Removes a ruleset; its tags go when providers are processed next."""
    del form
    await context.tags.rulesets.remove(ruleset_id)
    return go(request, "/rules", "The ruleset was removed.")


async def _trial(context: ProcessContext, ruleset_id: str, form: Form, rule_id: str = "") -> Trial:
    rule = rule_of(form, rule_id)
    return await context.tags.try_rules(
        ruleset_id, provider_id=form.get("provider") or None, rule=rule, kinds=rule.kinds or tuple(Kind), samples=12
    )


async def _shown(
    request: Request, context: ProcessContext, ruleset_id: str, form: Form, status: int = 200, **told: Any
) -> Response:
    known = {
        "ruleset": await context.tags.rulesets.get(ruleset_id),
        "rules": await context.tags.rulesets.rules(ruleset_id),
        "views": await context.registry.list(),
    }
    return page(request, "rules.html", status, form=form, **known, **({"rule_id": "", "trial": None} | told), **ANSWERS)
