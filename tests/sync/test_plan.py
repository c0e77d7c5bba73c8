from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.kinds import CATEGORY_STEPS, ITEM_STEPS, Kind, StepName, SyncMode
from app.sync.plan import WORDS, due_kinds, plan

LIVE = ["channel_categories", "channels"]
VOD = ["movie_categories", "movies", "series_categories", "series"]


@pytest.mark.parametrize(
    ("stored", "steps"),
    [
        ({}, LIVE + VOD),
        ({Kind.CHANNEL: 5}, VOD),
        ({Kind.MOVIE: 5}, LIVE),
        ({Kind.SERIES: 5}, LIVE),
        ({Kind.CHANNEL: 5, Kind.MOVIE: 5}, LIVE + VOD),
    ],
)
def test_auto_brings_what_is_missing(stored: dict[Kind, int], steps: list[str]) -> None:
    assert list(plan(mode=SyncMode.AUTO, only=frozenset(), stored=stored).steps) == steps


@pytest.mark.parametrize("mode", [SyncMode.FULL, SyncMode.INCREMENTAL])
def test_full_and_incremental_bring_everything(mode: SyncMode) -> None:
    assert list(plan(mode=mode, only=frozenset(), stored={Kind.CHANNEL: 1}).steps) == LIVE + VOD


@pytest.mark.parametrize(
    ("only", "steps"),
    [
        ({"channels"}, LIVE),
        ({"series", "movies"}, VOD),
        ({"categories"}, ["channel_categories", "movie_categories", "series_categories"]),
        ({"categories", "movies"}, ["channel_categories", "movie_categories", "movies", "series_categories"]),
    ],
)
def test_only_names_what_is_wanted_whatever_is_there(only: set[str], steps: list[str]) -> None:
    for mode in SyncMode:
        found = plan(mode=mode, only=frozenset(only), stored={Kind.CHANNEL: 5})
        assert list(found.steps) == steps


def test_only_categories_brings_no_items() -> None:
    assert plan(mode=SyncMode.AUTO, only=frozenset({"categories"}), stored={}).kinds == frozenset()
    assert StepName.EPG not in plan(mode=SyncMode.FULL, only=frozenset(), stored={}).steps


kinds = st.frozensets(st.sampled_from(list(Kind)))
asked = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(list(SyncMode)),
        "only": st.frozensets(st.sampled_from(list(WORDS))),
        "stored": st.dictionaries(st.sampled_from(list(Kind)), st.integers(0, 3)),
        "due": kinds,
        "begun": st.frozensets(st.sampled_from(list(StepName)[:6])),
    }
)


@given(asked)
def test_steps_stand_in_their_order_and_bring_the_kinds_that_are_told(job: dict[str, Any]) -> None:
    found = plan(**job)
    assert list(found.steps) == [step for step in StepName if step in found.steps]
    assert found.kinds == {kind for kind, step in ITEM_STEPS.items() if step in found.steps}
    assert found.newest <= found.kinds - {Kind.CHANNEL}


@given(asked)
def test_every_kind_has_its_category_step(job: dict[str, Any]) -> None:
    found = plan(**job | {"begun": frozenset()})
    assert {CATEGORY_STEPS[kind] for kind in found.kinds} <= set(found.steps)
    assert bool(found.steps) is (not job["only"] or any(WORDS[word] for word in job["only"]))


@given(asked)
def test_the_newest_are_never_enough_where_nothing_is_stored(job: dict[str, Any]) -> None:
    assert all(job["stored"].get(kind) for kind in plan(**job).newest)


@given(asked)
def test_what_is_due_is_walked_in_full_unless_asked_otherwise(job: dict[str, Any]) -> None:
    found = plan(**job)
    if job["mode"] is not SyncMode.INCREMENTAL:
        assert not found.newest & job["due"]
    if job["mode"] is SyncMode.FULL:
        assert not found.newest


@given(asked)
def test_auto_leaves_out_only_what_is_there_when_the_other_half_is_missing(job: dict[str, Any]) -> None:
    found = plan(**job | {"mode": SyncMode.AUTO, "only": frozenset(), "begun": frozenset()})
    for kind in set(Kind) - found.kinds:
        half = {Kind.CHANNEL} if kind is Kind.CHANNEL else {Kind.MOVIE, Kind.SERIES}
        assert any(job["stored"].get(one) for one in half)
        assert not any(job["stored"].get(one) for one in set(Kind) - half)


@given(asked)
def test_a_job_that_is_run_again_keeps_its_steps(job: dict[str, Any]) -> None:
    if job["begun"]:
        assert set(plan(**job).steps) == job["begun"]


@given(st.integers(0, 10**13), st.floats(0, 10_000), st.integers(0, 10**13))
def test_a_walk_is_due_when_its_hours_are_over(now: int, hours: float, at: int) -> None:
    due = due_kinds({Kind.MOVIE: at}, every_hours=hours, now=now)
    assert due >= {Kind.CHANNEL, Kind.SERIES}
    assert (Kind.MOVIE in due) is not (now - hours * 3_600_000 < at <= now)
