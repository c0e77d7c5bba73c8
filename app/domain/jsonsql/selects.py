"""SELECT as JSONSQL: clauses in their order, CTEs written out where they are used."""

from typing import Final

from sqlglot import exp

from app.domain.jsonsql.expressions import Expressions
from app.domain.jsonsql.nodes import check, unwrapped
from app.domain.jsonsql.parsing import Parsed
from app.domain.jsonsql.scope import Cte, Scope, column, name_of
from app.domain.jsonsql.sources import Joined, Selected, Sources
from app.domain.jsonsql.words import AGGREGATES, DIRECTIONS, KEYS, Json, Params, Style, Tables

MAX_SELECTS: Final = 200  # CTEs of CTEs double with each use
_ID: Final = "id"
_NAMELESS: Final = "?column?"  # what PostgreSQL calls it


class Selects:
    """The translator of one statement's SELECTs. `order_by_id`: a list of rows without an order gets one by id."""

    def __init__(self, statement: Parsed, *, tables: Tables, style: Style, order_by_id: bool) -> None:
        self._statement = statement
        self._order_by_id = order_by_id
        self._count = 0
        self.expressions = Expressions(statement, style, lambda node, outer: self.selected(node, outer).params)
        self.sources = Sources(statement, self.expressions, self.selected, tables, style)

    def selected(self, node: exp.Expr, outer: Scope | None) -> Selected:
        """A SELECT within `outer`, with or without parentheses."""
        while isinstance(node, exp.Subquery):
            check(self._statement, node)
            if node.args.get("alias") is not None:
                raise self._statement.refuse(node.args["alias"], "A name is of no use here")
            node = node.this
        check(self._statement, node)
        if not isinstance(node, exp.Select):
            raise self._statement.refuse(node, "JSONSQL has a SELECT here")
        self._count += 1
        if self._count > MAX_SELECTS:
            raise self._statement.refuse(node, f"With its CTEs written out this has more than {MAX_SELECTS} SELECTs")
        scope = Scope(outer=outer)
        ctes = self.with_ctes(node, scope)
        selected = self._clauses(node, scope)
        self.refuse_unused(ctes)
        return selected

    def with_ctes(self, node: exp.Expr, scope: Scope) -> list[Cte]:
        """Make the statement's CTEs known in `scope`; each sees those before it."""
        clause = node.args.get("with_")
        if clause is None:
            return []
        check(self._statement, clause)
        for one in clause.expressions:
            check(self._statement, one)
            check(self._statement, one.args["alias"])
            name = name_of(self._statement, one.args["alias"].this)
            if name in scope.ctes:
                raise self._statement.refuse(one.args["alias"], f"There are two CTEs named {name!r}")
            seen = Scope(outer=scope.outer, ctes=dict(scope.ctes))
            scope.ctes[name] = Cte(node=one, scope=seen)
        return list(scope.ctes.values())

    def refuse_unused(self, ctes: list[Cte]) -> None:
        for cte in ctes:
            if not cte.uses:
                raise self._statement.refuse(cte.node.args["alias"], "Nothing uses this CTE, so it would be left out")

    def condition(self, node: exp.Expr, clause: str, scope: Scope) -> Params:
        """`{"where": …}` of a statement, `{}` where it has none."""
        found = node.args.get(clause)
        if found is None:
            return {}
        check(self._statement, found)
        return {clause: self.expressions.condition(found.this, scope)}

    def _clauses(self, node: exp.Select, scope: Scope) -> Selected:
        joined = self.sources.joined(node, scope)
        scope.outputs = frozenset(_output(one) for one in node.expressions if isinstance(one, exp.Alias))
        data, columns = self._data(node, joined, scope)
        params: Params = {"data": data, "from": joined.source}
        params |= self.condition(node, "where", scope)
        params |= self._listed(node, "group", scope)
        params |= self.condition(node, "having", scope)
        params |= self._listed(node, "order", scope) or self._by_id(node, params, scope)
        for name in ("limit", "offset"):
            clause = node.args.get(name)
            if clause is not None:
                check(self._statement, clause)
                params[name] = self.expressions.integer(clause.args["expression"], name.upper())
        distinct = node.args.get("distinct")
        if distinct is not None:
            check(self._statement, distinct)
            if distinct.expressions:
                raise self._statement.refuse(distinct, "JSONSQL has DISTINCT of whole rows")
            params["distinct"] = True
        return Selected(params=params, columns=columns)

    def _data(self, node: exp.Select, joined: Joined, scope: Scope) -> tuple[list[Json], tuple[str, ...] | None]:
        if not node.expressions:
            raise self._statement.refuse(node, "This SELECT has no columns")
        data: list[Json] = []
        names: list[str] | None = []
        for item in node.expressions:
            star = item.this if isinstance(item, exp.Column) else item
            if isinstance(star, exp.Star):
                made, found = self._star(item, star, joined, scope)
            else:
                made, found = [self._item(item, scope)], [_output(item)]
            data += made
            names = None if names is None or found is None else names + found
        return data, None if names is None else tuple(names)

    def _star(
        self, item: exp.Expr, star: exp.Star, joined: Joined, scope: Scope
    ) -> tuple[list[Json], list[str] | None]:
        check(self._statement, item)
        check(self._statement, star)
        columns = joined.columns
        if isinstance(item, exp.Column):
            name = name_of(self._statement, item.args["table"])
            known = next((one.columns for one in scope.relations if one.name == name), None)
            if known is None:
                raise self._statement.refuse(
                    item, f"JSONSQL has no {name}.*, and the columns of {name!r} are not known"
                )
            columns = [(name, one) for one in known]
        elif columns is None:
            if scope.merged:
                raise self._statement.refuse(item, "JSONSQL has no USING; name the columns instead of *")
            return ["*"], None
        bare = len(scope.relations) == 1 and not scope.relations[0].is_aliased
        made: list[Json] = []
        for owner, name in columns:
            if owner is None:
                raise self._statement.refuse(item, f"{name!r} of FULL JOIN … USING has no one table; name the columns")
            made.append(name if bare else {owner: name})
        return made, [name for _, name in columns]

    def _item(self, item: exp.Expr, scope: Scope) -> Json:
        if not isinstance(item, exp.Alias):
            return self.expressions.value(item, scope)
        check(self._statement, item)
        name = name_of(self._statement, item.args["alias"])
        inner = unwrapped(self._statement, item.this)
        made = self.expressions.value(inner, scope)
        if isinstance(inner, exp.Column) and isinstance(made, str):
            if made not in KEYS and scope.relation(made) is None:
                return {made: name}  # the portal tells it from {"table": "column"} by the names in FROM
            made = column(self._statement, inner, scope, bare=False)
        if not isinstance(made, dict):
            raise self._statement.refuse(item, "JSONSQL has no name for a literal")
        return {**made, "as": name}

    def _listed(self, node: exp.Select, clause: str, scope: Scope) -> Params:
        """`group_by` or `order_by`: one name as it is, all else as a list."""
        found = node.args.get(clause)
        if found is None:
            return {}
        check(self._statement, found)
        elements = found.expressions
        if not elements:
            raise self._statement.refuse(found, "JSONSQL cannot say this")
        made = [self._element(one, node, scope, is_only=len(elements) == 1) for one in elements]
        only = made[0] if len(made) == 1 else None
        plain = isinstance(only, str | list) or (
            isinstance(only, dict) and set(only) <= {one.name for one in scope.relations}
        )
        return {f"{clause}_by": only if plain else made}

    def _element(self, node: exp.Expr, select: exp.Select, scope: Scope, *, is_only: bool) -> Json:
        descends = False
        if isinstance(node, exp.Ordered):
            check(self._statement, node)
            descends = bool(node.args.get("desc"))
            if bool(node.args.get("nulls_first")) != descends:
                raise self._statement.refuse(node, "JSONSQL has no NULLS FIRST or LAST: nulls count as the greatest")
        inner = unwrapped(self._statement, node.this if isinstance(node, exp.Ordered) else node)
        if isinstance(inner, exp.Literal) and not inner.is_string:
            inner = self._ordinal(inner, select)
        is_output = isinstance(node, exp.Ordered) and isinstance(inner, exp.Column) and not inner.args.get("table")
        if is_output and name_of(self._statement, inner.this) in scope.outputs:
            check(self._statement, inner)
            made: Json = name_of(self._statement, inner.this)
        else:
            made = self.expressions.condition(inner, scope)
        if not isinstance(made, str | dict):
            raise self._statement.refuse(inner, "JSONSQL orders and groups by columns and expressions")
        if isinstance(made, str) and made.upper() in DIRECTIONS and not (is_only and not descends):
            raise self._statement.refuse(inner, f"JSONSQL would read {made!r} as a direction here; qualify it")
        return [made, "DESC"] if descends else made

    def _ordinal(self, node: exp.Literal, select: exp.Select) -> exp.Expr:
        place = self.expressions.integer(node, "A place in the list of columns")
        before = select.expressions[:place]
        starred = any(isinstance(one.this if isinstance(one, exp.Column) else one, exp.Star) for one in before)
        if not 1 <= place <= len(select.expressions) or starred:
            raise self._statement.refuse(node, f"There is no column at place {place} that JSONSQL could name")
        item = before[-1]
        return unwrapped(self._statement, item.this if isinstance(item, exp.Alias) else item)

    def _by_id(self, node: exp.Select, params: Params, scope: Scope) -> Params:
        """Pages of a list without an order may overlap, so a list that has an id is ordered by it."""
        only = scope.relations[0]
        if not self._order_by_id or len(scope.relations) != 1 or not only.is_table:
            return {}
        if "group_by" in params or "having" in params or _ID in scope.outputs:
            return {}
        has_id = "*" in params["data"] and (only.columns is None or _ID in only.columns)
        has_id = has_id or _ID in params["data"] or {only.name: _ID} in params["data"]
        called = (str(one.this).lower() for item in node.expressions for one in item.find_all(exp.Anonymous))
        return {"order_by": _ID} if has_id and AGGREGATES.isdisjoint(called) else {}


def _output(item: exp.Expr) -> str:
    """The name of a column of the result, as PostgreSQL gives it."""
    named = item.args["alias"] if isinstance(item, exp.Alias) else item
    while isinstance(named, exp.Paren):
        named = named.this
    if isinstance(named, exp.Column):
        named = named.this
    if isinstance(named, exp.Identifier):
        return str(named.this) if named.args.get("quoted") else str(named.this).lower()
    return str(named.this).lower() if isinstance(named, exp.Anonymous) else _NAMELESS
