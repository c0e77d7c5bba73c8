"""Programme guides: what channels show, how well guides cover them, and what people decide about that."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, Query, Request

from app.api.deps import ContextDep, ItemId, Limit, Page, ProviderId
from app.api.epg import (
    EpgAnswer,
    GuideChannelsAnswer,
    MatchAnswer,
    OnAirAnswer,
    PinBody,
    ProgrammesAnswer,
)
from app.core.clock import now_ms
from app.core.errors import Invalid

HOUR_MS: Final = 3_600_000
AHEAD_MS: Final = 24 * HOUR_MS

router = APIRouter(tags=["epg"])
below = APIRouter(tags=["epg"])

Since = Annotated[datetime | None, Query(alias="from", description="An hour ago, when it is left out.")]
Until = Annotated[datetime | None, Query(alias="to", description="A day from now, when it is left out.")]
OneProvider = Annotated[str | None, Query(alias="providerId", description="Channels of this provider alone.")]
Search = Annotated[str, Query(max_length=200, description="A part of an id or a name.")]


async def span(since: Since = None, until: Until = None) -> tuple[int, int]:
    """From an hour ago to a day from now; a day from `from` when that is later."""
    start = _ms(since, now_ms() - HOUR_MS)
    return start, _ms(until, max(now_ms(), start) + AHEAD_MS)


SpanDep = Annotated[tuple[int, int], Depends(span)]


@router.get("/channels/{item_id}/programmes")
async def list_programmes(
    context: ContextDep, item_id: ItemId, times: SpanDep, page: Page = 1, limit: Limit = 100
) -> ProgrammesAnswer:
    """What a channel shows at any moment of a span, in order."""
    start, stop = times
    found = await context.epg.programmes(item_id, start_ms=start, stop_ms=stop, page=page, limit=limit)
    return ProgrammesAnswer.model_validate(_page(found.total, page, limit) | {"programmes": found.shows})


@router.get("/epg/now")
async def list_now(
    context: ContextDep, provider_id: OneProvider = None, page: Page = 1, limit: Limit = 100
) -> OnAirAnswer:
    """Now and next of all channels that have a guide, by number."""
    found = await context.epg.on_air(provider_id, page=page, limit=limit)
    return OnAirAnswer.model_validate(_page(found.total, page, limit) | {"channels": found.channels})


@router.get("/channels/{item_id}/epg")
async def get_match(context: ContextDep, item_id: ItemId) -> MatchAnswer:
    """The guide channel that a channel shows, and how that was found."""
    return MatchAnswer.model_validate(await context.epg.match_of(item_id))


@router.put("/channels/{item_id}/epg")
async def put_match(
    context: ContextDep, item_id: ItemId, request: Request, wish: Annotated[PinBody | None, Body()] = None
) -> MatchAnswer:
    """Pins a channel to a guide channel; `null` leaves it without one. Both outlive every sync."""
    if wish is None and not await request.body():
        raise Invalid([("body", "Send a guideId and a channel, or null.")])
    epg = context.epg
    found = await (epg.forbid(item_id) if wish is None else epg.pin(item_id, wish.guide_id, wish.channel))
    return MatchAnswer.model_validate(found)


@router.delete("/channels/{item_id}/epg")
async def delete_match(context: ContextDep, item_id: ItemId) -> MatchAnswer:
    """Leaves the match to the channel's id and name again."""
    return MatchAnswer.model_validate(await context.epg.unpin(item_id))


@below.get("/{provider_id}/epg")
async def get_epg(context: ContextDep, provider_id: ProviderId) -> EpgAnswer:
    """The guides of a provider, and how well they cover its channels."""
    return EpgAnswer.model_validate(await context.epg.of_provider(provider_id))


@below.get("/{provider_id}/epg/channels")
async def list_guide_channels(
    context: ContextDep, provider_id: ProviderId, search: Search = "", page: Page = 1, limit: Limit = 100
) -> GuideChannelsAnswer:
    """What channels can be pinned to."""
    found = await context.epg.guide_channels(provider_id, search=search, page=page, limit=limit)
    return GuideChannelsAnswer.model_validate(_page(found.total, page, limit) | {"channels": found.channels})


def _page(total: int, page: int, limit: int) -> dict[str, Any]:
    return {"total": total, "page": page, "limit": limit, "has_more": page * limit < total}


def _ms(at: datetime | None, default: int) -> int:
    """A time without a zone is meant in UTC."""
    if at is None:
        return default
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
