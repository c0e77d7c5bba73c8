"""Rulesets and their rules: what people keep, check and assign. Nothing here marks an item."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, select, update
from sqlmodel import col

from app.core.clock import now_ms
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import new_id
from app.db.engine import Database, Reader, Writer
from app.db.policies import IN_ORDER, RULE
from app.db.tables import Provider, ProviderRuleset, RuleRow, Ruleset, metadata
from app.domain.default_rules import DEFAULT_RULES, DEFAULT_RULESET
from app.domain.kinds import Kind
from app.domain.patterns import BadPattern, PatternType
from app.domain.tagging import CAPTURE, Cleanup, Rule, Source, checked, tag_name
from app.tags.views import RulesetView, RuleView

RULESET: Final = metadata.tables["ruleset"]
MAX_RULES: Final = 1_000  # of one ruleset
FRESH: Final[dict[str, Any]] = {"trouble": None, "trouble_at": None}  # whoever changes a rule gives it another try


class Rulesets:
    """The built-in ruleset stands among the others, but cannot be changed; copy it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def every(self) -> list[RulesetView]:
        """All of them, the built-in one first."""
        async with self._database.reader() as reader:
            order = (col(Ruleset.builtin).desc(), col(Ruleset.created_at), col(Ruleset.id))
            rows = await reader.rows(select(*RULESET.c).order_by(*order))
            return [await _view(reader, row) for row in rows]

    async def get(self, ruleset_id: str) -> RulesetView:
        async with self._database.reader() as reader:
            return await _view(reader, await _find(reader, ruleset_id))

    async def add(self, name: str, *, copy_of: str | None = None) -> RulesetView:
        """A new ruleset, empty or with the rules of another."""
        now, public = now_ms(), new_id()
        async with self._database.writer() as writer:
            rules = await _rules(writer, copy_of) if copy_of is not None else []
            rules = [replace(rule, id=new_id()) for rule in rules]
            row = {"id": public, "name": name, "builtin": False, "created_at": now, "updated_at": now}
            await writer.execute(insert(Ruleset), [row])
            await _insert(writer, public, rules)
            return await _view(writer, await _find(writer, public))

    async def rename(self, ruleset_id: str, name: str) -> RulesetView:
        async with self._database.writer() as writer:
            await _own(writer, ruleset_id)
            await _touch(writer, ruleset_id, name=name)
            return await _view(writer, await _find(writer, ruleset_id))

    async def remove(self, ruleset_id: str) -> None:
        """Deletes a ruleset; providers that had it lose its tags when they are processed next."""
        async with self._database.writer() as writer:
            await _own(writer, ruleset_id)
            await writer.execute(delete(Ruleset).where(col(Ruleset.id) == ruleset_id))

    async def rules(self, ruleset_id: str) -> list[RuleView]:
        """The rules of a ruleset in their order, those that are switched off too."""
        async with self._database.reader() as reader:
            return await _rules(reader, ruleset_id)

    async def add_rule(self, ruleset_id: str, rule: RuleView) -> RuleView:
        """Adds a rule; `Invalid` names what is wrong with it."""
        made = replace(sound(rule), id=new_id())
        async with self._database.writer() as writer:
            await _own(writer, ruleset_id)
            if len(await _rules(writer, ruleset_id)) >= MAX_RULES:
                raise Conflict(f"A ruleset has at most {MAX_RULES} rules.", code="too_many_rules")
            await _insert(writer, ruleset_id, [made])
            await _touch(writer, ruleset_id)
        return made

    async def change_rule(self, ruleset_id: str, rule_id: str, change: Mapping[str, Any]) -> RuleView:
        """Changes the fields that are given; a rule that had proved to be unusable is tried again."""
        async with self._database.writer() as writer:
            await _own(writer, ruleset_id)
            made = sound(replace(await _rule(writer, ruleset_id, rule_id), **change, **FRESH))
            values = {name: value for name, value in _values(made).items() if name != "id"}
            await writer.execute(update(RuleRow).where(col(RuleRow.id) == rule_id).values(**values))
            await _touch(writer, ruleset_id)
        return made

    async def remove_rule(self, ruleset_id: str, rule_id: str) -> None:
        async with self._database.writer() as writer:
            await _own(writer, ruleset_id)
            await _rule(writer, ruleset_id, rule_id)
            await writer.execute(delete(RuleRow).where(col(RuleRow.id) == rule_id))
            await _touch(writer, ruleset_id)

    async def assigned(self, provider_pk: int) -> list[RulesetView]:
        """The rulesets of a provider, in the order in which they apply."""
        async with self._database.reader() as reader:
            return [await _view(reader, await _find(reader, one)) for one in await _assigned(reader, provider_pk)]

    async def assign(self, provider_pk: int, ruleset_ids: Sequence[str]) -> list[RulesetView]:
        """Gives a provider these rulesets and no others; it is marked by them when it is processed next."""
        chosen = list(dict.fromkeys(ruleset_ids))
        async with self._database.writer() as writer:
            for number, public in enumerate(chosen):
                try:
                    await _find(writer, public)
                except NotFound as error:
                    raise Invalid([(f"rulesets.{number}", error.detail)]) from None
            await writer.execute(delete(ProviderRuleset).where(col(ProviderRuleset.provider_pk) == provider_pk))
            rows = [
                {"provider_pk": provider_pk, "ruleset_id": public, "position": place}
                for place, public in enumerate(chosen)
            ]
            if rows:
                await writer.execute(insert(ProviderRuleset), rows)
            return [await _view(writer, await _find(writer, public)) for public in chosen]


