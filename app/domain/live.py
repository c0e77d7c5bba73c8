"""Channels read from a provider this moment, for who wants to see them before anything is stored."""

from msgspec import Struct


class LiveChannel(Struct, frozen=True, kw_only=True, gc=False):
    """A channel that no row holds.

    `body` is its document as browse would answer it, tags and cleaned name included; `words` are the folded words of
    its names; `categories` tells what its categories are called by: public ids, the provider's own, folded names.
    """

    id: str
    body: bytes
    words: tuple[str, ...]
    tags: tuple[str, ...]
    cleaned_name: str
    epg_id: str | None
    number: float | None
    categories: frozenset[str]
    visibility: int
