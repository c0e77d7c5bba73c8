"""Public ids: pure functions of what they name, so that favourites survive a clean and a re-add."""

from hashlib import blake2b
from typing import Final

from app.domain.kinds import Kind, ProviderKind

SPACES: Final = ("", "vod")  # id spaces within a kind


def _digest(*parts: str) -> str:
    # 80 bits: 10⁹ ids collide with a chance of 4·10⁻⁷. Hexadecimal: base32 would cost five times the hash itself.
    return blake2b("\x1f".join(parts).encode(), digest_size=10).hexdigest()


def provider_id(kind: ProviderKind, address: str, account: str, copy: int = 0) -> str:
    """The id of a provider; `address` is host, port and path, `account` its MAC or user name, never a password.

    `copy` tells apart providers that name the same account twice.
    """
    return _digest("provider", kind, address, account, str(copy))


def item_id(provider: str, kind: Kind, external_id: str, space: str = "") -> str:
    """The id of an item; `space` is the id space within the kind (`vod` for series inside a Stalker VOD list)."""
    return _digest(provider, kind, space, external_id)


def space_of(provider: str, kind: Kind, external_id: str, public: str) -> str:
    """The id space that a public id was made in."""
    return next((space for space in SPACES if item_id(provider, kind, external_id, space) == public), "")


def category_id(provider: str, kind: Kind, external_id: str, space: str = "") -> str:
    """The id of a category; live, VOD and series categories may share the provider's numbers."""
    return _digest(provider, "category", kind, space, external_id)


def episode_id(series: str, season: str, external_id: str) -> str:
    """The id of an episode; `series` is the public id of its series."""
    return _digest(series, season, external_id)
