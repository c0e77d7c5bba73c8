"""What a portal refuses, told apart by what the caller can do about it.

QueryRefused is a statement that makes no sense to the portal: neither retried nor a reason to leave it alone.
TableForbidden is one table that the account may not read; others may be fine. SessionOver never leaves the client.
"""

from typing import Any

from app.core.errors import Malformed, Rejected


class QueryRefused(Malformed):
    """`said` are the portal's words, `number` its code where it gave one, `data` what came with it."""

    code = "provider_query_refused"

    def __init__(self, said: str, *, number: int | None = None, data: Any = None) -> None:
        words = f": {said.rstrip('.')}" if said else ""
        super().__init__(f"The portal refuses the statement{words}.")
        self.said = said
        self.number = number
        self.data = data


class TableForbidden(Rejected):
    """`table` as the request named it, "" where it named none."""

    code = "provider_table_forbidden"

    def __init__(self, table: str) -> None:
        super().__init__(f"The portal refuses access to {table or 'this table'} (403).")
        self.table = table


class SessionOver(Rejected):
    """The portal no longer knows the session."""
