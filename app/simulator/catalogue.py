"""A whole made-up catalogue: which items it holds at a version, and each item on demand."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from msgspec import structs

from app.domain.kinds import Kind
from app.simulator.categories import Category, make_categories
from app.simulator.draw import draws
from app.simulator.facts import (
    Channel,
    Title,
    added_at,
    category_of,
    channel_name,
    make_channel,
    make_title,
    seasons_of,
    title_name,
)
from app.simulator.spec import CatalogueSpec

UPDATED_SHARE: Final = 0.6
ADDED_SHARE: Final = 0.25
FEWEST_TO_CHANGE: Final = 4  # a kind with fewer items stays as it is, but for one update


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What the last version did to one kind, by item number."""

    added: frozenset[int] = frozenset()
    updated: frozenset[int] = frozenset()
    removed: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """The items of one kind at a version: ascending numbers, and the revision of those that ever changed."""

    numbers: Sequence[int]
    revisions: Mapping[int, int]
    top: int
    changes: Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a perfect client ends with; channels include censored ones, categories exclude pseudo ones."""

    channels: int
    movies: int
    series: int
    channel_categories: int
    movie_categories: int
    series_categories: int


class Catalogue:
    """Deterministic: equal specs give equal items, whatever was asked for before."""

    def __init__(self, spec: CatalogueSpec) -> None:
        self.spec = spec
        self.categories: Mapping[Kind, tuple[Category, ...]] = {kind: make_categories(spec, kind) for kind in Kind}
        self.counts: Mapping[Kind, tuple[int, int]] = {
            kind: (len(found), sum(category.censored for category in found)) for kind, found in self.categories.items()
        }
        self.stock: Mapping[Kind, Stock] = {kind: _grow(spec, kind) for kind in Kind}
        self._backdated: dict[tuple[Kind, int], int] = {}

    def at(self, version: int) -> "Catalogue":
        """The same catalogue at another version."""
        return Catalogue(replace(self.spec, version=version))

    def next_version(self) -> "Catalogue":
        """The version after this one: `churn` of the items renamed, rewritten, moved, removed or new."""
        return self.at(self.spec.version + 1)

    def changes(self, kind: Kind) -> Changes:
        """What this version changed against the one before."""
        return self.stock[kind].changes

    def numbers(self, kind: Kind) -> Sequence[int]:
        """All live items of a kind, oldest first."""
        return self.stock[kind].numbers

    def revision(self, kind: Kind, number: int) -> int:
        """The version that changed the item last; 0 = never."""
        return self.stock[kind].revisions.get(number, 0)

    def category_of(self, kind: Kind, number: int) -> int:
        """The index of the item's category, or NO_CATEGORY; cheap enough for a whole catalogue."""
        d = draws(self.spec.seed, kind, number)
        return category_of(self.spec, kind, self.counts[kind], d, number, revision=self.revision(kind, number))

    def censored(self, kind: Kind, number: int) -> bool:
        """Whether the item lies in an adult category."""
        total, adult = self.counts[kind]
        return self.category_of(kind, number) >= total - adult

    def name_of(self, kind: Kind, number: int) -> str:
        """The item's name alone, for sorting."""
        d, revision = draws(self.spec.seed, kind, number), self.revision(kind, number)
        if kind is Kind.CHANNEL:
            return channel_name(self.spec, d, number, revision)
        return title_name(self.spec, kind, d, number, revision)

    def added_at(self, kind: Kind, number: int) -> int:
        """Seconds since the epoch."""
        return self._backdated.get((kind, number)) or added_at(self.spec.items(kind), number)

    def backdate(self, kind: Kind, number: int, moment: int) -> None:
        """From now on the item claims to have come at `moment` (seconds since the epoch)."""
        self._backdated[kind, number] = moment

    def channel(self, number: int) -> Channel:
        """One channel."""
        return make_channel(self.spec, self.counts[Kind.CHANNEL], number, self.revision(Kind.CHANNEL, number))

    def title(self, kind: Kind, number: int) -> Title:
        """One movie or series."""
        made = make_title(self.spec, kind, self.counts[kind], number, self.revision(kind, number))
        moment = self._backdated.get((kind, number)) if self._backdated else None
        return made if moment is None else structs.replace(made, added=moment)

    def seasons(self, number: int) -> tuple[tuple[int, int], ...]:
        """(season number, episodes) of a series."""
        return seasons_of(self.spec, number)

    def expected(self) -> Expected:
        """The exact counts of this version."""
        return Expected(
            channels=len(self.numbers(Kind.CHANNEL)),
            movies=len(self.numbers(Kind.MOVIE)),
            series=len(self.numbers(Kind.SERIES)),
            channel_categories=len(self.categories[Kind.CHANNEL]),
            movie_categories=len(self.categories[Kind.MOVIE]),
            series_categories=len(self.categories[Kind.SERIES]),
        )

    def expected_ids(self, kind: Kind) -> frozenset[str]:
        """The provider's own ids of this version; a stock portal adds SERIES_BASE to those of series in its VOD."""
        return frozenset(map(str, self.numbers(kind)))


def _grow(spec: CatalogueSpec, kind: Kind) -> Stock:
    """Walks from version 1 to the spec's version; the same steps whatever version is wanted."""
    top = spec.items(kind)
    numbers: Sequence[int] = array("I", range(1, top + 1))
    revisions: dict[int, int] = {}
    changes = Changes()
    for version in range(2, spec.version + 1):
        changes = _step(spec, kind, version, numbers, top)
        top += len(changes.added)
        kept = [number for number in numbers if number not in changes.removed] if changes.removed else numbers
        numbers = array("I", [*kept, *sorted(changes.added)])
        revisions.update(dict.fromkeys(changes.updated, version))
    return Stock(numbers=numbers, revisions=revisions, top=top, changes=changes)


def _step(spec: CatalogueSpec, kind: Kind, version: int, numbers: Sequence[int], top: int) -> Changes:
    """1 % of the items: mostly updated, some new at the head, fewer removed."""
    if not numbers or spec.churn <= 0:
        return Changes()
    random = Random(f"{spec.seed}/{kind}/{version}")
    if len(numbers) < FEWEST_TO_CHANGE:
        return Changes(updated=frozenset([random.choice(numbers)]))
    count = min(len(numbers), max(3, round(len(numbers) * spec.churn)))
    added = max(1, round(count * ADDED_SHARE))
    updated = max(1, round(count * UPDATED_SHARE))
    touched = random.sample(range(len(numbers)), count - added)
    return Changes(
        added=frozenset(range(top + 1, top + 1 + added)),
        updated=frozenset(numbers[place] for place in touched[:updated]),
        removed=frozenset(numbers[place] for place in touched[updated:]),
    )
