"""What the sync engine asks of a provider, whatever its dialect.

An adapter opens no transaction, knows no job and decides no outcome. It raises only `Unavailable`, `Rejected` or
`Malformed`; a page it returns is whole.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, Self

from app.domain.kinds import Kind, ProviderKind, StepName
from app.domain.programmes import ProgrammeRecord
from app.domain.records import (
    CategoryRecord,
    EpisodeRecord,
    Record,
    RejectedRecord,
    SeasonRecord,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAccount:
    """Who asks: the provider row as an adapter needs it, credentials decrypted. Its repr tells no secret."""

    id: str
    name: str
    kind: ProviderKind
    url: str = field(repr=False)
    credentials: Mapping[str, str] = field(repr=False)
    options: Mapping[str, Any]
    endpoint: str | None = None  # where the dialect was found last time; secret-free


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatus:
    """What the provider says of the account; `expires_at` in ms, None = never or unknown."""

    ok: bool
    status: str
    message: str | None = None
    expires_at: int | None = None
    max_connections: int | None = None
    server_timezone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One list that can be walked.

    `name` is its key in checkpoints (`vod:*`, `vod:category:12`); `kinds` are all that it may yield (a Stalker VOD
    list holds movies and series); `paged` walks by `page`, the others by `stream`. `newest` comes first in a list that
    may be left where nothing is new. `pages` are the only ones wanted, where they are told.
    """

    step: StepName
    name: str
    kinds: frozenset[Kind]
    paged: bool
    category: str | None = None
    newest: bool = False
    pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One whole reply of a walk.

    `number` starts at 1. `total` is the number of items the provider claims for the whole scope, None when it
    claims none; `size` the page size it works with. `last` is set only when the adapter can prove that nothing follows
    (a closed JSON list, an empty page behind the claimed total). `doubtful` marks an empty or repeated answer that
    stayed so after retries: the walk goes on but proves nothing.
    """

    number: int
    records: Sequence[Record]
    rejected: Sequence[RejectedRecord] = ()
    total: int | None = None
    size: int | None = None
    last: bool = False
    doubtful: bool = False

    @property
    def ids(self) -> tuple[tuple[str, str], ...]:
        """(space, external id) of each record; portals that ignore `p` repeat them."""
        return tuple((record.space, record.external_id) for record in self.records)


@dataclass(frozen=True, slots=True, kw_only=True)
class Categories:
    """The categories of one kind; `known` is False when the provider has no such list (then nothing is swept)."""

    records: Sequence[CategoryRecord]
    rejected: Sequence[RejectedRecord] = ()
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeReport:
    """What a finished walk of one scope saw: distinct items, and the provider's claim at its end.

    Equal digests = the same items.
    """

    scope: Scope
    complete: bool  # every page answered, none doubtful
    distinct: int
    total: int | None
    digest: int = 0


ItemKey = tuple[str, str]  # id space, provider's own id


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredItem:
    """An item as it is stored, for the provider to know it by; `categories` are (id space, provider's own id)."""

    key: ItemKey
    categories: Sequence[tuple[str, str]] = ()
    added_at: int | None = None
    censored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """All walks of a step so far; `distinct` counts different items over all scopes.

    `earlier` are the items of censored categories, by kind, on pages of the common lists that an earlier attempt of
    the job stored: those pages are not read again, and what they delivered need not be looked for elsewhere.
    """

    step: StepName
    scopes: Sequence[ScopeReport]
    distinct: int
    earlier: Mapping[Kind, Sequence[StoredItem]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the adapter makes of a step's walks: scopes still to walk, or whether all was seen, and why not."""

    more: Sequence[Scope] = ()
    proven: bool = False
    doubt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Items that walks which saw everything did not see: to be looked for once more, and the walks that did so already.

    `items` is empty when they are too many to be named; `count` is right in any case. `sizes` are how many items are
    stored in each category that is named.
    """

    step: StepName
    kind: Kind
    count: int
    items: Sequence[StoredItem] = ()
    sizes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    scopes: Sequence[ScopeReport] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Where else to look; when nowhere any more, which items are `gone` for certain, and why not the others."""

    more: Sequence[Scope] = ()
    gone: frozenset[ItemKey] = frozenset()
    all_gone: bool = False
    doubt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLink:
    """A playable address, good until `expires_at` (ms; None = unknown); no player may see `secrets` (lower case)."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    expires_at: int | None = None
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideLink:
    """An XMLTV file, and who named it: the head of a list, the dialect itself, or the person who added the provider."""

    url: str = field(repr=False)
    origin: Literal["header", "xtream", "option"]


def chosen_guides(options: Mapping[str, Any]) -> tuple[GuideLink, ...]:
    """The guide that a person chose, which wins over what a provider names; none when there is no such wish."""
    url = options.get("epgUrl")
    return (GuideLink(url=str(url), origin="option"),) if url else ()


class Provider(Protocol):
    """One provider, logged in on first use; `async with` closes it."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc: object) -> None: ...

    @property
    def endpoint(self) -> str | None:
        """The address found by discovery, secret-free, worth remembering."""
        ...

    @property
    def account(self) -> AccountStatus | None:
        """What the logins so far said of the account, as far as they did; None before the first."""
        ...

    async def test(self) -> AccountStatus:
        """One login; raises as any call does when the portal cannot be talked to at all."""
        ...

    async def categories(self, kind: Kind) -> Categories:
        """All real categories of a kind, without pseudo ones (`*`, All)."""
        ...

    @property
    def parallel(self) -> int:
        """How many pages may be asked for at once now: the window of the provider's host."""
        ...

    async def scopes(self, step: StepName, kinds: frozenset[Kind], *, newest: bool = False) -> Sequence[Scope]:
        """Where a full walk of an item step begins, in a job that syncs `kinds`.

        Empty when the walk of an earlier step of the same job brings this kind already. A walk may yield other kinds
        than the job's: the engine drops them. With `newest` lists are given that show new items first, where the
        provider has such lists; else those of a full walk.
        """
        ...

    async def page(self, scope: Scope, number: int) -> Page:
        """One page of a paged scope. Safe to call in parallel."""
        ...

    def stream(self, scope: Scope) -> AsyncGenerator[Page, None]:
        """The pages of a scope that is one bulk answer, parsed as it arrives; raises when it is cut."""
        ...

    async def review(self, report: StepReport) -> Verdict:
        """Judges the walks of a step: asks for more scopes until everything is proven or cannot be."""
        ...

    async def search(self, missing: Missing) -> Search:
        """Looks once more for what a proven walk did not see: asks for scopes until each item is found or gone."""
        ...

    async def seasons(self, locator: Mapping[str, Any]) -> Sequence[SeasonRecord]:
        """The seasons of a series, in order."""
        ...

    async def episodes(self, locator: Mapping[str, Any], season: SeasonRecord) -> Sequence[EpisodeRecord]:
        """The episodes of one season, in order."""
        ...

    async def resolve(self, kind: Kind, locator: Mapping[str, Any]) -> StreamLink:
        """A link for this moment; kind MOVIE for episodes too, whose locator says so."""
        ...

    async def replay(self, locator: Mapping[str, Any], *, start_ms: int, minutes: int) -> StreamLink | None:
        """A link to what a channel showed then; None where the dialect has no address for the past."""
        ...

    async def guides(self) -> Sequence[GuideLink]:
        """The XMLTV files for its channels, the best first: the one that was chosen, else those it names."""
        ...

    @property
    def own_guide(self) -> bool:
        """Whether the dialect can tell of programmes without an XMLTV file."""
        ...

    def programmes(self, channels: Sequence[str], hours: int) -> AsyncGenerator[Sequence[ProgrammeRecord], None]:
        """What the provider itself knows of the coming hours; each record names the provider's own id of a channel.

        `channels` are these ids, for dialects that have to be asked for one at a time; they ask for few or for none.
        """
        ...


class NoOwnGuide:
    """What dialects are made with that know programmes only from XMLTV files."""

    @property
    def own_guide(self) -> bool:
        """There is none."""
        return False

    async def programmes(self, channels: Sequence[str], hours: int) -> AsyncGenerator[Sequence[ProgrammeRecord], None]:
        """Nothing."""
        del channels, hours
        nothing: Sequence[Sequence[ProgrammeRecord]] = ()
        for batch in nothing:
            yield batch
