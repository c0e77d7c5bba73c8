"""What a job comes to, for everything that can happen to its steps."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.core.errors import Malformed, ProviderError, Rejected, Unavailable
from app.db.engine import Database
from app.domain.kinds import JobStatus, Kind, StepName, StepStatus
from app.domain.outcomes import job_outcome, sentences
from app.jobs.errors import Cancelled
from app.jobs.history import JobHistory
from app.jobs.run import Run
from app.providers.base import Page, Scope, Search, Verdict
from app.sync.pipeline import SyncPipeline
from tests.support.scripted import ScriptedProvider, add_job, add_provider, counts, record, run, sync

GONE, BUSY, ODD = (
    Rejected("The account is expired."),
    Unavailable("The portal did not answer."),
    Malformed("The portal answered with something that is no list."),
)
C, P, F, S = StepStatus.COMPLETED, StepStatus.PARTIAL, StepStatus.FAILED, StepStatus.SKIPPED
NAMES = ("channel_categories", "channels", "movie_categories", "movies", "series_categories", "series")


def full() -> ScriptedProvider:
    return ScriptedProvider(lists={kind: [record(kind, number) for number in range(1, 101)] for kind in Kind})


def without(*kinds: Kind) -> ScriptedProvider:
    found = full()
    for kind in kinds:
        found.lists[kind] = []
    return found


def unlisted(kind: Kind) -> ScriptedProvider:
    found = full()
    del found.lists[kind]
    return found


def failing(error: ProviderError, *, kinds: set[str], page: int = 1, account_ok: bool = True) -> ScriptedProvider:
    found = full()

    def fail(scope: Scope, number: int) -> None:
        if scope.name in kinds and number >= page:
            raise error

    found.on_page, found.account_ok = fail, account_ok
    return found


def bad_categories(error: ProviderError, *kinds: Kind, account_ok: bool = True) -> ScriptedProvider:
    found = full()

    def fail(kind: Kind) -> None:
        if kind in kinds:
            raise error

    found.on_categories, found.account_ok = fail, account_ok
    return found


def shrunk(*kinds: Kind) -> ScriptedProvider:
    found = full()
    for kind in kinds:
        found.lists[kind] = found.lists[kind][:50]
    return found


def unsure() -> ScriptedProvider:
    found = full()
    found.lists[Kind.MOVIE] = found.lists[Kind.MOVIE][5:]
    found.verdict = lambda _: Verdict(doubt="The portal's totals disagree.")
    return found


def unverified() -> ScriptedProvider:
    found = full()
    found.lists[Kind.MOVIE] = found.lists[Kind.MOVIE][5:]
    found.on_search = lambda _: Search(doubt="The portal's lists moved too much.")
    return found


def hollow() -> ScriptedProvider:
    found = full()

    def empty(scope: Scope, number: int) -> Page | None:
        if scope.name == "movie" and number == 4:
            return Page(number=4, records=(), total=100, size=10, doubtful=True)
        return None

    found.on_page = empty
    found.lists[Kind.MOVIE] += [record(Kind.MOVIE, 101)]
    found.claims[Kind.MOVIE] = 111  # the empty page is missed: fewer were seen than that
    return found


def lost_page() -> ScriptedProvider:
    found = full()

    def lose(scope: Scope, number: int) -> None:
        if scope.name == "movie" and number == 4:
            raise BUSY

    found.on_page = lose
    return found


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a provider does after a first sync that brought all, and what the job deserves."""

    provider: Callable[[], ScriptedProvider]
    status: JobStatus
    steps: dict[str, StepStatus]
    errors: int = 0  # sentences
    fields: dict[str, Any] = field(default_factory=dict)


