"""Channels read from a provider this moment, for who wants to see them before anything is stored."""

from msgspec import Struct

from app.domain.filters import Visibility
from app.domain.variants import Variant


class LiveChannel(Struct, frozen=True, kw_only=True, gc=False):
    """A channel that no row holds.

    `body` is its document as browse would answer it; `words` are the folded words of its names; `tags` are compared in
    small letters; `categories` are what its categories are called by: public ids, the provider's own, folded names.
    """

    id: str
    body: bytes
    name: str
    words: tuple[str, ...]
    tags: tuple[str, ...]
    epg_id: str | None
    number: float | None
    categories: frozenset[str]
    visibility: Visibility
    variant: Variant
