"""What the names of a statement stand for: relations in FROM, columns that USING made one, and CTEs."""

from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from app.domain.jsonsql.nodes import check
from app.domain.jsonsql.parsing import Parsed
from app.domain.jsonsql.words import KEYS, NAME, Json

# Words that PostgreSQL reads as values or keywords where sqlglot reads a column.
_NO_COLUMNS: Final = frozenset(
    {
        "default",
        "user",
        "session_user",
        "current_role",
        "current_catalog",
        "current_schema",
        "localtime",
        "localtimestamp",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Something in FROM; `columns` None = not known. `is_table`: neither a sub-select nor a CTE."""

    name: str
    columns: tuple[str, ...] | None
    is_table: bool
    is_aliased: bool


@dataclass(slots=True, kw_only=True)
class Cte:
    """A WITH query and where it stands; it is written out wherever it is used."""

    node: exp.CTE
    scope: "Scope"
    uses: int = 0


@dataclass(slots=True, kw_only=True)
class Scope:
    """The names that one SELECT, or one writing statement, can use; `outer` is the statement around it.

    `merged`: columns of USING and the relation that has their value, None where no single one has (FULL JOIN).
    `outputs`: names that the SELECT gives its own columns.
    """

    outer: "Scope | None" = None
    ctes: dict[str, Cte] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    merged: dict[str, str | None] = field(default_factory=dict)
    outputs: frozenset[str] = frozenset()

    def cte(self, name: str) -> Cte | None:
        one: Scope | None = self
        while one is not None:
            if name in one.ctes:
                return one.ctes[name]
            one = one.outer
        return None

    def relation(self, name: str) -> Relation | None:
        one: Scope | None = self
        while one is not None:
            for relation in one.relations:
                if relation.name == name:
                    return relation
            one = one.outer
        return None

    def columns_in_reach(self) -> frozenset[str]:
        """The columns that are known of any relation here and around."""
        found: set[str] = set()
        one: Scope | None = self
        while one is not None:
            found.update(name for relation in one.relations for name in relation.columns or ())
            one = one.outer
        return frozenset(found)

    def home(self, column: str) -> "Scope":
        """Where an unqualified column is looked up: the innermost scope that has it, or may have it."""
        one = self
        while one.outer is not None and column not in one.merged and one.lacks(column):
            one = one.outer
        return one

    def lacks(self, column: str) -> bool:
        return all(one.columns is not None and column not in one.columns for one in self.relations)

    def owner(self, column: str) -> str | None:
        """The one relation that an unqualified column belongs to; None where that cannot be known."""
        place = self.home(column)
        if column in place.merged:
            return place.merged[column]
        having = [one.name for one in place.relations if one.columns is None or column in one.columns]
        return having[0] if len(having) == 1 else None


def name_of(statement: Parsed, node: exp.Expr) -> str:
    """An identifier as PostgreSQL has it, in lower case unless quoted. JSONSQL has no quotes: some cannot be said."""
    check(statement, node)
    if not isinstance(node, exp.Identifier):
        raise statement.refuse(node, "A name is expected here")
    text = str(node.this)
    name = text if node.args.get("quoted") else text.lower()
    if not NAME.fullmatch(name):
        raise statement.refuse(node, f"JSONSQL has no way to write the name {text!r}")
    return name


def relation_name(statement: Parsed, node: exp.Expr) -> str:
    """The name of a table or its alias: what columns are qualified with, so it must not be a word of JSONSQL."""
    name = name_of(statement, node)
    if name in KEYS:
        raise statement.refuse(node, f"{name!r} is a word of JSONSQL; give the table an alias")
    return name


def column(statement: Parsed, node: exp.Column, scope: Scope, *, bare: bool) -> Json:
    """A column: its name where a text means a column (`bare`), else `{"table": "column"}`.

    Of USING's columns there are two in JSONSQL, where it is written as ON: they are always qualified.
    """
    check(statement, node)
    name = name_of(statement, node.this)
    table = node.args.get("table")
    if table is not None:
        return {_known(statement, table, scope): name}
    if name in _NO_COLUMNS and not node.this.args.get("quoted"):
        raise statement.refuse(node, f"JSONSQL cannot say {name.upper()}; a column of that name goes in quotes")
    merged = scope.home(name).merged
    if bare and name not in merged:
        return name
    owner = scope.owner(name)
    if owner is None:
        raise statement.refuse(
            node, f"Name the table of {name!r}: JSONSQL would read it as a text here, or in two ways"
        )
    return {owner: name}


def _known(statement: Parsed, node: exp.Expr, scope: Scope) -> str:
    name = name_of(statement, node)
    if scope.relation(name) is None:
        raise statement.refuse(node, f"There is no table {name!r} in this FROM")
    return name
