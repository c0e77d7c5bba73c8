"""What rules, filters and categories together make of an item: its tags, its cleaned name, who is shown it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import Struct, to_builtins

from app.core import jsonio
from app.domain.filters import Filter, Sieve, Visibility, is_adult, is_adult_channel
from app.domain.fingerprint import fingerprint
from app.domain.kinds import Kind
from app.domain.tagging import Rule, Tagger, distinct

EDITION: Final = 1  # of the code that makes markings: the next one goes through all items again


class Marking(NamedTuple):
    """Of one item; `tags` with those that people set."""

    tags: tuple[str, ...]
    cleaned_name: str
    visibility: Visibility


class Seen(NamedTuple):
    """What is asked of a category."""

    name: str
    censored: bool


class Policy(Struct, frozen=True, kw_only=True):
    """A provider's rules and filters, in the order in which they apply."""

    rules: tuple[Rule, ...] = ()
    filters: tuple[Filter, ...] = ()

    def of(self, kind: Kind) -> "Policy":
        """What concerns one kind."""
        rules = tuple(one for one in self.rules if not one.kinds or kind in one.kinds)
        filters = tuple(one for one in self.filters if not one.kinds or kind in one.kinds)
        return Policy(rules=rules, filters=filters)

    def digest(self) -> int:
        """Equal policies make equal markings."""
        return fingerprint(jsonio.canonical([EDITION, to_builtins(self)]))


class Guide(Struct, frozen=True):
    """All that a marker is made of; `categories` by public id."""

    kind: Kind
    policy: Policy
    categories: dict[str, Seen]


class Marker:
    """Marks items of one kind; `categories` by public id. `troubles`: rules and filters left out, and why."""

    def __init__(self, kind: Kind, policy: Policy, categories: Mapping[str, Seen]) -> None:
        self.guide = Guide(kind, policy, dict(categories))
        mine = policy.of(kind)
        self.digest = mine.digest()
        self.categories = {public: fingerprint(jsonio.canonical(list(seen))) for public, seen in categories.items()}
        self._named = kind is Kind.CHANNEL
        self._tagger = Tagger(mine.rules)
        self._sieve = Sieve(mine.filters)
        self._seen = categories
        self._known: dict[tuple[str, ...], tuple[tuple[str, ...], bool]] = {}

    @property
    def troubles(self) -> dict[str, str]:
        """By the id of the rule or filter."""
        return {**self._tagger.troubles, **self._sieve.troubles}

    def mark(
        self, name: str, category_ids: Sequence[str], *, censored: bool | None = None, own: Sequence[str] = ()
    ) -> Marking:
        """Marks an item; `censored` is what the provider says of it, `own` the tags that people set."""
        ids = tuple(category_ids)
        known = self._known.get(ids)
        if known is None:
            known = self._known[ids] = self._look_up(ids)
        names, adult = known
        tagged = self._tagger.apply(name, names)
        tags = distinct((*own, *tagged.tags)) if own else tagged.tags
        adult = adult or bool(censored) or (self._named and is_adult_channel(name))
        visibility = self._sieve.judge(name, categories=names, category_ids=ids, tags=tags, adult=adult)
        return Marking(tags, tagged.cleaned_name, visibility)

    def differs(self, digest: int, categories: Mapping[str, int]) -> bool:
        """Whether items that were marked then may be marked otherwise now; a category that is new has none of them."""
        renamed = any(categories.get(public, value) != value for public, value in self.categories.items())
        return digest != self.digest or renamed

    def _look_up(self, ids: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
        found = [self._seen[one] for one in ids if one in self._seen]
        return tuple(one.name for one in found), any(one.censored or is_adult(one.name) for one in found)
