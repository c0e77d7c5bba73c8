"""Whatever a node carries is said or refused: asked of every node, every argument and every kind that sqlglot has."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlglot import exp

from app.domain.jsonsql.errors import Inexpressible
from app.domain.jsonsql.nodes import READ, check
from app.domain.jsonsql.parsing import Parsed, parsed
from app.domain.jsonsql.transpile import translated
from app.domain.jsonsql.words import Statement, Style
from tests.support.jsonsql import BEYOND, REFERENCE

CORPUS = [row[0] for row in REFERENCE] + [row[0] for row in BEYOND]
KINDS = [one for one in vars(exp).values() if isinstance(one, type) and issubclass(one, exp.Expression)]
FOREIGN = sorted(set(KINDS) - set(READ), key=lambda kind: kind.__name__)
# What has no meaning of its own: quotes around a lower-case name, PostgreSQL's division, OUTER beside LEFT.
MEANS_NOTHING = {(exp.Identifier, "quoted"), (exp.Div, "typed"), (exp.Join, "kind")}


def said(statement: Parsed) -> Statement | None:
    """What it becomes; None when it is refused, or is no tree that a parser makes."""
    try:
        return translated(statement, {}, Style.DOCUMENTED, order_by_id=False)
    except (Inexpressible, AttributeError, TypeError, KeyError, ValueError, IndexError):
        return None


def nodes(sql: str) -> Iterator[tuple[Parsed, exp.Expr]]:
    statement = parsed(sql)
    for node in list(statement.root.walk()):
        yield statement, node


def test_the_corpus_has_every_node_that_is_read() -> None:
    assert {type(node) for sql in CORPUS for _, node in nodes(sql)} == set(READ)


@pytest.mark.parametrize("sql", CORPUS)
def test_an_argument_that_is_not_read_is_refused(sql: str) -> None:
    for statement, node in nodes(sql):
        for argument in {*type(node).arg_types, "surprise"} - READ[type(node)]:
            for value in (True, "x", exp.Var(this="x"), [exp.Var(this="x")]):
                had = node.args.get(argument)
                node.args[argument] = value
                with pytest.raises(Inexpressible):
                    translated(statement, {}, Style.DOCUMENTED, order_by_id=False)
                node.args[argument] = had


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: kind.__name__)
def test_a_kind_that_is_not_read_is_refused(kind: type[exp.Expression]) -> None:
    with pytest.raises(Inexpressible):
        check(Parsed(exp.Null(), None), kind(this="x"))


@pytest.mark.parametrize("sql", CORPUS)
def test_a_foreign_node_is_refused_wherever_it_stands(sql: str) -> None:
    class Foreign(exp.Identifier):
        """Derived from a kind that is read, and no such kind."""

    for place in range(1, len(list(nodes(sql)))):
        statement = parsed(sql)
        node = list(statement.root.walk())[place]
        node.replace(Foreign(this="id", quoted=False))
        with pytest.raises(Inexpressible):
            translated(statement, {}, Style.DOCUMENTED, order_by_id=False)


@pytest.mark.parametrize("sql", CORPUS)
def test_what_is_read_makes_a_difference(sql: str) -> None:
    plain = said(parsed(sql))
    assert plain is not None
    for statement, node in nodes(sql):
        for argument, value in list(node.args.items()):
            if value in (None, False, []) or (type(node), argument) in MEANS_NOTHING:
                continue
            node.args[argument] = changed(value)
            made = said(statement)
            node.args[argument] = value
            assert made is None or made.params != plain.params, (node, argument)


def changed(value: Any) -> Any:
    """Another value of the same kind where that is easy, else none."""
    if isinstance(value, str):
        return "7" if value.isdigit() else value + "x"
    return value[:-1] if isinstance(value, list) and len(value) > 1 else None
