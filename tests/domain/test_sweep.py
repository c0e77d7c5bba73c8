import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.sweep import decide


@pytest.mark.parametrize(
    ("active", "missing", "allowed"),
    [
        (100, 0, True),
        (100, 20, True),
        (100, 21, False),
        (30, 20, True),
        (20, 20, False),
        (1, 1, False),
        (1_000, 200, True),
        (1_000, 201, False),
        (1_000, 1_000, False),
    ],
)
def test_refuses_more_than_twenty_items_and_a_fifth_or_everything(active: int, missing: int, allowed: bool) -> None:
    decision = decide(noun="movies", active=active, missing=missing, agreed=0, force=False)
    assert decision.allowed is allowed
    assert (decision.reason is None) is allowed


@given(st.integers(1, 10_000), st.data())
def test_force_and_agreement_always_allow(active: int, data: st.DataObject) -> None:
    missing = data.draw(st.integers(1, active))
    assert decide(noun="x", active=active, missing=missing, agreed=0, force=True).allowed
    agreed = decide(noun="x", active=active, missing=missing, agreed=data.draw(st.integers(1, missing)), force=False)
    assert agreed.allowed
