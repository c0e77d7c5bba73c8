"""Whether items that walks did not see are gone: each is looked for once more, where it would stand.

A list may lose a live row without a trace: one row goes, an older one is put back elsewhere, and the row in between
moves from a page not read yet to one that was read already; totals and the first page stay the same. So a proven walk
is not enough to remove anything. What is enough, cheapest first:

1. The place in `*`, newest first: one page that begins with a later item and ends with an earlier one is a single
   answer of the portal; what is not on it is not in the list. Between two pages, both are read twice: if neither
   changed, nothing stood between them.
2. The item's category: one page, or two walks in a row that saw the same items and as many as the portal claims.
3. The whole list, once more, with the same items as before.

`get_all_channels` is one answer: of the channels that it would show, what is not in it is gone.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from app.domain.kinds import Kind
from app.domain.records import CategoryRecord
from app.providers.base import ItemKey, Missing, Scope, ScopeReport, Search, StoredItem
from app.providers.stalker.order import Places, Run
from app.providers.stalker.parse import VOD_SPACE
from app.providers.stalker.review import BULK, FAMILY_KINDS, list_scope
from app.providers.stalker.walk import LOOK, Look, Walker, family_of
from app.providers.stalker.watch import USUAL_SIZE

VERIFY: Final = "verify"
TWICE: Final = "twice"
MOST_LOOKS: Final = 4  # rounds: the place, the neighbours that the list moved it to, and those once more
LONGEST_RUN: Final = 3  # pages read for one item; more were added at one moment than that
DOUBT: Final = "The portal's lists moved too much to look for all of them once more."


def family_of_item(kind: Kind, key: ItemKey) -> str:
    """The list that an item stands in."""
    if kind is Kind.CHANNEL:
        return "itv"
    return "series" if kind is Kind.SERIES and key[0] != VOD_SPACE else "vod"


class Seeker:
    """Judges what was looked for so far in one family's lists, and tells where else to look."""

    def __init__(self, walker: Walker, family: str, missing: Missing, categories: Sequence[CategoryRecord]) -> None:
        self._walker = walker
        self._family = family
        self._missing = missing
        self._listed = {one.external_id: one.censored for one in categories}
        self._by_name = {one.scope.name: one for one in missing.scopes if family_of(one.scope) == family}
        self._star = walker.stars.get(family)
        self._looks = walker.looks.get(family, [])
        self._reads: dict[int, list[Look]] = {}
        for look in self._looks:
            self._reads.setdefault(look.number, []).append(look)

    def seek(self, items: Sequence[StoredItem]) -> Search:
        """Looks at places first, then at categories, then at the whole list."""
        if not items:
            return self._all()
        gone = {item.key for item in items if self._in_bulk(item)}
        left = [item for item in items if item.key not in gone]
        runs = self._runs(left)
        proven = {item.key for item in left if self._is_empty(runs.get(item.key), item.added_at or 0)}
        gone |= proven
        pages = self._pages(run for key, run in runs.items() if key not in proven)
        rounds = sum(bool(one.scope.pages) for one in self._by_name.values())
        if pages and rounds < MOST_LOOKS and len(pages) < self._length():
            number = 1 + max((look.round for look in self._looks), default=0)
            return Search(more=[self._scope(f"{LOOK}:{number}", pages=pages)])
        left = [item for item in left if item.key not in gone]
        if not left:
            return Search(gone=frozenset(gone))
        found = self._in_categories(left) if self._cheap(left) else self._whole(left)
        return Search(more=found.more, gone=frozenset(gone | found.gone), doubt=found.doubt)

    def _in_bulk(self, item: StoredItem) -> bool:
        """Whether the one answer with all channels would have shown the item."""
        star = self._star
        if star is None or star.scope.name != f"{self._family}:{BULK}" or not star.complete or not star.distinct:
            return False
        listed = [self._listed.get(own) for _, own in item.categories]
        return not item.censored and None not in listed and not any(listed)

    def _runs(self, items: Sequence[StoredItem]) -> dict[ItemKey, Run]:
        """The pages of `*` around each item, where it has a place there."""
        star = self._star
        if star is None or self._family == "itv":
            return {}
        watch = self._walker.watch(star.scope)
        places = Places(watch.order, {look.number: look.span for look in self._looks if look.span}, self._length())
        found: dict[ItemKey, Run] = {}
        for item in items:
            run = places.around(item.added_at) if item.added_at and not self._is_hidden(item) else None
            if run is not None and 0 < len(run.pages) <= LONGEST_RUN:
                found[item.key] = run
        return found

    def _is_hidden(self, item: StoredItem) -> bool:
        """Whether `*` would not show the item: what it leaves out are censored categories."""
        own = [category for _, category in item.categories]
        if any(self._walker.walked(list_scope(self._missing.step, self._family, category=one)) for one in own):
            return True
        delivered = self._walker.hidden.get(self._family, {})
        censored = [one for one in own if self._listed.get(one)]
        return (item.censored and not censored) or any(not delivered.get(one) for one in censored)

    def _is_empty(self, run: Run | None, moment: int) -> bool:
        """Whether pages that reach beyond the item on both sides were read since: one, or more that did not move."""
        if run is None:
            return False
        near = (look for number in range(run.first - 1, run.last + 2) for look in self._reads.get(number, ()))
        if any(_begins_before(look, moment) and _ends_behind(look, moment) for look in near):
            return True
        reads = [self._reads.get(number, [])[-2:] for number in run.pages]
        if any(len(one) < 2 or one[0].ids != one[1].ids for one in reads):  # noqa: PLR2004 - read twice
            return False
        if len({(one[0].round, one[1].round) for one in reads}) > 1:
            return False
        return _begins_before(reads[0][1], moment) and _ends_behind(reads[-1][1], moment)

    def _pages(self, runs: Iterable[Run]) -> tuple[int, ...]:
        return tuple(sorted({number for run in runs for number in run.pages}))

    def _cheap(self, items: Sequence[StoredItem]) -> bool:
        """Whether all items have categories that can be asked for, at less than a walk of the whole list."""
        if not all(any(own in self._listed for _, own in item.categories) for item in items):
            return False
        named = {one for item in items for one in item.categories if one[1] in self._listed}
        pages = [-(-self._missing.sizes.get(one, 0) // USUAL_SIZE) for one in named]
        return self._star is None or sum(2 * count if count > 1 else 1 for count in pages) <= self._length()

    def _in_categories(self, items: Sequence[StoredItem]) -> Search:
        named = dict.fromkeys(own for item in items for _, own in item.categories if own in self._listed)
        more = [scope for own in named if (scope := self._next(own)) is not None]
        if more:
            return Search(more=more)
        sure = {own for own in named if self._verified(own)}
        wanted = {item.key: {own for _, own in item.categories if own in self._listed} for item in items}
        gone = frozenset(key for key, own in wanted.items() if own <= sure)
        return Search(gone=gone, doubt=DOUBT if len(gone) < len(items) else None)

    def _next(self, category: str) -> Scope | None:
        """The walk of a category that is still due."""
        for word in (VERIFY, TWICE):
            name = f"{self._family}:{word}:{category}"
            if name not in self._by_name:
                return self._scope(f"{word}:{category}", category=category)
            if self._is_one_answer(self._by_name[name]):
                return None
        return None

    def _verified(self, category: str) -> bool:
        first = self._by_name[f"{self._family}:{VERIFY}:{category}"]
        second = self._by_name.get(f"{self._family}:{TWICE}:{category}")
        if second is None:
            return self._is_one_answer(first)
        return self._whole_walk(first) and self._whole_walk(second) and first.digest == second.digest

    def _all(self) -> Search:
        """The same for more items than can be named: the whole list, and the categories that it leaves out."""
        hidden = [own for own, censored in self._listed.items() if censored]
        more = [scope for own in hidden if (scope := self._next(own)) is not None]
        found = self._whole(())
        if more or found.more:
            return Search(more=[*more, *found.more])
        return found if all(self._verified(own) for own in hidden) else Search(doubt=DOUBT)

    def _whole(self, items: Sequence[StoredItem]) -> Search:
        star = self._star
        if star is None:
            return Search(doubt=DOUBT)
        again = self._by_name.get(f"{self._family}:{VERIFY}")
        if again is None:
            return Search(more=[self._scope(VERIFY)])
        if not self._whole_walk(again):
            return Search(doubt=DOUBT)
        if star.scope.name == f"{self._family}:{BULK}":
            # The paged list is another one than the big answer: only a second walk of it can agree.
            twice = self._by_name.get(f"{self._family}:{TWICE}")
            if twice is None:
                return Search(more=[self._scope(TWICE)])
            same = self._whole_walk(twice) and twice.digest == again.digest
        else:
            same = again.digest == star.digest
        if not same:
            return Search(doubt=DOUBT)
        return Search(gone=frozenset(item.key for item in items), all_gone=not items)

    def _is_one_answer(self, report: ScopeReport) -> bool:
        size = self._walker.watch(report.scope).size or USUAL_SIZE
        return self._whole_walk(report) and report.total is not None and report.total <= size

    def _whole_walk(self, report: ScopeReport) -> bool:
        """Complete, under one claim, and as many different items as it says."""
        watch = self._walker.watch(report.scope)
        seen = report.distinct + self._walker.rejected(report.scope)
        return report.complete and watch.steady and report.total is not None and seen >= report.total

    def _length(self) -> int:
        """How many pages the whole list has."""
        star = self._star
        if star is None:
            return 0
        return -(-(star.total or star.distinct) // (self._walker.watch(star.scope).size or USUAL_SIZE))

    def _scope(self, word: str, *, category: str | None = None, pages: tuple[int, ...] = ()) -> Scope:
        return Scope(
            step=self._missing.step,
            name=f"{self._family}:{word}",
            kinds=FAMILY_KINDS[self._family],
            paged=True,
            category=category,
            pages=pages,
        )


def _begins_before(look: Look, moment: int) -> bool:
    return look.span is not None and (look.number == 1 or look.span[0] > moment)


def _ends_behind(look: Look, moment: int) -> bool:
    return look.span is not None and (look.last or look.span[1] < moment)


def joined(found: Mapping[str, Search]) -> Search:
    """The findings of all families."""
    more = [scope for one in found.values() for scope in one.more]
    if more:
        return Search(more=more)
    doubts = dict.fromkeys(one.doubt for one in found.values() if one.doubt)
    return Search(
        gone=frozenset().union(*(one.gone for one in found.values())),
        all_gone=bool(found) and all(one.all_gone for one in found.values()),
        doubt=" ".join(doubts) or None,
    )
