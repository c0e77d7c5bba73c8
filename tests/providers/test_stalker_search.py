"""Looking once more in a list that never stands still: a row that was there all the time is never called gone."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.kinds import Kind, StepName
from app.domain.records import CategoryRecord, MovieRecord
from app.providers.base import Missing, Scope, ScopeReport, Search, StoredItem
from app.providers.stalker.review import list_scope
from app.providers.stalker.search import Seeker
from app.providers.stalker.session import Session
from app.providers.stalker.walk import Walker
from tests.support.effort import examples

SIZE = 4
LATEST = 25  # few moments, so that many rows came at the same one
STEP = StepName.MOVIES


@dataclass
class Portal:
    """A list that shows the newest first; between any two reads it may move."""

    random: Random
    pace: float  # how often it moves
    rows: list[tuple[int, int]] = field(default_factory=list)  # when it was added, id
    gone: set[int] = field(default_factory=set)
    top: int = 0

    def insert(self, moment: int) -> None:
        self.top += 1
        self.rows.append((moment, self.top))
        self.rows.sort(reverse=True)

    def move(self) -> None:
        while self.random.random() < self.pace:
            self.insert(self.random.choice([self.random.randint(1, LATEST), LATEST + 1 + self.top]))
            if self.rows and self.random.random() < 0.9:
                self.gone.add(self.rows.pop(self.random.randrange(len(self.rows)))[1])

    def page(self, number: int) -> list[MovieRecord]:
        self.move()
        part = self.rows[(number - 1) * SIZE : number * SIZE]
        return [MovieRecord(external_id=str(own), name="x", added_at=moment) for moment, own in part]


class Client:
    """Walks and looks as the engine and the adapter do."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.walker = Walker(cast(Session, None))
        self.seen: set[str] = set()

    def walk(self, scope: Scope) -> ScopeReport:
        watch, found = self.walker.watch(scope), set[str]()
        watch.size, watch.total = SIZE, len(self.portal.rows)
        number, claims = 1, set[int]()
        while records := self.portal.page(number):
            watch.order.learn(number, records)
            found |= {one.external_id for one in records}
            claims.add(len(self.portal.rows))
            number += 1
        watch.steady = len(claims) < 2
        self.seen |= found
        total = len(self.portal.rows)
        return ScopeReport(scope=scope, complete=True, distinct=len(found), total=total, digest=hash(frozenset(found)))

    def look(self, scope: Scope) -> ScopeReport:
        for number in self.portal.random.sample(scope.pages, len(scope.pages)):
            records = self.portal.page(number)
            span = self.walker.watch(scope).order.learn(number, records)
            ids = tuple((one.space, one.external_id) for one in records)
            last = number * SIZE >= len(self.portal.rows)
            self.walker._look(scope, number, ids, span, last=last)
            self.seen |= {one.external_id for one in records}
        return ScopeReport(scope=scope, complete=True, distinct=0, total=len(self.portal.rows))

    def search(self, missing: Missing, listed: Sequence[CategoryRecord] = ()) -> Search:
        reports: list[ScopeReport] = []
        while True:
            left = [one for one in missing.items if one.key[1] not in self.seen]
            if not left:
                return Search()
            told = replace(missing, items=left, scopes=tuple(reports))
            found = Seeker(self.walker, "vod", told, listed).seek(left)
            if not found.more:
                return found
            reports += [self.look(scope) if scope.pages else self.walk(scope) for scope in found.more]
            assert len(reports) < 10


def searched(seed: int, pace: float, length: int, *, dated: bool = True) -> tuple[Portal, Client, Missing, Search]:
    portal = Portal(random=Random(seed), pace=0)
    for _ in range(length):
        portal.insert(portal.random.randint(1, LATEST))
    stored = list(portal.rows)
    for _ in range(portal.random.randrange(4)):
        portal.gone.add(portal.rows.pop(portal.random.randrange(len(portal.rows)))[1])
    client = Client(portal)
    portal.pace = pace
    client.walker.stars["vod"] = client.walk(list_scope(STEP, "vod"))
    unseen = [(moment, str(own)) for moment, own in stored if str(own) not in client.seen]
    items = [StoredItem(key=("", own), added_at=moment if dated else None) for moment, own in unseen]
    missing = Missing(step=STEP, kind=Kind.MOVIE, count=len(items), items=items)
    return portal, client, missing, client.search(missing)


@settings(max_examples=examples(800, short=200), deadline=None)
@given(
    seed=st.integers(0, 1 << 32),
    pace=st.sampled_from([0.02, 0.1, 0.3, 0.6]),
    length=st.integers(5, 40),
    dated=st.booleans(),
)
def test_a_row_that_was_there_all_the_time_is_never_called_gone(
    seed: int, pace: float, length: int, *, dated: bool
) -> None:
    portal, client, missing, found = searched(seed, pace, length, dated=dated)
    gone = {own for _, own in found.gone} - client.seen
    assert not found.all_gone
    assert gone <= {str(own) for own in portal.gone}
    assert gone <= {item.key[1] for item in missing.items}


@settings(deadline=None)
@given(seed=st.integers(0, 1 << 32), length=st.integers(5, 40))
def test_in_a_list_that_stands_still_everything_missing_is_gone(seed: int, length: int) -> None:
    portal, _, missing, found = searched(seed, 0, length, dated=seed % 2 == 0)
    assert {own for _, own in found.gone} == {item.key[1] for item in missing.items} == set(map(str, portal.gone))
    assert found.doubt is None


def test_most_of_what_is_missing_costs_one_page() -> None:
    reads: Any = [len(searched(seed, 0, 40)[1].walker.looks.get("vod", [])) for seed in range(200)]
    gone = sum(len(searched(seed, 0, 40)[2].items) for seed in range(200))
    assert sum(reads) < 4 * gone  # one page or, between two, both twice


class Hostile(Portal):
    """Before page 2 of every walk a row goes from page 1 and an older one appears: the first of page 2 is missed."""

    def page(self, number: int) -> list[MovieRecord]:
        if number == 1:
            self.insert(LATEST + 1 + self.top)
            self.gone.add(self.rows.pop()[1])
        if number == 2:
            self.gone.add(self.rows.pop(1)[1])
            self.insert(1)
        return super().page(number)


@pytest.mark.parametrize("category", [None, "7"])
def test_a_row_that_every_walk_misses_is_kept_since_the_walks_differ(category: str | None) -> None:
    portal = Hostile(random=Random(1), pace=0)
    for moment in range(2, 4 * SIZE + 2):
        portal.insert(moment)
    stored = {str(own) for _, own in portal.rows}
    client = Client(portal)
    client.walker.stars["vod"] = client.walk(list_scope(STEP, "vod"))
    (missed,) = {str(own) for _, own in portal.rows} & stored - client.seen
    item = StoredItem(key=("", missed), categories=[("", category)] if category else ())
    listed = [CategoryRecord(external_id="7", name="Seven", position=0)] if category else []
    found = client.search(Missing(step=STEP, kind=Kind.MOVIE, count=1, items=[item]), listed)
    assert missed not in client.seen
    assert not found.gone
    assert found.doubt
