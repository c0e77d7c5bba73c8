"""What marking makes of a stretch of stored items: the rows that are to be written. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import Struct, field, json

from app.domain.documents import restamped
from app.domain.marking import Marker, Marking
from app.domain.titles import search_words, sort_key


class StoredItem(NamedTuple):
    """An item as it was marked last; `body` is its document."""

    ordinal: int
    id: str
    censored: bool | None
    visibility: int
    is_active: bool
    body: bytes


class Given(NamedTuple):
    """The tags that an item has to have; `own` are those that people set."""

    ordinal: int
    tags: tuple[str, ...]
    own: tuple[str, ...] = ()


class MarkedRow(NamedTuple):
    """What a row has of a marking; the key of the item last."""

    sort_name: str
    search_text: str
    visibility: int
    updated_at: int
    ordinal: int


class Rewritten(NamedTuple):
    """A document made anew; `told_as` is the id under which clients hear of it, None for what is gone."""

    ordinal: int
    told_as: str | None
    body: bytes


class Dressed(Struct, rename="camel", gc=False):
    """What a marking needs of a stored document, and what it may change."""

    name: str
    cleaned_name: str
    category_ids: tuple[str, ...]
    tags: tuple[str, ...]
    original_name: str | None = None
    updated_at: str | None = None


dressed: Final = json.Decoder(Dressed).decode


class Found(Struct, frozen=True, gc=False):
    """Items in order, the tags that people set by public id, and whether all of it is to be written, changed or not."""

    items: Sequence[StoredItem] = ()
    own: Mapping[str, tuple[str, ...]] = {}
    every: bool = False


class Marked(Struct):
    """What is to be written of a stretch; `kept` counts the tags of the items that stay as they are.

    `moment` is when, in ms and as documents have it.
    """

    moment: tuple[int, str | None] = (0, None)
    given: list[Given] = field(default_factory=list)
    shown: list[tuple[int, int]] = field(default_factory=list)  # visibility and place, of those that only hide or show
    rows: list[MarkedRow] = field(default_factory=list)
    documents: list[Rewritten] = field(default_factory=list)
    renamed: list[int] = field(default_factory=list)
    kept: int = 0

    def add(self, marker: Marker, found: Found, item: StoredItem) -> None:
        """Marks one item of what was found."""
        was, own = dressed(item.body), found.own.get(item.id, ())
        marking = marker.mark(was.name, was.category_ids, censored=item.censored, own=own)
        told = (marking.tags, marking.cleaned_name) != (was.tags, was.cleaned_name)
        if not told and marking.visibility == item.visibility and not own and not found.every:
            self.kept += len(was.tags)
            return
        self.given.append(Given(item.ordinal, marking.tags, own))
        if told:
            self._rewrite(item, was, marking)
        else:  # who is shown it is not theirs to know
            self.shown.append((int(marking.visibility), item.ordinal))

    def _rewrite(self, item: StoredItem, was: Dressed, marking: Marking) -> None:
        (now, dated), name = self.moment, marking.cleaned_name
        words = search_words(was.name, name if name != was.name else None, was.original_name)
        self.rows.append(MarkedRow(sort_key(name), words, int(marking.visibility), now, item.ordinal))
        renamed, stamps = (was.cleaned_name, name), (was.updated_at, dated)
        body = restamped(item.body, tags=(was.tags, marking.tags), renamed=renamed, updated_at=stamps)
        self.documents.append(Rewritten(item.ordinal, item.id if item.is_active else None, body))
        if was.cleaned_name != name:
            self.renamed.append(item.ordinal)
