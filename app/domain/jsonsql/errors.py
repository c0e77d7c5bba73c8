"""The one error of SQL that cannot become JSONSQL, and of JSONSQL that cannot become SQL."""

from app.core.errors import Invalid


class Inexpressible(Invalid):
    """What was asked cannot be said in the other language; no part of it is left out instead.

    `line` and `column` count from 1 and point into SQL; both are None for JSONSQL, whose message names the path.
    """

    code = "inexpressible"

    def __init__(self, message: str, *, line: int | None = None, column: int | None = None) -> None:
        place = "" if line is None else f" (line {line}, column {column})"
        super().__init__([("query", message + place)])
        self.message = message
        self.line = line
        self.column = column


def refused(message: str, text: str, start: int) -> Inexpressible:
    """The error at the character `start` of `text`, counted from 0."""
    line = text.count("\n", 0, start) + 1
    return Inexpressible(message, line=line, column=start - text.rfind("\n", 0, start))
