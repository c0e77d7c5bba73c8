"""Where an item would stand in a list that shows the newest first."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.records import MovieRecord
from app.providers.stalker.order import MOST_BENDS, Order, Places

SIZE = 4
moments = st.lists(st.integers(1, 30), min_size=1, max_size=60).map(lambda found: sorted(found, reverse=True))


def films(added: list[int | None]) -> list[MovieRecord]:
    return [MovieRecord(external_id=str(place), name="x", added_at=one) for place, one in enumerate(added)]


def learned(added: list[int]) -> tuple[Order, int]:
    order = Order()
    last = -(-len(added) // SIZE)
    for number in range(1, last + 1):
        order.learn(number, films(list(added[(number - 1) * SIZE : number * SIZE])))
    return order, last


@given(moments, st.data())
def test_an_item_of_the_list_stands_within_its_run(added: list[int], data: st.DataObject) -> None:
    order, last = learned(added)
    place = data.draw(st.integers(0, len(added) - 1))
    run = Places(order, {}, last).around(added[place])
    assert run is not None
    assert place // SIZE + 1 in run.pages


@given(moments, st.integers(1, 30))
def test_a_run_reaches_beyond_the_item_on_both_sides_or_to_the_ends_of_the_list(added: list[int], moment: int) -> None:
    order, last = learned(added)
    run = Places(order, {}, last).around(moment)
    assert run is not None
    pages = [added[(number - 1) * SIZE : number * SIZE] for number in range(1, last + 1)]
    assert run.first == 1 or pages[run.first - 1][0] > moment
    assert run.last == last or pages[run.last - 1][-1] < moment
    inner = [one for page in pages[run.first : run.last - 1] for one in page]
    assert all(one == moment for one in inner)


def test_pages_without_dates_take_their_neighbours() -> None:
    order = Order()
    order.learn(1, films([9, 8]))
    order.learn(2, films([None, None]))
    order.learn(3, films([5, 4]))
    run = Places(order, {}, 3).around(7)
    assert run is not None
    assert list(run.pages) == [1, 2, 3]


def test_where_the_order_is_broken_nothing_is_concluded() -> None:
    order = Order()
    assert order.learn(1, films([9, 8])) == (9, 8)
    assert order.learn(2, films([7, 3, 5])) is None
    places = Places(order, {}, 2)
    assert places.around(4) is None
    assert places.around(8) is not None
    for number in range(3, 4 + MOST_BENDS):
        order.learn(number, films([1, 2]))
    assert not Places(order, {}, 3).ordered


def test_what_was_read_since_counts_more() -> None:
    order, last = learned([20, 19, 18, 17, 16, 15, 14, 13])
    moved = Places(order, {1: (18, 15), 2: (14, 11)}, last).around(16)
    assert moved is not None
    assert list(moved.pages) == [1]
