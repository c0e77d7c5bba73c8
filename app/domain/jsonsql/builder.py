"""Statements in Python, as the JSONSQL that the same SQL would become.

select(["id", Field("name").as_("title")], "media", where=Field("is_tv") == True, limit=10).statement()
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from sqlglot import exp

from app.domain.jsonsql.errors import Inexpressible
from app.domain.jsonsql.parsing import Parsed
from app.domain.jsonsql.terms import Condition, Field, Plain, Term, identifier, node_of
from app.domain.jsonsql.transpile import translated
from app.domain.jsonsql.words import JOIN_TYPES, Statement, Style, Tables


class Query(Term):
    """A statement that was built. A SELECT is a term too: in `in_`, in data, in a comparison, in FROM."""

    __slots__ = ()

    def statement(
        self, *, tables: Tables | None = None, order_by_id: bool = True, style: Style = Style.DOCUMENTED
    ) -> Statement:
        """As `transpile` of the same SQL; `Inexpressible` when JSONSQL cannot say it."""
        root = self.node.this if isinstance(self.node, exp.Subquery) else self.node
        # A copy, since a term that is used twice stands in the tree twice.
        return translated(Parsed(root.copy(), None), tables or {}, style, order_by_id=order_by_id)


class Table:
    """Something in FROM: a table or a SELECT, with its alias."""

    __slots__ = ("node",)

    def __init__(self, source: str | Query, as_: str | None = None) -> None:
        alias = None if as_ is None else exp.TableAlias(this=identifier(as_))
        if isinstance(source, Query):
            self.node: exp.Expr = exp.Subquery(this=source.node.this, alias=alias)
        else:
            self.node = exp.Table(this=identifier(source), alias=alias)


class Join:
    """A table that is joined by a condition or by columns of both; `how`: inner, left, right, full or cross."""

    __slots__ = ("node",)

    def __init__(
        self,
        source: str | Query,
        as_: str | None = None,
        *,
        on: Term | None = None,
        using: Sequence[str] = (),
        how: str = "inner",
    ) -> None:
        if how not in {*JOIN_TYPES, "cross"}:
            raise Inexpressible(f"There is no {how} join")
        self.node = exp.Join(
            this=Table(source, as_).node,
            side=how.upper() if how in ("left", "right", "full") else None,
            kind=how.upper() if how in ("inner", "cross") else None,
            on=None if on is None else on.node,
            using=[identifier(one) for one in using] or None,
        )


Item: TypeAlias = str | Term  # a text is a column, or "*"
Items: TypeAlias = Item | Sequence[Item]
Source: TypeAlias = str | Table | Sequence[str | Table | Join]


def select(
    data: Items,
    from_: Source,
    *,
    where: Term | None = None,
    group_by: Items = (),
    having: Term | None = None,
    order_by: Items = (),
    limit: int | None = None,
    offset: int | None = None,
    distinct: bool = False,
) -> Query:
    """A SELECT; a `-` before a text of `order_by` turns the order round, as `.desc()` does."""
    first, *rest = from_ if isinstance(from_, Sequence) and not isinstance(from_, str) else [from_]
    if isinstance(first, Join):
        raise Inexpressible("A table comes first in from_")
    node = exp.Select(
        expressions=[_item(one) for one in _listed(data)],
        from_=exp.From(this=_table(first)),
        joins=[one.node if isinstance(one, Join) else exp.Join(this=_table(one)) for one in rest],
        where=None if where is None else exp.Where(this=where.node),
        group=exp.Group(expressions=[_item(one) for one in _listed(group_by)]) if _listed(group_by) else None,
        having=None if having is None else exp.Having(this=having.node),
        order=exp.Order(expressions=[_ordered(one) for one in _listed(order_by)]) if _listed(order_by) else None,
        limit=None if limit is None else exp.Limit(expression=node_of(limit)),
        offset=None if offset is None else exp.Offset(expression=node_of(offset)),
        distinct=exp.Distinct() if distinct else None,
    )
    return Query(exp.Subquery(this=node))


def insert(
    into: str, columns: Sequence[str], values: Sequence[Sequence[Plain | Term]] | Query, *, returning: Items = ()
) -> Query:
    """Rows, or what a SELECT gives."""
    if isinstance(values, Query):
        source: exp.Expr = values.node.this
    else:
        rows = [exp.Tuple(expressions=[node_of(cell) for cell in row]) for row in values]
        if not rows:
            raise Inexpressible("There are no rows to insert")
        source = exp.Values(expressions=rows)
    target = exp.Schema(this=_table(into), expressions=[identifier(one) for one in columns])
    return Query(exp.Insert(this=target, expression=source, returning=_returning(returning)))


def update(
    table: str, values: Mapping[str, Plain | Term], *, where: Term | None = None, returning: Items = ()
) -> Query:
    """Without `where` all rows, as in SQL."""
    if not values:
        raise Inexpressible("There is nothing to set")
    pairs = [exp.EQ(this=Field(name).node, expression=node_of(value)) for name, value in values.items()]
    return Query(
        exp.Update(this=_table(table), expressions=pairs, where=_where(where), returning=_returning(returning))
    )


def delete(from_: str, *, where: Term | None = None, returning: Items = ()) -> Query:
    """Without `where` all rows, as in SQL."""
    return Query(exp.Delete(this=_table(from_), where=_where(where), returning=_returning(returning)))


def _listed(items: Items) -> list[Item]:
    return [items] if isinstance(items, str | Term) else list(items)


def _item(item: Item) -> exp.Expr:
    return Field(item).node if isinstance(item, str) else item.node


def _ordered(item: Item) -> exp.Expr:
    if isinstance(item, str):
        term = Field(item.removeprefix("-"))
        return (term.desc() if item.startswith("-") else term.asc()).node
    return item.node if isinstance(item.node, exp.Ordered) else item.asc().node


def _table(source: Any) -> exp.Expr:
    return source.node if isinstance(source, Table) else Table(source).node


def _where(condition: Term | None) -> exp.Where | None:
    return None if condition is None else exp.Where(this=condition.node)


def _returning(items: Items) -> exp.Returning | None:
    nodes = [_item(one) for one in _listed(items)]
    return exp.Returning(expressions=nodes) if nodes else None


__all__ = ["Condition", "Field", "Join", "Query", "Table", "delete", "insert", "select", "update"]
