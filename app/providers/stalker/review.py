"""Whether the walks of a step saw everything; what else to walk until they did.

What is proof, per list (`*` of VOD, of native series, of channels):

1. every page of every walk answered, none doubtful, up to a proven end; and
2. the list did not move: its first page, read again, is the one the walk began with and claims the same total. Where
   new items only came on top (as many as the total grew), one more look at the head makes up for it. Otherwise the
   list is walked a second time. `get_all_channels` is one answer and cannot move; and
3. at least as many different items were seen (refused records count) as the portal claims, after walks of the
   censored categories that `*` leaves out and, where that is still too few, of every category; and each of the
   censored ones delivered what it claims itself.

A run that resumed a walk judges 2 from its own beginning. Everything else is a doubt, and nothing is swept. What a
proven walk did not see is looked for once more (`search.py`): all this can be true although a live row was missed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.core.errors import Malformed, Unavailable
from app.domain.kinds import Kind, StepName
from app.domain.records import CategoryRecord
from app.providers.base import Scope, ScopeReport, StepReport, Verdict
from app.providers.stalker.classify import Blank
from app.providers.stalker.parse import Reader
from app.providers.stalker.walk import AGAIN, ALL, CATEGORY_WORDS, HEAD, NEW, Walker, family_of
from app.providers.stalker.watch import Ids, Watch

BULK: Final = "all"
NOT_WALKED: Final = "The common list of the portal was not walked."
NO_CLAIM: Final = "The portal does not say how many items it has, so that nothing can be removed."
FAMILY_KINDS: Final[Mapping[str, frozenset[Kind]]] = {
    "itv": frozenset({Kind.CHANNEL}),
    "vod": frozenset({Kind.MOVIE, Kind.SERIES}),
    "series": frozenset({Kind.SERIES}),
}


def list_scope(step: StepName, family: str, word: str = ALL, category: str | None = None) -> Scope:
    """The scope of one list: `vod:*`, `vod:category:12`, `itv:all`."""
    name = f"{family}:{word}" if category is None else f"{family}:{CATEGORY_WORDS[family]}:{category}"
    kinds = FAMILY_KINDS[family]
    return Scope(step=step, name=name, kinds=kinds, paged=word != BULK, category=category)


def newest_scope(step: StepName, family: str, category: str | None) -> Scope:
    """The scope of a list that is left where it shows nothing new: `vod:new`, `vod:new:12`."""
    name = f"{family}:{NEW}" if category is None else f"{family}:{NEW}:{category}"
    return Scope(step=step, name=name, kinds=FAMILY_KINDS[family], paged=True, category=category, newest=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How a list moved since its walk began: so many items `added` on top, None when that does not explain it."""

    added: int | None
    total: int | None