ALL_KINDS = {kind.value for kind in Kind}
CASES = {
    "nothing changed": Case(provider=full, status=JobStatus.COMPLETED, steps={}),
    "a category list that fails beside good items": Case(
        provider=lambda: bad_categories(ODD, Kind.MOVIE),
        status=JobStatus.PARTIAL,
        steps={"movie_categories": F},
        errors=1,
    ),
    "one list that fails": Case(
        provider=lambda: failing(ODD, kinds={"movie"}), status=JobStatus.PARTIAL, steps={"movies": F}, errors=1
    ),
    "one list that is busy to the end": Case(
        provider=lambda: failing(BUSY, kinds={"movie"}), status=JobStatus.PARTIAL, steps={"movies": F}, errors=1
    ),
    "all lists fail, the categories do not": Case(
        provider=lambda: failing(BUSY, kinds=ALL_KINDS),
        status=JobStatus.FAILED,
        steps={"channels": F, "movies": F, "series": F},
        errors=1,
    ),
    "an account that is refused at once": Case(
        provider=lambda: bad_categories(GONE, *Kind, account_ok=False),
        status=JobStatus.FAILED,
        steps=dict.fromkeys(NAMES, F),
        errors=1,
    ),
    "an account that is refused midway": Case(
        provider=lambda: failing(GONE, kinds={"movie"}, page=3, account_ok=False),
        status=JobStatus.PARTIAL,
        steps={"movies": F, "series": F, "series_categories": F},
        errors=1,
    ),
    "one list that is refused to a good account": Case(
        provider=lambda: failing(GONE, kinds={"movie"}), status=JobStatus.PARTIAL, steps={"movies": F}, errors=1
    ),
    "half a catalogue": Case(
        provider=lambda: shrunk(Kind.MOVIE), status=JobStatus.PARTIAL, steps={"movies": P}, errors=1
    ),
    "half a catalogue, with force": Case(
        provider=lambda: shrunk(*Kind), status=JobStatus.COMPLETED, steps={}, fields={"force": True}
    ),
    "an empty list for a filled one": Case(
        provider=lambda: without(Kind.MOVIE), status=JobStatus.PARTIAL, steps={"movies": P}, errors=1
    ),
    "an empty catalogue for a filled one": Case(
        provider=lambda: without(*Kind),
        status=JobStatus.PARTIAL,
        steps={"channels": P, "movies": P, "series": P},
        errors=3,
    ),
    "a list that does not exist any more": Case(
        provider=lambda: unlisted(Kind.SERIES), status=JobStatus.PARTIAL, steps={"series": P}, errors=1
    ),
    "a walk that proves nothing": Case(provider=unsure, status=JobStatus.PARTIAL, steps={"movies": P}, errors=2),
    "items that could not be looked for once more": Case(
        provider=unverified, status=JobStatus.PARTIAL, steps={"movies": P}, errors=2
    ),
    "only channels": Case(
        provider=lambda: failing(ODD, kinds={"movie"}),
        status=JobStatus.COMPLETED,
        steps={},
        fields={"only": ["channels"]},
    ),
    "only a list that fails": Case(
        provider=lambda: failing(ODD, kinds={"movie"}),
        status=JobStatus.FAILED,
        steps={"movies": F},
        errors=1,
        fields={"only": ["movies"]},
    ),
    "only categories": Case(
        provider=lambda: failing(ODD, kinds=ALL_KINDS),
        status=JobStatus.COMPLETED,
        steps={},
        fields={"only": ["categories"]},
    ),
    "only categories, one of which fails": Case(
        provider=lambda: bad_categories(ODD, Kind.MOVIE),
        status=JobStatus.PARTIAL,
        steps={"movie_categories": F},
        errors=1,
        fields={"only": ["categories"]},
    ),
    "a page that stays empty in mid-list": Case(
        provider=hollow, status=JobStatus.PARTIAL, steps={"movies": P}, errors=2
    ),
    "one page of many that is lost": Case(provider=lost_page, status=JobStatus.PARTIAL, steps={"movies": P}, errors=2),
}


@pytest.mark.parametrize("name", CASES)
async def test_a_job_comes_to_what_it_deserves(database: Database, name: str) -> None:
    case = CASES[name]
    pk = await add_provider(database)
    await sync(database, pk, full())
    job_id = await add_job(database, pk, **case.fields)
    finished = await run(database, pk, case.provider(), job_id)
    outcome = {one.step: one.status for one in finished}
    wrong = {step.value: status for step, status in outcome.items() if status not in (C, S)}
    assert wrong == case.steps
    assert job_outcome(outcome) is case.status
    job = await JobHistory(database).get(job_id)
    errors = sentences(step.error for step in job.steps)
    assert len(errors) == case.errors, errors
    assert all(error[0].isupper() or error[0].isdigit() for error in errors)
    assert {step.name.value: step.error is None for step in job.steps} == {
        step.value: status in (C, S) for step, status in outcome.items()
    }


async def test_a_first_load_with_an_empty_page_in_mid_list_is_no_complete_one(database: Database) -> None:
    pk = await add_provider(database)
    movies = next(one for one in await sync(database, pk, hollow()) if one.step is StepName.MOVIES)
    assert movies.status is StepStatus.PARTIAL
    assert "stayed empty" in str(movies.error)


async def test_a_kind_that_a_provider_does_not_have_saves_no_job(database: Database) -> None:
    pk = await add_provider(database)
    provider = failing(BUSY, kinds={"channel", "movie"})
    del provider.lists[Kind.SERIES]
    outcome = {one.step: one.status for one in await sync(database, pk, provider)}
    assert outcome[StepName.SERIES] is StepStatus.SKIPPED
    assert job_outcome(outcome) is JobStatus.FAILED


async def test_a_cancelled_job_is_cancelled_whatever_its_steps_came_to(database: Database) -> None:
    pk = await add_provider(database)
    job_id = await add_job(database, pk)
    provider = full()
    async with Run(database, None, job_id) as job:

        def cancel(scope: Scope, number: int) -> None:
            if scope.name == "movie" and number == 3:
                job.stop(Cancelled("somebody asked"))

        provider.on_page = cancel
        pipeline = SyncPipeline(
            database=database, provider=provider, provider_pk=pk, provider_id="one" + "a" * 13, job=job
        )
        async for _ in pipeline.run():
            pass
    found = await JobHistory(database).get(job_id)
    assert found.status is JobStatus.CANCELLED
    steps = await counts(database, job_id)
    assert steps["channels"]["status"] == StepStatus.COMPLETED
    assert steps["series"]["status"] == StepStatus.CANCELLED


def test_sentences_are_told_once() -> None:
    assert sentences(["One page. Two pages.", None, "Two pages. 3 pages."]) == ["One page.", "Two pages.", "3 pages."]