def sound(rule: RuleView) -> RuleView:
    """The rule with its tag tidied; `Invalid` names the field that cannot be used."""
    tag = rule.tag if rule.tag == CAPTURE else tag_name(rule.tag)
    if not tag and rule.cleanup is Cleanup.KEEP:
        raise Invalid([("tag", "A rule gives a tag, or cleans the name, or both.")])
    made = replace(rule, tag=tag)
    try:
        checked(rule_of(made))
    except BadPattern as error:
        raise Invalid([("pattern", str(error))]) from None
    return made


def rule_of(view: RuleView) -> Rule:
    """The rule as it is applied."""
    left = ("enabled", "trouble", "trouble_at")
    return Rule(**{name: value for name, value in asdict(view).items() if name not in left})


def _shown(rule: Rule) -> RuleView:
    names = (name for name in Rule.__struct_fields__ if name != "trusted")
    return RuleView(**{name: getattr(rule, name) for name in names})


def _stored(row: Row[Any]) -> RuleView:
    values = {name: value for name, value in row._mapping.items() if name != "ruleset_id"}  # noqa: SLF001 - its interface
    words = {"source": Source, "pattern_type": PatternType, "cleanup": Cleanup}
    values |= {name: word(values[name]) for name, word in words.items()}
    return RuleView(**values | {"kinds": tuple(map(Kind, values["kinds"]))})


def _values(rule: RuleView) -> dict[str, Any]:
    return asdict(rule) | {"kinds": [kind.value for kind in rule.kinds]}


async def _rules(reader: Reader, ruleset_id: str) -> list[RuleView]:
    await _find(reader, ruleset_id)
    if ruleset_id == DEFAULT_RULESET:
        return [_shown(rule) for rule in DEFAULT_RULES]
    query = select(*RULE.c).where(RULE.c.ruleset_id == ruleset_id).order_by(*IN_ORDER)
    return [_stored(row) for row in await reader.rows(query)]


async def _rule(reader: Reader, ruleset_id: str, rule_id: str) -> RuleView:
    row = await reader.row(select(*RULE.c).where(RULE.c.ruleset_id == ruleset_id, RULE.c.id == rule_id))
    if row is None:
        raise NotFound("There is no such rule.")
    return _stored(row)


async def _insert(writer: Writer, ruleset_id: str, rules: Sequence[RuleView]) -> None:
    rows = [_values(rule) | FRESH | {"ruleset_id": ruleset_id} for rule in rules]
    if rows:
        await writer.execute(insert(RuleRow), rows)


async def _touch(writer: Writer, ruleset_id: str, **values: Any) -> None:
    await writer.execute(update(Ruleset).where(col(Ruleset.id) == ruleset_id).values(updated_at=now_ms(), **values))


async def _find(reader: Reader, ruleset_id: str) -> Row[Any]:
    row = await reader.row(select(*RULESET.c).where(col(Ruleset.id) == ruleset_id))
    if row is None:
        raise NotFound("There is no such ruleset.")
    return row


async def _own(reader: Reader, ruleset_id: str) -> None:
    if (await _find(reader, ruleset_id)).builtin:
        raise Conflict("The built-in ruleset cannot be changed; copy it.", code="builtin_ruleset")


async def _assigned(reader: Reader, provider_pk: int) -> list[str]:
    mine = col(ProviderRuleset.provider_pk) == provider_pk
    query = select(col(ProviderRuleset.ruleset_id)).where(mine).order_by(col(ProviderRuleset.position))
    return [row.ruleset_id for row in await reader.rows(query)]


async def _view(reader: Reader, row: Row[Any]) -> RulesetView:
    having = (
        select(col(Provider.id))
        .join(ProviderRuleset, col(ProviderRuleset.provider_pk) == col(Provider.pk))
        .where(col(ProviderRuleset.ruleset_id) == row.id)
        .order_by(col(Provider.pk))
    )
    count = await reader.scalar(select(func.count()).where(RULE.c.ruleset_id == row.id))
    return RulesetView(
        id=row.id,
        name=row.name,
        builtin=row.builtin,
        rules=len(DEFAULT_RULES) if row.id == DEFAULT_RULESET else int(count or 0),
        providers=[one.id for one in await reader.rows(having)],
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
