"""Pages of long lists."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from app.api.deps import MAX_PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Which page of a list is shown, and how many there are."""

    page: int
    limit: int
    total: int = 0

    @classmethod
    def of(cls, query: Mapping[str, str], limit: int) -> Self:
        """The page that an address names; the first one for what is no number."""
        asked = query.get("page", "1")
        number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < len(str(MAX_PAGE)) else 1
        return cls(page=max(1, number), limit=limit)

    def holding(self, total: int) -> Self:
        """The same, now that it is known how many there are."""
        return replace(self, total=total)

    @property
    def more(self) -> bool:
        return self.page * self.limit < self.total
