"""How big a made-up catalogue is and from which seed it grows."""

from dataclasses import dataclass
from typing import Final

from app.domain.kinds import Kind

SERIES_SHARE: Final = 0.2
CHANNEL_SHARE: Final = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueSpec:
    """Equal specs make equal catalogues, on every machine.

    `categories` counts all three kinds together. `version` 1 is the first; each further one differs from the one
    before in `churn` of its items. `censored`, `unknown` are shares (0–1) of items in adult and in unlisted categories.
    """

    seed: int = 1
    channels: int = 12_000
    movies: int = 64_106
    series: int = 19_076
    categories: int = 350
    version: int = 1
    churn: float = 0.01
    censored: float = 0.03
    unknown: float = 0.004
    subscribers: int = 1_000  # rows of the tables about people and boxes, where a portal has them (IPTVPortal)
    dirt: float = 0.04  # share of items with empty names, N/A, zero dates and the like, per kind of dirt

    def items(self, kind: Kind) -> int:
        """The number of items of a kind in version 1."""
        return {Kind.CHANNEL: self.channels, Kind.MOVIE: self.movies, Kind.SERIES: self.series}[kind]

    def categories_of(self, kind: Kind) -> int:
        """The number of categories of a kind; at least one ordinary and one adult where there are items."""
        channels = max(2, round(self.categories * CHANNEL_SHARE))
        series = max(2, round(self.categories * SERIES_SHARE))
        if kind is Kind.CHANNEL:
            return channels
        return series if kind is Kind.SERIES else max(2, self.categories - channels - series)
