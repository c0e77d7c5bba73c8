"""JSON-RPC 2.0: requests as they are sent, and what a body is (protocols/iptvportal.md, 1 and 3)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from app.core import jsonio
from app.core.redaction import HIDDEN

JSON_HEADERS: Final = {"Content-Type": "application/json"}
SESSION_HEADER: Final = "Iptvportal-Authorization"
LOGIN: Final = "authorize_user"
WRITES: Final = frozenset({"insert", "update", "delete"})
# Behind a byte order mark, or notices of PHP.
_START: Final = re.compile(rb'\{\s*"|\[\s*\{')


class Body(Enum):
    """Bodies that are no JSON document."""

    BLANK = "blank"
    OTHER = "other"  # HTML, words, or JSON that was cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call; `params` may hold a password or what subscribers told, and are in no repr."""

    method: str
    params: Mapping[str, Any] = field(repr=False)

    @property
    def writes(self) -> bool:
        """Whether it may change something: then nobody repeats it."""
        return self.method in WRITES

    @property
    def table(self) -> str:
        """The first table that it names, "" where there is none."""
        for key in ("into", "table", "from"):
            if found := _first_table(self.params.get(key)):
                return found
        return ""

    def message(self, number: int) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": number, "method": self.method, "params": self.params}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request that was not sent: what would be posted where, without secrets."""

    url: str
    headers: Mapping[str, str]
    document: Any

    def __str__(self) -> str:
        lines = [f"POST {self.url}", *(f"{name}: {value}" for name, value in self.headers.items()), ""]
        return "\n".join([*lines, jsonio.dumps(self.document).decode()])


def messages(requests: Sequence[Request]) -> Any:
    """One message, or a list of several; ids count from 1."""
    found = [request.message(number) for number, request in enumerate(requests, 1)]
    return found[0] if len(found) == 1 else found


def prepared(url: str, requests: Sequence[Request]) -> Prepared:
    """The requests as they would be sent, the session and a password hidden."""
    login = any(request.method == LOGIN for request in requests)
    shown = [
        Request(method=one.method, params={**one.params, "password": HIDDEN} if one.method == LOGIN else one.params)
        for one in requests
    ]
    headers = JSON_HEADERS if login else {**JSON_HEADERS, SESSION_HEADER: f"sessionid={HIDDEN}"}
    return Prepared(url=url, headers=headers, document=messages(shown))


def decoded(body: bytes) -> Any:
    """The JSON document of a body; a `Body` when there is none."""
    try:
        return jsonio.loads(body)
    except jsonio.JSONDecodeError:
        pass
    if not body.strip():
        return Body.BLANK
    start = _START.search(body)
    if start is None or not start.start():
        return Body.OTHER
    try:
        return jsonio.loads(body[start.start() :])
    except jsonio.JSONDecodeError:
        return Body.OTHER


def matched(document: Sequence[Any], numbers: Iterable[int]) -> dict[int, Any]:
    """The answers of a batch by the id of their request; some servers spell ids as text."""
    wanted = {str(number): number for number in numbers}
    found: dict[int, Any] = {}
    for answer in document:
        number = wanted.get(str(answer.get("id"))) if isinstance(answer, dict) else None
        if number is not None:
            found.setdefault(number, answer)
    return found


def _first_table(source: Any) -> str:
    while True:
        if isinstance(source, str):
            return source
        if isinstance(source, list | tuple) and source:
            source = source[0]
        elif isinstance(source, Mapping):
            inner = source.get("select")
            source = inner.get("from") if isinstance(inner, Mapping) else source.get("table")
        else:
            return ""