class Review:
    """Judges the walks of one step, one family of lists after the other."""

    def __init__(
        self, walker: Walker, reader: Reader, report: StepReport, categories: Mapping[str, Sequence[CategoryRecord]]
    ) -> None:
        self._walker = walker
        self._reader = reader
        self._report = report
        self._categories = categories  # per family, those that its list can be asked for
        self._by_name = {one.scope.name: one for one in report.scopes}
        self._families = list(dict.fromkeys(family_of(one.scope) for one in report.scopes))

    async def verdict(self) -> Verdict:
        """More scopes, as long as there are any that could help; then the judgement."""
        more: list[Scope] = []
        doubts: list[str] = []
        for family in self._families:
            try:
                wanted, doubt = await self._judge(family)
            except Unavailable as error:
                wanted, doubt = [], f"The portal could not be asked again: {error.detail}"
            more += wanted
            doubts += [doubt] if doubt else []
        if more:
            return Verdict(more=more)
        return Verdict(proven=not doubts, doubt=" ".join(doubts) or None)

    async def _judge(self, family: str) -> tuple[list[Scope], str | None]:
        bulk = self._by_name.get(f"{family}:{BULK}")
        if bulk is not None and f"{family}:{ALL}" not in self._by_name:
            return await self._judge_bulk(family, bulk)
        star = self._by_name.get(f"{family}:{AGAIN}") or self._by_name.get(f"{family}:{ALL}")
        if star is None:
            return [], NOT_WALKED
        drift = await self._drift(family, star)
        first = star.scope.name == f"{family}:{ALL}"
        if drift.added is None and first and star.complete:
            return [self._scope(family, AGAIN)], None
        if drift.added and first and f"{family}:{HEAD}" not in self._by_name:
            return [self._scope(family, HEAD)], None
        return await self._judge_star(family, star, drift)

    async def _judge_bulk(self, family: str, bulk: ScopeReport) -> tuple[list[Scope], str | None]:
        """Channels: the answer with all of them, then censored genres, then the whole paged list."""
        short = self._is_short(family, bulk.total)
        if bulk.distinct and (more := await self._hidden(family, short=short)):
            return more, None
        # Without a claim the closed list is all there is, but an empty one is not believed.
        if short or not bulk.distinct:
            return [self._scope(family, ALL)], None
        self._walker.stars[family] = bulk
        return [], self._incomplete(family)

    async def _judge_star(self, family: str, star: ScopeReport, drift: Drift) -> tuple[list[Scope], str | None]:
        if more := await self._hidden(family, short=False):
            return more, None
        if drift.total is None:
            return [], NO_CLAIM
        short = self._is_short(family, drift.total)
        if (short or not star.complete) and (unwalked := self._unwalked(family)):
            return unwalked, None
        self._walker.stars[family] = star
        return [], self._doubt(family, star, drift, short=short)

    def _doubt(self, family: str, star: ScopeReport, drift: Drift, *, short: bool) -> str | None:
        if short:
            return f"The portal claims {drift.total} items in its list and delivered fewer."
        if not star.complete:
            return "Some pages of the portal's list stayed empty or repeated others."
        if drift.added is None:
            return "The portal's list changed while it was walked."
        return self._incomplete(family)

    def _incomplete(self, family: str) -> str | None:
        """A sentence when a category that the common list may leave out did not deliver all that it claims."""
        hidden = {one.external_id for one in self._categories.get(family, ()) if one.censored}
        for one in self._report.scopes:
            if family_of(one.scope) != family or one.scope.category not in hidden:
                continue
            if not one.complete or (
                one.total is not None and one.distinct + self._walker.rejected(one.scope) < one.total
            ):
                return "A category of the portal did not deliver all that it claims."
        return None

    async def _drift(self, family: str, star: ScopeReport) -> Drift:
        watch = self._walker.watch(star.scope)
        if not star.complete or watch.first_ids is None:
            return Drift(added=0, total=star.total)
        if head := self._by_name.get(f"{family}:{HEAD}"):
            seen = self._walker.watch(head.scope)
            total, ids = seen.total, seen.first_ids or ()
        else:
            total, ids = await self._walker.peek(family, ALL, self._reader)
        return Drift(added=_added(watch, total, ids), total=total)

    async def _hidden(self, family: str, *, short: bool) -> list[Scope]:
        """The censored categories that hold items which the common list left out."""
        found: list[Scope] = []
        delivered = self._walker.hidden.get(family, {})
        for category in self._categories.get(family, ()):
            scope = self._scope(family, category=category.external_id)
            if not category.censored or scope.name in self._by_name:
                continue
            if short or await self._holds_more(family, category.external_id, delivered):
                found.append(scope)
        return found

    async def _holds_more(self, family: str, category: str, delivered: Mapping[str, set[str]]) -> bool:
        seen = delivered.get(category, set())
        try:
            total, ids = await self._walker.peek(family, category, self._reader)
        except (Blank, Malformed, Unavailable):
            return True
        return (total or len(ids)) > len(seen) or any(f"{space}/{own}" not in seen for space, own in ids)

    def _unwalked(self, family: str) -> list[Scope]:
        scopes = [self._scope(family, category=one.external_id) for one in self._categories.get(family, ())]
        return [scope for scope in scopes if scope.name not in self._by_name]

    def _scope(self, family: str, word: str = ALL, *, category: str | None = None) -> Scope:
        return list_scope(self._report.step, family, word, category)

    def _is_short(self, family: str, claim: int | None) -> bool:
        """Whether fewer items were seen, good or bad, than this list and the other ones of the step claim."""
        if claim is None:
            return False
        common = [one.scope for one in self._report.scopes if one.scope.category is None]
        # The walk of `*` after `get_all_channels`, or the second one, meets the same bad records again.
        rejected = {name: max(map(self._walker.rejected, scopes)) for name, scopes in _by_family(common).items()}
        seen = self._report.distinct + sum(rejected.values())
        elsewhere = [self._by_name.get(f"{other}:{ALL}") for other in self._families if other != family]
        return seen < claim + sum(one.total or 0 for one in elsewhere if one)


def _by_family(scopes: Sequence[Scope]) -> dict[str, list[Scope]]:
    found: dict[str, list[Scope]] = {}
    for scope in scopes:
        found.setdefault(family_of(scope), []).append(scope)
    return found


def _added(watch: Watch, total: int | None, ids: Ids) -> int | None:
    """How many items came on top since the walk began; None when the list moved in another way."""
    first = watch.first_ids or ()
    if total is None or watch.first_total is None:
        return 0 if ids == first else None
    if not first:
        return 0 if total == watch.first_total and not ids else None
    try:
        added = ids.index(first[0])
    except ValueError:
        return None
    same = ids[added:] == first[: len(ids) - added]
    return added if same and total - watch.first_total == added else None
