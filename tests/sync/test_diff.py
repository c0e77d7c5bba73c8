"""Properties of the comparison, against a store that is a dict."""

from dataclasses import dataclass, field

from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.db.items import Stored
from app.domain.kinds import Kind
from app.domain.records import MovieRecord
from app.sync.diff import Diff
from app.sync.ledger import Shelf
from app.sync.normalise import draft
from tests.support.effort import examples

CATEGORIES = {("", str(number)): f"category-{number}" for number in range(4)}
sightings = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 1), st.sets(st.integers(0, 3), max_size=3)), max_size=30
)


@dataclass
class Shop:
    """Stored items by public id: place, fingerprint, categories."""

    rows: dict[str, tuple[int, int, tuple[str, ...]]] = field(default_factory=dict)

    def sync(self, seen: list[tuple[int, int, set[int]]], *, batch: int) -> tuple[int, int, int, int]:
        shelf = Shelf(kind=Kind.MOVIE, next_ordinal=len(self.rows), logged=True)
        totals = [0, 0, 0, 0]
        for start in range(0, len(seen), batch):
            stored = {public: Stored(row[0], row[1], is_active=True) for public, row in self.rows.items()}
            diff = Diff(shelf, stored, {row[0]: row[2] for row in self.rows.values()})
            for number, name, categories in seen[start : start + batch]:
                record = MovieRecord(
                    external_id=str(number), name=f"Movie {name}", category_ids=tuple(map(str, sorted(categories)))
                )
                diff.take(draft(record, "provider", CATEGORIES))
            for public, change in diff.writes.items():
                made = change.draft
                self.rows[public] = (change.ordinal, made.fingerprint, made.document.category_ids)
            for place, count in enumerate((diff.fetched, diff.added, diff.updated, diff.unchanged)):
                totals[place] += count
        for place, held in shelf.narrowed.items():
            self.rows[held.id] = (place, held.fingerprint, held.document.category_ids)
            totals[2] += 1
            totals[3] -= 1
        return totals[0], totals[1], totals[2], totals[3]


@settings(max_examples=examples(1_000, short=200))
@given(sightings, st.integers(1, 10))
def test_every_item_is_counted_once_and_the_same_list_again_changes_nothing(
    seen: list[tuple[int, int, set[int]]], batch: int
) -> None:
    consistent = [(number, 0, categories) for number, _, categories in seen]
    shop = Shop()
    fetched, added, updated, unchanged = shop.sync(consistent, batch=batch)
    assert fetched == len({number for number, _, _ in seen}) == added + updated + unchanged
    before = dict(shop.rows)
    assert shop.sync(consistent, batch=batch) == (fetched, 0, 0, fetched)
    assert shop.rows == before


@settings(max_examples=examples(1_000, short=200))
@example(before=[(0, 0, {0})], after=[(0, 0, set()), (0, 0, {0, 1}), (0, 0, {0})], batch=1)
@given(sightings, sightings, st.integers(1, 10))
def test_categories_end_as_the_union_of_what_the_last_walk_saw(
    before: list[tuple[int, int, set[int]]], after: list[tuple[int, int, set[int]]], batch: int
) -> None:
    shop = Shop()
    shop.sync([(number, 0, categories) for number, _, categories in before], batch=batch)
    shop.sync([(number, 0, categories) for number, _, categories in after], batch=batch)
    for number in {number for number, _, _ in after}:
        public = draft(MovieRecord(external_id=str(number), name="x"), "provider", {}).id
        union = {f"category-{one}" for other, _, categories in after if other == number for one in categories}
        assert set(shop.rows[public][2]) == union


@settings(max_examples=examples(1_000, short=200))
@given(sightings, sightings, st.integers(1, 10))
def test_counts_add_up_whatever_changes(
    before: list[tuple[int, int, set[int]]], after: list[tuple[int, int, set[int]]], batch: int
) -> None:
    shop = Shop()
    shop.sync(before, batch=batch)
    fetched, added, updated, unchanged = shop.sync(after, batch=batch)
    assert fetched == len({number for number, _, _ in after}) == added + updated + unchanged
    assert min(added, updated, unchanged) >= 0
