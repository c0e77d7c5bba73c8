"""INSERT, UPDATE and DELETE as JSONSQL. What has no WHERE means all rows, here as there."""

from sqlglot import exp

from app.domain.jsonsql.nodes import check
from app.domain.jsonsql.parsing import Parsed
from app.domain.jsonsql.scope import Scope, column, name_of
from app.domain.jsonsql.selects import Selects
from app.domain.jsonsql.words import Json, Params, Tables


class Writes:
    """The translator of one writing statement."""

    def __init__(self, statement: Parsed, selects: Selects, tables: Tables) -> None:
        self._statement = statement
        self._selects = selects
        self._tables = tables

    def insert(self, node: exp.Insert) -> Params:
        check(self._statement, node)
        scope = Scope()
        ctes = self._selects.with_ctes(node, scope)
        target, names = node.this, None
        if isinstance(target, exp.Schema):
            check(self._statement, target)
            names = [name_of(self._statement, one) for one in target.expressions]
            self._refuse_twice(names, target.expressions)
            target = target.this
        table = self._selects.sources.target(target, scope)
        columns = names or list(self._tables.get(table, ()))
        if not columns:
            raise self._statement.refuse(target, "JSONSQL needs the columns: INSERT INTO table (column, …)")
        params: Params = {"into": table, "columns": columns, **self._source(node, columns, Scope(ctes=scope.ctes))}
        self._selects.refuse_unused(ctes)
        return params | self._returning(node, scope)

    def update(self, node: exp.Update) -> Params:
        check(self._statement, node)
        scope = Scope()
        ctes = self._selects.with_ctes(node, scope)
        params: Params = {"table": self._selects.sources.target(node.this, scope)}
        assigned: Params = {}
        for one in node.expressions:
            check(self._statement, one)
            name = self._assigned(one, scope)
            self._refuse_twice([*assigned, name], [one] * (len(assigned) + 1))
            assigned[name] = self._selects.expressions.literal(one.args["expression"], scope)
        params["set"] = assigned
        params |= self._selects.condition(node, "where", scope)
        self._selects.refuse_unused(ctes)
        return params | self._returning(node, scope)

    def delete(self, node: exp.Delete) -> Params:
        check(self._statement, node)
        scope = Scope()
        ctes = self._selects.with_ctes(node, scope)
        params: Params = {"from": self._selects.sources.target(node.this, scope)}
        params |= self._selects.condition(node, "where", scope)
        self._selects.refuse_unused(ctes)
        return params | self._returning(node, scope)

    def _source(self, node: exp.Insert, columns: list[str], outer: Scope) -> Params:
        source = node.args.get("expression")
        if source is None:
            raise self._statement.refuse(node, "JSONSQL inserts VALUES or a SELECT")
        if not isinstance(source, exp.Values):
            selected = self._selects.selected(source, outer)
            if selected.columns is not None and len(selected.columns) != len(columns):
                message = f"{len(columns)} columns, and a SELECT of {len(selected.columns)}"
                raise self._statement.refuse(source, message)
            return {"select": selected.params}
        rows = self._selects.expressions.rows(source, outer)
        if len(rows[0]) != len(columns):
            raise self._statement.refuse(source, f"{len(columns)} columns, and {len(rows[0])} values")
        return {"values": rows}

    def _assigned(self, node: exp.Expr, scope: Scope) -> str:
        if not isinstance(node, exp.EQ) or not isinstance(node.this, exp.Column):
            raise self._statement.refuse(node, "JSONSQL sets one column to one value")
        if node.this.args.get("table") is not None:
            raise self._statement.refuse(node.this, "A column that is set has no table before it")
        column(self._statement, node.this, scope, bare=True)
        return name_of(self._statement, node.this.this)

    def _returning(self, node: exp.Expr, scope: Scope) -> Params:
        clause = node.args.get("returning")
        if clause is None:
            return {}
        check(self._statement, clause)
        names = [name for one in clause.expressions for name in self._returned(one, scope)]
        return {"returning": names[0] if len(names) == 1 else names}

    def _returned(self, node: exp.Expr, scope: Scope) -> list[Json]:
        check(self._statement, node)
        if isinstance(node, exp.Star):
            return list(scope.relations[0].columns or ("*",))
        if not isinstance(node, exp.Column) or not isinstance(node.this, exp.Identifier):
            raise self._statement.refuse(node, "JSONSQL returns columns")
        column(self._statement, node, scope, bare=True)
        return [name_of(self._statement, node.this)]

    def _refuse_twice(self, names: list[str], nodes: list[exp.Expr]) -> None:
        for place, name in enumerate(names):
            if name in names[:place]:
                raise self._statement.refuse(nodes[place], f"The column {name!r} is written twice")
