"""From a stored document to an entry: the name, number and group under which a line-up shows an item."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct, json

from app.domain.kinds import Kind, ProviderKind
from app.playlists.definition import Definition, Grouping, GuideIds, Naming
from app.playlists.overrides import NONE, Override
from app.playlists.places import Place, Shelf

GUIDE_ENDING: Final = ".lineup"  # XMLTV wants ids that look like names of domains
REPLAYED: Final = frozenset({ProviderKind.XTREAM, ProviderKind.M3U})  # `Provider.replay` has an answer


class Entry(Struct, frozen=True, kw_only=True, gc=False):
    """An item of a line-up. `group_id` is a category's public id, or what the definition groups by, `kind:word`.

    `guide_id` ties it to its programmes in every output; `epg_id` is what the provider calls the same.
    `replayed` = its dialect has addresses for the past; `archive_days` in days; `body` the item's stored document.
    """

    item_id: str
    kind: Kind
    provider_id: str
    provider_pk: int
    ordinal: int
    name: str
    number: float | int | None
    logo: str | None
    group: str | None
    group_id: str | None
    epg_id: str | None
    guide_id: str
    tags: tuple[str, ...]
    archive: bool
    archive_days: float | int | None
    replayed: bool
    body: bytes


class _Document(Struct, frozen=True, rename="camel", gc=False):
    """What a line-up needs of a document, whatever its kind."""

    id: str
    name: str
    cleaned_name: str
    category_id: str | None = None
    category_ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    number: float | int | None = None
    logo: str | None = None
    poster: str | None = None
    epg_id: str | None = None
    archive: bool | None = None
    archive_days: float | int | None = None


_decode: Final = json.Decoder(_Document).decode


class Dresser:
    """Dresses the entries of one kind in their order; counts where they are numbered anew."""

    def __init__(
        self,
        definition: Definition,
        kind: Kind,
        shelves: Sequence[Shelf],
        overrides: Mapping[str, Override],
        *,
        renumber: bool = True,
    ) -> None:
        self._definition = definition
        self._kind = kind
        self._shelves = shelves
        self._overrides = overrides
        self._next = definition.start_number if renumber and kind is Kind.CHANNEL else None
        self._wanted = frozenset(definition.tags.include)

    def dress(self, bodies: Sequence[tuple[Place, bytes]]) -> list[Entry]:
        """The entries of these documents."""
        return [self._entry(place, body) for place, body in bodies]

    def _entry(self, place: Place, body: bytes) -> Entry:
        document, shelf = _decode(body), self._shelves[place.rank]
        override = self._overrides.get(document.id, NONE)
        group_id, group = self._group(document, shelf)
        return Entry(
            item_id=document.id,
            kind=self._kind,
            provider_id=shelf.provider_id,
            provider_pk=shelf.provider_pk,
            ordinal=place.ordinal,
            name=override.name or self._name(document),
            number=self._number(document, override),
            logo=document.logo or document.poster,
            group=group,
            group_id=group_id,
            epg_id=document.epg_id,
            guide_id=self._guide_id(document),
            tags=document.tags,
            archive=bool(document.archive),
            archive_days=document.archive_days,
            replayed=shelf.provider_kind in REPLAYED,
            body=body,
        )

    def _name(self, document: _Document) -> str:
        return document.name if self._definition.names is Naming.ORIGINAL else document.cleaned_name

    def _number(self, document: _Document, override: Override) -> float | int | None:
        """What a person gave, else the next one where entries are numbered anew, else the provider's."""
        number = document.number
        if self._next is not None:
            number, self._next = self._next, self._next + 1
        return _whole(override.number) if override.number is not None else number

    def _guide_id(self, document: _Document) -> str:
        if self._definition.guide_ids is GuideIds.PROVIDER and document.epg_id:
            return document.epg_id
        return document.id + GUIDE_ENDING

    def _group(self, document: _Document, shelf: Shelf) -> tuple[str | None, str | None]:
        grouping = self._definition.groups
        if grouping is Grouping.PROVIDER:
            return f"provider:{shelf.provider_id}", shelf.provider_name
        if grouping is Grouping.TAG and document.tags:
            tag = next((tag for tag in document.tags if tag in self._wanted), document.tags[0])
            return f"tag:{tag}", tag
        chosen = document.category_id
        if shelf.include is not None:
            chosen = next((public for public in shelf.include if public in document.category_ids), chosen)
        category = shelf.categories.get(chosen) if chosen else None
        return (category.id, category.name) if category else (None, None)


def _whole(number: float) -> float | int:
    return int(number) if number.is_integer() else number
