"""What handlers ask for: the process's context, the page of a list, a provider by its id."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request

from app.context import ProcessContext
from app.registry.views import ProviderView

MAX_PAGE = 2**31 - 1
MAX_LIMIT = 1000


def context_of(request: Request) -> ProcessContext:
    """The one object that owns what this process owns."""
    context: ProcessContext = request.app.state.context
    return context


def base_of(request: Request) -> str:
    """Where clients find this server, without a slash at the end: as it is set, else as this one asked for it."""
    public = context_of(request).settings.public_url
    return (public or str(request.base_url)).rstrip("/")


async def get_context(request: Request) -> ProcessContext:
    """`context_of` as a dependency: FastAPI would run a plain function in a thread."""
    return context_of(request)


ContextDep = Annotated[ProcessContext, Depends(get_context)]
Page = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Number of the page; the first is 1.")]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items per page.")]
ProviderId = Annotated[str, Path(description="The provider's id.", examples=["k3v7q2m5ylz4ab6d"])]
ItemId = Annotated[str, Path(description="The item's public id.", examples=["n5wvx2p7c3qjy4ta"])]


async def get_provider(context: ContextDep, provider_id: ProviderId) -> ProviderView:
    """The provider that the path names; 404 when there is none."""
    return await context.registry.by_id(provider_id)


ProviderDep = Annotated[ProviderView, Depends(get_provider)]
