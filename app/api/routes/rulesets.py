"""Rulesets: keep, change, copy, assign and try them."""

from typing import Any

from fastapi import APIRouter, Response

from app.api.deps import ContextDep, Limit, Page, ProviderDep
from app.api.model import CONFLICT
from app.api.tagging import (
    Assignment,
    RuleAnswer,
    RuleBody,
    RuleList,
    RulePatch,
    RulesetAnswer,
    RulesetBody,
    RulesetList,
    RulesetPatch,
    RulesetTrial,
    TrialAnswer,
)
from app.domain.kinds import Kind

router = APIRouter(tags=["tags"])
below = APIRouter(tags=["tags"])


@router.get("/rulesets")
async def list_rulesets(context: ContextDep, page: Page = 1, limit: Limit = 100) -> RulesetList:
    """All rulesets, the built-in one (`default`) first."""
    found = await context.tags.rulesets.every()
    shown = [RulesetAnswer.model_validate(one) for one in found[(page - 1) * limit : page * limit]]
    return RulesetList(total=len(found), page=page, limit=limit, has_more=page * limit < len(found), rulesets=shown)


@router.post("/rulesets", status_code=201, response_model=RulesetAnswer)
async def add_ruleset(context: ContextDep, body: RulesetBody) -> Any:
    """A new ruleset, empty or with the rules of another."""
    return await context.tags.rulesets.add(body.name, copy_of=body.copy_of)


@router.get("/rulesets/{ruleset_id}", response_model=RulesetAnswer)
async def get_ruleset(context: ContextDep, ruleset_id: str) -> Any:
    """One ruleset."""
    return await context.tags.rulesets.get(ruleset_id)


@router.patch("/rulesets/{ruleset_id}", response_model=RulesetAnswer, responses=CONFLICT)
async def change_ruleset(context: ContextDep, ruleset_id: str, body: RulesetPatch) -> Any:
    """Another name; 409 `builtin_ruleset` for the built-in one."""
    return await context.tags.rulesets.rename(ruleset_id, body.name)


@router.delete("/rulesets/{ruleset_id}", status_code=204, response_class=Response, responses=CONFLICT)
async def remove_ruleset(context: ContextDep, ruleset_id: str) -> None:
    """Removes a ruleset; providers that had it lose its tags when they are processed next."""
    await context.tags.rulesets.remove(ruleset_id)


@router.get("/rulesets/{ruleset_id}/rules")
async def list_rules(context: ContextDep, ruleset_id: str, page: Page = 1, limit: Limit = 1000) -> RuleList:
    """The rules of a ruleset in the order in which they run."""
    found = await context.tags.rulesets.rules(ruleset_id)
    shown = [RuleAnswer.model_validate(one) for one in found[(page - 1) * limit : page * limit]]
    return RuleList(total=len(found), page=page, limit=limit, has_more=page * limit < len(found), rules=shown)


@router.post("/rulesets/{ruleset_id}/rules", status_code=201, response_model=RuleAnswer, responses=CONFLICT)
async def add_rule(context: ContextDep, ruleset_id: str, body: RuleBody) -> Any:
    """Adds a rule; it applies when providers are processed next: after their next sync, or when that is asked for."""
    return await context.tags.rulesets.add_rule(ruleset_id, body.view())


@router.patch("/rulesets/{ruleset_id}/rules/{rule_id}", response_model=RuleAnswer, responses=CONFLICT)
async def change_rule(context: ContextDep, ruleset_id: str, rule_id: str, body: RulePatch) -> Any:
    """Changes what is sent and leaves the rest; a rule in trouble gets another try."""
    return await context.tags.rulesets.change_rule(ruleset_id, rule_id, body.change())


@router.delete("/rulesets/{ruleset_id}/rules/{rule_id}", status_code=204, response_class=Response, responses=CONFLICT)
async def remove_rule(context: ContextDep, ruleset_id: str, rule_id: str) -> None:
    """Removes a rule."""
    await context.tags.rulesets.remove_rule(ruleset_id, rule_id)


@router.post("/rulesets/{ruleset_id}/dry-run", response_model=TrialAnswer)
async def try_ruleset(context: ContextDep, ruleset_id: str, body: RulesetTrial) -> Any:
    """What a change of a ruleset would do to stored items, with counts and samples; nothing is stored."""
    return await context.tags.try_rules(
        ruleset_id,
        provider_id=body.provider_id,
        rules=None if body.rules is None else [rule.view() for rule in body.rules],
        rule=body.rule.view(body.rule_id) if body.rule else None,
        kinds=body.kinds or tuple(Kind),
        samples=body.samples,
    )


@below.get("/{provider_id}/rulesets")
async def list_assigned_rulesets(context: ContextDep, provider: ProviderDep) -> RulesetList:
    """The rulesets of a provider, in the order in which they apply."""
    return _whole(await context.tags.rulesets.assigned(provider.pk))


@below.put("/{provider_id}/rulesets")
async def assign_rulesets(context: ContextDep, provider: ProviderDep, body: Assignment) -> RulesetList:
    """Gives a provider these rulesets and no others; it is marked by them when it is processed next."""
    return _whole(await context.tags.rulesets.assign(provider.pk, body.rulesets))


def _whole(found: list[Any]) -> RulesetList:
    shown = [RulesetAnswer.model_validate(one) for one in found]
    return RulesetList(total=len(found), page=1, limit=max(1, len(found)), has_more=False, rulesets=shown)
