from hypothesis import given
from hypothesis import strategies as st

from app.domain.kinds import JobStatus, StepName, StepStatus
from app.domain.outcomes import job_outcome

ended = st.sampled_from(
    [StepStatus.COMPLETED, StepStatus.PARTIAL, StepStatus.FAILED, StepStatus.SKIPPED, StepStatus.CANCELLED]
)
jobs = st.dictionaries(st.sampled_from(list(StepName)), ended)
WORKED = {StepStatus.COMPLETED, StepStatus.PARTIAL}


def test_all_done_is_completed() -> None:
    steps = {StepName.CHANNELS: StepStatus.COMPLETED, StepName.SERIES: StepStatus.SKIPPED}
    assert job_outcome(steps) is JobStatus.COMPLETED


def test_a_sweep_that_was_held_back_makes_it_partial() -> None:
    assert job_outcome({StepName.MOVIES: StepStatus.PARTIAL}) is JobStatus.PARTIAL


def test_one_kind_that_failed_beside_one_that_worked_makes_it_partial() -> None:
    steps = {StepName.CHANNELS: StepStatus.FAILED, StepName.MOVIES: StepStatus.COMPLETED}
    assert job_outcome(steps) is JobStatus.PARTIAL


def test_categories_alone_do_not_save_a_sync_of_items() -> None:
    steps = {StepName.CHANNEL_CATEGORIES: StepStatus.COMPLETED, StepName.CHANNELS: StepStatus.FAILED}
    assert job_outcome(steps) is JobStatus.FAILED


def test_categories_are_all_there_is_when_only_they_were_asked_for() -> None:
    steps = {StepName.CHANNEL_CATEGORIES: StepStatus.COMPLETED, StepName.MOVIE_CATEGORIES: StepStatus.FAILED}
    assert job_outcome(steps) is JobStatus.PARTIAL
    assert job_outcome(dict.fromkeys(steps, StepStatus.FAILED)) is JobStatus.FAILED


def test_a_failed_step_is_not_excused_by_a_skipped_one() -> None:
    steps = {StepName.CHANNELS: StepStatus.FAILED, StepName.MOVIES: StepStatus.SKIPPED}
    assert job_outcome(steps) is JobStatus.FAILED


@given(jobs)
def test_completed_means_that_nothing_went_wrong(steps: dict[StepName, StepStatus]) -> None:
    clean = all(status in (StepStatus.COMPLETED, StepStatus.SKIPPED) for status in steps.values())
    assert (job_outcome(steps) is JobStatus.COMPLETED) is clean


@given(jobs)
def test_failed_means_that_no_item_step_worked(steps: dict[StepName, StepStatus]) -> None:
    if job_outcome(steps) is JobStatus.FAILED:
        assert not any(status in WORKED for step, status in steps.items() if step.brings_items)


@given(jobs, st.sampled_from(list(StepName)))
def test_a_step_that_works_never_makes_the_outcome_worse(steps: dict[StepName, StepStatus], chosen: StepName) -> None:
    rank = {JobStatus.FAILED: 0, JobStatus.PARTIAL: 1, JobStatus.COMPLETED: 2}
    if chosen in steps:
        assert rank[job_outcome(steps)] <= rank[job_outcome({**steps, chosen: StepStatus.COMPLETED})]
