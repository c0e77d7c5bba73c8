"""What stays, what is read, and where it is cut."""

from collections.abc import AsyncIterator, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from app.snapshots.gather import SEGMENT_ITEMS, Entry, Fresh, Gather, Kept, Line
from app.snapshots.layout import PAGE_ITEMS, ItemList, packed


class Shelf:
    """Active ordinals, and the segments that the last version cut them into."""

    def __init__(self, places: set[int], earlier: int = 0) -> None:
        self.places = places
        self.earlier = earlier
        self.items = ItemList()
        self.held: list[list[int]] = []
        self.read: list[int] = []

    async def publish(self, touched: set[int] | None = None, lost: frozenset[int] = frozenset()) -> list[Entry]:
        before = ItemList() if touched is None else self.items
        gather = Gather(before, sorted(touched or ()), lost=lost, earlier=self.earlier)
        self.read = []
        entries = [entry async for entry in gather.entries(self._between)]
        held = [
            self.held[one.segment] if isinstance(one, Kept) else [int(line) for line in one.lines] for one in entries
        ]
        self.held = held
        self.items = ItemList(
            packed_lasts=packed([one[-1] for one in held]), packed_counts=packed([len(one) for one in held])
        )
        assert [one.last for one in entries] == [one[-1] for one in held]
        self._check()
        return entries

    async def _between(self, after: int, upto: int) -> AsyncIterator[Sequence[Line]]:
        chosen = sorted(place for place in self.places if after < place <= upto)
        self.read += chosen
        for start in range(0, len(chosen), 7):
            yield [(place, str(place).encode()) for place in chosen[start : start + 7]]

    def _check(self) -> None:
        assert [place for one in self.held for place in one] == sorted(self.places)
        assert all(1 <= len(one) <= SEGMENT_ITEMS for one in self.held)
        starts = set(self.items.starts)
        total = len(self.places)
        for first in (0, -self.earlier % PAGE_ITEMS):
            assert set(range(first, total, PAGE_ITEMS)) <= starts


async def test_nothing_is_read_when_nothing_changed() -> None:
    shelf = Shelf(set(range(3000)), earlier=130)
    first = await shelf.publish()
    assert all(isinstance(one, Fresh) for one in first)
    again = await shelf.publish(set())
    assert all(isinstance(one, Kept) for one in again)
    assert shelf.read == []


async def test_only_the_segment_of_a_changed_item_is_read() -> None:
    shelf = Shelf(set(range(3000)))
    await shelf.publish()
    await shelf.publish({1234})
    assert shelf.read == list(range(1225, 1250))


async def test_what_is_lost_is_read_again_and_cut_as_it_was() -> None:
    shelf = Shelf(set(range(200)))
    await shelf.publish()
    before = [list(one) for one in shelf.held]
    await shelf.publish(set(), lost=frozenset({2, 3}))
    assert (shelf.held, shelf.read) == (before, list(range(50, 100)))


async def test_a_removal_moves_page_ends_and_nothing_else() -> None:
    shelf = Shelf(set(range(10_000)))
    await shelf.publish()
    shelf.places.discard(3)
    await shelf.publish({3})
    assert len(shelf.read) < 10 * 2 * SEGMENT_ITEMS


async def test_segments_do_not_pile_up_however_often_page_ends_move() -> None:
    shelf = Shelf(set(range(10_000)), earlier=77)
    await shelf.publish()
    usual = len(shelf.held)
    for place in range(200):
        shelf.places.discard(place * 37)
        shelf.places.add(10_000 + place)
        await shelf.publish({place * 37, 10_000 + place})
    assert len(shelf.held) < 1.5 * usual


@settings(max_examples=60, deadline=None)
@given(
    places=st.sets(st.integers(0, 2600), max_size=1600),
    earlier=st.integers(0, 2000),
    changes=st.lists(
        st.tuples(st.sets(st.integers(0, 2700), max_size=40), st.booleans(), st.integers(0, 3)), max_size=6
    ),
)
async def test_any_chain_of_changes_leaves_whole_pages(
    places: set[int], earlier: int, changes: list[tuple[set[int], bool, int]]
) -> None:
    shelf = Shelf(set(places), earlier)
    await shelf.publish()
    for chosen, adds, moved in changes:
        shelf.places = shelf.places | chosen if adds else shelf.places - chosen
        shelf.earlier += moved
        await shelf.publish(chosen)
