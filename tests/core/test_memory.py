import gc

import pytest

from app.core.memory import OLDER, YOUNG, calm_collector
from app.domain.documents import DOCUMENTS
from app.domain.records import ChannelRecord, MovieRecord, SeriesRecord
from app.sync.drafts import Draft


def test_a_calm_collector_looks_rarely_and_leaves_what_is_loaded_alone() -> None:
    before = gc.get_threshold()
    try:
        calm_collector()
        assert gc.get_threshold() == (YOUNG, *OLDER)
        assert gc.get_freeze_count() > 1_000
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


@pytest.mark.parametrize("made", [ChannelRecord, MovieRecord, SeriesRecord, Draft, *DOCUMENTS.values()])
def test_what_a_sync_makes_by_the_hundred_thousand_is_not_tracked(made: type) -> None:
    assert made.__struct_config__.gc is False  # type: ignore[attr-defined]
