"""What stands in a document and in a page, and where one page ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from app.core.clock import rfc3339
from app.core.errors import Invalid, NotFound
from app.core.jsonio import dumps
from app.domain.kinds import PLURALS, Kind
from app.snapshots.layout import MIXED, Layout
from app.snapshots.runs import Piece, lines, listed
from app.snapshots.versions import Version
from app.snapshots.views import NEWLINE, View

LIMITS: Final = (100, 250, 500, 1000, 2000, 5000)
DEFAULT_LIMIT: Final = 1000
MAX_PAGE: Final = 999_999_999
WRITTEN: Final = (Kind.MOVIE, Kind.SERIES, Kind.CHANNEL)  # the order of the lists in a file


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A page by number; `kind` None = all kinds in one order."""

    number: int = 1
    limit: int = DEFAULT_LIMIT
    kind: Kind | None = None
    view: View = View.FULL

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that are counted, in the order of their items."""
        return MIXED if self.kind is None else (self.kind,)

    def total(self, layout: Layout) -> int:
        return sum(layout.items[kind].total for kind in self.kinds)

    def pages(self, layout: Layout) -> int:
        return -(-self.total(layout) // self.limit)

    def check(self, layout: Layout, *, pinned: bool) -> None:
        """Raises `NotFound` for a pinned page past the end; page 1 always exists."""
        if pinned and self.number > max(self.pages(layout), 1):
            raise NotFound(f"There are {self.pages(layout)} pages of {self.limit}.", code="page_out_of_range")

    @property
    def name(self) -> str:
        """The page's name within its version."""
        return f"{self.view}/{self.kind.plural if self.kind else 'all'}/{self.limit}/{self.number}"


def parse_page(page: str | None, limit: str | None, kind: str | None, view: str | None = None) -> PageRequest | None:
    """What a query asks for: None = the whole document; `Invalid` names every parameter that cannot be used."""
    if page is None and limit is None and kind is None:
        return None
    errors: list[tuple[str, str]] = []
    if page is not None and not _positive(page):
        errors.append(("page", "must be a whole number from 1"))
    if limit is not None and not (_positive(limit) and int(limit) in LIMITS):
        errors.append(("limit", f"must be one of {', '.join(map(str, LIMITS))}"))
    if kind is not None and kind not in PLURALS:
        errors.append(_WRONG_KIND)
    if view is not None and view not in _VIEWS:
        errors.append(_WRONG_VIEW)
    if errors:
        raise Invalid(errors)
    return PageRequest(
        number=int(page or 1),
        limit=int(limit or DEFAULT_LIMIT),
        kind=None if kind is None else PLURALS[kind],
        view=View(view or View.FULL),
    )


def parse_view(view: str | None) -> View:
    """Raises `Invalid` for anything but a view."""
    if view is not None and view not in _VIEWS:
        raise Invalid([_WRONG_VIEW])
    return View(view or View.FULL)


def parse_kind(kind: str | None) -> Kind | None:
    """A kind as queries name it, in the plural; None = all."""
    if kind is not None and kind not in PLURALS:
        raise Invalid([_WRONG_KIND])
    return None if kind is None else PLURALS[kind]


_VIEWS: Final = frozenset(View)
_WRONG_VIEW: Final = ("view", f"must be one of {', '.join(View)}")
_WRONG_KIND: Final = ("kind", f"must be one of {', '.join(PLURALS)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of one version: `spans` = the items (first, end) of each kind on it."""

    spans: Mapping[Kind, tuple[int, int]]
    head: bytes


def lay_page(layout: Layout, version: Version, wanted: PageRequest) -> Page:
    """What stands on a page; nothing when it is past the end."""
    total, pages = wanted.total(layout), wanted.pages(layout)
    first = (wanted.number - 1) * wanted.limit
    spans, base = dict.fromkeys(Kind, (0, 0)), 0
    for kind in wanted.kinds:
        size = layout.items[kind].total
        spans[kind] = (_within(first - base, size), _within(first + wanted.limit - base, size))
        base += size
    more = wanted.number < pages
    head = {
        "version": str(version),
        "total": total,
        "page": wanted.number,
        "limit": wanted.limit,
        "pages": pages,
        "hasMore": more,
        "next": _link(layout.provider["id"], version, wanted) if more else None,
    }
    return Page(spans=spans, head=dumps(head)[:-1])


def whole(layout: Layout, page: Page) -> bool:
    """Whether the page's ends are ends of segments."""
    return all(
        first >= end or (layout.items[kind].starts_at(first) and layout.items[kind].starts_at(end))
        for kind, (first, end) in page.spans.items()
    )


def page_pieces(layout: Layout, page: Page, view: View) -> list[Piece]:
    """A page whose ends are ends of segments, without touching an item."""
    pieces: list[Piece] = [page.head]
    for kind in WRITTEN:
        items = layout.items[kind]
        start, end = items.overlapping(*page.spans[kind])
        pieces += [list_start(kind), *listed(items.views[view], start, end), b"]"]
    return [*pieces, b"}"]


def list_start(kind: Kind) -> bytes:
    """`,"movies":[`."""
    return b',"%b":[' % kind.plural.encode()


def document_pieces(layout: Layout, version: Version, published_at: int, view: View) -> list[Piece]:
    """The whole catalogue."""
    head: dict[str, Any] = {
        "version": str(version),
        "generatedAt": rfc3339(published_at),
        "provider": layout.provider,
        "stats": layout.stats(),
    }
    pieces: list[Piece] = [dumps(head)[:-1], b',"categories":[', layout.categories, b"]"]
    for kind in WRITTEN:
        column = layout.items[kind].views[view]
        pieces += [list_start(kind), *listed(column, 0, len(column.lengths)), b"]"]
    for kind in WRITTEN:
        pieces += [b',"%bByCategory":{' % kind.plural.encode(), layout.by_category[kind], b"}"]
    return [*pieces, b"}"]


def line_pieces(layout: Layout, version: Version, kind: Kind | None, view: View) -> list[Piece]:
    """Items one per line between a line that begins and one that ends; without the last one it is cut off."""
    kinds = MIXED if kind is None else (kind,)
    total = sum(layout.items[one].total for one in kinds)
    pieces: list[Piece] = [dumps({"kind": "begin", "version": str(version), "total": total}) + NEWLINE]
    for one in kinds:
        pieces += lines(layout.items[one].views[view])
    return [*pieces, dumps({"kind": "end", "items": total}) + NEWLINE]


def _within(place: int, size: int) -> int:
    return min(max(place, 0), size)


def _positive(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PAGE)) and int(text) > 0


def _link(provider_id: str, version: Version, wanted: PageRequest) -> str:
    query = {"page": wanted.number + 1, "limit": wanted.limit, "version": str(version)}
    if wanted.kind is not None:
        query["kind"] = wanted.kind.plural
    if wanted.view is not View.FULL:
        query["view"] = wanted.view.value
    return f"/api/providers/{provider_id}/snapshot?{urlencode(query)}"
