"""Statements written by hand for the driver: on hot paths compiling one each time costs more than running it."""

from collections.abc import Sequence
from typing import Any

from app.core import jsonio
from app.db.engine import Reader


class Marks:
    """Collects the values of one statement; a call adds one and answers the mark that stands for it."""

    def __init__(self, *, sqlite: bool) -> None:
        self.sqlite = sqlite
        self.values: list[Any] = []

    def __call__(self, value: Any) -> str:
        self.values.append(value)
        return f"{'?' if self.sqlite else '$'}{len(self.values)}"

    def one_of(self, values: Sequence[int] | Sequence[str], kind: str) -> str:
        """The right side of `column …` that means membership; the statement stays the same for any length."""
        if self.sqlite:
            # One bound text instead of many marks: SQLite has a limit of marks, and the plan stays prepared.
            return f"IN (SELECT value FROM json_each({self(jsonio.dumps(list(values)).decode())}))"  # noqa: S608 - a mark
        return f"= ANY({self(list(values))}::{kind}[])"


async def fetch(reader: Reader, statement: str, marks: Marks) -> Sequence[Any]:
    """The rows of a statement, as the driver has them."""
    driver = await reader.driver()
    if reader.sqlite:
        return list(await driver.execute_fetchall(statement, marks.values))
    return list(await driver.fetch(statement, *marks.values))
