from hypothesis import given
from hypothesis import strategies as st

from app.domain.ordinals import OrdinalSet

ordinals = st.sets(st.integers(0, 5_000))


@given(ordinals, ordinals)
def test_behaves_as_a_set_of_integers(left: set[int], right: set[int]) -> None:
    one, other = OrdinalSet(left), OrdinalSet(right)
    assert list(one) == sorted(left)
    assert len(one) == len(left)
    assert list(one - other) == sorted(left - right)
    assert list(one & other) == sorted(left & right)
    one.update(other)
    assert list(one) == sorted(left | right)
    assert all(place in one for place in left | right)


@given(ordinals)
def test_survives_being_packed(chosen: set[int]) -> None:
    assert list(OrdinalSet.unpack(OrdinalSet(chosen).pack())) == sorted(chosen)


@given(ordinals, st.integers(0, 300), st.integers(1, 300))
def test_a_part_is_a_slice(chosen: set[int], skip: int, count: int) -> None:
    assert OrdinalSet(chosen).part(skip, count) == sorted(chosen)[skip : skip + count]


def test_add_tells_whether_it_was_new() -> None:
    found = OrdinalSet()
    assert found.add(70_000)
    assert not found.add(70_000)
    assert 70_001 not in found
    assert 10_000_000 not in found


def test_a_million_items_cost_little() -> None:
    assert len(OrdinalSet(range(0, 1_000_000, 2)).pack()) < 10_000
