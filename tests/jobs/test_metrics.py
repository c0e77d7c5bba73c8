from collections.abc import Callable
from dataclasses import replace

from prometheus_client import REGISTRY

from app.domain.kinds import JobStatus, StepName, StepStatus
from app.jobs.metrics import OPS, Meter
from app.jobs.views import StepView
from app.snapshots import metrics as snapshot_metrics

MOVIES = StepView(name=StepName.MOVIES, status=StepStatus.RUNNING)


def reader(name: str, **labels: str) -> Callable[[], float]:
    """How much a counter rose since now."""

    def value() -> float:
        return REGISTRY.get_sample_value(name, labels) or 0.0

    before = value()
    return lambda: value() - before


def items(op: str) -> Callable[[], float]:
    return reader("lineup_items_total", kind="movie", op=op)


def test_only_what_came_since_the_last_reading_is_added() -> None:
    added, pages = items("added"), reader("lineup_pages_fetched_total", step="movies")
    meter = Meter([])
    first = replace(MOVIES, added=10, pages_done=1)
    for steps in ((first,), (first,), (replace(first, added=25, pages_done=3),)):
        meter.read(steps)
    assert (added(), pages()) == (25, 3)


def test_what_an_earlier_attempt_did_was_counted_by_its_worker() -> None:
    added = items("added")
    before = replace(MOVIES, added=10, pages_done=1)
    Meter([before]).read([replace(before, added=12)])
    assert added() == 2


def test_a_count_that_goes_back_takes_nothing_from_a_counter() -> None:
    unchanged, updated = items("unchanged"), items("updated")
    meter = Meter([])
    meter.read([replace(MOVIES, unchanged=10)])
    meter.read([replace(MOVIES, unchanged=7, updated=3)])
    meter.read([replace(MOVIES, unchanged=9, updated=3)])
    assert (unchanged(), updated()) == (10, 3)


def test_a_step_ends_once_and_open_ones_end_with_the_job() -> None:
    done = reader("lineup_steps_total", step="movies", outcome="completed")
    skipped = reader("lineup_steps_total", step="series", outcome="skipped")
    meter = Meter([StepView(name=StepName.SERIES)])
    ended = replace(MOVIES, status=StepStatus.COMPLETED)
    meter.read([ended])
    meter.read([replace(ended, removed=1)])
    meter.close(JobStatus.FAILED)
    assert (done(), skipped()) == (1, 1)


def test_every_series_is_there_from_the_start() -> None:
    for kind in ("channel", "movie", "series"):
        for op in OPS:
            assert REGISTRY.get_sample_value("lineup_items_total", {"kind": kind, "op": op}) is not None
    assert REGISTRY.get_sample_value("lineup_jobs_total", {"outcome": "failed", "mode": "auto"}) is not None
    assert snapshot_metrics.BUILDS
    assert REGISTRY.get_sample_value("lineup_snapshot_builds_total", {"outcome": "failed"}) is not None
