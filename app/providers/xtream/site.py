"""The panel as its records see it: what relative pictures belong to, and what must never leave."""

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

from app.domain.values import image, text

SHORT_SECRET: Final = 3  # a password of three letters would be found in every other word


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Its base address, and the account in all spellings."""

    base: str
    users: tuple[str, ...] = field(repr=False)  # in all spellings
    passwords: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, base: str, username: str, password: str) -> "Site":
        return cls(base=base, users=_spellings(username), passwords=_spellings(password))

    def hide(self, words: str) -> str:
        """The words without user name and password."""
        for secret in (*self.passwords, *self.users):
            words = words.replace(secret, "***") if len(secret) > SHORT_SECRET else words
        return words

    def tells(self, url: str) -> bool:
        """Whether the URL carries the account: user name and password together."""
        for word in self.passwords:
            if word in url:
                return any(user in url for user in self.users)
        return False

    def image(self, value: Any) -> str | None:
        found = image(value, self._absolute)
        return None if found is None or self.tells(found) else found

    def source(self, value: Any) -> str | None:
        """A direct address that anyone may see: without a query, a user or a word of the account in it."""
        found = text(value).strip()
        if not found or "?" in found or "@" in found or not found.startswith(("http://", "https://")):
            return None
        return None if self.tells(found) else found

    def _absolute(self, value: str) -> str | None:
        parts = urlsplit(self.base)
        if value.startswith("//"):
            return f"{parts.scheme}:{value}"
        return f"{parts.scheme}://{parts.netloc}/{value.lstrip('/')}"


def _spellings(secret: str) -> tuple[str, ...]:
    """As it is and as URLs spell it, longest first."""
    return tuple(sorted({secret, quote(secret, safe="")}, key=len, reverse=True)) if secret else ()
