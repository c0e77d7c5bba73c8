"""What a walk noticed of its list: the first page, the claims, empty and repeated pages."""

from dataclasses import dataclass, field
from typing import Final

from app.providers.stalker.order import Order
from app.providers.stalker.rows import Listing

USUAL_SIZE: Final = 14
SURE: Final = 3  # empty or repeated pages after which the next ones are believed at once

Ids = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Watch:
    """One scope; pages come in any order, but page 1 comes first."""

    total: int | None = None
    size: int | None = None
    first_total: int | None = None
    first_ids: Ids | None = None
    steady: bool = True  # every page claimed the same total
    filled: int = 0  # the highest page that held anything
    empty: set[int] = field(default_factory=set)
    repeated: int = 0
    rejected: dict[int, int] = field(default_factory=dict)  # records refused, by page
    order: Order = field(default_factory=Order)
    tail: Ids = ()  # the last page of the claim: portals that know no page behind it repeat it

    def learn(self, number: int, listing: Listing, ids: Ids) -> None:
        """Takes in an answered page."""
        claim = self.claim(listing)
        if claim is not None:
            self.steady = self.steady and (self.total is None or claim == self.total)
            self.total = claim
        if self.size is None:
            self.size = listing.size or (len(listing.rows) if number == 1 and listing.rows else None)
        if number == 1:
            self.first_ids, self.first_total = ids, claim
        if listing.rows:
            self.filled = max(self.filled, number)
            if number == self.last_claimed:
                self.tail = ids
        else:
            self.empty.add(number)

    def claim(self, listing: Listing) -> int | None:
        """The claimed total; zero beside rows claims nothing."""
        if listing.total is None or listing.total < 0 or (listing.total == 0 and (listing.rows or self.filled)):
            return None
        return listing.total

    @property
    def last_claimed(self) -> int | None:
        """The last page that the claim makes; None without a claim."""
        return None if self.total is None else max(1, -(-self.total // (self.size or USUAL_SIZE)))

    def is_behind(self, number: int, listing: Listing | None = None) -> bool:
        """Whether a page lies behind everything that is claimed."""
        claim = self.claim(listing) if listing else None
        total = self.total if claim is None else claim
        if number == 1 or total is None:
            return False
        size = self.size or (listing.size if listing else None) or USUAL_SIZE
        return (number - 1) * size >= total

    def is_hopeless(self, number: int) -> bool:
        """Whether enough pages before this one, and none since, were found empty."""
        return sum(self.filled < one < number for one in self.empty) >= SURE

    def repeats(self, number: int, ids: Ids) -> bool:
        """Whether a page is the first one again."""
        return number > 1 and bool(ids) and ids == self.first_ids

    def repeats_tail(self, number: int, ids: Ids) -> bool:
        """Whether a page behind the claim is the last one again."""
        return bool(ids) and self.is_behind(number) and ids == self.tail
