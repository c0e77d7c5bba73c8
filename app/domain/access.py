"""What an API key may do."""

from enum import StrEnum
from typing import Final


class KeyScope(StrEnum):
    """Each scope holds the one before: who may start a sync may look at it, who may change things may do all."""

    READ = "read"
    SYNC = "sync"
    ADMIN = "admin"

    def allows(self, needed: "KeyScope") -> bool:
        return _RANKS[self] >= _RANKS[needed]


_RANKS: Final = {scope: rank for rank, scope in enumerate(KeyScope)}
