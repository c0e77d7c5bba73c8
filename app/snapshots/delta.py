"""What changed between two versions, as JSON: rows to put, ids to take away."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from app.core.errors import Invalid, NotFound
from app.core.jsonio import dumps, loads
from app.domain.kinds import Kind
from app.snapshots.pages import MAX_PAGE, parse_view
from app.snapshots.versions import Version, parse_version
from app.snapshots.views import NEWLINE, View, lite

CATEGORY: Final = "category"
MOST: Final = 5_000  # operations in one answer: 8 MB of full rows


class Operation(NamedTuple):
    """The last that happened to an id within a window; `document` None = it is gone."""

    kind: str
    id: str
    document: bytes | None
    ordinal: int = 0  # categories have none: they are ordered by position
    place: int = 0  # in the list of its kind, in the version that the window ends with


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesRequest:
    """A part of what changed after `since`, up to `to` or the current version."""

    since: Version
    to: Version | None = None
    limit: int = MOST
    page: int = 1
    view: View = View.FULL

    @property
    def first(self) -> int:
        return (self.page - 1) * self.limit

    def check(self, operations: int) -> None:
        """Raises `NotFound` for a page past the end; page 1 always exists."""
        if self.page > 1 and self.first >= operations:
            pages = -(-operations // self.limit)
            raise NotFound(f"There are {pages} pages of {self.limit}.", code="page_out_of_range")

    def next(self, provider_id: str, to: Version, operations: int) -> str | None:
        """The path of what follows, pinned; None at the end."""
        if self.first + self.limit >= operations:
            return None
        query: dict[str, Any] = {"since": str(self.since), "to": str(to), "limit": self.limit, "page": self.page + 1}
        if self.view is not View.FULL:
            query["view"] = self.view.value
        return f"/api/providers/{provider_id}/changes?{urlencode(query)}"


def parse_changes(
    since: str | None, to: str | None = None, limit: str | None = None, page: str | None = None, view: str | None = None
) -> ChangesRequest:
    """What a query asks for; `Invalid` names every number that cannot be used, else the version."""
    chosen = parse_view(view)
    errors = [
        (name, f"must be a whole number from 1 to {top}")
        for name, text, top in (("limit", limit, MOST), ("page", page, MAX_PAGE))
        if text is not None and not _within(text, top)
    ]
    if since is None:
        errors.append(("since", "the version that you have, for example k7f2.412"))
    if errors or since is None:
        raise Invalid(errors)
    return ChangesRequest(
        since=parse_version(since, "since"),
        to=None if to is None else parse_version(to, "to"),
        limit=int(limit or MOST),
        page=int(page or 1),
        view=chosen,
    )


def start(since: Version, to: Version) -> bytes:
    """What stands in front of the rows."""
    return dumps({"from": str(since), "to": str(to)})[:-1] + b',"upserts":['


def end(following: str | None, count_after: int) -> bytes:
    """What stands behind the removals."""
    return b'],"next":%b,"countAfter":%d}' % (dumps(following), count_after)


MIDDLE: Final = b'],"deletes":['


def rows(operations: Iterable[Operation], view: View) -> list[bytes]:
    """Rows in their order, each with `kind`, `ordinal` and `place`; categories with the kind of their items instead."""
    found: list[bytes] = []
    for kind, members in groupby(operations, attrgetter("kind")):
        chosen = list(members)
        bodies = [one.document or b"{}" for one in chosen]
        if kind == CATEGORY:
            found += map(_category, bodies)
            continue
        if view is View.LITE:
            bodies = lite(Kind(kind), NEWLINE.join(bodies)).split(NEWLINE)
        # Spliced, not parsed: a document is an object that is never empty.
        found += [
            b'%b,"ordinal":%d,"place":%d}' % (body[:-1], one.ordinal, one.place)
            for body, one in zip(bodies, chosen, strict=True)
        ]
    return found


def names(operations: Sequence[Operation]) -> list[bytes]:
    """Ids that are gone, as `kind:id`."""
    return [dumps(f"{one.kind}:{one.id}") for one in operations]


def _category(body: bytes) -> bytes:
    document = loads(body)
    return dumps({**document, "itemKind": document["kind"], "kind": CATEGORY})


def _within(text: str, top: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PAGE)) and 1 <= int(text) <= top
