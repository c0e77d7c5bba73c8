"""FROM and its joins: relations into the scope, and JSONSQL's `from`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from app.domain.jsonsql.expressions import Expressions
from app.domain.jsonsql.nodes import check
from app.domain.jsonsql.parsing import Parsed
from app.domain.jsonsql.scope import Cte, Relation, Scope, name_of, relation_name
from app.domain.jsonsql.words import PURE, Json, Params, Style, Tables

_SIDES: Final = {"": "inner", "LEFT": "left", "RIGHT": "right", "FULL": "full"}
Columns = list[tuple[str | None, str]]  # (relation, column); the relation None where FULL JOIN … USING has both


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """A SELECT in JSONSQL; `columns` are the names of its results, None where `*` was left to the portal."""

    params: Params
    columns: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What FROM came to; `columns` are those of `*`, None where they are not known."""

    source: Json
    columns: Columns | None


class Sources:
    """Reads the FROM of one statement's SELECTs."""

    def __init__(
        self,
        statement: Parsed,
        expressions: Expressions,
        selected: Callable[[exp.Expr, Scope], Selected],
        tables: Tables,
        style: Style,
    ) -> None:
        self._statement = statement
        self._expressions = expressions
        self._selected = selected
        self._tables = tables
        self._style = style
        self.read_tables: set[str] = set()

    def joined(self, node: exp.Select, scope: Scope) -> Joined:
        """Fill the relations of `scope` from a SELECT and say what its `from` is."""
        source = node.args.get("from_")
        if source is None:
            raise self._statement.refuse(node, "JSONSQL needs a FROM")
        check(self._statement, source)
        first, relation = self._relation(source.this, scope)
        self._add(relation, source.this, scope)
        columns = _columns(relation)
        joins = node.args.get("joins") or []
        if not joins:
            plain = relation.is_table and not relation.is_aliased
            return Joined(source=relation.name if plain else [first], columns=columns)
        elements = [first]
        for place, join in enumerate(joins):
            element, columns = self._join(join, joins[place + 1 :], columns, scope)
            elements.append(element)
        return Joined(source=elements, columns=columns)

    def target(self, node: exp.Expr, scope: Scope) -> str:
        """The table that a statement writes to; it keeps its name."""
        check(self._statement, node)
        if isinstance(node, exp.Table) and node.args.get("alias") is not None:
            raise self._statement.refuse(node.args["alias"], "JSONSQL gives the table that is written no other name")
        if not isinstance(node, exp.Table):
            raise self._statement.refuse(node, "JSONSQL writes to a table")
        name = relation_name(self._statement, node.this)
        scope.relations.append(Relation(name=name, columns=self._known(name), is_table=True, is_aliased=False))
        return name

    def _relation(self, node: exp.Expr, scope: Scope) -> tuple[Params, Relation]:
        check(self._statement, node)
        alias = node.args.get("alias")
        if alias is not None:
            check(self._statement, alias)
        if isinstance(node, exp.Subquery):
            if alias is None:
                raise self._statement.refuse(node, "A sub-select in FROM needs a name (AS …)")
            return self._derived(node.this, relation_name(self._statement, alias.this), scope)
        if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
            raise self._statement.refuse(node, "JSONSQL has tables and sub-selects in FROM")
        table = name_of(self._statement, node.this)
        name = relation_name(self._statement, node.this if alias is None else alias.this)
        cte = scope.cte(table)
        if cte is not None:
            self._use(cte, node)
            return self._derived(cte.node.this, name, cte.scope)
        self.read_tables.add(table)
        relation = Relation(name=name, columns=self._known(table), is_table=True, is_aliased=alias is not None)
        return {"table": table} if alias is None else {"table": table, "as": name}, relation

    def _derived(self, node: exp.Expr, name: str, outer: Scope) -> tuple[Params, Relation]:
        # A sub-select in FROM sees nothing of its neighbours, only what its own surroundings see.
        selected = self._selected(node, Scope(outer=outer.outer, ctes=outer.ctes))
        relation = Relation(name=name, columns=selected.columns, is_table=False, is_aliased=True)
        return {"select": selected.params, "as": name}, relation

    def _use(self, cte: Cte, node: exp.Expr) -> None:
        cte.uses += 1
        if cte.uses == 1:
            return
        called = {str(one.this).lower() for one in cte.node.find_all(exp.Anonymous)}
        limited = [
            one
            for one in cte.node.find_all(exp.Limit, exp.Offset)
            if not one.parent or not one.parent.args.get("order")
        ]
        if not called <= PURE or limited:
            raise self._statement.refuse(node, "This CTE would be written out twice, and each may give other rows")

    def _known(self, table: str) -> tuple[str, ...] | None:
        return tuple(self._tables.get(table, ())) or None  # a schema without columns tells nothing

    def _add(self, relation: Relation, node: exp.Expr, scope: Scope) -> None:
        if any(one.name == relation.name for one in scope.relations):
            raise self._statement.refuse(node, f"Two relations are named {relation.name!r}; give one an alias")
        scope.relations.append(relation)

    def _join(
        self, node: exp.Join, later: list[exp.Join], left: Columns | None, scope: Scope
    ) -> tuple[Params, Columns | None]:
        check(self._statement, node)
        kind, side = str(node.args.get("kind") or ""), str(node.args.get("side") or "")
        element, relation = self._relation(node.this, scope)
        if kind not in ("", "INNER", "OUTER", "CROSS") or side not in _SIDES or (kind == "CROSS" and side):
            raise self._statement.refuse(node, f"JSONSQL cannot say {side or kind} JOIN")
        on, using = node.args.get("on"), node.args.get("using")
        owners = {name_of(self._statement, one): self._owner(one, scope) for one in using or ()}
        self._add(relation, node.this, scope)
        right = _columns(relation)
        both = None if left is None or right is None else left + right
        if on is None and not using:
            if kind not in ("", "CROSS") or side:
                raise self._statement.refuse(node, "This JOIN needs ON or USING")
            return self._cross(node, later, element, is_comma=not kind), both
        if kind == "CROSS":
            raise self._statement.refuse(node, "CROSS JOIN has no condition")
        word = _SIDES[side]
        made = _as_join(element)
        if word != "inner":
            made["join_type"] = word
        if on is not None:
            condition = self._expressions.condition(on, scope)
        else:
            pairs = [{"eq": [{owner: name}, {relation.name: name}]} for name, owner in owners.items()]
            condition = pairs[0] if len(pairs) == 1 else {"and": pairs}
            for name, owner in owners.items():
                scope.merged[name] = {"right": relation.name, "full": None}.get(word, owner)
            both = None if both is None else _merged(both, {name: scope.merged[name] for name in owners})
        made["on"] = condition if self._style is Style.DOCUMENTED else _grouped(condition)
        return made, both

    def _cross(self, node: exp.Join, later: list[exp.Join], element: Params, *, is_comma: bool) -> Params:
        conditioned = [one for one in later if one.args.get("on") is not None or one.args.get("using")]
        if not conditioned:
            return element
        if is_comma and any(one.args.get("side") in ("RIGHT", "FULL") for one in conditioned):
            raise self._statement.refuse(node, "JSONSQL joins from left to right; write CROSS JOIN or another order")
        return {**_as_join(element), "on": True}

    def _owner(self, node: exp.Expr, scope: Scope) -> str:
        name = name_of(self._statement, node)
        inner = Scope(relations=scope.relations, merged=scope.merged)
        owner = inner.owner(name)
        if owner is None:
            raise self._statement.refuse(
                node, f"JSONSQL has no USING, and {name!r} has no one table on the left; write ON"
            )
        return owner


def _columns(relation: Relation) -> Columns | None:
    return None if relation.columns is None else [(relation.name, name) for name in relation.columns]


def _merged(columns: Columns, owners: dict[str, str | None]) -> Columns:
    """What `*` shows after USING: its columns first and once."""
    return [(owner, name) for name, owner in owners.items()] + [one for one in columns if one[1] not in owners]


def _as_join(element: Params) -> Params:
    if "table" in element:
        return {"join": element["table"], **{key: value for key, value in element.items() if key != "table"}}
    return {"join": {"select": element["select"]}, "as": element["as"]}


def _grouped(condition: Json) -> Json:
    return condition if isinstance(condition, dict) and "and" in condition else {"and": [condition]}
