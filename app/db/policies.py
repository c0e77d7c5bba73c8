"""A provider's rules and filters as they are stored, and what went wrong with them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, select, update

from app.core.clock import now_ms
from app.db import categories
from app.db.engine import Reader, Writer
from app.db.tables import metadata
from app.domain.default_rules import DEFAULT_RULES, DEFAULT_RULESET
from app.domain.filters import Action, Filter, Subject
from app.domain.kinds import Kind
from app.domain.marking import Marker, Policy, Seen
from app.domain.patterns import PatternType
from app.domain.tagging import Cleanup, Rule, Source

RULE: Final = metadata.tables["rule"]
ASSIGNED: Final = metadata.tables["provider_ruleset"]
FILTER: Final = metadata.tables["provider_filter"]
IN_ORDER: Final = (RULE.c.priority, RULE.c.id)


Instead = Mapping[str, Sequence[Rule]]  # ruleset → the rules that it would have


async def load_policy(reader: Reader, provider_pk: int, instead: Instead | None = None) -> Policy:
    """What applies to a provider: without what is switched off, and without what proved to be unusable.

    Rulesets in `instead` have other rules; those that the provider does not have stand behind its own.
    """
    sets = select(ASSIGNED.c.ruleset_id).where(ASSIGNED.c.provider_pk == provider_pk).order_by(ASSIGNED.c.position)
    chosen = [row.ruleset_id for row in await reader.rows(sets)]
    others = instead or {}
    rules: list[Rule] = []
    for one in (*chosen, *(more for more in others if more not in chosen)):
        rules += others[one] if one in others else await load_rules(reader, one)
    mine = (FILTER.c.provider_pk == provider_pk, FILTER.c.enabled, FILTER.c.trouble.is_(None))
    filters = await reader.rows(select(*FILTER.c).where(*mine).order_by(FILTER.c.position, FILTER.c.id))
    return Policy(rules=tuple(rules), filters=tuple(map(filter_of, filters)))


async def load_rules(reader: Reader, ruleset_id: str) -> list[Rule]:
    """The rules of one ruleset that apply, in their order."""
    if ruleset_id == DEFAULT_RULESET:
        return list(DEFAULT_RULES)
    mine = (RULE.c.ruleset_id == ruleset_id, RULE.c.enabled, RULE.c.trouble.is_(None))
    return [rule_of(row) for row in await reader.rows(select(*RULE.c).where(*mine).order_by(*IN_ORDER))]


async def load_marker(reader: Reader, kind: Kind, provider_pk: int, policy: Policy | None = None) -> Marker:
    """What marks a provider's items of one kind; `policy` None = as stored."""
    chosen = policy if policy is not None else await load_policy(reader, provider_pk)
    known = await categories.load(reader, kind, provider_pk)
    return Marker(kind, chosen, {public: Seen(one.name, one.censored) for public, one in known.items()})


async def report(writer: Writer, troubles: Mapping[str, str]) -> None:
    """Keeps why rules and filters cannot be used; they are left out until somebody changes them."""
    for public, reason in troubles.items():
        for table in (RULE, FILTER):
            said = update(table).where(table.c.id == public).values(trouble=reason, trouble_at=now_ms())
            await writer.execute(said)


def rule_of(row: Row[Any]) -> Rule:
    return Rule(
        id=row.id,
        priority=row.priority,
        source=Source(row.source),
        pattern_type=PatternType(row.pattern_type),
        pattern=row.pattern,
        tag=row.tag,
        cleanup=Cleanup(row.cleanup),
        replacement=row.replacement,
        case_sensitive=row.case_sensitive,
        kinds=tuple(map(Kind, row.kinds)),
        stop=row.stop,
    )


def filter_of(row: Row[Any]) -> Filter:
    return Filter(
        id=row.id,
        action=Action(row.action),
        field=Subject(row.field),
        value=row.value,
        case_sensitive=row.case_sensitive,
        kinds=tuple(map(Kind, row.kinds)),
    )
