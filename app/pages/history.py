"""The history of jobs as its page shows it: a list, and charts of one provider."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.context import ProcessContext
from app.domain.kinds import JobStatus
from app.jobs.views import JobView
from app.pages.charts import Chart, charts
from app.pages.lists import Listed
from app.registry.views import ProviderView

LIMIT: Final = 25
DRAWN: Final = 200  # jobs in a chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """`chosen` is the provider whose jobs are listed, None = all; `drawn` the one whose charts are shown."""

    jobs: Sequence[JobView]
    found: Listed
    status: str
    views: Sequence[ProviderView]
    chosen: ProviderView | None
    drawn: ProviderView | None
    charts: Sequence[tuple[str, Chart]]


async def past_of(context: ProcessContext, query: Mapping[str, str]) -> Past:
    """What the query of an address asks for; what makes no sense in it is as if it were not there."""
    views, status = await context.registry.list(), query.get("status", "")
    chosen = next((one for one in views if one.id == query.get("provider")), None)
    wanted = JobStatus(status) if status in set(JobStatus) else None
    listed, pk = Listed.of(query, LIMIT), chosen.pk if chosen else None
    jobs, total = await context.history.page(provider_pk=pk, status=wanted, page=listed.page, limit=LIMIT)
    drawn = chosen or (views[0] if views else None)
    told = (await context.history.page(provider_pk=drawn.pk, limit=DRAWN))[0] if drawn else []
    return Past(
        jobs=jobs,
        found=listed.holding(total),
        status=status,
        views=views,
        chosen=chosen,
        drawn=drawn,
        charts=charts(told),
    )
