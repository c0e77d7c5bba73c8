import pytest

from app.domain.kinds import Kind, StepName, SyncMode
from app.sync.plan import plan

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
