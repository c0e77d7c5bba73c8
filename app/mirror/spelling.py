"""Names and statements of a mirror as SQL text. Names are checked where they come in, and quoted here."""

from sqlalchemy import TextClause, text


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def statement(sql: str) -> TextClause:
    """A statement whose only parameters are such as `:name`: a colon in a quoted name would be another one."""
    parts = sql.split('"')
    parts[1::2] = [part.replace(":", r"\:") for part in parts[1::2]]
    return text('"'.join(parts))
