"""Where a provider's programmes come from: the files that it or a person names, and what it knows itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, quote, urlsplit

from sqlalchemy import Row

from app.core.redaction import conceal
from app.db import guide_rows
from app.db.engine import Database
from app.jobs.tracker import JobTracker
from app.providers.base import GuideLink, Provider, ProviderAccount

OWN: Final = "provider"  # the origin of a guide that is no file
CHOSEN: Final = "option"
OPEN_NAMES: Final = frozenset({"type", "output", "gzip", "prev_days", "next_days", "lang", "country"})


class Sealer(Protocol):
    """Keeps secrets at rest."""

    def seal(self, plain: bytes, *, owner: str) -> bytes: ...

    def open(self, sealed: bytes, *, owner: str) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A guide to refresh: its row as it was stored, and its address, None for a provider's own."""

    row: Row[Any]
    url: str | None = field(repr=False)
    moved: bool  # the address is not the one of last time: its tags say nothing of it


class Sources:
    """The guides of one provider, as rows."""

    def __init__(self, database: Database, sealer: Sealer, account: ProviderAccount) -> None:
        self._database = database
        self._sealer = sealer
        self._account = account

    async def found(self, provider: Provider, job: JobTracker) -> list[Source]:
        """What there is now, the best first; rows are added, moved and dropped accordingly.

        A guide that the provider has ceased to name is kept until its programmes are over, unless a person chose
        another one.
        """
        links = await provider.guides()
        for link in links:
            conceal(*(value for name, value in parse_qsl(urlsplit(link.url).query) if name not in OPEN_NAMES))
        wanted = self._wanted(links, own=provider.own_guide)
        chosen = any(link.origin == CHOSEN for link in links)
        async with self._database.writer() as writer:
            await job.save(writer)
            stored = {row.id: row for row in await guide_rows.guides_of(writer, job.provider_pk)}
            urls = {public: self._opened(row) for public, row in stored.items()}
            gone = [row for public, row in stored.items() if public not in wanted]
            dropped = [row.pk for row in gone if chosen or row.origin == CHOSEN or row.generation is None]
            await guide_rows.remove_guides(writer, dropped)
            for row in gone:
                if row.named and row.pk not in dropped:
                    await guide_rows.change_guide(writer, row.pk, {"named": False})
            for position, (public, named) in enumerate(wanted.items()):
                values = {"position": position, "named": True, "url": self._sealed(public, named)}
                if public in stored:
                    await guide_rows.change_guide(writer, stored[public].pk, values)
                else:
                    origin = named.origin if named else OWN
                    new = {"id": public, "provider_pk": job.provider_pk, "origin": origin, **values}
                    await guide_rows.add_guide(writer, new)
            rows = {row.id: row for row in await guide_rows.guides_of(writer, job.provider_pk)}
        addresses = {public: named.url if named else None for public, named in wanted.items()}
        return [Source(row=rows[public], url=url, moved=urls.get(public) != url) for public, url in addresses.items()]

    def _wanted(self, links: Sequence[GuideLink], *, own: bool) -> dict[str, GuideLink | None]:
        """Files by public id, then the provider's own guide, unless a person chose a file."""
        found: dict[str, GuideLink | None] = {}
        for link in links:
            public = next(one for copy in range(len(links)) if (one := self._public(link, copy)) not in found)
            if not any(other and other.url == link.url for other in found.values()):
                found[public] = link
        if own and not any(link.origin == CHOSEN for link in links):
            found[_digest(self._account.id, OWN)] = None
        return found

    def _public(self, link: GuideLink, copy: int) -> str:
        """The id of a guide: it outlives a change of the password, and tells nothing of it."""
        parts = urlsplit(link.url)
        path = parts.path
        for secret in filter(None, self._account.credentials.values()):
            path = path.replace(quote(secret, safe=""), "*")
        address = f"{parts.hostname}:{parts.port or ''}{path}"
        return _digest(self._account.id, link.origin, address, str(copy))

    def _sealed(self, public: str, link: GuideLink | None) -> bytes | None:
        return self._sealer.seal(link.url.encode(), owner=public) if link else None

    def _opened(self, row: Row[Any]) -> str | None:
        return self._sealer.open(row.url, owner=row.id).decode() if row.url else None


def _digest(*parts: str) -> str:
    return blake2b("\x1f".join(("guide", *parts)).encode(), digest_size=10).hexdigest()
