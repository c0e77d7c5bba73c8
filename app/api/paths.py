"""Addresses of requests as metrics and logs may hold them."""

from collections.abc import Mapping
from typing import Final

from starlette.types import Scope

UNMATCHED: Final = "unmatched"  # one label for all that no route takes: paths are endless, labels must not be
API: Final = "/api/"
SECRET: Final = frozenset({"password", "word"})  # parameters that open something


def shown(scope: Scope) -> str:
    """The path as a log may hold it: players carry a user's name and password in theirs, or a playlist's token.

    So do those that no route takes, unless nobody but clients of the API asks there.
    """
    known = "route" in scope or scope["path"].startswith(API)
    return template(scope) if not known or SECRET & scope.get("path_params", {}).keys() else scope["path"]


def template(scope: Scope) -> str:
    """The path with names in place of what the route took out of it."""
    if "route" not in scope:
        return UNMATCHED
    names = {str(value): f"{{{name}}}" for name, value in scope.get("path_params", {}).items()}
    return "/".join(_named(part, names) for part in scope["path"].split("/"))


def _named(part: str, names: Mapping[str, str]) -> str:
    """A part of the path, also where the route itself names the ending of a file."""
    if part in names:
        return names[part]
    endings = (f"{name}{part.removeprefix(value)}" for value, name in names.items() if part.startswith(f"{value}."))
    return next(endings, part)
