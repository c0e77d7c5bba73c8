import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.sweep import decide


def allowed(active: int, missing: int, *, agreed: int = 0, force: bool = False) -> bool:
    decision = decide(noun="movies", active=active, missing=missing, agreed=agreed, force=force)
    assert decision.allowed is (decision.reason is None)
    return decision.allowed


@pytest.mark.parametrize(("active", "missing"), [(100, 0), (100, 20), (30, 20), (1_000, 200)])
def test_lets_twenty_items_or_a_fifth_go(active: int, missing: int) -> None:
    assert allowed(active, missing)


@pytest.mark.parametrize(("active", "missing"), [(100, 21), (20, 20), (1, 1), (1_000, 201), (1_000, 1_000)])
def test_keeps_more_than_that_and_never_lets_everything_go(active: int, missing: int) -> None:
    assert not allowed(active, missing)


@given(st.integers(1, 10_000), st.data())
def test_force_and_agreement_always_allow(active: int, data: st.DataObject) -> None:
    missing = data.draw(st.integers(1, active))
    assert allowed(active, missing, force=True)
    assert allowed(active, missing, agreed=data.draw(st.integers(1, missing)))
