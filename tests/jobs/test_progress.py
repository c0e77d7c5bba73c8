from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.domain.kinds import StepName, StepStatus
from app.jobs.progress import progress
from app.jobs.views import StepView

FULL = [step for step in StepName if step.kind is not None]
steps_of_a_job = st.lists(st.sampled_from(list(StepName)), unique=True, min_size=1)


def done(*steps: StepName, of: Sequence[StepName]) -> int:
    return progress(
        [StepView(name=step, status=StepStatus.COMPLETED if step in steps else StepStatus.PENDING) for step in of]
    )


def test_a_full_sync_stands_at_the_published_shares_when_its_steps_end() -> None:
    assert [done(*FULL[: count + 1], of=FULL) for count in range(6)] == [16, 33, 50, 66, 83, 100]


def test_shares_are_rescaled_to_the_steps_of_the_job() -> None:
    channels = [StepName.CHANNEL_CATEGORIES, StepName.CHANNELS]
    assert done(StepName.CHANNEL_CATEGORIES, of=channels) == 48
    assert done(*channels, of=channels) == 100


def test_a_running_step_counts_by_its_pages() -> None:
    movies = StepView(name=StepName.MOVIES, status=StepStatus.RUNNING, pages_done=25, pages_total=100)
    assert progress([movies]) == 25
    assert progress([replace(movies, pages_total=0)]) == 0
    assert progress([replace(movies, pages_done=200)]) == 100


def test_a_job_without_steps_stands_at_nothing() -> None:
    assert progress([]) == 0


@given(steps_of_a_job, st.data())
def test_ending_a_step_never_takes_progress_back(names: list[StepName], data: st.DataObject) -> None:
    views = [
        StepView(
            name=name,
            status=data.draw(st.sampled_from(list(StepStatus))),
            pages_done=data.draw(st.integers(0, 50)),
            pages_total=data.draw(st.integers(0, 50)),
        )
        for name in names
    ]
    before = progress(views)
    chosen = data.draw(st.integers(0, len(views) - 1))
    views[chosen] = replace(views[chosen], status=StepStatus.FAILED)
    assert 0 <= before <= progress(views) <= 100


@given(steps_of_a_job)
def test_all_steps_ended_is_all_of_it(names: list[StepName]) -> None:
    assert done(*names, of=names) == 100
