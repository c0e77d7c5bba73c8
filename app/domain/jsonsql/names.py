"""Names and literals as SQL text."""

from typing import Final

from sqlglot.parsers.postgres import PostgresParser
from sqlglot.tokenizer_core import TokenType

from app.domain.jsonsql.parsing import DIALECT
from app.domain.jsonsql.words import Json

_KEYWORDS: Final[dict[str, TokenType]] = DIALECT.tokenizer_class.KEYWORDS
_FREE: Final = PostgresParser.TABLE_ALIAS_TOKENS - set(PostgresParser.NO_PAREN_FUNCTIONS)
# Read as values, types or calls without quotes, though the parser has them among the names.
_QUOTED: Final = frozenset(
    """
    all any array asc at case collate cube current_catalog current_role current_schema date default desc describe
    distinct false filter following for from ilike interval isnull join lateral like limit localtime localtimestamp
    map next not notnull null offset on only order outer over overlaps preceding rollup row rows select
    session_user set some struct table timestamp true unnest user using values when where window with within
    xmltable
    """.split()  # noqa: SIM905 - words
)


def quoted_name(name: str) -> str:
    """`name`, or `"Name"` where SQL would read the bare word differently."""
    word = _KEYWORDS.get(name.upper())
    bare = name == name.lower() and name.isascii() and name not in _QUOTED and (word is None or word in _FREE)
    return name if bare else '"' + name.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def literal(value: Json) -> str | None:
    """A number, a boolean or null; None for everything else."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    return repr(value) if isinstance(value, float) and value - value == 0 else None  # neither infinite nor NaN
