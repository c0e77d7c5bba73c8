"""What a card tells of a provider: how it is, what it holds, what it does."""

from dataclasses import dataclass

from app.browse.service import Stats
from app.context import ProcessContext
from app.domain.breaker import BreakerState
from app.jobs.views import JobView
from app.pages.progress import Progress, progress_of
from app.registry.views import ProviderView


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One provider with its live or last job."""

    provider: ProviderView
    stats: Stats | None
    job: JobView | None

    @property
    def stored(self) -> bool:
        """Whether its catalogue is read from the database; else it is asked live."""
        last = self.provider.last_sync
        return bool(last.channels or last.movies or last.series)

    @property
    def synced_at(self) -> int | None:
        """When any part was last brought up to date."""
        last = self.provider.last_sync
        return max((at for at in (last.channels, last.movies, last.series) if at), default=None)

    @property
    def live(self) -> bool:
        return self.job is not None and self.job.status.live

    @property
    def progress(self) -> Progress | None:
        """How far its live job is."""
        return progress_of(self.job) if self.job is not None and self.job.status.live else None

    @property
    def state(self) -> tuple[str, str]:
        """A word for how it is, and its tone."""
        health = self.provider.health
        if not self.provider.enabled:
            return "off", "plain"
        if health.breaker == BreakerState.OPEN:
            return "refuses", "bad"
        if health.last_error:
            return "trouble", "warn"
        return ("ready", "good") if self.stored else ("new", "plain")


async def all_cards(context: ProcessContext) -> list[Card]:
    """One per provider, oldest first."""
    stats = await context.browse.all_stats()
    return [
        Card(provider=view, stats=stats.get(view.id), job=await context.history.current(view.pk))
        for view in await context.registry.list()
    ]


async def card_of(context: ProcessContext, provider_id: str) -> Card:
    """The card of one provider; `NotFound` without it."""
    view = await context.registry.by_id(provider_id)
    return Card(provider=view, stats=await context.browse.stats(view.id), job=await context.history.current(view.pk))
