"""Which portal a command talks to: a provider of the registry, or an account that settings tell."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from app.cli.portal_session import SessionFile
from app.cli.running import named, opened, quiet
from app.config import Settings, load_portal, load_schemas, load_settings
from app.context import ProcessContext
from app.core.errors import Invalid, Misconfigured, NotFound
from app.domain.kinds import ProviderKind
from app.domain.portal_settings import ClientSettings, PortalSettings, variable
from app.providers.base import ProviderAccount
from app.providers.iptvportal.client import Options
from app.providers.iptvportal.endpoints import portal_url
from app.providers.iptvportal.portal import PortalClient
from app.providers.iptvportal.session import SessionStore
from app.providers.transport import Transport
from app.registry.secrets import load_secrets
from app.registry.views import ProviderView

ProviderOption = Annotated[
    str | None, typer.Option("--provider", "-p", help="A provider of kind iptvportal, by its id or its name.")
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="KEY=VALUE, a setting for this command: --set client.timeout=5.")
]
NEEDED: Final = ("url", "username", "password")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPortal:
    """A client, the settings it was made with, and what it is called. `kept`: where its session outlives the command."""

    name: str
    settings: PortalSettings
    client: PortalClient
    kept: str | None


@asynccontextmanager
async def opened_portal(provider: str | None, given: list[str] | None) -> AsyncIterator[OpenedPortal]:
    """A provider that is named, else the account in the settings, else the one provider of this kind that there is."""
    settings, portal = load_settings(), load_portal(given or ())
    quiet(settings)
    wanted = provider or portal.provider
    if wanted is None and portal.client.url is not None:
        async with _account_of_settings(settings, portal) as found:
            yield found
        return
    async with opened(settings) as context:
        view = await portal_view(context, wanted)
        account = await context.registry.account(view.pk)
        store = context.sessions.store(account) if portal.client.keep_session else None
        client = _client_of(account, portal, context.transport, store)
        yield OpenedPortal(name=view.name, settings=portal, client=client, kept=store and "database")


async def portal_view(context: ProcessContext, provider: str | None) -> ProviderView:
    """The provider that is meant; without a name the only one of its kind."""
    if provider is not None:
        view = await named(context, provider)
        if view.kind is not ProviderKind.IPTVPORTAL:
            raise Invalid([("--provider", f"{view.name} is no operator's portal but of kind {view.kind}.")])
        return view
    found = [view for view in await context.registry.list() if view.kind is ProviderKind.IPTVPORTAL]
    if len(found) > 1:
        raise Invalid([("--provider", f"One of {', '.join(view.name for view in found)} has to be named.")])
    if not found:
        raise NotFound(
            f"There is no portal: set {', '.join(variable(f'client.{name}') for name in NEEDED)}, "
            "or add a provider with `lineup provider add --kind iptvportal`."
        )
    return found[0]


@asynccontextmanager
async def _account_of_settings(settings: Settings, portal: PortalSettings) -> AsyncIterator[OpenedPortal]:
    url, username, password = _credentials(portal.client)
    endpoint = portal_url(url).url
    store = None
    if portal.client.keep_session:
        secrets = load_secrets(settings.secret_key, settings.data_dir)
        store = SessionFile(settings.data_dir, secrets, url=endpoint, username=username, password=password)
    transport = Transport(networks=settings.provider_networks, max_parallel=settings.max_parallel_pages)
    try:
        client = PortalClient(
            url,
            username,
            password,
            schemas=load_schemas(portal),
            transport=transport,
            store=store,
            options=_options(portal.client),
            order_by_id=portal.client.order_by_id,
        )
        yield OpenedPortal(name=endpoint, settings=portal, client=client, kept=store and "file")
    finally:
        await transport.close()


def _credentials(client: ClientSettings) -> tuple[str, str, str]:
    url, username, password = client.url, client.username, client.password
    if url is None or username is None or password is None:
        missing = next(name for name in NEEDED if getattr(client, name) is None)
        raise Misconfigured(f"{variable(f'client.{missing}')} is missing, and client.url is set")
    return url, username, password


def _client_of(
    account: ProviderAccount, portal: PortalSettings, transport: Transport, store: SessionStore | None
) -> PortalClient:
    return PortalClient(
        account.url,
        account.credentials.get("username", ""),
        account.credentials.get("password", ""),
        schemas=load_schemas(portal),
        transport=transport,
        store=store,
        options=_options(portal.client, account),
        order_by_id=portal.client.order_by_id,
    )


def _options(client: ClientSettings, account: ProviderAccount | None = None) -> Options:
    """What an account in the registry says of its portal holds for it alone, and so comes first."""
    own = account.options if account is not None else {}
    return Options(
        session_seconds=float(own.get("sessionSeconds") or client.session_ttl),
        timeout_seconds=client.timeout,
        retry_attempts=client.retries,
        retry_base_seconds=client.retry_delay,
        max_parallel=own.get("maxParallelPages") or client.max_parallel,
        per_second=own.get("requestsPerSecond") or client.per_second,
        user_agent=str(own.get("userAgent") or client.user_agent),
    )
